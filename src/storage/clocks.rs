//! On which clock the rows of a series stand: one for all of its files.
//!
//! Promises: rows that show another time than the stored ones are refused, be it for their file or for one beside it; files of two
//! clocks that lie there all the same are told by name.

use std::path::{Path, PathBuf};

use crate::calendar::is_same_zone;
use crate::frame::Frame;

use super::StorageError;

/// Rows on another clock than the newest ones of their series: no zone tells at which instants both are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherClock {
    /// Their file.
    pub path: PathBuf,
    /// The zone whose clock they are on.
    pub zone: String,
    /// That of the newest rows.
    pub newest: String,
    /// Their first and their last row.
    pub span: (i64, i64),
}

/// Returns those of some files in the order of time whose rows are on another clock than the last ones; each with its zone.
pub(super) fn other_clocks<'f>(
    files: impl Iterator<Item = (&'f Path, &'f Option<String>, &'f Frame)>,
) -> Vec<OtherClock> {
    let known = files.filter_map(|(path, zone, rows)| Some((path, zone.as_ref()?, rows.span()?)));
    let mut known: Vec<_> = known.collect();
    let Some((_, newest, _)) = known.pop() else {
        return Vec::new();
    };
    let others = known.into_iter();
    let others = others.filter(|(_, zone, _)| is_other_clock(zone, newest));
    let others = others.map(|(path, zone, span)| OtherClock {
        path: path.to_owned(),
        zone: zone.clone(),
        newest: newest.clone(),
        span,
    });
    others.collect()
}

/// Tells whether two zones show different times. A zone that goes by two names shows one.
pub(super) fn is_other_clock(stored: &str, newer: &str) -> bool {
    stored != newer && !is_same_zone(stored, newer)
}

/// Refuses rows that are on another clock than those of a file: side by side, each instant would be two rows.
pub(super) fn refuse_other_clock(
    path: &Path,
    stored: &str,
    newer: &str,
) -> Result<(), StorageError> {
    if !is_other_clock(stored, newer) {
        return Ok(());
    }
    Err(StorageError::Refused {
        path: path.to_owned(),
        reason: format!(
            "its time zone is {stored}, and the new rows' is {newer}: if its rows are right, set `timezone = \"{stored}\"` for \
             their source in barkeep.toml; if an older build named the wrong zone, move the file out of the data folder and \
             run barkeep update with --start and --end around its days"
        ),
    })
}
