//! Legacy series of which an older file lies flat beside the one in `data/legacy`: a workspace that was moved by half.
//!
//! Promises: both files are read, as `storage` joins them, and only the newer one is written and recorded. So nobody takes what is
//! recorded of such a series for all of it, and each command that counts or writes names the older file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::InventoryError;
use super::asked::interval_of;
use crate::model::{Interval, StorageRequest, Venue};
use crate::workspace::Workspace;

/// The older files of series that have two.
pub type Halves = BTreeMap<StorageRequest, PathBuf>;

/// Finds the series of some venues that have an older file.
///
/// # Errors
/// When a folder cannot be listed.
pub fn halves<'v>(
    workspace: &Workspace<'_>,
    venues: impl IntoIterator<Item = &'v Venue>,
) -> Result<Halves, InventoryError> {
    let places = workspace.stores.legacy.places();
    let mut found = Halves::new();
    for venue in venues {
        for interval in Interval::ALL {
            found.extend(places.halves(venue, interval)?);
        }
    }
    Ok(found)
}

/// Returns what a person has to know of such series of the workspace `root`, as a sentence without a period; `None` where there
/// are none.
pub fn tell_halves(halves: &Halves, root: &Path) -> Option<String> {
    let first = halves.values().next()?;
    let first = first.strip_prefix(root).unwrap_or(first).display();
    let (are, more) = match halves.len() {
        1 => ("1 legacy file lies".to_owned(), String::new()),
        many => (
            format!("{many} legacy files lie"),
            format!(" and {} more", many - 1),
        ),
    };
    let intervals = halves.keys().filter_map(|of| interval_of(&of.series));
    let wide: BTreeSet<Interval> = intervals.filter(|of| !of.partitions_by_default()).collect();
    let wide: Vec<&str> = wide.into_iter().map(Interval::as_str).collect();
    let only = if wide.is_empty() {
        String::new()
    } else {
        format!(
            ", those of {} only while `partition_intervals` of their source in barkeep.toml names these intervals, too",
            wide.join(", ")
        )
    };
    Some(format!(
        "{are} flat beside a newer one of the same series in data/legacy: {first}{more}; both are read, the newer one alone is \
         continued, and how many rows they have together is not recorded; barkeep partition-migrate init --all-found --adopt \
         joins them{only}"
    ))
}
