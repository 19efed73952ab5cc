//! The rows of one series: what they are, and how they are cut, found and joined.
//!
//! Promises: rows are in order, whatever is asked of them. Leaves to others: bringing rows into that order (`order`),
//! joining older and newer ones (`merge`), what they mean (`bars`, `events`, `closes`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::model::{Fingerprint, PartitionKey, time};

use super::key::{KeyPart, compare_keys};
use super::{
    Cell, Column, ColumnSpec, FIRST_VERSION, OtherRows, Profile, RowKey, Texts, fingerprint_of,
    merge,
};

/// The rows of one series, or of one partition of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    profile: &'static Profile,
    columns: Vec<Column>,
    rows: usize,
}

impl Frame {
    /// Returns a frame without rows.
    pub fn empty(profile: &'static Profile) -> Self {
        Self {
            profile,
            columns: profile
                .columns
                .iter()
                .map(|spec| Column::empty(spec.kind))
                .collect(),
            rows: 0,
        }
    }

    /// Makes a frame of columns that are those of the profile, of one length, and in order.
    pub(super) fn of_columns(profile: &'static Profile, columns: Vec<Column>) -> Self {
        let rows = columns.first().map_or(0, Column::len);
        Self {
            profile,
            columns,
            rows,
        }
    }

    /// Returns the schema profile.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// Tells whether rows can be those of one series with these: they have the columns of one profile, or there are none on one side.
    pub fn joins(&self, other: &Self) -> bool {
        self.is_empty() || other.is_empty() || self.profile.joins(other.profile)
    }

    /// Joins rows of one series, of which the later ones win where two have one key. Whoever does not know where rows come from
    /// joins them here.
    ///
    /// # Errors
    /// When they have come into being in two ways.
    pub fn joined(profile: &'static Profile, parts: Vec<Self>) -> Result<Self, OtherRows> {
        let mut with_rows = parts.iter().filter(|part| !part.is_empty());
        if let Some(first) = with_rows.next()
            && let Some(other) = with_rows.find(|part| !first.joins(part))
        {
            return Err(OtherRows {
                held: first.profile.name,
                others: other.profile.name,
            });
        }
        Ok(Self::concat(profile, parts).unwrap_or_else(|parts| {
            let empty = Self::empty(profile);
            let rest = parts.iter();
            rest.fold(empty, |whole, part| merge(&whole, part).frame)
        }))
    }

    /// Returns the columns, in the order of the profile.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Gives the columns away, in the order of the profile.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// Returns how many columns there are without the last ones that came later and have no value.
    pub(super) fn counted(&self) -> usize {
        let specs = self.profile.columns.iter().zip(&self.columns);
        let counts = |(_, (spec, column)): &(usize, (&ColumnSpec, &Column))| {
            !spec.came_later() || !column.is_all_null()
        };
        let last = specs.enumerate().rfind(counts);
        last.map_or(0, |(at, _)| at + 1)
    }

    /// Returns the lowest format version that holds the rows.
    pub fn version(&self) -> u32 {
        let specs = self.profile.columns.iter().take(self.counted());
        specs.map(|spec| spec.since).max().unwrap_or(FIRST_VERSION)
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Tells whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Returns the timestamps by which the series is cut into partitions.
    pub fn times(&self) -> impl DoubleEndedIterator<Item = i64> + '_ {
        match self.columns.get(self.profile.time) {
            Some(Column::Time(times)) => times.as_whole().unwrap_or_default(),
            _ => &[],
        }
        .iter()
        .copied()
    }

    /// Returns the first and the last timestamp.
    pub fn span(&self) -> Option<(i64, i64)> {
        let first = self.times().min()?;
        Some((first, self.times().max()?))
    }

