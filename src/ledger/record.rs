//! What is known of a series without opening its files.
//!
//! Promises: a record is the sum of what the ledger says; what it does not say is unknown, never empty. Leaves to others: the
//! truth, which is in the files.

use crate::frame::RowKey;
use crate::model::{PartitionKey, PriceBasis, TimeUnit};

use super::{FileLine, FileState, Past};

/// What is known of a series without opening its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesRecord {
    /// Whether it is one file of the legacy layout.
    pub is_legacy: bool,
    /// The partitions that it has, as closed ranges of months (or days) that follow one another; a series of one file has none.
    pub months: Vec<(PartitionKey, PartitionKey)>,
    /// How many files it has.
    pub files: u64,
    /// How many rows they hold.
    pub rows: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// The first timestamp, nanoseconds of the wall clock since 1970; `None` when it is not known, or there is no row.
    pub first: Option<i64>,
    /// The last timestamp.
    pub last: Option<i64>,
    /// The unit of its timestamps, that of its newest file.
    pub unit: TimeUnit,
    /// Which corporate actions its prices contain, by its newest file.
    pub basis: PriceBasis,
    /// How many rows it has to have: those that it had when rows of it were found to be gone, and those that came later. Rows, bytes
    /// and `sum` are not those of its files since. `None` as long as nothing of it was lost, and again when so many are there.
    pub floor: Option<u64>,
    /// Whether its source was told to bring those that are missing again.
    pub is_sought: bool,
    /// The fingerprints of its files, each as a number, combined so that their order does not count: two records with the same
    /// one speak of the same rows.
    pub sum: u64,
    /// What its last partitions hold, oldest first, two at most: those are written again and again, and what is found in
    /// the place of one of them may be an older copy. What the others hold the ledger alone says.
    pub latest: Vec<(PartitionKey, FileState)>,
}

/// Of how many partitions a record says what each holds: a month that has just begun, and the one before it.
const MOST_LATEST: usize = 2;

impl SeriesRecord {
    /// Returns the record of a series of which nothing is stored yet.
    pub fn nothing() -> Self {
        Self {
            is_legacy: false,
            months: Vec::new(),
            files: 0,
            rows: 0,
            bytes: 0,
            first: None,
            last: None,
            unit: TimeUnit::default(),
            basis: PriceBasis::Unknown,
            floor: None,
            is_sought: false,
            sum: 0,
            latest: Vec::new(),
        }
    }

    /// Tells whether rows, files and bytes are those of its files, as far as barkeep wrote them.
    pub fn is_exact(&self) -> bool {
        self.floor.is_none()
    }

    /// Returns what it says of a series of which it tells a part only.
    #[must_use]
    pub fn of_a_part(self) -> Self {
        Self {
            floor: self.floor.or(Some(self.rows)),
            first: None,
            last: None,
            ..self
        }
    }

    /// Adds what is known of one file, in whatever order the files come.
    pub fn add(
        &mut self,
        partition: PartitionKey,
        state: FileState,
        span: Option<(i64, i64)>,
        facts: (TimeUnit, PriceBasis),
    ) {
        // As in `apply`.
        if state.rows == 0 {
            return;
        }
        let is_newest = self.last_partition().is_none_or(|last| partition >= last);
        self.count(partition, state);
        if let Some((first, last)) = span {
            self.first = Some(self.first.map_or(first, |known| known.min(first)));
            self.last = Some(self.last.map_or(last, |known| known.max(last)));
        }
        if is_newest {
            (self.unit, self.basis) = facts;
        }
    }

    /// Takes over what a group did to one of its files.
    pub(super) fn apply(&mut self, line: &FileLine) {
        let known_last = self.last;
        let counted = self.counted(line);
        let has_more =
            counted.is_some_and(|known| line.old.is_some_and(|old| old.rows < known.rows));
        let is_of_series = matches!(line.past, Past::Changed(_) | Past::Kept { .. });
        // Somebody had put an older copy there, and rows that join that one are no new ones.
        let has_shrunk = has_more && self.is_exact() && is_of_series;
        if has_shrunk {
            (self.floor, self.is_sought) = (Some(self.rows), false);
        }
        self.expect(line);
        let (first, last) = (self.first_partition(), self.last_partition());
        let is_first = first.is_none_or(|first| line.partition <= first);
        let is_last = last.is_none_or(|last| line.partition >= last);
        // A file without rows is none: a repair leaves one for a moment, in the place of a month that it has emptied.
        if let Some(old) = counted.or(line.old).filter(|old| old.rows > 0) {
            self.files = self.files.saturating_sub(1);
            self.rows = self.rows.saturating_sub(old.rows);
            self.bytes = self.bytes.saturating_sub(old.bytes);
            self.sum ^= old.digest.number();
        }
        self.is_legacy = line.is_legacy();
        if line.new.rows > 0 {
            self.count(line.partition, line.new);
        } else {
            self.release(line.partition);
        }
        if is_last && let Some(facts) = line.facts {
            (self.unit, self.basis) = facts;
        }
        // What the file that is outermost on one side says of that side is what there is to say.
        if is_first {
            self.first = line.span.as_ref().map(|(first, _)| first.time);
        }
        if is_last {
            self.last = line.span.as_ref().map(|(_, last)| last.time);
        }
        if has_shrunk && self.floor.is_some_and(|floor| floor <= self.rows) {
            self.floor = None;
        }
        if !self.is_exact() {
            self.last = self.last.max(known_last);
        }
    }

