//! Which trees of a workspace an engine can read as tables, and on which clocks.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Instants;
use crate::catalog::Catalog;
use crate::export::{Files, Tree, VenueViews, Zones};
use crate::inventory::{self, Asked, InventoryError, interval_of};
use crate::layout::PartitionPathBuilder;
use crate::mirror;
use crate::model::{Dataset, Interval, StorageRequest, Ticker, Venue};
use crate::workspace::Workspace;

/// What can be read of a venue.
#[derive(Debug)]
pub struct InView {
    /// The trees, without words on what is in none.
    pub views: VenueViews,
    /// How many series are in legacy files, which are in no view.
    pub legacy: usize,
}

/// A series, and whether it is one file of the legacy layout, as far as that was recorded.
type OneSeries = (StorageRequest, Option<bool>);

/// Returns what can be read of each venue, in order; nothing where nothing is stored.
///
/// # Errors
/// When a folder or a record cannot be read.
pub fn in_view(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    asked: &Asked,
) -> Result<Vec<InView>, InventoryError> {
    let known = inventory::known(workspace, catalog, asked)?;
    let mut by_venue: BTreeMap<Venue, Vec<OneSeries>> = BTreeMap::new();
    let recorded = known.records.into_iter();
    let recorded = recorded.filter(|(_, record)| record.files > 0);
    let recorded = recorded.map(|(request, record)| (request, Some(record.is_legacy)));
    let unrecorded = known.unrecorded.into_iter().map(|request| (request, None));
    for (request, is_legacy) in recorded.chain(unrecorded) {
        if let Some(venue) = request.venue.clone() {
            let series = by_venue.entry(venue).or_default();
            series.push((request, is_legacy));
        }
    }
    let each = by_venue.into_iter();
    each.map(|(venue, series)| of_venue(workspace, catalog, venue, &series))
        .collect()
}

fn of_venue(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    venue: Venue,
    series: &[OneSeries],
) -> Result<InView, InventoryError> {
    let fs = workspace.fs();
    let paths = PartitionPathBuilder::new(&fs.resolve(&workspace.places.data)?);
    let is_legacy = |(_, is_legacy): &&OneSeries| *is_legacy == Some(true);
    let legacy = series.iter().filter(is_legacy).count();
    let in_trees = series.iter().filter(|one| !is_legacy(one));
    let keys = in_trees.map(|(one, _)| (one.series.dataset(), interval_of(&one.series)));
    let keys: BTreeSet<(Dataset, Option<Interval>)> = keys.collect();
    let mut trees = Vec::new();
    for (dataset, interval) in keys {
        let folder = paths.tree(&venue, dataset, interval);
        let mirrored = mirror::Tree {
            venue: venue.clone(),
            dataset,
            interval,
        };
        // A mirror with which something is wrong is only a copy: the tree has the rows.
        let current = mirror::current(workspace, &mirrored).unwrap_or_default();
        let files = if let Some(current) = current {
            Files::Mirror(current)
        } else if fs.metadata(&folder)?.is_some() {
            Files::Partitions(folder)
        } else {
            continue;
        };
        trees.push(Tree {
            dataset,
            interval,
            files,
        });
    }
    let zones = zones(workspace, catalog, &venue, series);
    let views = VenueViews {
        venue,
        trees,
        zones,
        factors: None,
        left_out: Vec::new(),
    };
    Ok(InView { views, legacy })
}

/// Returns the zones of the tickers of a venue: one, if every ticker is known to be of it, or bars are made of what a feed tells.
fn zones(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    venue: &Venue,
    series: &[OneSeries],
) -> Zones {
    let view = workspace.view();
    let feed = view.feed(venue);
    if let Some(zone) = feed.and_then(|feed| feed.spec().calendar.zone()) {
        return Zones::One(zone.to_owned());
    }
    let tickers: BTreeSet<&Ticker> = series
        .iter()
        .filter_map(|(one, _)| one.series.ticker())
        .collect();
    let zone = |ticker: &&Ticker| {
        let zone = catalog.identity(ticker, venue)?.timezone?;
        // What is no zone would end a query.
        Instants::of(&zone)?;
        Some((ticker.to_string(), zone))
    };
    let known: Vec<(String, String)> = tickers.iter().filter_map(zone).collect();
    let names: BTreeSet<&String> = known.iter().map(|(_, zone)| zone).collect();
    match names.into_iter().collect::<Vec<_>>().as_slice() {
        [] => Zones::Unknown,
        [one] if known.len() == tickers.len() => Zones::One((*one).clone()),
        _ => Zones::Many(known),
    }
}
