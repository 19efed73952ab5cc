//! How much each venue keeps of each dataset, by the records.

use std::collections::BTreeMap;

use chrono::Datelike;
use serde::Serialize;

use super::Known;
use crate::ledger::SeriesRecord;
use crate::model::{Dataset, PartitionKey, StorageRequest, Venue};

/// How much one venue keeps of one dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Size {
    pub venue: Venue,
    pub dataset: Dataset,
    /// Series that have a record. All numbers but `unrecorded` and `lossy` are theirs.
    pub series: u64,
    /// Series that have rows and no record of all of them.
    pub unrecorded: u64,
    /// Their rows.
    pub rows: u64,
    /// Their data files.
    pub files: u64,
    /// Their files and folders, each of which takes an inode.
    pub inodes: u64,
    /// The bytes of their files.
    pub bytes: u64,
    /// Those of which rows are recorded that were not found.
    #[serde(skip)]
    pub lossy: u64,
}

/// Returns how much is kept, in the order of venues and datasets.
pub fn sizes(known: &Known) -> Vec<Size> {
    let mut found: BTreeMap<(Venue, Dataset), Size> = BTreeMap::new();
    let mut of = |venue: &Option<Venue>, dataset: Dataset, add: &dyn Fn(&mut Size)| {
        let Some(venue) = venue else { return };
        let size = found.entry((venue.clone(), dataset));
        add(size.or_insert_with(|| Size {
            venue: venue.clone(),
            dataset,
            series: 0,
            files: 0,
            inodes: 0,
            rows: 0,
            bytes: 0,
            unrecorded: 0,
            lossy: 0,
        }));
    };
    let is_told = |(request, record): &(&StorageRequest, &SeriesRecord)| {
        record.is_exact() && !known.is_part(request, record)
    };
    for (request, record) in known.records.iter().filter(is_told) {
        of(&request.venue, request.series.dataset(), &|size| {
            size.series += 1;
            size.files += record.files;
            size.inodes += inodes(record);
            size.rows += record.rows;
            size.bytes += record.bytes;
        });
    }
    // Of what was lost in part nobody knows how much is left.
    for (request, record) in known.records.iter().filter(|one| !is_told(one)) {
        of(&request.venue, request.series.dataset(), &|size| {
            size.unrecorded += 1;
            size.lossy += u64::from(!record.is_exact());
        });
    }
    for request in &known.unrecorded {
        of(&request.venue, request.series.dataset(), &|size| {
            size.unrecorded += 1;
        });
    }
    found.into_values().collect()
}

/// Returns the inodes of a series: its files, the folders that they lie in, and its own. A legacy file has no folder of its
/// own.
fn inodes(record: &SeriesRecord) -> u64 {
    if record.is_legacy {
        return record.files;
    }
    let mut folders = Folders::default();
    let days: u64 = record
        .months
        .iter()
        .map(|range| folders.enter(*range))
        .sum();
    record.files + folders.months + folders.years + days + 1
}

/// Folders of months and of years that were counted, in time order.
#[derive(Default)]
struct Folders {
    months: u64,
    years: u64,
    /// The last month that was counted, numbered since the year 0.
    last: Option<i64>,
}

impl Folders {
    /// Counts the folders of a range that were not counted before it; returns how many folders of days it has.
    fn enter(&mut self, (first, last): (PartitionKey, PartitionKey)) -> u64 {
        let (Some(first_month), Some(last_month)) = (month_of(first), month_of(last)) else {
            return 0;
        };
        let from = self
            .last
            .map_or(first_month, |last| first_month.max(last + 1));
        let year = |month: i64| month.div_euclid(12);
        let known_year = self.last.map(year);
        let from_year =
            known_year.map_or(year(first_month), |known| year(first_month).max(known + 1));
        let count = |from: i64, to: i64| u64::try_from(to - from + 1).unwrap_or_default();
        self.months += count(from, last_month);
        self.years += count(from_year, year(last_month));
        self.last = self.last.max(Some(last_month));
        match (first, last) {
            (PartitionKey::Day(first), PartitionKey::Day(last)) => {
                u64::try_from((last - first).num_days() + 1).unwrap_or_default()
            }
            _ => 0,
        }
    }
}

fn month_of(key: PartitionKey) -> Option<i64> {
    let (day, _) = key.days()?;
    Some(i64::from(day.year()) * 12 + i64::from(day.month0()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(months: &[(&str, &str)], files: u64) -> SeriesRecord {
        let key = |text: &str| text.parse::<PartitionKey>().unwrap();
        SeriesRecord {
            months: months.iter().map(|(a, b)| (key(a), key(b))).collect(),
            files,
            ..SeriesRecord::nothing()
        }
    }

    #[test]
    fn each_month_has_a_folder_and_each_year_and_the_series() {
        let two_years = record(&[("2024-11", "2025-02"), ("2025-06", "2025-06")], 5);
        let events = record(&[], 1);
        let days = record(&[("2025-01-30", "2025-02-02")], 4);
        let legacy = SeriesRecord {
            is_legacy: true,
            ..record(&[], 1)
        };

        assert_eq!(inodes(&two_years), 5 + 5 + 2 + 1);
        assert_eq!(inodes(&events), 1 + 1);
        assert_eq!(inodes(&days), 4 + 4 + 2 + 1 + 1);
        assert_eq!(inodes(&legacy), 1);
    }
}
