//! Which known ticker a person may have meant who typed an unknown one.

use super::Catalog;
use crate::model::Ticker;

/// How many are offered.
const MOST: usize = 3;
/// How many tickers a question names.
const MOST_NAMED: usize = 10;

/// Returns the tickers that are spelled almost like one that is not there, the nearest first: those that differ in case
/// and marks only, else those that begin with it, else those that one or two slips of the keyboard lead to. Where none is, the
/// aliases that are.
fn near(catalog: &Catalog, typed: &Ticker) -> Vec<Ticker> {
    let tickers = nearest(typed, catalog.tickers().iter());
    if tickers.is_empty() {
        return nearest(typed, catalog.aliases().words());
    }
    tickers
}

/// Asks whether known tickers were meant by unknown ones; `None` where none is like them.
pub fn did_you_mean(catalog: &Catalog, typed: &[&Ticker]) -> Option<String> {
    let meant: Vec<(&Ticker, Vec<Ticker>)> = typed
        .iter()
        .map(|ticker| (*ticker, near(catalog, ticker)))
        .filter(|(_, near)| !near.is_empty())
        .take(MOST_NAMED)
        .collect();
    let either = |near: &[Ticker]| {
        let near: Vec<&str> = near.iter().map(Ticker::as_str).collect();
        near.join(" or ")
    };
    match meant.as_slice() {
        [] => None,
        [(_, near)] if typed.len() == 1 => Some(format!("did you mean {}?", either(near))),
        several => {
            let several = several.iter();
            let pairs = several.map(|(ticker, near)| format!("{} for {ticker}", either(near)));
            Some(format!(
                "did you mean {}?",
                pairs.collect::<Vec<_>>().join(", ")
            ))
        }
    }
}

fn nearest<'k>(typed: &Ticker, known: impl Iterator<Item = &'k Ticker>) -> Vec<Ticker> {
    let wanted = bare(typed.as_str());
    let mut near: Vec<(usize, &Ticker)> = known
        .filter_map(|known| Some((distance(&wanted, &bare(known.as_str()))?, known)))
        .collect();
    let nearest = near.iter().map(|(away, _)| *away).min();
    near.retain(|(away, _)| Some(*away) == nearest);
    near.sort();
    near.dedup();
    near.into_iter()
        .map(|(_, known)| known.clone())
        .take(MOST)
        .collect()
}

/// Returns letters and digits alone, in capitals: `brk-b`, `BRK.B` and `BRK/B` are one word.
fn bare(symbol: &str) -> Vec<char> {
    let letters = symbol.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_uppercase).collect()
}

/// Returns how far two words are apart; `None` when nobody would take one for the other.
fn distance(typed: &[char], known: &[char]) -> Option<usize> {
    if typed.is_empty() || known.is_empty() {
        return None;
    }
    if typed == known {
        return Some(0);
    }
    if typed.len() >= 2 && known.starts_with(typed) {
        return Some(1);
    }
    // In a word of two letters any other is one slip away.
    let most = match typed.len() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    let slips = slips(typed, known);
    (slips <= most).then_some(slips + 1)
}

/// Counts the letters that must be put in, taken out, exchanged or swapped with their neighbour to make one word the other.
fn slips(from: &[char], to: &[char]) -> usize {
    let mut earlier: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let cell = |row: &[usize], at: Option<usize>| at.and_then(|at| row.get(at).copied());
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = cell(&last, Some(j)).map(|slips| slips + usize::from(a != b));
            let removed = cell(&last, Some(j + 1)).map(|slips| slips + 1);
            let added = cell(&row, Some(j)).map(|slips| slips + 1);
            let is_swap = i > 0 && j > 0 && from.get(i - 1) == Some(b) && to.get(j - 1) == Some(a);
            let swapped = cell(&earlier, j.checked_sub(1))
                .filter(|_| is_swap)
                .map(|slips| slips + 1);
            let least = [replaced, removed, added, swapped]
                .into_iter()
                .flatten()
                .min();
            row.push(least.unwrap_or_default());
        }
        earlier = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        let mut catalog = Catalog::default();
        for known in [
            "AAPL", "BRK.B", "BRK.A", "MSFT", "GOOGL", "A", "^GSPC", "SIE.DE", "GE",
        ] {
            let today = chrono::NaiveDate::from_ymd_opt(2025, 11, 21).unwrap();
            catalog.add(&known.parse().unwrap(), &"us:demo".parse().unwrap(), today);
        }
        catalog
    }

    fn near(typed: &str) -> Vec<String> {
        let near = super::near(&catalog(), &typed.parse().unwrap());
        near.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn case_marks_beginnings_and_slips_are_seen_through() {
        for (typed, expected) in [
            ("aapl", &["AAPL"][..]),
            ("BRK-B", &["BRK.B"]),
            ("brk/b", &["BRK.B"]),
            ("BRK", &["BRK.A", "BRK.B"]),
            ("GSPC", &["^GSPC"]),
            ("APPL", &["AAPL"]),
            ("AAPLE", &["AAPL"]),
            ("APL", &["AAPL"]),
            ("MFST", &["MSFT"]),
            ("GOOGEL", &["GOOGL"]),
            ("SIE", &["SIE.DE"]),
        ] {
            assert_eq!(near(typed), expected, "{typed}");
        }
    }

    #[test]
    fn what_is_like_none_is_taken_for_none() {
        for typed in ["NOPE", "B", "GM", "1d", "-", "TSLA"] {
            assert_eq!(near(typed), [""; 0], "{typed}");
        }
    }

    #[test]
    fn what_was_meant_is_asked_in_one_sentence() {
        for (typed, expected) in [
            (&["aapl"][..], Some("did you mean AAPL?")),
            (&["BRK"], Some("did you mean BRK.A or BRK.B?")),
            (
                &["aapl", "NOPE", "brk-b"],
                Some("did you mean AAPL for aapl, BRK.B for brk-b?"),
            ),
            (&["NOPE", "XYZ"], None),
        ] {
            let typed: Vec<Ticker> = typed.iter().map(|word| word.parse().unwrap()).collect();
            let typed: Vec<&Ticker> = typed.iter().collect();
            let asked = did_you_mean(&catalog(), &typed);
            assert_eq!(asked.as_deref(), expected, "{typed:?}");
        }
    }

    #[test]
    fn slips_are_counted_as_people_make_them() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "AB", 2),
            ("AB", "BA", 1),
            ("MSFT", "MSTF", 1),
            ("GOGLE", "GOOGL", 2),
            ("ABC", "XYZ", 3),
        ] {
            let of = |word: &str| word.chars().collect::<Vec<char>>();
            assert_eq!(slips(&of(from), &of(to)), expected, "{from} {to}");
        }
    }
}
