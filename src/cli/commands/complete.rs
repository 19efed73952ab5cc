//! `barkeep complete`: what a word of the command line may be, one on each line, for the scripts of `completions`.
//!
//! Promises: takes no lock, writes nothing, and is silent where something is wrong: nobody reads an error of a key press.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};

use crate::catalog::{Aliases, Catalog, Intervals};
use crate::cli::{Exit, Shell};
use crate::config::Overrides;
use crate::layout::Places;
use crate::model::Interval;
use crate::workspace::Workspace;

/// Options of `complete`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CompleteArgs {
    /// What the word names
    #[arg(value_enum)]
    what: What,
}

/// What a word of the command line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// A ticker of tickers.json, or what an exchange calls one.
    Tickers,
    /// An interval that is kept; any, where nobody knows.
    Intervals,
    /// A venue of tickers.json or of the settings.
    Venues,
}

/// Runs `complete`.
pub(in crate::cli) fn run(args: &CompleteArgs, shell: &Shell<'_>) -> Exit {
    let fs = &*shell.world.fs;
    let catalog = || {
        let catalog = Catalog::load(fs, shell.root());
        catalog.ok().flatten().unwrap_or_default()
    };
    let words: Vec<String> = match args.what {
        What::Tickers => {
            let folder = Places::of(shell.root(), false).aliases();
            let aliases = Aliases::load(fs, &folder).unwrap_or_default();
            let catalog = catalog();
            let words = catalog.tickers().iter().chain(aliases.words());
            words.map(ToString::to_string).collect()
        }
        What::Intervals => {
            let kept = Intervals::load(fs, shell.root()).ok().flatten();
            let kept = kept.unwrap_or_default();
            let any = if kept.as_slice().is_empty() {
                &Interval::ALL[..]
            } else {
                kept.as_slice()
            };
            any.iter().map(ToString::to_string).collect()
        }
        What::Venues => {
            let mut venues: BTreeSet<String> =
                catalog().venues().iter().map(ToString::to_string).collect();
            let workspace = Workspace::open(&shell.around, &Overrides::default());
            if let Ok(workspace) = &workspace {
                let described = workspace.config.settings().described_venues();
                venues.extend(described.map(ToString::to_string));
            }
            venues.into_iter().collect()
        }
    };
    if !words.is_empty() {
        shell.line(&words.join("\n"));
    }
    Exit::Ok
}
