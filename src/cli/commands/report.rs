//! `barkeep report`: writes one page about everything that is kept.
//!
//! Promises: takes no lock, changes nothing that is stored and opens no file of a series: what is on the page was recorded when
//! bars were written.

use std::path::PathBuf;

use clap::Args;

use super::export::target;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::export::page;
use crate::model::words::size;
use crate::overview::{self, Made};

/// Options of `report`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    /// The file
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

/// Runs `report`.
pub(in crate::cli) fn run(args: &ReportArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let (workspace, catalog) = wiring::open_with_registry(shell)?;
    let target = target(shell, &workspace, &args.output, args.force)?;
    let standing = overview::survey(&workspace, &catalog)?;
    let made = Made {
        at: shell.around.clock.now(),
        today: shell.today(),
        shown: &|path| shell.shown(path).to_string(),
    };
    let document = overview::document(&workspace, &catalog, &standing.series, made)?.to_string();
    let page = page(&document);
    target.save(&*shell.world.fs, page.as_bytes())?;
    let bytes = size(u64::try_from(page.len()).unwrap_or_default());
    let shown = args.output.display();
    shell.note(&format!("{shown} is a page of {bytes}."));
    Ok(Exit::Ok)
}
