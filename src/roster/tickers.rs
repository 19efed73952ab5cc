//! Which tickers are kept.

use std::path::Path;

use chrono::NaiveDate;

use super::RosterError;
use crate::catalog::{Catalog, near_or_listed};
use crate::lock::LockGuard;
use crate::model::words::some_of;
use crate::model::{Identity, Interval, Ticker, Unclear, Venue};
use crate::source::symbols;
use crate::sys::Fs;
use crate::workspace::Workspace;

/// Which tickers were removed, and which were not there.
#[derive(Debug, PartialEq, Eq)]
pub struct Removed<'t> {
    /// Those that were removed.
    pub known: Vec<&'t Ticker>,
    /// Those that were not there.
    pub unknown: Vec<&'t Ticker>,
}

/// What became of tickers of which a person accepts that their source describes them otherwise than before.
#[derive(Debug, Default, PartialEq)]
pub struct Accepted {
    /// Those that are who their source says from now on.
    pub changed: Vec<(Ticker, Identity)>,
    /// Those that it describes as before.
    pub settled: Vec<Ticker>,
}

/// Returns the tickers of a file that somebody wrote.
///
/// # Errors
/// `NoFile` when there is none, `Unwritten` when something else is in it.
pub fn written(fs: &dyn Fs, path: &Path) -> Result<Vec<Ticker>, RosterError> {
    let Some(bytes) = fs.read(path)? else {
        let path = path.to_owned();
        return Err(RosterError::NoFile { path });
    };
    let refused = |what: String| RosterError::Unwritten {
        path: path.to_owned(),
        what,
    };
    let text = String::from_utf8(bytes).map_err(|_| refused("it is no text".to_owned()))?;
    let written = symbols::written(&text).map_err(|error| refused(error.to_string()))?;
    let tickers = written.into_iter().map(|(line, symbol)| {
        let ticker = symbol.parse::<Ticker>();
        ticker.map_err(|error| refused(format!("line {line}: {error}")))
    });
    tickers.collect()
}

/// Adds tickers of a venue to a registry in memory, and returns how many were new.
pub fn add(catalog: &mut Catalog, venue: &Venue, tickers: &[Ticker], today: NaiveDate) -> usize {
    let are_new = tickers
        .iter()
        .map(|ticker| catalog.add(ticker, venue, today));
    are_new.filter(|is_new| *is_new).count()
}

/// Removes tickers from a registry in memory: at one venue, or everywhere.
///
/// # Errors
/// `Inherited` when legacy bars of one would be another venue's by that; then none is removed.
pub fn remove<'t>(
    workspace: &Workspace<'_>,
    catalog: &mut Catalog,
    tickers: &'t [Ticker],
    venue: Option<&Venue>,
) -> Result<Removed<'t>, RosterError> {
    for ticker in tickers {
        if let Some(venue) = venue {
            refuse_heirs(workspace, catalog, ticker, venue)?;
        }
    }
    let is_known = |ticker: &&Ticker| match venue {
        Some(venue) => catalog.remove_at(ticker, venue),
        None => catalog.remove(ticker),
    };
    let (known, unknown) = tickers.iter().partition(is_known);
    Ok(Removed { known, unknown })
}

/// Refuses tickers that a venue, or nobody, has; none where there is none.
///
/// # Errors
/// `Unclear` when there are some.
pub fn refuse_unknown(
    unknown: &[&Ticker],
    venue: Option<&Venue>,
    catalog: &Catalog,
) -> Result<(), Unclear> {
    if unknown.is_empty() {
        return Ok(());
    }
    let verb = if unknown.len() == 1 { "is" } else { "are" };
    let at = venue.map_or_else(String::new, |venue| format!("at {venue} "));
    let message = format!("{} {verb} not {at}in tickers.json", some_of(unknown, 5));
    Err(Unclear::rows(message).hint(near_or_listed(catalog, unknown)))
}

/// Takes tickers for who their source says that they are.
///
/// # Errors
/// `Unclear` when the venue does not have one; then none is changed.
pub fn accept(
    catalog: &mut Catalog,
    venue: &Venue,
    tickers: Vec<Ticker>,
    today: NaiveDate,
) -> Result<Accepted, Unclear> {
    let unknown = tickers
        .iter()
        .filter(|ticker| !catalog.is_at(ticker, venue));
    refuse_unknown(&unknown.collect::<Vec<_>>(), Some(venue), catalog)?;
    let mut accepted = Accepted::default();
    for ticker in tickers {
        match catalog.accept_identity(&ticker, venue, today) {
            Some(identity) => accepted.changed.push((ticker, identity)),
            None => accepted.settled.push(ticker),
        }
    }
    Ok(accepted)
}

/// A legacy file that names no venue is that of the ticker's home: with another home it would be another venue's at once.
fn refuse_heirs(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    ticker: &Ticker,
    venue: &Venue,
) -> Result<(), RosterError> {
    let venues = catalog.venues_of(ticker);
    let [home, heir, ..] = venues.as_slice() else {
        return Ok(());
    };
    if home != venue {
        return Ok(());
    }
    match workspace.stores.legacy.places().unnamed(ticker)? {
        None => Ok(()),
        Some(path) => Err(RosterError::Inherited {
            path: workspace.places.shown(&path).to_owned(),
            ticker: ticker.clone(),
            venue: venue.clone(),
            heir: heir.clone(),
        }),
    }
}

/// A ticker that the legacy layout cannot spell, and the intervals that are kept in that layout; `None` where all can be spelled.
pub type Unspelled<'t> = Option<(&'t Ticker, Vec<Interval>)>;

/// Returns a ticker that the legacy layout cannot spell, if there is one, and the intervals that are kept in that layout at a
/// venue.
///
/// # Errors
/// `Unspellable` when that is the layout of all of its new series.
pub fn unspelled<'t>(
    workspace: &Workspace<'_>,
    venue: &Venue,
    tickers: &'t [Ticker],
) -> Result<Unspelled<'t>, RosterError> {
    let Some(ticker) = tickers.iter().find(|ticker| ticker.legacy_stem().is_none()) else {
        return Ok(None);
    };
    if !workspace.config.is_partitioned_enabled(venue).0 {
        return Err(RosterError::Unspellable {
            ticker: ticker.clone(),
            venue: venue.clone(),
        });
    }
    let mut intervals = workspace.intervals()?;
    intervals.retain(|interval| !workspace.config.partitions(venue, *interval));
    Ok(Some((ticker, intervals)))
}

/// Replaces tickers.json, if the lock is still ours: the predecessor takes it from live runs.
///
/// # Errors
/// When the lock is lost, or the file on disk is damaged or cannot be replaced.
pub fn save(fs: &dyn Fs, held: &LockGuard<'_>, catalog: &Catalog) -> Result<(), RosterError> {
    held.confirm()?;
    let (temps, bytes) = (held.temps(), catalog.to_bytes());
    Ok(Catalog::save(fs, &temps, held.workspace(), &bytes)?)
}