    /// Returns what it counts of a partition, as far as somebody knows: that may be another file than a group found there.
    fn counted(&self, line: &FileLine) -> Option<FileState> {
        let mut latest = self.latest.iter();
        let known = latest.find(|(partition, _)| *partition == line.partition);
        known.map(|(_, state)| *state).or(line.was)
    }

    /// Takes over what a group did to the one file of the series, which it had found there. Where that had fewer rows than are
    /// known, the others are missing, until the file has as many again.
    pub(super) fn apply_whole(&mut self, line: &FileLine) {
        if line.old.is_some_and(|old| old.rows < self.rows) && self.is_exact() {
            (self.floor, self.is_sought) = (Some(self.rows), false);
        }
        self.apply(line);
        if self.floor.is_some_and(|floor| floor <= line.new.rows) {
            *self = Self::of_first(line);
        }
    }

    /// Returns the record of a series of which a file is the first one.
    pub(super) fn of_first(line: &FileLine) -> Self {
        let mut record = Self::nothing();
        record.apply(&FileLine {
            old: None,
            was: None,
            ..line.clone()
        });
        record
    }

    /// Tells whether a line speaks of the layout in which the series is.
    pub(super) fn is_beside(&self, line: &FileLine) -> bool {
        self.is_legacy == line.is_legacy()
    }

    /// Counts rows that cannot be the missing ones among those that have to be there: rows that are later than any that was known.
    /// Rows that a person took out are missing no more.
    fn expect(&mut self, line: &FileLine) {
        let Some(floor) = self.floor else { return };
        let old = line.old.map_or(0, |old| old.rows);
        let is_later = |key: &RowKey| self.last.is_some_and(|last| key.time > last);
        let are_later = match (&line.past, &line.span) {
            (Past::Moved | Past::Copied(_), _) => return,
            (Past::Changed(rows), _) if line.old.is_some() => {
                rows.added.iter().all(|(first, _)| is_later(first))
            }
            (_, Some((first, _))) => line.old.is_none() && is_later(first),
            (_, None) => false,
        };
        let taken_out = old.saturating_sub(line.new.rows);
        let added = line.new.rows.saturating_sub(old);
        let added = if are_later { added } else { 0 };
        self.floor = Some((floor + added).saturating_sub(taken_out));
    }

    /// Tells whether a line that names no older file is about a series, or a file of it, that had rows: they were lost or
    /// damaged, and are not among the new ones unless the source has them still.
    pub(super) fn has_lost(&self, line: &FileLine) -> bool {
        let is_known = match line.partition {
            PartitionKey::Whole => self.floor.unwrap_or(self.rows) > line.new.rows,
            partition => self.holds(partition) || (line.begins && self.files > 0),
        };
        self.is_beside(line) && line.old.is_none() && is_known
    }

    /// Takes over a file that was written in the place of a lost one.
    pub(super) fn lose(&mut self, line: &FileLine) {
        self.floor = self.floor.or(Some(self.rows));
        self.is_sought = false;
        self.expect(line);
        self.forget(line.partition);
        self.hold(line.partition);
        let last = line.span.as_ref().map(|(_, last)| last.time);
        self.last = self.last.max(last);
        if let Some(facts) = line.facts {
            (self.unit, self.basis) = facts;
        }
    }

    /// Counts what a partition holds now.
    fn count(&mut self, partition: PartitionKey, state: FileState) {
        self.hold(partition);
        self.forget(partition);
        let at = self.latest.partition_point(|(known, _)| *known < partition);
        // A series of one file is told by its sums.
        if partition != PartitionKey::Whole {
            self.latest.insert(at, (partition, state));
        }
        let surplus = self.latest.len().saturating_sub(MOST_LATEST);
        self.latest.drain(..surplus);
        self.files += 1;
        self.rows += state.rows;
        self.bytes += state.bytes;
        self.sum ^= state.digest.number();
    }

