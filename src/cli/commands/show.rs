//! `barkeep show`: prints stored bars.
//!
//! Promises: takes no lock and writes nothing. A damaged month is named with the command that fetches it again, and
//! does not hide the others.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};

use super::{beside, gaps};
use crate::catalog::Catalog;
use crate::cli::Exit;
use crate::cli::args::day;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::rows::{self, Dates, Extract};
use crate::cli::ui::troubles::refetch;
use crate::cli::ui::words::{quoted, some_of};
use crate::cli::wiring::Workspace;
use crate::config::Overrides;
use crate::frame::Adjust;
use crate::model::{Interval, Series, StorageRequest, Ticker, Venue, time};
use crate::storage::Stored;

/// Options of `show`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// The ticker
    ticker: Ticker,
    /// The interval
    #[arg(short, long)]
    interval: Interval,
    /// The venue [default: the one that holds the ticker]
    #[arg(long, value_name = "MARKET:SOURCE")]
    venue: Option<Venue>,
    /// The first day
    #[arg(long, value_name = "DATE", value_parser = day)]
    start: Option<NaiveDate>,
    /// The last day, which is included
    #[arg(long, value_name = "DATE", value_parser = day)]
    end: Option<NaiveDate>,
    /// Only the last N bars
    #[arg(long, value_name = "N")]
    tail: Option<usize>,
    /// Print dates in UTC in place of the exchange's clock
    #[arg(long)]
    utc: bool,
    /// Adjust prices for splits, or for splits and dividends [without a value: all]
    #[arg(long, value_enum, value_name = "FOR", num_args = 0..=1, default_missing_value = "all")]
    adjust: Option<AdjustFor>,
    /// Print dividends, splits and capital gains in place of bars
    #[arg(long, conflicts_with_all = ["adjust", "utc", "gaps"])]
    events: bool,
    /// How bars are printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(in crate::cli) format: Format,
    /// Name the trading days that have no bar
    #[arg(long)]
    gaps: bool,
}

/// How bars are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people.
    #[default]
    Table,
    /// The stored columns, exactly.
    Csv,
    /// One document.
    Json,
}

/// What prices are adjusted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AdjustFor {
    /// Splits.
    Splits,
    /// Splits and dividends.
    All,
}

impl ShowArgs {
    /// Returns the question for the last bars of a series.
    pub(super) fn last(ticker: Ticker, interval: Interval, venue: Venue, tail: usize) -> Self {
        Self {
            ticker,
            interval,
            venue: Some(venue),
            start: None,
            end: None,
            tail: Some(tail),
            adjust: None,
            events: false,
            utc: false,
            format: Format::Table,
            gaps: false,
        }
    }
}

/// Runs `show`.
pub(in crate::cli) fn run(args: &ShowArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    if let (Some(start), Some(end)) = (args.start, args.end)
        && start > end
    {
        return Err(Failure::usage(format!(
            "the start {start} is after the end {end}"
        )));
    }
    let workspace = Workspace::open(shell, &Overrides::default())?;
    let catalog = catalog_if_usable(&workspace, shell)?;
    let (request, mut stored) = find(args, &workspace, &catalog)?;
    if args.events {
        (stored, _) = beside::events(&workspace, &catalog, &request)?;
        print(args, shell, &request, &stored)?;
        return Ok(report_damage(shell, &request, &stored));
    }
    if let Some(how) = args.adjust {
        let how = match how {
            AdjustFor::Splits => Adjust::Splits,
            AdjustFor::All => Adjust::All,
        };
        stored.frame = beside::adjusted(&workspace, &catalog, &request, &stored, how)?;
    }
    print(args, shell, &request, &stored)?;
    if args.gaps || workspace.config.settings().gap_warnings.value {
        gaps::warn(&workspace, shell, &request, &stored, |day| {
            args.start.is_none_or(|start| day >= start) && args.end.is_none_or(|end| day <= end)
        });
    }
    Ok(report_damage(shell, &request, &stored))
}

/// Bars can be shown without the registry, so a damaged one is told and passed over.
fn catalog_if_usable(workspace: &Workspace<'_>, shell: &Shell<'_>) -> Result<Catalog, Failure> {
    match workspace.catalog() {
        Ok(catalog) => Ok(catalog.unwrap_or_default()),
        Err(failure) if failure.exit == Exit::Damaged => {
            shell.printer.error(&failure.text());
            Ok(Catalog::default())
        }
        Err(failure) => Err(failure),
    }
}

