//! One series: what was recorded of it, and what its files say.
//!
//! Promises: pure. What a file cannot say is not held against its record.

use std::collections::BTreeSet;
use std::fmt;

use crate::ledger::{FileState, SeriesRecord};
use crate::model::PartitionKey;
use crate::model::words::some_of;
use crate::storage::{FileContents, Layout};
use crate::workspace::FoundSeries;

/// How many ranges of partitions are named.
const MOST_NAMED: usize = 10;

/// Partitions, as closed ranges that follow one another.
pub type Ranges = Vec<(PartitionKey, PartitionKey)>;

/// A way in which a series is not what was recorded of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Files that were written are not there: those of these months, or all of the series where none is named.
    Lost(Ranges),
    /// Files of these months are there, and barkeep did not write them.
    Added(Ranges),
    /// The same files are there, and they hold something else: what.
    Changed(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(months) if months.is_empty() => f.write_str("all its files are gone"),
            Self::Lost(months) => write!(f, "the files of {} are gone", named(months)),
            Self::Added(months) => write!(f, "the files of {} were not recorded", named(months)),
            Self::Changed(how) => write!(f, "its files were changed: {how}"),
        }
    }
}

fn named(months: &Ranges) -> String {
    let range = |(first, last): &(PartitionKey, PartitionKey)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first} to {last}")
        }
    };
    some_of(&months.iter().map(range).collect::<Vec<_>>(), MOST_NAMED)
}

/// Returns the record of a series as its files are; `None` when one of them is damaged or foreign, since nobody knows then.
pub fn record_of(found: &FoundSeries) -> Option<SeriesRecord> {
    let mut record = SeriesRecord::nothing();
    record.is_legacy = found.layout == Layout::Legacy;
    // Of two legacy files one counts, which is the one that is written.
    let most = if record.is_legacy {
        1
    } else {
        found.files.len()
    };
    for file in found.files.iter().rev().take(most) {
        let FileContents {
            rows,
            span,
            unit,
            basis,
            ..
        } = file.holds.as_ref().ok()?;
        let state = FileState::new(*rows, file.bytes);
        record.add(file.partition, state, *span, (*unit, *basis));
    }
    Some(record)
}

/// Returns how a series differs from its record; `found` is absent when nothing of it lies there.
pub fn compare(record: &SeriesRecord, found: Option<&FoundSeries>) -> Vec<Fault> {
    let Some(found) = found else {
        let is_empty = record.files == 0;
        return (!is_empty)
            .then(|| Fault::Lost(Vec::new()))
            .into_iter()
            .collect();
    };
    let is_legacy = found.layout == Layout::Legacy;
    if is_legacy != record.is_legacy && record.files > 0 {
        // A migration or a rollback writes nothing where the other side is equal already.
        let lies = record_of(found);
        let fewer = lies.and_then(|lies| fewer(record.rows, lies.rows));
        return fewer.map(Fault::Changed).into_iter().collect();
    }
    let there = partitions(found);
    let recorded: BTreeSet<PartitionKey> = record.partitions().collect();
    let lost = lost_months(record, found);
    let added = ranges(there.difference(&recorded));
    let mut faults = Vec::new();
    faults.extend((!lost.is_empty()).then_some(Fault::Lost(lost)));
    faults.extend((!added.is_empty()).then_some(Fault::Added(added)));
    if faults.is_empty() {
        let lies = record_of(found);
        faults.extend(
            lies.and_then(|lies| changed(record, &lies))
                .map(Fault::Changed),
        );
    }
    faults
}

/// Returns the months of a record of which no file is there.
pub(super) fn lost_months(record: &SeriesRecord, found: &FoundSeries) -> Ranges {
    let there = partitions(found);
    let recorded: BTreeSet<PartitionKey> = record.partitions().collect();
    ranges(recorded.difference(&there))
}

fn partitions(found: &FoundSeries) -> BTreeSet<PartitionKey> {
    let files = found.files.iter();
    // A file without rows is what a repair leaves for a moment: it counts as none.
    let files = files.filter(|file| !matches!(&file.holds, Ok(holds) if holds.rows.rows == 0));
    let there = files.map(|file| file.partition);
    there.filter(|key| *key != PartitionKey::Whole).collect()
}

fn fewer(written: u64, lies: u64) -> Option<String> {
    (lies < written).then(|| format!("it has {lies} rows, and {written} were there"))
}

/// Tells whether the record of a series has to be made anew from its files, which are all there: a commit did not know what
/// the one that it wrote over had been, or it lies in the other layout now.
pub(super) fn is_outdated(record: &SeriesRecord, found: &FoundSeries) -> bool {
    let is_elsewhere = (found.layout == Layout::Legacy) != record.is_legacy;
    (is_elsewhere || !record.is_exact()) && compare(record, Some(found)).is_empty()
}

