//! Brings columns as they came into the order of a frame, and hands out what has no place in it.
//!
//! Promises: no row is dropped in silence. A row has a place in the frame, equals the row that has it in every value, or
//! is handed out with the reason. Leaves to others: joining older and newer rows (`merge`), keeping what is handed out
//! (`storage::quarantine`).

use super::key::compare_keys;
use super::merge::replaces;
use super::{Column, Frame, Profile};

/// Why a row has no place in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A key column is null, so nobody knows which row it is.
    Undated,
    /// Another row has the same key and won.
    Duplicate,
}

impl Reason {}

/// A row without a place, with its values by column.
#[derive(Clone, Debug, PartialEq)]
pub struct Displaced {
    /// Why it has no place.
    pub reason: Reason,
    /// The row, as one-row columns in the order of the profile.
    pub values: Vec<Column>,
}

/// A frame, and the rows that have no place in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordered {
    /// The rows with a place.
    pub frame: Frame,
    /// The rows without one. Rows that equal the kept row in every value are not worth a record.
    pub displaced: Vec<Displaced>,
}

impl Ordered {
    /// Returns all rows with a key in frames without any row twice. Merged in this order they become the frame.
    #[must_use]
    pub fn versions(self) -> Vec<Frame> {
        let profile = self.frame.profile();
        let mut versions = vec![self.frame];
        let mut displaced = self.displaced;
        while !displaced.is_empty() {
            let kinds = profile.columns.iter().map(|spec| spec.kind);
            let mut columns: Vec<Column> = kinds.map(Column::empty).collect();
            let with_key = displaced
                .iter()
                .filter(|row| row.reason == Reason::Duplicate);
            for row in with_key {
                for (column, value) in columns.iter_mut().zip(&row.values) {
                    column.extend(value, 0..1);
                }
            }
            let older = Frame::ordered(profile, columns);
            versions.push(older.frame);
            displaced = older.displaced;
        }
        versions.reverse();
        versions
    }
}

impl Frame {
    /// Brings columns into order: sorts rows by key, keeps one row per key by the profile's rule, takes undated rows out.
    ///
    /// # Panics
    /// When the columns are not those of the profile, or not all of one length: `codec`, `bars` and the like see to that, and
    /// rows that lack some of their values are worse than none.
    pub fn ordered(profile: &'static Profile, columns: Vec<Column>) -> Ordered {
        let rows = columns.first().map_or(0, Column::len);
        let (kinds, specs) = (columns.iter().map(Column::kind), profile.columns.iter());
        assert!(
            kinds.eq(specs.map(|spec| spec.kind)),
            "the columns of a frame are those of its profile"
        );
        assert!(
            columns.iter().all(|column| column.len() == rows),
            "columns of one frame have one length"
        );
        if is_ordered(profile, &columns, rows) {
            return Ordered {
                frame: Self::of_columns(profile, columns),
                displaced: Vec::new(),
            };
        }
        let has_key = |row: &usize| {
            profile
                .key
                .iter()
                .all(|&at| columns.get(at).is_some_and(|c| !c.is_null(*row)))
        };
        let (mut dated, undated): (Vec<usize>, Vec<usize>) = (0..rows).partition(has_key);
        dated.sort_by(|&a, &b| compare_keys(profile, &columns, a, &columns, b));

        let (kept, losers) = one_of_each_key(profile, &columns, dated);
        let displace = |reason| {
            let columns = &columns;
            move |row| Displaced {
                reason,
                values: columns.iter().map(|column| column.take(&[row])).collect(),
            }
        };
        let mut displaced: Vec<Displaced> =
            undated.into_iter().map(displace(Reason::Undated)).collect();
        displaced.extend(losers.into_iter().map(displace(Reason::Duplicate)));
        let columns: Vec<Column> = columns.iter().map(|column| column.take(&kept)).collect();
        Ordered {
            frame: Self::of_columns(profile, columns),
            displaced,
        }
    }
}

/// Keeps one row of each key, of rows sorted by key. The losers are those that say something else.
fn one_of_each_key(
    profile: &Profile,
    columns: &[Column],
    sorted: Vec<usize>,
) -> (Vec<usize>, Vec<usize>) {
    let mut kept: Vec<usize> = Vec::with_capacity(sorted.len());
    let mut losers = Vec::new();
    for row in sorted {
        match kept.last_mut() {
            Some(last) if compare_keys(profile, columns, *last, columns, row).is_eq() => {
                let loser = if replaces(profile, columns, *last, columns, row) {
                    std::mem::replace(last, row)
                } else {
                    row
                };
                if !columns
                    .iter()
                    .all(|column| column.cell(loser) == column.cell(*last))
                {
                    losers.push(loser);
                }
            }
            _ => kept.push(row),
        }
    }
    (kept, losers)
}

/// Tells whether no key is null and rows are strictly increasing by key.
fn is_ordered(profile: &Profile, columns: &[Column], rows: usize) -> bool {
    let keys: Vec<&Column> = profile
        .key
        .iter()
        .filter_map(|&at| columns.get(at))
        .collect();
    // One text in every row is as good as no text: then the timestamps decide, and they lie side by side.
    if let [Column::Text(owner), Column::Time(times)] = keys.as_slice()
        && rows > 0
        && owner.same_in(0..rows).is_some()
        && let Some(times) = times.as_whole()
    {
        return times.is_sorted_by(|earlier, later| earlier < later);
    }
    keys.iter()
        .all(|key| (0..rows).all(|row| !key.is_null(row)))
        && (1..rows).all(|row| compare_keys(profile, columns, row - 1, columns, row).is_lt())
}