    /// Returns the texts of the owner column, each once, in order of appearance.
    pub fn owners(&self) -> Vec<Arc<str>> {
        let mut owners: Vec<Arc<str>> = Vec::new();
        match self.profile.owner.and_then(|at| self.columns.get(at)) {
            Some(Column::Text(Texts::Same { text, rows: 1.. })) => owners.extend(text.clone()),
            Some(Column::Text(texts)) => {
                for text in texts.iter().flatten() {
                    if !owners.contains(text) {
                        owners.push(Arc::clone(text));
                    }
                }
            }
            _ => {}
        }
        owners
    }

    /// Returns the rows of each series, in turn: those that follow one another and have one owner.
    pub fn series(&self) -> Vec<Range<usize>> {
        let owner = self.profile.owner.and_then(|at| self.columns.get(at));
        let texts = match owner {
            Some(Column::Text(texts)) if !matches!(texts, Texts::Same { .. }) => texts,
            _ => {
                return (self.rows > 0)
                    .then_some(0..self.rows)
                    .into_iter()
                    .collect();
            }
        };
        let mut series: Vec<Range<usize>> = Vec::new();
        for row in 0..self.rows {
            match series.last_mut() {
                Some(last) if texts.get(last.start) == texts.get(row) => last.end = row + 1,
                _ => series.push(row..row + 1),
            }
        }
        series
    }

    /// Returns the owner of a row, if it has one.
    pub fn owner(&self, row: usize) -> Option<&Arc<str>> {
        match self.profile.owner.and_then(|at| self.columns.get(at)) {
            Some(Column::Text(texts)) => texts.get(row),
            _ => None,
        }
    }

