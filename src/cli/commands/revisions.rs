//! `barkeep revisions`: prints which stored values were replaced, when, and by what.
//!
//! Promises: every ledger of the ticker that is asked for; a line that cannot be understood is named with its file, and
//! the others are printed all the same.

use chrono::SecondsFormat;
use clap::Args;
use serde_json::json;

use super::named;
use super::show::catalog_if_usable;
use crate::catalog::refuse_unknown;
use crate::cli::ui::table::Columns;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::ledger::{Ledger, read_ledger, recorded_series};
use crate::model::{Feed, Interval, Series, StorageRequest, Ticker, Venue};

/// How many damaged lines of a ledger are named.
const MOST_NAMED: usize = 10;

/// Options of `revisions`.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct RevisionsArgs {
    /// The ticker
    #[arg(value_name = "TICKER", required_unless_present = "trades")]
    ticker: Option<Ticker>,
    /// The trades of a feed, such as DETR, in place of what is stored of a ticker
    #[arg(long, value_name = "FEED", conflicts_with_all = ["ticker", "interval"])]
    trades: Option<Feed>,
    /// Only bars of this length, in the session and outside of it [default: all, and events]
    #[arg(short, long, value_name = "INTERVAL")]
    interval: Option<Interval>,
    /// Only this venue [default: all]
    #[arg(long, value_name = "MARKET:SOURCE")]
    venue: Option<Venue>,
    /// Print JSON lines
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

impl RevisionsArgs {
    /// Returns the series that may have a ledger.
    fn series(&self) -> Vec<Series> {
        let feeds = self.trades.iter().cloned();
        let feeds = feeds.map(|feed| Series::Trades { feed });
        let of_ticker = |ticker| recorded_series(ticker, self.interval);
        feeds
            .chain(self.ticker.iter().flat_map(of_ticker))
            .collect()
    }
}

/// Runs `revisions`.
pub(in crate::cli) fn run(args: &RevisionsArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell)?;
    let (catalog, told) = catalog_if_usable(&workspace, shell)?;
    let reading = workspace.reading(&catalog);
    let words = args.ticker.as_slice();
    let args = &RevisionsArgs {
        ticker: named::tickers(shell, reading, args.venue.as_slice(), words)?.pop(),
        ..args.clone()
    };
    let venues = match &args.venue {
        Some(venue) => vec![venue.clone()],
        None => workspace.venues()?.into_iter().collect(),
    };
    let mut ledgers = Vec::new();
    for venue in venues {
        for series in args.series() {
            let venue = Some(venue.clone());
            let request = StorageRequest { venue, series };
            let found = read_ledger(&*shell.world.fs, &workspace.places, &request)?;
            ledgers.extend(found.map(|ledger| (request, ledger)));
        }
    }
    if ledgers.is_empty() {
        if let Some(ticker) = &args.ticker {
            // What a damaged registry has nobody knows.
            let is_unknown = told == Exit::Ok && !catalog.contains(ticker);
            let unknown = is_unknown.then_some(ticker);
            refuse_unknown(&catalog, unknown.as_slice(), "no value of it was replaced")?;
        }
        let feed = args.trades.as_ref().map(ToString::to_string);
        let named = args.ticker.as_ref().map(ToString::to_string).or(feed);
        let named = named.unwrap_or_default();
        shell.note(&format!("No stored value of {named} was ever replaced."));
        return Ok(told);
    }
    print(args, shell, &ledgers);
    Ok(Exit::worst([told, report_damage(shell, &ledgers)]))
}

fn print(args: &RevisionsArgs, shell: &Shell<'_>, ledgers: &[(StorageRequest, Ledger)]) {
    let lines = ledgers
        .iter()
        .flat_map(|(request, ledger)| ledger.lines.iter().map(move |line| (request, line)));
    if args.json {
        for (request, line) in lines {
            shell.json(&json!({
                "series": request.to_string(),
                "at": line.at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
                "date": line.key,
                "field": line.field,
                "old": line.old,
                "new": line.new,
            }));
        }
        return;
    }
    Columns::of(&lines.collect::<Vec<_>>())
        .text("series", |(request, _)| request)
        .text("at", |(_, line)| {
            line.at.to_rfc3339_opts(SecondsFormat::Secs, true)
        })
        .text("date", |(_, line)| &line.key)
        .text("field", |(_, line)| &line.field)
        .number("old", |(_, line)| &line.old)
        .number("new", |(_, line)| &line.new)
        .print(shell);
}

fn report_damage(shell: &Shell<'_>, ledgers: &[(StorageRequest, Ledger)]) -> Exit {
    let mut exit = Exit::Ok;
    for (_, ledger) in ledgers {
        if ledger.damaged.is_empty() {
            continue;
        }
        for (path, reason) in ledger.damaged.iter().take(MOST_NAMED) {
            let path = shell.shown(path);
            shell.error(&format!("error: {path} is damaged and not shown: {reason}"));
        }
        exit = Exit::Damaged;
    }
    exit
}
