//! Which series lie on the disk.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, InventoryError};
use crate::catalog::Catalog;
use crate::ledger::SeriesRecord;
use crate::model::{Dataset, Interval, Series, StorageRequest, Venue};
use crate::storage::StorageInterface;
use crate::workspace::Workspace;

/// Returns the series that may lie on the disk and have no record, of those that are asked about: those that have a folder or a file, and those of
/// which the registry knows rows.
///
/// # Errors
/// When a folder cannot be listed.
pub(super) fn stored_series(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    asked: &Asked,
    venues: &[Venue],
    records: &BTreeMap<StorageRequest, SeriesRecord>,
) -> Result<BTreeSet<StorageRequest>, InventoryError> {
    let mut found = BTreeSet::new();
    for venue in venues {
        let in_partitions = |dataset, interval| {
            let store = &workspace.stores.partitioned;
            store.tickers(Some(venue), dataset, interval)
        };
        let mut add = |series: Series| {
            let venue = Some(venue.clone());
            let request = StorageRequest { venue, series };
            if !records.contains_key(&request) {
                found.insert(request);
            }
        };
        for ticker in in_partitions(Dataset::Events, None)? {
            add(Series::Events { ticker });
        }
        for ticker in in_partitions(Dataset::Auctions, None)? {
            add(Series::Auctions { ticker });
        }
        for feed in workspace.stores.partitioned.feeds(venue)? {
            add(Series::Trades { feed });
        }
        for interval in Interval::ALL {
            for ticker in in_partitions(Dataset::Stocks, Some(interval))? {
                add(Series::Bars { ticker, interval });
            }
            for ticker in in_partitions(Dataset::Adjusted, Some(interval))? {
                add(Series::Adjusted { ticker, interval });
            }
            for ticker in in_partitions(Dataset::Prepost, Some(interval))? {
                add(Series::Prepost { ticker, interval });
            }
            let legacy = &workspace.stores.legacy;
            for ticker in legacy.tickers(Some(venue), Dataset::Stocks, Some(interval))? {
                add(Series::Bars { ticker, interval });
            }
        }
        for (ticker, interval) in catalog.series_known_at(venue) {
            add(Series::Bars { ticker, interval });
        }
    }
    found.retain(|request| asked.means(request));
    Ok(found)
}
