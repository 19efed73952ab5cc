//! The records of all venues, beside what the registry knows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::stored::stored_series;
use super::{Asked, Halves, InventoryError, halves};
use crate::catalog::{Catalog, refuse_unknown};
use crate::ledger::{self, SeriesRecord, read_records};
use crate::model::{StorageRequest, Ticker, Unclear, Venue};
use crate::workspace::Workspace;

/// What is known of all series that somebody asks about.
#[derive(Debug, Default)]
pub struct Known {
    /// What was recorded.
    pub records: BTreeMap<StorageRequest, SeriesRecord>,
    /// Series that have a folder or a file, or of which the registry knows rows, and of which nothing was recorded.
    pub unrecorded: BTreeSet<StorageRequest>,
    /// When recording began at each venue.
    pub begun: BTreeMap<Venue, DateTime<Utc>>,
    /// Series with an older file, of which the records do not tell.
    pub halves: Halves,
    /// Parts of the records that cannot be understood, and why.
    pub damaged: Vec<(PathBuf, String)>,
}

impl Known {
    /// Tells whether what was recorded of a series is of one of its two files.
    pub(super) fn is_part(&self, request: &StorageRequest, record: &SeriesRecord) -> bool {
        record.is_legacy && self.halves.contains_key(request)
    }

    /// Returns the venues of which nobody knows what was held at a moment, since recording began later there.
    ///
    /// # Errors
    /// `Unclear` when it did everywhere.
    pub fn begun_after(&self, at: DateTime<Utc>) -> Result<Vec<(&Venue, DateTime<Utc>)>, Unclear> {
        let begun = self.begun.iter().map(|(venue, begun)| (venue, *begun));
        let later: Vec<_> = begun.filter(|(_, begun)| *begun > at).collect();
        if later.len() < self.begun.len() {
            return Ok(later);
        }
        let since = self.begun.values().min();
        let since = since.map_or_else(
            || "nothing was recorded yet".to_owned(),
            |begun| format!("what was stored is recorded since {}", begun.to_rfc3339()),
        );
        let at = at.to_rfc3339();
        let message = format!("what was held at {at} is not known: {since}");
        Err(Unclear::rows(message))
    }

    /// Refuses what was named and is neither known nor recorded: a slip of the keyboard.
    ///
    /// # Errors
    /// `Unclear` when something is.
    pub fn refuse_unknown(&self, asked: &Asked, catalog: &Catalog) -> Result<(), Unclear> {
        let is_recorded = |is_it: &dyn Fn(&StorageRequest) -> bool| self.records.keys().any(is_it);
        let is_known = |ticker: &&Ticker| match asked.venues.as_slice() {
            [] => catalog.contains(ticker),
            venues => venues.iter().any(|venue| catalog.is_at(ticker, venue)),
        };
        let unknown = asked.tickers.iter().filter(|ticker| !is_known(ticker));
        let unknown = unknown
            .filter(|ticker| !is_recorded(&|request| request.series.ticker() == Some(ticker)));
        refuse_unknown(catalog, &unknown.collect::<Vec<_>>(), "nothing is recorded")?;
        let venues = catalog.venues();
        let unknown = asked.venues.iter().find(|venue| {
            let is_of_it = |request: &StorageRequest| request.venue.as_ref() == Some(venue);
            !venues.contains(venue) && !is_recorded(&is_of_it)
        });
        unknown.map_or(Ok(()), |venue| {
            let message =
                format!("tickers.json has no tickers of {venue}, and nothing is recorded of it");
            Err(Unclear::words(message).hint("`barkeep config show` lists the sources"))
        })
    }
}

/// Reads what is known of the series that are asked about. Folders are listed, and no file of a series is opened.
///
/// # Errors
/// When a folder or a record cannot be read.
pub fn known(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    asked: &Asked,
) -> Result<Known, InventoryError> {
    let mut known = Known::default();
    let venues = venues(workspace, catalog)?;
    let asked_for = venues.iter().filter(|venue| asked.means_venue(venue));
    let asked_for: Vec<Venue> = asked_for.cloned().collect();
    for venue in asked_for.iter().cloned() {
        let found = read_records(workspace.fs(), &workspace.places, &venue)?;
        known.damaged.extend(found.damaged);
        known.begun.extend(found.begun.map(|at| (venue, at)));
        let mut meant = found.series;
        meant.retain(|request, _| asked.means(request));
        // They are in order, so that none is compared with all others again.
        known.records.append(&mut meant);
    }
    known.halves = halves(workspace, &asked_for)?;
    known.halves.retain(|request, _| asked.means(request));
    known.unrecorded = stored_series(workspace, catalog, asked, &asked_for, &known.records)?;
    Ok(known)
}

/// Reads what was known at a moment of the series that are asked about. Series of which something was recorded later only, though
/// they were there already, are among the unrecorded.
///
/// # Errors
/// When a record cannot be read.
pub fn known_at(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    asked: &Asked,
    at: DateTime<Utc>,
) -> Result<Known, InventoryError> {
    let mut known = Known::default();
    for venue in venues(workspace, catalog)? {
        if !asked.means_venue(&venue) {
            continue;
        }
        let then = ledger::read_records_at(workspace.fs(), &workspace.places, &venue, at)?;
        known.damaged.extend(then.records.damaged);
        known.begun.extend(then.records.begun.map(|at| (venue, at)));
        let recorded = then.records.series.into_iter();
        known
            .records
            .extend(recorded.filter(|(request, _)| asked.means(request)));
        let undated = then.undated.into_iter();
        known
            .unrecorded
            .extend(undated.filter(|request| asked.means(request)));
    }
    Ok(known)
}

/// Returns every venue that the settings, the data root, the registry or the records know.
pub(super) fn venues(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
) -> Result<BTreeSet<Venue>, InventoryError> {
    let mut venues = workspace.venues()?;
    venues.extend(catalog.venues());
    venues.extend(ledger::venues(workspace.fs(), &workspace.places)?);
    Ok(venues)
}

/// Returns the files of all ledgers that cannot be understood, also those that nobody has to read to know the series.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn damaged(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
) -> Result<Vec<(PathBuf, String)>, InventoryError> {
    let mut damaged = Vec::new();
    for venue in venues(workspace, catalog)? {
        damaged.extend(ledger::damaged(workspace.fs(), &workspace.places, &venue)?);
    }
    Ok(damaged)
}
