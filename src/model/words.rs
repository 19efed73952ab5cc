//! Counts and lists as words.
//!
//! Promises: a count agrees with its noun, and thousands are told apart, whoever says them.

use std::fmt::Display;

/// Returns a number with its noun, in agreement: `1 ticker`, `9,276 tickers`.
pub fn count(number: impl Display + Copy, one: &str, many: &str) -> String {
    let number = grouped(number);
    let noun = if number == "1" { one } else { many };
    format!("{number} {noun}")
}

/// Returns a whole number with commas between thousands.
pub fn grouped(number: impl Display + Copy) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns the first few things of a list, and how many more there are.
pub fn some_of<T: Display>(things: &[T], most: usize) -> String {
    let shown: Vec<String> = things.iter().take(most).map(ToString::to_string).collect();
    match things.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), grouped(more)),
    }
}

/// Returns how many things are left of a list of which the first ones were named, with their noun; `None` where none is.
pub fn left_of(all: usize, named: usize, one: &str, many: &str) -> Option<String> {
    let left = all.saturating_sub(named);
    (left > 0).then(|| count(left, one, many))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_their_nouns() {
        assert_eq!(count(0, "ticker", "tickers"), "0 tickers");
        assert_eq!(count(1, "ticker", "tickers"), "1 ticker");
        assert_eq!(count(1_234_567, "bar", "bars"), "1,234,567 bars");
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(some_of(&["a", "b"], 3), "a, b");
        assert_eq!(some_of(&["a", "b", "c"], 2), "a, b and 1 more");
        assert_eq!(left_of(2, 2, "case", "cases"), None);
        assert_eq!(left_of(4, 2, "case", "cases").as_deref(), Some("2 cases"));
    }
}
