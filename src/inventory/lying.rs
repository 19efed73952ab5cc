//! What lies on the disk by the names of files and folders alone.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Asked, InventoryError};
use crate::catalog::Catalog;
use crate::model::{Dataset, Interval, Ticker, Venue};
use crate::storage::StorageInterface;
use crate::workspace::Workspace;

/// Returns the tickers of a venue that may have bars of a length: those of tickers.json and those on disk.
///
/// # Errors
/// When a folder cannot be listed.
pub fn tickers(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    venue: &Venue,
    interval: Interval,
) -> Result<BTreeSet<Ticker>, InventoryError> {
    let stores = &workspace.stores;
    let mut tickers: BTreeSet<Ticker> = catalog.tickers_at(venue).into_iter().collect();
    let interval = Some(interval);
    let stocks = Dataset::Stocks;
    for dataset in [stocks, Dataset::Prepost] {
        tickers.extend(stores.partitioned.tickers(Some(venue), dataset, interval)?);
    }
    tickers.extend(stores.legacy.tickers(Some(venue), stocks, interval)?);
    Ok(tickers)
}

/// Returns the files that lie among the series of whole trees and are none of any. Who names tickers asks for those only.
///
/// # Errors
/// When a folder cannot be listed.
pub fn misplaced(workspace: &Workspace<'_>, asked: &Asked) -> Result<Vec<PathBuf>, InventoryError> {
    if !asked.tickers.is_empty() {
        return Ok(Vec::new());
    }
    let stores = &workspace.stores;
    let is_asked =
        |interval: &Interval| asked.intervals.is_empty() || asked.intervals.contains(interval);
    let mut misplaced = Vec::new();
    let venues = workspace.venues()?.into_iter();
    for venue in venues.filter(|venue| asked.means_venue(venue)) {
        for dataset in [Dataset::Events, Dataset::Auctions, Dataset::Trades] {
            misplaced.extend(stores.partitioned.misplaced(&venue, dataset, None)?);
        }
        for interval in Interval::ALL.into_iter().filter(is_asked) {
            for dataset in [Dataset::Stocks, Dataset::Prepost, Dataset::Adjusted] {
                let interval = Some(interval);
                misplaced.extend(stores.partitioned.misplaced(&venue, dataset, interval)?);
            }
            misplaced.extend(stores.legacy.misplaced(&venue, interval)?);
        }
    }
    Ok(misplaced)
}
