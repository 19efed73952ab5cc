//! Counts, sizes, times, lists and commands as words.
//!
//! Promises: a count agrees with its noun, and thousands are told apart, whoever says them.

use std::fmt::Display;

use chrono::{DateTime, Utc};

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

/// Returns a size in the unit that fits.
pub fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = bytes as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            let decimals = usize::from(unit != "bytes");
            return format!("{value:.decimals$} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

/// Returns a duration as people say it.
pub fn duration(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float beyond the range becomes its end"
    )]
    let whole = seconds.max(0.0) as u64;
    match whole {
        0..60 => format!("{:.1} s", seconds.max(0.1)),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Returns an instant as documents and tables have it.
pub fn moment(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns a word as it must be typed in a shell.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
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

    #[test]
    fn sizes_and_durations_are_short() {
        assert_eq!(size(17), "17 bytes");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(duration(3.44), "3.4 s");
        assert_eq!(duration(125.0), "2 min 5 s");
        assert_eq!(duration(7380.0), "2 h 3 min");
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("BRK.B"), "BRK.B");
        assert_eq!(quoted("^GSPC"), "'^GSPC'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
