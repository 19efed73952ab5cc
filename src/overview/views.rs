//! Which trees of a workspace an engine can read as tables, and on which clocks.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Instants;
use crate::catalog::Catalog;
use crate::export::{Files, Tree, VenueViews, Zones, tell_apart};
use crate::inventory::{self, Asked, InventoryError, Known, interval_of};
use crate::layout::PartitionPathBuilder;
use crate::mirror::{self, PassedOver};
use crate::model::{Dataset, Interval, StorageRequest, Ticker, Venue};
use crate::workspace::Workspace;

/// What can be read of a venue.
#[derive(Debug)]
pub struct InView {
    /// The trees, with words on how their views are called.
    pub views: VenueViews,
    /// What is not read.
    pub besides: Besides,
}

/// What is there of a venue, and is in no view.
#[derive(Debug)]
pub struct Besides {
    /// How many series are in legacy files.
    pub legacy: usize,
    /// Mirrors in whose place the trees are read, with the reason.
    pub passed_over: Vec<(mirror::Tree, PassedOver)>,
}

/// A series, and whether it is one file of the legacy layout, as far as that was recorded.
type OneSeries<'k> = (&'k StorageRequest, Option<bool>);

/// Returns what can be read of each venue that is asked about, in order; nothing where nothing is stored. How the views are called
/// depends on all venues, so that those of a later script have the same names.
///
/// # Errors
/// When a folder or a record cannot be read.
pub fn in_view(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    asked: &Asked,
) -> Result<Vec<InView>, InventoryError> {
    let known = inventory::known(workspace, catalog, &Asked::default())?;
    let mut by_venue: BTreeMap<Venue, Vec<OneSeries<'_>>> = BTreeMap::new();
    let recorded = known.records.iter();
    let recorded = recorded.filter(|(_, record)| record.files > 0);
    let recorded = recorded.map(|(request, record)| (request, Some(record.is_legacy)));
    let unrecorded = known.unrecorded.iter().map(|request| (request, None));
    for (request, is_legacy) in recorded.chain(unrecorded) {
        if let Some(venue) = request.venue.clone() {
            let series = by_venue.entry(venue).or_default();
            series.push((request, is_legacy));
        }
    }
    let each = by_venue.into_iter();
    let found = each.map(|(venue, series)| of_venue(workspace, (catalog, &known), venue, &series));
    let (mut views, besides): (Vec<VenueViews>, Vec<Besides>) = found
        .collect::<Result<Vec<_>, InventoryError>>()?
        .into_iter()
        .unzip();
    tell_apart(&mut views);
    let all = views.into_iter().zip(besides);
    let meant = all.filter(|(views, _)| asked.means_venue(&views.venue));
    let in_view = meant.map(|(views, besides)| InView { views, besides });
    Ok(in_view.collect())
}

fn of_venue(
    workspace: &Workspace<'_>,
    (catalog, known): (&Catalog, &Known),
    venue: Venue,
    series: &[OneSeries<'_>],
) -> Result<(VenueViews, Besides), InventoryError> {
    let fs = workspace.fs();
    let paths = PartitionPathBuilder::new(&fs.resolve(&workspace.places.data)?);
    let is_legacy = |(_, is_legacy): &&OneSeries| *is_legacy == Some(true);
    let legacy = series.iter().filter(is_legacy).count();
    let in_trees = series.iter().filter(|one| !is_legacy(one));
    let keys = in_trees.map(|(one, _)| (one.series.dataset(), interval_of(&one.series)));
    let keys: BTreeSet<(Dataset, Option<Interval>)> = keys.collect();
    let (mut trees, mut passed_over) = (Vec::new(), Vec::new());
    for (dataset, interval) in keys {
        let folder = paths.tree(&venue, dataset, interval);
        let mirrored = mirror::Tree {
            venue: venue.clone(),
            dataset,
            interval,
        };
        let current = mirror::for_readers(workspace, known, &mirrored);
        // A mirror with which something is wrong is only a copy: the tree has the rows.
        let current = current.unwrap_or_else(|reason| {
            passed_over.push((mirrored, reason));
            None
        });
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
        shares_names: false,
        told: Vec::new(),
    };
    let besides = Besides {
        legacy,
        passed_over,
    };
    Ok((views, besides))
}

/// Returns the zones of the tickers of a venue: one, if every ticker is known to be of it, or bars are made of what a feed tells.
fn zones(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    venue: &Venue,
    series: &[OneSeries<'_>],
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
