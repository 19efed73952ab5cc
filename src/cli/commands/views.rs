//! `barkeep views`: prints a script that makes views of what is stored, for an engine that reads it.
//!
//! Promises: takes no lock, writes nothing and opens no file of a series. What is in no view is said, in the script and beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::status::registry;
use crate::catalog::Catalog;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::words::count;
use crate::cli::wiring;
use crate::config::Overrides;
use crate::export::{Engine, Files, Tree, VenueViews, Zones, script};
use crate::inventory::{self, Asked, interval_of};
use crate::layout::PartitionPathBuilder;
use crate::model::{Dataset, Interval, StorageRequest, Ticker, Venue};
use crate::workspace::Workspace;

/// The folder of the copy for readers, and in that of a tree the one that holds its present state.
const MIRROR: &str = "mirror";
const CURRENT: &str = "current";

/// Options of `views`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ViewsArgs {
    /// Who reads the script
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t)]
    engine: EngineName,
    /// Only this venue, may be repeated [default: all]
    #[arg(long = "venue", value_name = "MARKET:SOURCE")]
    venues: Vec<Venue>,
    /// The table of factors of the venue, for adjusted views; `barkeep export --factors` makes it
    #[arg(long, value_name = "FILE")]
    factors: Option<PathBuf>,
}

/// Who reads a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum EngineName {
    /// DuckDB, in SQL.
    #[default]
    Duckdb,
    /// Spark, in SQL.
    Spark,
    /// Polars, in Python.
    Polars,
}

/// Runs `views`.
pub(in crate::cli) fn run(args: &ViewsArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell, &Overrides::default())?;
    let catalog = registry(&workspace, shell)?;
    let factors = match &args.factors {
        None => None,
        Some(typed) => Some(shell.world.fs.resolve(&shell.typed(typed))?),
    };
    let asked = Asked {
        venues: args.venues.clone(),
        ..Asked::default()
    };
    let known = inventory::known(&workspace, &*shell.world.fs, &catalog, &asked)?;
    let mut by_venue: BTreeMap<Venue, Vec<(StorageRequest, Option<bool>)>> = BTreeMap::new();
    let recorded = known.records.into_iter();
    let recorded = recorded.filter(|(_, record)| record.files > 0);
    let recorded = recorded.map(|(request, record)| (request, Some(record.is_legacy)));
    let unrecorded = known.unrecorded.into_iter().map(|request| (request, None));
    for (request, is_legacy) in recorded.chain(unrecorded) {
        if let Some(venue) = request.venue.clone() {
            by_venue
                .entry(venue)
                .or_default()
                .push((request, is_legacy));
        }
    }
    if by_venue.is_empty() {
        return Err(Failure::new(Exit::Failed, "nothing is stored"));
    }
    if factors.is_some() && by_venue.len() > 1 {
        return Err(Failure::usage("a table of factors is of one venue")
            .hint("name the venue: --venue MARKET:SOURCE"));
    }
    let mut venues = Vec::new();
    for (venue, series) in by_venue {
        let one = views_of(shell, &workspace, &catalog, venue, &series)?;
        for sentence in &one.left_out {
            shell.printer.note(&format!("{}: {sentence}", one.venue));
        }
        venues.push(VenueViews {
            factors: factors.clone(),
            ..one
        });
    }
    let engine = match args.engine {
        EngineName::Duckdb => Engine::DuckDb,
        EngineName::Spark => Engine::Spark,
        EngineName::Polars => Engine::Polars,
    };
    shell.printer.text(&script(engine, &venues));
    Ok(Exit::Ok)
}

fn views_of(
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    venue: Venue,
    series: &[(StorageRequest, Option<bool>)],
) -> Result<VenueViews, Failure> {
    let fs = &*shell.world.fs;
    let paths = PartitionPathBuilder::new(&fs.resolve(&workspace.places.data)?);
    let mut trees = Vec::new();
    let mut left_out = Vec::new();
    let mut legacy = 0;
    let mut keys: BTreeSet<(Dataset, Option<Interval>)> = BTreeSet::new();
    for (request, is_legacy) in series {
        match is_legacy {
            Some(true) => legacy += 1,
            _ => {
                keys.insert((request.series.dataset(), interval_of(&request.series)));
            }
        }
    }
    for (dataset, interval) in keys {
        let folder = paths.tree(&venue, dataset, interval);
        let name = folder.file_name().unwrap_or_default();
        let mirror = workspace.places.root.join(MIRROR);
        let mirror = mirror
            .join(venue.market.as_str())
            .join(venue.source.as_str());
        let current = mirror.join(name).join(CURRENT);
        let files = if fs.metadata(&current)?.is_some() {
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
    if legacy > 0 {
        let series = count(legacy, "series is", "series are");
        left_out.push(format!(
            "{series} in legacy files, which are in no view: barkeep partition-migrate moves them."
        ));
    }
    let zones = zones(workspace, catalog, &venue, series);
    if zones == Zones::Unknown {
        left_out.push("No view has a column utc, since tickers.json knows no zone.".to_owned());
    }
    Ok(VenueViews {
        venue,
        trees,
        zones,
        factors: None,
        left_out,
    })
}

/// Returns the zones of the tickers of a venue: one, if every ticker is known to be of it, or bars are made of what a feed tells.
fn zones(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    venue: &Venue,
    series: &[(StorageRequest, Option<bool>)],
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
        zone.parse::<chrono_tz::Tz>().ok()?;
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
