//! The vault of a feed after a run: packs of days that are over, and days that need not be kept.
//!
//! Promises: what was not read into trades is never forgotten.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{DayMarks, FeedRunError, FeedTask, Marks};
use crate::ingest::RunReport;
use crate::model::Venue;
use crate::vault::{Head, Keeper, Retention, VaultError, forget};
use crate::workspace::Session;

/// Parts of a day from which on they are merged before the day is over: each is a file that a run looks into.
const MANY_PARTS: usize = 16;

/// Merges the parts of days that are over, and forgets days that need not be kept. What the vault cannot do is told: the
/// trades are stored.
///
/// # Errors
/// When the lock is lost, or marks cannot be read.
pub(super) fn tidy(
    keeper: &mut Keeper<'_>,
    marks: &mut Marks,
    (task, session): (&FeedTask<'_>, Session<'_>),
    report: &mut RunReport,
) -> Result<(), FeedRunError> {
    let (fs, shelf) = (session.fs, task.shelf.clone());
    let today = session.clock.now().date_naive();
    for (day, files) in keeper.vault().days(&shelf)? {
        let of_day = marks.day(fs, day)?;
        if day < today || files.len() > MANY_PARTS {
            let is_done = |head: &Head| of_day.has_read(&head.name, head.digest.half());
            let merged = keeper.merge((&shelf, day), &is_done);
            if let Err(error) = merged {
                told_of_vault(error, task.feed.venue(), report)?;
            }
        }
    }
    let spec = task.feed.spec().vault;
    let retention = if spec.is_kept {
        Retention {
            days: Some(spec.days),
            bytes: Some(spec.bytes),
        }
    } else {
        Retention {
            days: Some(0),
            bytes: Some(0),
        }
    };
    let mut done: BTreeMap<NaiveDate, DayMarks> = BTreeMap::new();
    for day in keeper.vault().days(&shelf)?.into_keys() {
        done.insert(day, marks.day(fs, day)?.clone());
    }
    let forgotten = forget(keeper, &shelf, (retention, today), &|day, head| {
        let marks = done.get(&day);
        marks.is_some_and(|marks| marks.has_read(&head.name, head.digest.half()))
    });
    forgotten
        .map(drop)
        .or_else(|error| told_of_vault(error, task.feed.venue(), report))
}

/// Tells whether a failure costs what would be kept, and no more.
pub(super) fn is_of_place(error: &VaultError) -> bool {
    match error {
        VaultError::Fs(error) => error.is_of_place(),
        VaultError::Newer { .. } => true,
        VaultError::Lock(_) | VaultError::Name(_) => false,
    }
}

fn told_of_vault(
    error: VaultError,
    venue: &Venue,
    report: &mut RunReport,
) -> Result<(), FeedRunError> {
    if !is_of_place(&error) {
        return Err(error.into());
    }
    let text = format!("{venue}: the vault stays as it is: {error}");
    report.warnings.push(text);
    Ok(())
}