    /// Returns the first partition; `None` when none is known, or the series is one file.
    pub fn first_partition(&self) -> Option<PartitionKey> {
        self.months.first().map(|(first, _)| *first)
    }

    /// Returns the last partition; `None` when none is known, or the series is one file.
    pub fn last_partition(&self) -> Option<PartitionKey> {
        self.months.last().map(|(_, last)| *last)
    }

    /// Returns the partitions that it has, oldest first.
    pub fn partitions(&self) -> impl Iterator<Item = PartitionKey> {
        self.months.iter().flat_map(|(first, last)| {
            let next = |key: &PartitionKey| key.next();
            std::iter::successors(Some(*first), next).take_while(move |key| key <= last)
        })
    }

    /// Tells whether a partition is among those that it has.
    pub fn holds(&self, partition: PartitionKey) -> bool {
        let mut ranges = self.months.iter();
        ranges.any(|(first, last)| (*first..=*last).contains(&partition))
    }

    /// Forgets what a partition held.
    fn forget(&mut self, partition: PartitionKey) {
        self.latest.retain(|(known, _)| *known != partition);
    }

    fn release(&mut self, partition: PartitionKey) {
        self.forget(partition);
        let months = std::mem::take(&mut self.months);
        for (first, last) in months {
            if !(first..=last).contains(&partition) {
                self.months.push((first, last));
                continue;
            }
            if first < partition {
                self.months
                    .extend(partition.previous().map(|end| (first, end)));
            }
            if partition < last {
                self.months
                    .extend(partition.next().map(|start| (start, last)));
            }
        }
    }

    fn hold(&mut self, partition: PartitionKey) {
        if partition == PartitionKey::Whole || self.holds(partition) {
            return;
        }
        let at = self.months.partition_point(|(first, _)| *first < partition);
        self.months.insert(at, (partition, partition));
        let mut joined: Vec<(PartitionKey, PartitionKey)> = Vec::with_capacity(self.months.len());
        for (first, last) in std::mem::take(&mut self.months) {
            match joined.last_mut() {
                Some((_, end)) if end.next() == Some(first) => *end = last,
                _ => joined.push((first, last)),
            }
        }
        self.months = joined;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::RowChanges;
    use crate::model::{Digest, Fingerprint};

    /// A file of November with so many rows, which had so many before.
    fn november(old: Option<u64>, new: u64) -> FileLine {
        let state = |rows: u64| {
            let digest = Digest::of(&rows.to_le_bytes());
            FileState::new(Fingerprint { rows, digest }, rows)
        };
        FileLine {
            series: crate::layout::parse_series_name("us/demo/stocks_1d/ticker=A").unwrap(),
            partition: PartitionKey::month(2025, 11).unwrap(),
            begins: old.is_none(),
            old: old.map(state),
            was: None,
            new: state(new),
            span: None,
            facts: None,
            past: Past::Changed(RowChanges::default()),
        }
    }

    /// The ledger was restored from a backup, and the tree was not; or the other way round.
    #[test]
    fn rows_of_another_copy_than_the_known_one_are_counted_as_they_are() {
        for found in [3, 5] {
            let mut record = SeriesRecord::of_first(&november(None, 4));

            record.apply(&november(Some(found), found + 1));

            let now = SeriesRecord::of_first(&november(None, found + 1));
            assert_eq!((record.rows, record.sum), (now.rows, now.sum), "{found}");
            assert_eq!(record.bytes, now.bytes, "{found}");
        }
    }

    #[test]
    fn a_month_that_has_no_row_any_more_is_none_of_the_months() {
        let month = |month: u32| PartitionKey::month(2025, month).unwrap();
        let all = || SeriesRecord {
            months: vec![(month(1), month(3)), (month(5), month(5))],
            ..SeriesRecord::nothing()
        };
        for (emptied, left) in [
            (1, vec![(month(2), month(3)), (month(5), month(5))]),
            (
                2,
                vec![
                    (month(1), month(1)),
                    (month(3), month(3)),
                    (month(5), month(5)),
                ],
            ),
            (3, vec![(month(1), month(2)), (month(5), month(5))]),
            (4, vec![(month(1), month(3)), (month(5), month(5))]),
            (5, vec![(month(1), month(3))]),
        ] {
            let mut record = all();

            record.release(month(emptied));

            assert_eq!(record.months, left, "{emptied}");
        }
    }
}
