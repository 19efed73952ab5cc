//! Which series are looked through.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Calendar;
use crate::catalog::{self, Catalog};
use crate::config::SourceKind;
use crate::inventory::{self, Asked, InventoryError};
use crate::model::{Interval, StorageRequest, Ticker, Unclear, Venue};
use crate::workspace::Workspace;

/// The series of one ticker at one venue.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The venue.
    pub venue: Venue,
    /// The ticker.
    pub ticker: Ticker,
    intervals: BTreeSet<Interval>,
}

/// Returns the series that may be stored of what somebody asks about.
///
/// # Errors
/// `Unclear` when nobody knows a venue; when a folder cannot be listed.
pub fn subjects(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    asked: &Asked,
) -> Result<Vec<Subject>, InventoryError> {
    let venues = workspace.venues()?;
    if let Some(venue) = asked.venues.iter().find(|venue| !venues.contains(venue)) {
        let message = format!("the venue {venue} has no source, and nothing is stored of it");
        let unclear = Unclear::words(message);
        return Err(unclear
            .hint("`barkeep config show` lists the sources")
            .into());
    }
    let intervals = match asked.intervals.as_slice() {
        [] => Interval::ALL.to_vec(),
        named => named.to_vec(),
    };
    let is_meant = |ticker: &Ticker| asked.tickers.is_empty() || asked.tickers.contains(ticker);
    let mut subjects = Vec::new();
    for venue in venues.into_iter().filter(|venue| asked.means_venue(venue)) {
        let mut found: BTreeMap<Ticker, BTreeSet<Interval>> = BTreeMap::new();
        for &interval in &intervals {
            for ticker in inventory::tickers(workspace, catalog, &venue, interval)? {
                found.entry(ticker).or_default().insert(interval);
            }
        }
        let of_venue = found.into_iter().filter(|(ticker, _)| is_meant(ticker));
        subjects.extend(of_venue.map(|(ticker, intervals)| Subject {
            venue: venue.clone(),
            ticker,
            intervals,
        }));
    }
    Ok(subjects)
}

/// Refuses tickers that were named and are neither known nor stored: slips of the keyboard.
///
/// # Errors
/// `Unclear` when some are.
pub fn refuse_unknown(
    named: &[Ticker],
    catalog: &Catalog,
    subjects: &[Subject],
) -> Result<(), Unclear> {
    let is_stored = |ticker: &Ticker| subjects.iter().any(|subject| subject.ticker == *ticker);
    let is_unknown = |ticker: &&Ticker| !catalog.contains(ticker) && !is_stored(ticker);
    let unknown: Vec<&Ticker> = named.iter().filter(is_unknown).collect();
    catalog::refuse_unknown(catalog, &unknown, "nothing is stored")
}

impl Subject {
    /// Returns the series of bars, those outside of the sessions among them.
    pub fn requests(&self) -> impl Iterator<Item = (Interval, StorageRequest)> {
        self.intervals.iter().flat_map(|&interval| {
            let bars = StorageRequest::bars(self.venue.clone(), self.ticker.clone(), interval);
            let outside = interval.is_intraday().then(|| bars.outside()).flatten();
            let requests = std::iter::once(bars).chain(outside);
            requests.map(move |request| (interval, request))
        })
    }

    /// Returns what is known of the sessions of the exchange. The zone whose clock the dates show is that of the files, and of
    /// those of the predecessor, which say nothing, what the source said of the ticker.
    pub(super) fn calendar(
        &self,
        workspace: &Workspace<'_>,
        catalog: &Catalog,
        stored: Option<String>,
    ) -> Calendar {
        let zone = stored.or_else(|| catalog.identity(&self.ticker, &self.venue)?.timezone);
        let ticker = (&self.ticker, &self.venue);
        let view = workspace.view();
        view.named_calendar(ticker, catalog, zone.as_deref())
    }

    /// Tells whether wide bars begin on the borders of their intervals. A maker of files names a week by any of its days.
    pub(super) fn has_borders(&self, workspace: &Workspace<'_>) -> bool {
        let settings = workspace.config.settings();
        let mut described = settings.sources();
        let of_venue = described.find(|(known, _)| **known == self.venue);
        of_venue.is_some_and(|(_, source)| source.kind.value != Some(SourceKind::Files))
    }
}
