//! The records of all series of a venue.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::base;
use super::{FileLine, Group, LedgerError, Line, Log, Past, SeriesRecord};
use crate::layout::Places;
use crate::model::{PartitionKey, StorageRequest, Venue};
use crate::sys::Fs;

/// The records of all series of a venue. A series that is not among them is unknown, not empty.
#[derive(Debug, Default)]
pub struct Records {
    /// By series.
    pub series: BTreeMap<StorageRequest, SeriesRecord>,
    /// When recording began; `None` when nothing was recorded yet.
    pub begun: Option<DateTime<Utc>>,
    /// Files of the ledger that cannot be understood, and why.
    pub damaged: Vec<(PathBuf, String)>,
}

/// Reads the records of a venue.
///
/// # Errors
/// When a file of the ledger cannot be read. One that is damaged is in the answer.
pub fn read_records(fs: &dyn Fs, places: &Places, venue: &Venue) -> Result<Records, LedgerError> {
    read(fs, places, venue, None)
}

/// Reads the record of one series; `None` when nothing is known of it. Lines of others are passed over as bytes.
///
/// # Errors
/// When a file of the ledger cannot be read. Of one that is damaged nothing is known.
pub fn read_record(
    fs: &dyn Fs,
    places: &Places,
    request: &StorageRequest,
) -> Result<Option<SeriesRecord>, LedgerError> {
    let Some(venue) = &request.venue else {
        return Ok(None);
    };
    let mut records = read(fs, places, venue, Some(request))?;
    Ok(records.series.remove(request))
}

fn read(
    fs: &dyn Fs,
    places: &Places,
    venue: &Venue,
    only: Option<&StorageRequest>,
) -> Result<Records, LedgerError> {
    let (mut records, through) = match base::read(fs, places, venue, only)? {
        Some(base) => (Records::of(base.begun, base.series), base.through),
        None => (Records::default(), 0),
    };
    let mut log = Log::read_after(fs, places, venue, through)?;
    records.begun = records.begun.or_else(|| log.begun());
    let take = |_: &Group, line| records.take(line);
    match only {
        Some(series) => log.for_each_of(series, take),
        None => log.for_each(take),
    }
    records.damaged = log.damaged;
    Ok(records)
}

/// What was known of the series of a venue at a moment.
#[derive(Debug, Default)]
pub struct RecordsThen {
    /// What was recorded up to the moment, and since when.
    pub records: Records,
    /// Series that were there before anything was recorded of them, which was later: nobody knows whether they were there.
    pub undated: BTreeSet<StorageRequest>,
}

/// Reads what was recorded of the series of a venue up to a moment.
///
/// # Errors
/// When a file of the ledger cannot be read. One that is damaged is in the answer.
pub fn read_records_at(
    fs: &dyn Fs,
    places: &Places,
    venue: &Venue,
    at: DateTime<Utc>,
) -> Result<RecordsThen, LedgerError> {
    let mut log = Log::read(fs, places, venue)?;
    let mut then = RecordsThen::default();
    let mut begun_later = BTreeSet::new();
    // Where a clock was set back, the later moment counts.
    let mut latest = DateTime::<Utc>::MIN_UTC;
    log.for_each(|group, line| {
        latest = latest.max(group.at);
        if latest <= at {
            then.records.take(line);
            return;
        }
        let series = line.series();
        if then.records.series.contains_key(series) || begun_later.contains(series) {
            return;
        }
        if line.begins_series() {
            begun_later.insert(series.clone());
        } else {
            then.undated.insert(series.clone());
        }
    });
    then.records.begun = log.begun();
    then.records.damaged = log.damaged;
    Ok(then)
}

/// Returns the files of a ledger that cannot be understood, also those that the records do not need any more, and why.
///
/// # Errors
/// When a file cannot be read.
pub fn damaged(
    fs: &dyn Fs,
    places: &Places,
    venue: &Venue,
) -> Result<Vec<(PathBuf, String)>, LedgerError> {
    let mut log = Log::read(fs, places, venue)?;
    let mut kept = BTreeSet::new();
    log.for_each(|_, line| {
        if let Line::File(line) = line
            && let Past::Kept { file, .. } = line.past
        {
            kept.insert(file);
        }
    });
    let mut damaged = log.damaged;
    for file in kept {
        let path = places.ledger(venue).join(file);
        if fs.metadata(&path)?.is_none() {
            damaged.push((
                path,
                "it is gone, and with it the values of a file before prices were moved".to_owned(),
            ));
        }
    }
    Ok(damaged)
}

impl Records {
    fn of(begun: DateTime<Utc>, series: BTreeMap<StorageRequest, SeriesRecord>) -> Self {
        Self {
            series,
            begun: Some(begun),
            damaged: Vec::new(),
        }
    }

    /// Takes over what a line says.
    pub(super) fn take(&mut self, line: Line) {
        match line {
            Line::Found(series, record) => {
                self.series.insert(series, record);
            }
            Line::Gone(series) => {
                self.series.remove(&series);
            }
            Line::File(line) => self.take_file(&line),
        }
    }

