//! Which files in the folder of a ledger are files of the ledger, and which groups are in each.
//!
//! Promises: by names alone. A file whose groups are in a merged one as well is none of those that count.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::LedgerError;
use crate::layout::Places;
use crate::model::Venue;
use crate::sys::{Fs, Kind};

/// How the names of files of a ledger end.
pub(super) const SUFFIX: &str = ".jsonl";

/// What the name of a file in the folder of a ledger says. Copies that programs which sync folders put beside a file have further
/// signs in their names, and say nothing: their groups would count twice.
fn numbers_of(name: &str) -> Option<RangeInclusive<u32>> {
    let stem = name.strip_suffix(SUFFIX)?;
    let number = |text: &str| (text.len() == 8).then(|| text.parse::<u32>().ok())?;
    if let Some((first, group)) = stem.split_once('.') {
        let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
        let (run, nth) = group.rsplit_once('-')?;
        let number = number(first)?;
        return (run.chars().all(is_sign) && nth.parse::<u32>().is_ok()).then_some(number..=number);
    }
    let (first, last) = stem.split_once('-')?;
    Some(number(first)?..=number(last)?)
}

/// A file of the ledger, and which groups are in it.
pub(super) type Numbered = (PathBuf, RangeInclusive<u32>);

/// The files in the folder of a ledger.
#[derive(Debug)]
pub(super) struct Listing {
    /// Those that count, oldest first.
    pub(super) live: Vec<Numbered>,
    /// Those whose groups are in a merged file as well.
    pub(super) covered: Vec<Numbered>,
}

/// Returns the files in the folder of a ledger, oldest first, without those whose groups are in a merged file as well.
pub(super) fn names(
    fs: &dyn Fs,
    places: &Places,
    venue: &Venue,
) -> Result<Vec<Numbered>, LedgerError> {
    Ok(listing(fs, places, venue)?.live)
}

pub(super) fn listing(fs: &dyn Fs, places: &Places, venue: &Venue) -> Result<Listing, LedgerError> {
    let dir = places.ledger(venue);
    let mut found = Vec::new();
    for entry in fs.list(&dir)?.unwrap_or_default() {
        if let (Kind::File, Some(numbers)) = (entry.kind, numbers_of(&entry.name)) {
            found.push((dir.join(&entry.name), numbers));
        }
    }
    // The longest of those that begin alike comes first, and what it covers is in it.
    found.sort_by(|(a, x), (b, y)| {
        let order = x.start().cmp(y.start()).then(y.end().cmp(x.end()));
        order.then_with(|| a.cmp(b))
    });
    let mut covered: Option<RangeInclusive<u32>> = None;
    let is_live = |(_, numbers): &Numbered| {
        let is_merged = numbers.start() != numbers.end();
        let is_covered = covered.as_ref().is_some_and(|covered| {
            covered != numbers
                && covered.contains(numbers.start())
                && covered.contains(numbers.end())
        });
        if is_merged && !is_covered {
            covered = Some(numbers.clone());
        }
        !is_covered
    };
    let (live, covered) = found.into_iter().partition(is_live);
    Ok(Listing { live, covered })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_which_groups_are_in_it() {
        let group = "00000042.20260601T000000Z-00000001-1-1";
        let copied = |sign: &str| format!("{group}{sign}.jsonl");
        for (name, numbers) in [
            (copied(""), Some(42..=42)),
            ("00000001-00000064.jsonl".to_owned(), Some(1..=64)),
            (copied(".sync-conflict-20260602-101010-ABC"), None),
            (copied(" (1)"), None),
            (copied("-LAPTOP"), None),
            ("00000001-00000064 (copy).jsonl".to_owned(), None),
            ("records.jsonl".to_owned(), None),
            ("00000042.jsonl~".to_owned(), None),
            ("42.x.jsonl".to_owned(), None),
            (".00000042.x.jsonl.tmp-1".to_owned(), None),
        ] {
            assert_eq!(numbers_of(&name), numbers, "{name}");
        }
    }
}
