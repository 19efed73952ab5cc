//! The latest changes of stored values at a venue, for people who look at all series.
//!
//! Promises: the newest files of the ledger are read and no other. Leaves to others: every change of one series (`replaced`).

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::{LedgerError, Line, Log, Past};
use crate::layout::Places;
use crate::model::{PartitionKey, StorageRequest, Venue};
use crate::sys::Fs;

/// How many groups back it is looked.
const GROUPS: u32 = 500;

/// A file of which stored values were replaced, or rows taken out.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewrite {
    /// When.
    pub at: DateTime<Utc>,
    /// The series.
    pub series: StorageRequest,
    /// The file.
    pub partition: PartitionKey,
    /// How many values were replaced; `None` when so many that the older file is kept.
    pub replaced: Option<usize>,
    /// How many rows were taken out.
    pub removed: usize,
    /// By what all prices were multiplied, where one factor says it.
    pub factor: Option<f64>,
}

/// Returns the latest changes at a venue, newest first, at most `most`.
///
/// # Errors
/// When a file of the ledger cannot be read. What is damaged in it is left out; `damaged` names it.
pub fn latest_rewrites(
    fs: &dyn Fs,
    places: &Places,
    venue: &Venue,
    most: usize,
) -> Result<Vec<Rewrite>, LedgerError> {
    let mut log = Log::read_newest(fs, places, venue, GROUPS)?;
    let mut found = VecDeque::new();
    log.for_each(|group, line| {
        let Line::File(line) = line else { return };
        let (replaced, removed, factor) = match &line.past {
            Past::Changed(changes) if changes.takes_away() => {
                let removed = changes.removed.as_ref();
                let removed = removed.map_or(0, |(rows, _)| rows.len());
                (Some(changes.replaced.len()), removed, None)
            }
            Past::Kept { factor, .. } => (None, 0, *factor),
            _ => return,
        };
        if found.len() == most {
            found.pop_front();
        }
        found.push_back(Rewrite {
            at: group.at,
            series: line.series.clone(),
            partition: line.partition,
            replaced,
            removed,
            factor,
        });
    });
    Ok(found.into_iter().rev().collect())
}