    fn take_file(&mut self, line: &FileLine) {
        let is_whole = line.partition == PartitionKey::Whole;
        match self.series.entry(line.series.clone()) {
            // What was lost must not be forgotten because something new was written in its place.
            Entry::Occupied(mut entry) if entry.get().has_lost(line) => {
                entry.get_mut().lose(line);
            }
            // A file that somebody else put in the place of a series says nothing of the rows that it lacks.
            Entry::Occupied(mut entry)
                if is_whole && line.old.is_some() && entry.get().is_beside(line) =>
            {
                entry.get_mut().apply_whole(line);
            }
            // A file that is not cut is the whole series, and a series that begins has nothing else.
            entry if is_whole || line.begins => {
                entry.insert_entry(SeriesRecord::of_first(line));
            }
            Entry::Vacant(_) => {}
            // What lies in the other layout beside this file nobody said.
            Entry::Occupied(entry) if entry.get().is_legacy => {
                entry.remove();
            }
            Entry::Occupied(mut entry) => entry.get_mut().apply(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Profile, RowChanges, RowKey};
    use crate::ledger::{FileState, Past};
    use crate::model::{Dataset, Digest, Fingerprint, PriceBasis, TimeUnit};

    fn series() -> StorageRequest {
        crate::layout::parse_series_name("us/demo/stocks_1d/ticker=A").unwrap()
    }

    fn state(rows: u64) -> FileState {
        let digest = Digest::of(&rows.to_le_bytes());
        FileState::new(Fingerprint { rows, digest }, 10 * rows)
    }

    /// A line of a month whose rows lie on these days.
    fn line(month: &str, days: (u32, u32), old: Option<u64>, new: u64) -> FileLine {
        let profile = Profile::of(Dataset::Stocks);
        let key = |day: u32| RowKey::read(profile, &format!("{month}-{day:02}")).unwrap();
        FileLine {
            series: series(),
            partition: month.parse().unwrap(),
            begins: false,
            old: old.map(state),
            was: None,
            new: state(new),
            span: Some((key(days.0), key(days.1))),
            facts: Some((TimeUnit::Micros, PriceBasis::SplitAdjusted)),
            past: Past::Changed(RowChanges::default()),
        }
    }

    fn taken(lines: Vec<FileLine>) -> Records {
        let mut records = Records::default();
        for line in lines {
            records.take(Line::File(Box::new(line)));
        }
        records
    }

    fn begun(line: FileLine) -> FileLine {
        FileLine {
            begins: true,
            ..line
        }
    }

    #[test]
    fn a_record_is_the_sum_of_its_lines() {
        let records = taken(vec![
            begun(line("2026-01", (2, 30), None, 20)),
            line("2026-03", (2, 31), None, 22),
            line("2026-02", (2, 27), None, 19),
            line("2026-03", (2, 31), Some(22), 21),
        ]);

        let record = &records.series[&series()];
        assert_eq!((record.files, record.rows, record.bytes), (3, 60, 600));
        let months = [("2026-01".parse().unwrap(), "2026-03".parse().unwrap())];
        assert_eq!(record.months, months);
        let day = |text: &str| crate::model::time::parse(text);
        assert_eq!(
            (record.first, record.last),
            (day("2026-01-02"), day("2026-03-31"))
        );
        let sum = [20, 19, 21].map(|rows| state(rows).digest.number());
        assert_eq!(record.sum, sum[0] ^ sum[1] ^ sum[2]);
    }

    /// Nobody named what was lost once something new was written in its place.
    #[test]
    fn a_month_that_is_written_anew_though_it_was_known_leaves_the_rows_that_were_there() {
        let begin = || begun(line("2026-01", (2, 30), None, 20));
        let lost = taken(vec![begin(), line("2026-01", (2, 30), None, 20)]);
        let other = taken(vec![begin(), line("2026-02", (2, 27), None, 19)]);

        assert_eq!(lost.series[&series()].floor, Some(20));
        assert_eq!(other.series[&series()].floor, None);
        assert_eq!(other.series[&series()].rows, 39);
    }

    /// Rows that had been counted when they came first were counted once more.
    #[test]
    fn an_older_copy_that_is_completed_is_counted_once() {
        let day = |day: u32| line("2026-02", (day, day), None, 1).span.unwrap().0;
        let adding = |month, (old, new), days: &[u32]| FileLine {
            past: Past::Changed(RowChanges {
                added: days.iter().map(|of| (day(*of), day(*of))).collect(),
                ..RowChanges::default()
            }),
            ..line(month, (2, 27), Some(old), new)
        };
        let after = |lines: Vec<FileLine>| {
            let begun = begun(line("2026-01", (2, 30), None, 20));
            let all = std::iter::once(begun).chain([line("2026-02", (2, 27), None, 19)]);
            let (all, is_known) = (all.chain(lines), |record: &SeriesRecord| record.is_exact());
            let record = taken(all.collect()).series[&series()].clone();
            (
                record.files,
                record.rows,
                record.floor,
                is_known(&record).then_some(record.sum),
            )
        };
        let sum = |rows: [u64; 2]| rows.map(|rows| state(rows).digest.number());
        let sum = |rows| sum(rows).into_iter().reduce(|a, b| a ^ b);
        let told = |was| FileLine {
            was: Some(state(was)),
            ..adding("2026-01", (15, 20), &[3])
        };

        let whole = after(vec![adding("2026-02", (12, 19), &[20])]);
        let older = after(vec![
            line("2026-03", (2, 27), None, 9),
            line("2026-04", (2, 27), None, 9),
            told(20),
        ]);
        let more = after(vec![adding("2026-02", (12, 20), &[20])]);
        let short = after(vec![adding("2026-02", (12, 15), &[20])]);
        let later = after(vec![adding("2026-02", (12, 19), &[28])]);

        assert_eq!(whole, (2, 39, None, sum([20, 19])));
        assert_eq!((older.1, older.2), (20 + 19 + 9 + 9, None));
        assert_eq!(more, (2, 40, None, sum([20, 20])));
        assert_eq!((short.1, short.2), (35, Some(39)));
        assert_eq!(
            (later.1, later.2),
            (39, Some(39 + 7)),
            "newer rows make up for none"
        );
    }

    #[test]
    fn a_series_of_which_only_some_files_are_known_has_no_record() {
        let records = taken(vec![line("2026-02", (2, 27), Some(18), 19)]);

        assert!(records.series.is_empty());
    }

    #[test]
    fn a_series_that_begins_again_has_not_forgotten_what_it_had() {
        let records = taken(vec![
            begun(line("2026-01", (2, 30), None, 20)),
            begun(line("2026-02", (2, 27), None, 19)),
        ]);

        let record = &records.series[&series()];
        assert_eq!(record.floor, Some(20 + 19), "those of February are others");
        let months = [("2026-01".parse().unwrap(), "2026-02".parse().unwrap())];
        assert_eq!(record.months, months, "January is gone, and named");
    }

    /// A line of the one file of a series, which spans some days of January and says which of them are new.
    fn whole(old: Option<u64>, new: u64, days: (u32, u32), added: &[u32]) -> FileLine {
        let of_day = line("2026-01", days, old, new);
        let key = |day: &u32| line("2026-01", (*day, *day), None, 1).span.unwrap().0;
        FileLine {
            partition: PartitionKey::Whole,
            past: Past::Changed(RowChanges {
                added: added.iter().map(|day| (key(day), key(day))).collect(),
                ..RowChanges::default()
            }),
            ..of_day
        }
    }

    #[test]
    fn rows_of_one_file_are_missing_until_so_many_are_there_again() {
        let begun = || begun(whole(None, 20, (1, 20), &[]));
        let damaged = || whole(None, 2, (20, 21), &[]);
        let later = || whole(Some(2), 3, (20, 22), &[22]);
        let back = |rows| whole(Some(3), rows, (1, 22), &[1]);
        let after = |lines: Vec<FileLine>| taken(lines).series[&series()].clone();

        let lost = after(vec![begun(), damaged()]);
        let told = after(vec![begun(), damaged(), later()]);
        let half = after(vec![begun(), damaged(), later(), back(20)]);
        let all = after(vec![begun(), damaged(), later(), back(21)]);

        assert_eq!((lost.floor, told.floor), (Some(20), Some(21)));
        assert_eq!(half.floor, Some(21), "a day more makes up for none");
        assert_eq!((all.floor, all.rows), (None, 21));
        assert_eq!(all.sum, state(21).digest.number());
    }

    #[test]
    fn one_file_that_somebody_replaced_is_not_what_was_known() {
        let begun = || begun(whole(None, 20, (1, 20), &[]));
        let after = |line: FileLine| taken(vec![begun(), line]).series[&series()].clone();
        let mut other = whole(Some(20), 21, (1, 21), &[21]);
        other.old = Some(FileState {
            digest: state(7).digest,
            ..state(20)
        });

        let fewer = after(whole(Some(18), 19, (1, 21), &[21]));
        let other = after(other);
        let same = after(whole(Some(20), 21, (1, 21), &[21]));

        assert_eq!(fewer.floor, Some(21));
        assert_eq!((other.floor, other.rows), (None, 21));
        assert_ne!(other.sum, state(21).digest.number());
        assert_eq!((same.floor, same.sum), (None, state(21).digest.number()));
    }

    #[test]
    fn what_lies_in_the_other_layout_is_not_known_by_one_file() {
        let whole = FileLine {
            partition: crate::model::PartitionKey::Whole,
            ..line("2026-02", (2, 27), Some(18), 40)
        };
        let legacy = taken(vec![line("2026-01", (2, 30), Some(1), 20), whole.clone()]);
        assert!(legacy.series[&series()].is_legacy);
        assert_eq!(legacy.series[&series()].rows, 40);

        let back = taken(vec![whole, line("2026-02", (2, 27), None, 19)]);
        assert!(back.series.is_empty());
    }
}