/// Finds the series: at the venue that was named, else at the default one, else at the only one that holds it.
fn find(
    args: &ShowArgs,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
) -> Result<(StorageRequest, Stored), Failure> {
    let first = args
        .venue
        .as_ref()
        .unwrap_or_else(|| workspace.default_venue());
    if let Some(found) = read(args, workspace, catalog, first)? {
        return Ok(found);
    }
    let mut found = Vec::new();
    if args.venue.is_none() {
        for venue in workspace.venues()?.iter().filter(|venue| *venue != first) {
            found.extend(read(args, workspace, catalog, venue)?);
        }
    }
    if found.len() > 1 {
        let venues: Vec<String> = found
            .iter()
            .filter_map(|(request, _)| request.venue.as_ref().map(ToString::to_string))
            .collect();
        let (ticker, interval) = (&args.ticker, args.interval);
        let message = format!(
            "several venues hold {ticker} {interval}: {}",
            some_of(&venues, 5)
        );
        return Err(Failure::usage(message).hint("name one with --venue"));
    }
    found
        .pop()
        .ok_or_else(|| nothing_stored(args, catalog, first))
}

fn read(
    args: &ShowArgs,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    venue: &Venue,
) -> Result<Option<(StorageRequest, Stored)>, Failure> {
    let request = StorageRequest::bars(venue.clone(), args.ticker.clone(), args.interval);
    let wish = workspace.outlook().wish(catalog, venue, &request.series);
    let routed = workspace.stores.route(&request, wish)?;
    if !routed.has_rows {
        return Ok(None);
    }
    let stored = workspace.stores.of(routed.route.layout).read(&request)?;
    Ok(stored.map(|stored| (request, stored)))
}

fn nothing_stored(args: &ShowArgs, catalog: &Catalog, venue: &Venue) -> Failure {
    let ShowArgs {
        ticker, interval, ..
    } = args;
    let failure = Failure::new(
        Exit::Failed,
        format!("nothing is stored of {ticker} {interval}"),
    );
    let typed = quoted(ticker.as_str());
    if catalog.contains(ticker) {
        failure.hint(format!(
            "fetch it: barkeep update --ticker {typed} --interval {interval}"
        ))
    } else {
        failure.hint(format!(
            "add it first: barkeep tickers add {typed} --venue {venue}"
        ))
    }
}

fn print(
    args: &ShowArgs,
    shell: &Shell<'_>,
    request: &StorageRequest,
    stored: &Stored,
) -> Result<(), Failure> {
    let from = args.start.and_then(time::midnight);
    let to = args
        .end
        .and_then(|end| end.succ_opt())
        .and_then(time::midnight);
    let frame = stored.frame.between(from, to);
    let zone = stored.provenance.timezone.as_deref();
    let extract = Extract {
        first: args.tail.map_or(0, |tail| frame.len().saturating_sub(tail)),
        frame: &frame,
        dates: match (args.utc, args.interval.is_intraday() && !args.events) {
            (true, _) => Dates::Utc(utc_zone(request, zone)?),
            (false, true) => Dates::Moments,
            (false, false) => Dates::Days,
        },
        request,
        provenance: &stored.provenance,
    };
    match args.format {
        Format::Table => rows::table(&extract, shell.printer),
        Format::Csv => rows::csv(&extract, shell.printer),
        Format::Json => rows::json(&extract, shell.printer),
    }
    Ok(())
}

fn utc_zone(request: &StorageRequest, zone: Option<&str>) -> Result<chrono_tz::Tz, Failure> {
    let failed = |message: String| {
        Failure::new(Exit::Failed, message)
            .hint("without --utc the dates are printed as they are stored")
    };
    match zone {
        None => Err(failed(format!(
            "nobody wrote down in which zone the dates of {request} are"
        ))),
        Some(name) => name.parse().map_err(|_| {
            failed(format!(
                "the dates of {request} are in the unknown zone {name}"
            ))
        }),
    }
}

fn report_damage(shell: &Shell<'_>, request: &StorageRequest, stored: &Stored) -> Exit {
    for damage in &stored.damaged {
        let ticker = match &request.series {
            Series::Bars { ticker, .. } => ticker.as_str(),
            _ => "",
        };
        shell.printer.error(&format!(
            "error: {} is damaged: {}\n  caused by: the bars of {ticker} of {} are missing from the output\nhint: \
             fetch them again: {}",
            shell.shown(&damage.path),
            damage.reason,
            damage.partition,
            refetch(request, damage.partition.days()),
        ));
    }
    if stored.damaged.is_empty() {
        Exit::Ok
    } else {
        Exit::Damaged
    }
}
