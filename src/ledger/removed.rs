//! Rows that were taken out of a series: when, why, and which of them are out still.

use chrono::{DateTime, Utc};

use super::{LedgerError, Line, Log, Past};
use crate::frame::{Frame, Profile, RowKey};
use crate::layout::Places;
use crate::model::StorageRequest;
use crate::sys::Fs;

/// Rows that one group took out of a file of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Removal {
    /// When.
    pub at: DateTime<Utc>,
    /// The rows as they were.
    pub rows: Frame,
    /// Why they were taken out.
    pub why: String,
}

/// Everything that was ever taken out of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Removals {
    /// Oldest first.
    pub all: Vec<Removal>,
    /// The rows of them that nobody has stored again since.
    pub out: Frame,
}

/// Reads what was taken out of a series.
///
/// # Errors
/// When a file of the ledger cannot be read.
pub fn read_removals(
    fs: &dyn Fs,
    places: &Places,
    request: &StorageRequest,
) -> Result<Removals, LedgerError> {
    let profile = Profile::of(request.series.dataset());
    let mut removals = Removals {
        all: Vec::new(),
        out: Frame::empty(profile),
    };
    let Some(venue) = &request.venue else {
        return Ok(removals);
    };
    let mut log = Log::read(fs, places, venue)?;
    log.for_each_of(request, |group, line| {
        let Line::File(line) = line else { return };
        let Past::Changed(changes) = line.past else {
            return;
        };
        removals.add_again(&changes.added);
        if let Some((rows, why)) = changes.removed {
            removals.out = removals.out.without(&rows).merge(&rows).frame;
            let at = group.at;
            removals.all.push(Removal { at, rows, why });
        }
    });
    Ok(removals)
}

impl Removals {
    fn add_again(&mut self, added: &[(RowKey, RowKey)]) {
        let out = &self.out;
        if out.is_empty() || added.is_empty() {
            return;
        }
        let is_added = |row: usize| {
            let key = out.key(row);
            added
                .iter()
                .any(|(first, last)| (first..=last).contains(&&key))
        };
        let times: Vec<i64> = out.times().collect();
        let again: Vec<i64> = times
            .into_iter()
            .enumerate()
            .filter(|(row, _)| is_added(*row))
            .map(|(_, time)| time)
            .collect();
        self.out = out.at(|time| !again.contains(&time));
    }
}
