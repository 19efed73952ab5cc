//! `barkeep views`: prints a script that makes views of what is stored, for an engine that reads it.
//!
//! Promises: takes no lock, writes nothing and opens no file of a series. What is in no view is said, in the script and beside it.

use std::path::PathBuf;

use clap::Args;
use clap::builder::TypedValueParser;

use crate::cli::args::among;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::export::{Engine, Files, Tree, Zones, script};
use crate::inventory::Asked;
use crate::model::Venue;
use crate::model::words::count;
use crate::overview::{self, Besides, InView};

/// Options of `views`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ViewsArgs {
    /// Who reads the script
    #[arg(long, value_parser = engine(), value_name = "ENGINE", default_value = "duckdb")]
    engine: Engine,
    /// Only this venue, may be repeated [default: all]
    #[arg(long = "venue", value_name = "MARKET:SOURCE")]
    venues: Vec<Venue>,
    /// The table of factors of the venue, for adjusted views; `barkeep export --factors` makes it
    #[arg(long, value_name = "FILE")]
    factors: Option<PathBuf>,
}

fn engine() -> impl TypedValueParser<Value = Engine> {
    among([
        ("duckdb", "DuckDB, in SQL", Engine::DuckDb),
        ("spark", "Spark, in SQL", Engine::Spark),
        ("polars", "Polars, in Python", Engine::Polars),
    ])
}

/// Runs `views`.
pub(in crate::cli) fn run(args: &ViewsArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let (workspace, catalog) = wiring::open_with_registry(shell)?;
    let factors = match &args.factors {
        None => None,
        Some(typed) => Some(shell.world.fs.resolve(&shell.typed(typed))?),
    };
    let asked = Asked {
        venues: args.venues.clone(),
        ..Asked::default()
    };
    let in_view = overview::in_view(&workspace, &catalog, &asked)?;
    if in_view.is_empty() {
        return Err(Failure::new(Exit::Failed, "nothing is stored"));
    }
    if factors.is_some() && in_view.len() > 1 {
        return Err(Failure::usage("a table of factors is of one venue")
            .hint("name the venue: --venue MARKET:SOURCE"));
    }
    let mut venues = Vec::new();
    for InView { mut views, besides } in in_view {
        views.told.extend(told_of(&besides));
        // A mirror has the column already.
        let lacks_utc = |tree: &Tree| views.zones == Zones::Unknown && tree.needs_utc();
        if views.trees.iter().any(lacks_utc) {
            let without = if views
                .trees
                .iter()
                .any(|tree| matches!(tree.files, Files::Mirror(_)))
            {
                "Only views of mirrors have a column utc, since tickers.json knows no zone."
            } else {
                "No view has a column utc, since tickers.json knows no zone."
            };
            views.told.push(without.to_owned());
        }
        for sentence in &views.told {
            shell.note(&format!("{}: {sentence}", views.venue));
        }
        views.factors.clone_from(&factors);
        venues.push(views);
    }
    shell.text(&script(args.engine, &venues));
    Ok(Exit::Ok)
}

/// Says what is in no view, and which copies are not read.
fn told_of(besides: &Besides) -> Vec<String> {
    let passed_over = besides.passed_over.iter();
    let passed_over =
        passed_over.map(|(tree, reason)| format!("The mirror of {tree} is passed over: {reason}."));
    let mut told: Vec<String> = passed_over.collect();
    if besides.legacy > 0 {
        let series = count(besides.legacy, "series is", "series are");
        told.push(format!(
            "{series} in legacy files, which are in no view: barkeep partition-migrate moves them."
        ));
    }
    told
}
