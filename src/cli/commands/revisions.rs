//! `barkeep revisions`: prints which stored values were replaced, when, and by what.

use clap::Args;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::table;
use crate::cli::wiring::Workspace;
use crate::config::Overrides;
use crate::model::{Interval, StorageRequest, Ticker, Venue};
use crate::update::{Ledger, read_ledger};

/// Options of `revisions`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RevisionsArgs {
    /// The ticker
    #[arg(value_name = "TICKER")]
    ticker: Ticker,
    /// The length of its bars
    #[arg(short, long, value_name = "INTERVAL", default_value = "1d")]
    interval: Interval,
    /// Its venue [default: us:yahoo]
    #[arg(long, value_name = "MARKET:SOURCE")]
    venue: Option<Venue>,
    /// Print JSON lines
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Runs `revisions`.
pub(in crate::cli) fn run(args: &RevisionsArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let flags = Overrides {
        default_venue: args.venue.clone(),
        ..Overrides::default()
    };
    let workspace = Workspace::open(shell, &flags)?;
    let venue = workspace.default_venue().clone();
    let request = StorageRequest::bars(venue, args.ticker.clone(), args.interval);
    let fs = &*shell.world.fs;
    let Some(ledger) = read_ledger(fs, &workspace.places, &request)? else {
        shell
            .printer
            .note(&format!("No stored value of {request} was ever replaced."));
        return Ok(Exit::Ok);
    };
    print(args, shell, &ledger);
    match ledger.damaged.first() {
        None => Ok(Exit::Ok),
        Some(line) => Err(Failure::new(
            Exit::Damaged,
            format!(
                "line {line} of the ledger of {request} cannot be understood, {} in all",
                ledger.damaged.len()
            ),
        )),
    }
}

fn print(args: &RevisionsArgs, shell: &Shell<'_>, ledger: &Ledger) {
    if args.json {
        for line in &ledger.lines {
            shell.printer.json(&json!({
                "at": line.at,
                "date": line.date,
                "field": line.field,
                "old": line.old,
                "new": line.new,
            }));
        }
        return;
    }
    let rows = ledger.lines.iter().map(|line| {
        [
            line.at.clone(),
            line.date.clone(),
            line.field.clone(),
            line.old.to_string(),
            line.new.to_string(),
        ]
    });
    let rows: Vec<[String; 5]> = rows.collect();
    let header = ["at", "date", "field", "old", "new"];
    let text = table::render(header, &rows, &[3, 4]);
    shell.printer.text(&format!("{text}\n"));
}