fn changed(written: &SeriesRecord, lies: &SeriesRecord) -> Option<String> {
    if let Some(floor) = written.floor {
        return fewer(floor, lies.rows);
    }
    let differ = |what: &str, lies: u64, written: u64| {
        (lies != written).then(|| format!("it has {lies} {what}, and {written} were written"))
    };
    differ("files", lies.files, written.files)
        .or_else(|| differ("rows", lies.rows, written.rows))
        .or_else(|| {
            let are_others = lies.sum != written.sum;
            are_others.then(|| "its rows are not those that were written".to_owned())
        })
        .or_else(|| differ("bytes", lies.bytes, written.bytes))
}

fn ranges<'k>(keys: impl Iterator<Item = &'k PartitionKey>) -> Ranges {
    let mut joined: Ranges = Vec::new();
    for key in keys {
        match joined.last_mut() {
            Some((_, end)) if end.next() == Some(*key) => *end = *key,
            _ => joined.push((*key, *key)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Profile;
    use crate::model::{Dataset, Digest, Fingerprint, PriceBasis, TimeUnit};
    use crate::storage::{Flaw, FoundFile};

    fn file(month: &str, rows: u64, text: &str) -> FoundFile {
        FoundFile {
            path: month.into(),
            partition: month.parse().unwrap(),
            bytes: rows * 10,
            holds: Ok(FileContents {
                rows: Fingerprint {
                    rows,
                    digest: Digest::of(text.as_bytes()),
                },
                span: None,
                unit: TimeUnit::Micros,
                basis: PriceBasis::AsTraded,
                profile: Profile::of(Dataset::Stocks),
                source: None,
            }),
        }
    }

    fn series(files: &[FoundFile]) -> FoundSeries {
        FoundSeries {
            layout: Layout::Partitioned,
            files: files.to_vec(),
        }
    }

    fn range(from: &str, to: &str) -> Ranges {
        vec![(from.parse().unwrap(), to.parse().unwrap())]
    }

    #[test]
    fn a_series_is_what_was_recorded_of_it_in_whatever_order_its_files_come() {
        let (a, b) = (file("2025-12", 3, "a"), file("2026-01", 2, "b"));
        let record = record_of(&series(&[b.clone(), a.clone()])).unwrap();

        assert_eq!(compare(&record, Some(&series(&[a, b]))), []);
        assert_eq!(record.months, range("2025-12", "2026-01"));
    }

    #[test]
    fn each_difference_has_its_name() {
        let (a, b) = (file("2025-12", 3, "a"), file("2026-01", 2, "b"));
        let (c, d) = (file("2026-02", 2, "c"), file("2026-03", 1, "d"));
        let record = record_of(&series(&[a.clone(), b.clone(), c.clone()])).unwrap();
        let against = |files: &[FoundFile]| compare(&record, Some(&series(files)));
        let changed = |text: &str| vec![Fault::Changed(text.to_owned())];

        assert_eq!(compare(&record, None), [Fault::Lost(Vec::new())]);
        assert_eq!(
            against(std::slice::from_ref(&a)),
            [Fault::Lost(range("2026-01", "2026-02"))]
        );
        assert_eq!(
            against(&[a.clone(), b.clone(), c.clone(), d]),
            [Fault::Added(range("2026-03", "2026-03"))]
        );
        assert_eq!(
            against(&[a.clone(), b.clone(), file("2026-02", 3, "c")]),
            changed("it has 8 rows, and 7 were written")
        );
        assert_eq!(
            against(&[a.clone(), b.clone(), file("2026-02", 2, "other")]),
            changed("its rows are not those that were written")
        );
        let longer = FoundFile { bytes: 21, ..c };
        assert_eq!(
            against(&[a, b, longer]),
            changed("it has 71 bytes, and 70 were written")
        );
    }

    #[test]
    fn of_a_damaged_file_only_its_month_is_compared() {
        let (a, b) = (file("2025-12", 3, "a"), file("2026-01", 2, "b"));
        let record = record_of(&series(&[a.clone(), b.clone()])).unwrap();
        let torn = FoundFile {
            holds: Err(Flaw::Damaged("torn".to_owned())),
            ..b
        };

        assert_eq!(compare(&record, Some(&series(&[a, torn.clone()]))), []);
        assert_eq!(
            compare(&record, Some(&series(&[torn]))),
            [Fault::Lost(range("2025-12", "2025-12"))]
        );
    }
}
