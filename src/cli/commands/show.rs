//! `barkeep show`: prints stored bars.
//!
//! Promises: takes no lock and writes nothing. A damaged month is named with the command that fetches it again, and
//! does not hide the others.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};

use super::as_of::AsOf;
use super::find_series::find;
use super::{beside, gaps};
use crate::catalog::Catalog;
use crate::cli::Exit;
use crate::cli::args::day;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::rows::{self, Dates, Extract};
use crate::cli::ui::troubles::refetch;
use crate::cli::ui::words;
use crate::cli::wiring;
use crate::config::Overrides;
use crate::frame::{Adjust, Frame};
use crate::model::{Interval, StorageRequest, Ticker, Venue, time};
use crate::storage::Stored;
use crate::workspace::{Reading, Workspace};

/// Options of `show`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// The ticker
    pub(super) ticker: Ticker,
    /// The interval
    #[arg(short, long)]
    pub(super) interval: Interval,
    /// The venue [default: the one that holds the ticker]
    #[arg(long, value_name = "MARKET:SOURCE")]
    pub(super) venue: Option<Venue>,
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
    /// Print what is traded before and after the session, too
    #[arg(long, conflicts_with = "events")]
    pub(super) prepost: bool,
    /// How bars are printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(in crate::cli) format: Format,
    /// Name the trading days that have no bar
    #[arg(long)]
    gaps: bool,
    /// Print what was stored at a moment, such as 2026-11-20T16:00:00-05:00, or at the end of a day of UTC
    #[arg(long, value_name = "MOMENT")]
    as_of: Option<AsOf>,
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
            prepost: false,
            utc: false,
            format: Format::Table,
            gaps: false,
            as_of: None,
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
    if args.prepost && !args.interval.is_intraday() {
        return Err(Failure::usage(format!(
            "bars of {} have no hours before and after the session",
            args.interval
        )));
    }
    let workspace = wiring::open(shell, &Overrides::default())?;
    let catalog = catalog_if_usable(&workspace, shell)?;
    let now = shell.around.clock.now();
    let reading = Reading {
        as_of: args.as_of.map(|as_of| as_of.at(now)).transpose()?,
        ..workspace.reading(&catalog)
    };
    let (request, mut stored) = find(args, reading)?;
    if args.events {
        (stored, _) = beside::events(reading, &request)?;
        print(args, shell, &request, &stored)?;
        return Ok(report_damage(shell, &request, &stored));
    }
    if args.gaps || workspace.config.settings().gap_warnings.value {
        gaps::warn((&workspace, &catalog), shell, &request, &stored, |day| {
            args.start.is_none_or(|start| day >= start) && args.end.is_none_or(|end| day <= end)
        });
    }
    let outside = if args.prepost {
        beside::outside(reading, &request)?
    } else {
        None
    };
    if let Some(frame) = adjusted(args, reading, &request, &stored)? {
        stored.frame = frame;
    }
    let mut exit = report_damage(shell, &request, &stored);
    if let Some((request, outside)) = outside {
        let rows = adjusted(args, reading, &request, &outside)?;
        let rows = rows.as_ref().unwrap_or(&outside.frame);
        // A half hour in which the session begins has a part in both; that of the session is printed.
        stored.frame = rows.merge(&stored.frame).frame;
        exit = Exit::worst([exit, report_damage(shell, &request, &outside)]);
        if stored.provenance.timezone.is_none() {
            stored.provenance = outside.provenance;
        }
    }
    print(args, shell, &request, &stored)?;
    Ok(exit)
}

/// Returns the rows of a series adjusted, if that is asked for.
fn adjusted(
    args: &ShowArgs,
    reading: Reading<'_, '_>,
    request: &StorageRequest,
    stored: &Stored,
) -> Result<Option<Frame>, Failure> {
    let how = match args.adjust {
        _ if stored.frame.is_empty() => return Ok(None),
        None => return Ok(None),
        Some(AdjustFor::Splits) => Adjust::Splits,
        Some(AdjustFor::All) => Adjust::All,
    };
    beside::adjusted(reading, request, stored, how).map(Some)
}

/// Bars can be shown without the registry, so a damaged one is told and passed over.
fn catalog_if_usable(workspace: &Workspace<'_>, shell: &Shell<'_>) -> Result<Catalog, Failure> {
    match workspace.catalog().map_err(Failure::from) {
        Ok(catalog) => Ok(catalog.unwrap_or_default()),
        Err(failure) if failure.exit == Exit::Damaged => {
            shell.printer.error(&failure.text());
            Ok(Catalog::default())
        }
        Err(failure) => Err(failure),
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
    for path in &stored.misplaced {
        let named = words::misplaced(shell.shown(path));
        shell.printer.warning(&format!("{named}."));
    }
    for damage in &stored.damaged {
        let ticker = request.series.ticker().map_or("", Ticker::as_str);
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