    /// Returns some rows that follow one another.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let mut part = Self::empty(self.profile);
        let end = rows.end.min(self.rows);
        part.rows = end.saturating_sub(rows.start);
        for (column, from) in part.columns.iter_mut().zip(&self.columns) {
            column.extend(from, rows.start..end);
        }
        part
    }

    /// Returns what identifies a row. One that is not there has the key of 1970.
    pub fn key(&self, row: usize) -> RowKey {
        let cell = |at: usize| self.columns.get(at).map(|column| column.cell(row));
        let time = match cell(self.profile.time) {
            Some(Cell::Time(time)) => time,
            _ => 0,
        };
        let further = self.profile.further_key();
        let more = further.filter_map(|(at, _)| KeyPart::of(cell(at)?));
        RowKey {
            time,
            more: more.collect(),
        }
    }

    /// Returns the first row whose key is not before `key`. For rows of one owner, which stand in the order of their keys.
    pub fn position(&self, key: &RowKey) -> usize {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(middle) < *key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Returns the row with a key; `None` when there is none.
    pub fn find(&self, key: &RowKey) -> Option<usize> {
        let row = self.position(key);
        (row < self.rows && self.key(row) == *key).then_some(row)
    }

    /// Returns the keys of the first and the last row.
    pub fn key_span(&self) -> Option<(RowKey, RowKey)> {
        let last = self.rows.checked_sub(1)?;
        Some((self.key(0), self.key(last)))
    }

    /// Returns the fingerprint of the rows, which does not depend on files, units, codecs or row groups.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(std::slice::from_ref(self))
    }

    /// Cuts the frame into its partitions; where it is one, nothing is copied.
    pub fn partitions(&self) -> BTreeMap<PartitionKey, Cow<'_, Self>> {
        if let [(key, _)] = self.runs().as_slice() {
            return BTreeMap::from([(*key, Cow::Borrowed(self))]);
        }
        let parts = self.split().into_iter();
        parts.map(|(key, rows)| (key, Cow::Owned(rows))).collect()
    }

    /// Returns which rows that follow one another are of which partition.
    fn runs(&self) -> Vec<(PartitionKey, Range<usize>)> {
        let granularity = self.profile.dataset.granularity();
        let mut runs: Vec<(PartitionKey, Range<usize>)> = Vec::new();
        let mut bounds = 0..0;
        for (row, time) in self.times().enumerate() {
            // Rows mostly stay within the month of the row before: spare the calendar.
            match runs.last_mut() {
                Some((_, rows)) if bounds.contains(&time) => rows.end = row + 1,
                _ => {
                    let key = PartitionKey::of(granularity, time);
                    bounds = bounds_of(key).unwrap_or(0..0);
                    runs.push((key, row..row + 1));
                }
            }
        }
        runs
    }

    /// Cuts the frame into its partitions.
    pub fn split(&self) -> BTreeMap<PartitionKey, Self> {
        let mut parts: BTreeMap<PartitionKey, Self> = BTreeMap::new();
        for (key, rows) in self.runs() {
            let part = parts
                .entry(key)
                .or_insert_with(|| Self::empty(self.profile));
            part.rows += rows.len();
            for (column, from) in part.columns.iter_mut().zip(&self.columns) {
                column.extend(from, rows.clone());
            }
        }
        parts
    }

    /// Returns the rows whose timestamp lies in `from..to`.
    #[must_use]
    pub fn between(&self, from: Option<i64>, to: Option<i64>) -> Self {
        let is_inside =
            |time: &i64| from.is_none_or(|from| *time >= from) && to.is_none_or(|to| *time < to);
        let rows: Vec<usize> = self
            .times()
            .enumerate()
            .filter(|(_, time)| is_inside(time))
            .map(|(row, _)| row)
            .collect();
        self.take(&rows)
    }

    /// Returns the rows whose timestamps are wanted.
    #[must_use]
    pub fn at(&self, is_wanted: impl Fn(i64) -> bool) -> Self {
        let rows = self.times().enumerate();
        let rows = rows.filter(|(_, time)| is_wanted(*time));
        let rows: Vec<usize> = rows.map(|(row, _)| row).collect();
        self.take(&rows)
    }

    /// Joins frames of disjoint partitions given in time order.
    ///
    /// # Errors
    /// When their rows do not follow one another, and must be merged instead, or are those of no one series (`joined`).
    pub fn concat(profile: &'static Profile, parts: Vec<Self>) -> Result<Self, Vec<Self>> {
        let follow = |pair: &[Self]| match pair {
            [a, b] => {
                a.is_empty()
                    || b.is_empty()
                    || (a.joins(b)
                        && compare_keys(profile, &a.columns, a.rows - 1, &b.columns, 0).is_lt())
            }
            _ => true,
        };
        if !parts.windows(2).all(follow) {
            return Err(parts);
        }
        let rows: usize = parts.iter().map(|part| part.rows).sum();
        let mut parts = parts.into_iter().filter(|part| part.rows > 0);
        let mut whole = parts.next().unwrap_or(Self::empty(profile));
        for column in &mut whole.columns {
            column.reserve(rows - whole.rows);
        }
        for part in parts {
            whole.rows += part.rows;
            for (column, more) in whole.columns.iter_mut().zip(part.columns) {
                column.extend(&more, 0..more.len());
            }
        }
        Ok(whole)
    }

    /// Returns some of the rows, which are named in their order.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        let follow = |pair: &[usize]| matches!(pair, [a, b] if a + 1 == *b);
        if let (Some(first), Some(last)) = (rows.first(), rows.last())
            && rows.windows(2).all(follow)
        {
            return self.slice(*first..last + 1);
        }
        let columns = self
            .columns
            .iter()
            .map(|column| column.take(rows))
            .collect();
        Self {
            profile: self.profile,
            columns,
            rows: rows.len(),
        }
    }

    /// Sets a value of a column that is no key.
    pub(super) fn put(&mut self, row: usize, column: usize, value: &Column) {
        if let Some(column) = self.columns.get_mut(column) {
            column.put(row, value);
        }
    }
}

/// Returns the timestamps that fall into a partition.
fn bounds_of(key: PartitionKey) -> Option<Range<i64>> {
    let (first, last) = key.days()?;
    let end = time::midnight(last)?.checked_add(time::DAY)?;
    Some(time::midnight(first)?..end)
}
