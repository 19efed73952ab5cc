//! `barkeep list`: what is known of every series, without opening a file of any.
//!
//! Promises: takes no lock and writes nothing. What nobody recorded is printed as unknown, never as empty.

use chrono::Timelike;
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::named;
use crate::catalog::{Catalog, refuse_order};
use crate::cli::ui::json as pieces;
use crate::cli::ui::table::Columns;
use crate::cli::ui::troubles::print_damaged_records;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::inventory::{self, Asked, Listed};
use crate::ledger::SeriesRecord;
use crate::model::words::count;
use crate::model::{AsOf, Interval, PartitionKey, Series, Ticker, Venue, time};
use crate::workspace::Reading;

/// Options of `list`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// Only these tickers [default: all]
    #[arg(value_name = "TICKER")]
    tickers: Vec<Ticker>,
    /// Only this venue, may be repeated [default: all]
    #[arg(long = "venue", value_name = "MARKET:SOURCE")]
    venues: Vec<Venue>,
    /// Only this interval, may be repeated [default: all]
    #[arg(short, long = "interval", value_name = "INTERVAL")]
    intervals: Vec<Interval>,
    /// List what was held at a moment, such as 2026-11-20T16:00:00-05:00, or at the end of a day of UTC
    #[arg(long, value_name = "MOMENT")]
    as_of: Option<AsOf>,
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Stands for what is not known.
const UNKNOWN: &str = "?";
/// Stands for what a series does not have.
const NONE: &str = "-";

/// Runs `list`.
pub(in crate::cli) fn run(args: &ListArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let (workspace, catalog) = wiring::open_with_registry(shell)?;
    let as_of = wiring::moment(shell, args.as_of)?;
    let reading = Reading {
        as_of,
        ..workspace.reading(&catalog)
    };
    let asked = Asked {
        venues: args.venues.clone(),
        intervals: args.intervals.clone(),
        tickers: named::tickers(shell, reading, &args.venues, &args.tickers)?,
    };
    let known = match as_of {
        None => inventory::known(&workspace, &catalog, &asked)?,
        Some(at) => {
            let known = inventory::known_at(&workspace, &catalog, &asked, at)?;
            for (venue, begun) in known.begun_after(at)? {
                let begun = begun.to_rfc3339();
                shell.warning(&format!(
                    "Of {venue} nobody knows what was held then: it is recorded since {begun}."
                ));
            }
            known
        }
    };
    let (begun, damaged) = (known.begun.clone(), known.damaged.clone());
    let halves = inventory::tell_halves(&known.halves, shell.root());
    refuse_order(
        "list",
        &asked.tickers,
        args.intervals.first().copied(),
        &catalog,
    )?;
    known.refuse_unknown(&asked, &catalog)?;
    let listed = inventory::list(known, workspace.view(), &catalog, shell.today());
    if args.json {
        let begun = begun
            .iter()
            .map(|(venue, at)| (venue.to_string(), json!(at.to_rfc3339())));
        shell.json(&Documents {
            series: listed
                .iter()
                .map(|one| Document::of(one, args, &catalog))
                .collect(),
            begun: begun.collect(),
            damaged: pieces::of_files(&damaged, shell),
        });
    } else {
        print(&listed, args, &catalog, shell);
    }
    if let Some(told) = halves {
        shell.warning(&format!("{told}."));
    }
    print_damaged_records(&damaged, shell);
    Ok(Exit::Damaged.when(!damaged.is_empty()))
}

fn print(listed: &[Listed], args: &ListArgs, catalog: &Catalog, shell: &Shell<'_>) {
    let ticker = |one: &Listed| match &one.request.series {
        Series::Trades { feed } => feed.to_string(),
        _ => catalog.called(&one.request),
    };
    let months = |record: &SeriesRecord| match record.months.as_slice() {
        [] => NONE.to_owned(),
        months => months.iter().map(partitions).sum::<u64>().to_string(),
    };
    let venue = |one: &Listed| one.request.venue.as_ref().map(ToString::to_string);
    let table = Columns::of(listed)
        .text("venue", |one| venue(one).unwrap_or_default())
        .text("ticker", ticker)
        .text("series", |one| name(&one.request.series))
        .text("layout", |one| {
            known(one, |record| layout(record).to_owned())
        })
        .text("first", |one| stamp(one, |record| record.first))
        .text("last", |one| stamp(one, |record| record.last))
        .number("months", |one| known(one, months))
        .number("rows", |one| counted(one, |record| record.rows))
        .number("files", |one| counted(one, |record| record.files))
        .number("bytes", |one| counted(one, |record| record.bytes))
        .text("basis", |one| known(one, |record| record.basis.to_string()))
        .text("unit", |one| {
            known(one, |record| record.unit.as_str().to_owned())
        });
    match args.as_of {
        None => table.text("state", |one| one.state.as_str()).print(shell),
        // The registry is that of today, and nobody knows what it said at another moment.
        Some(_) => table.print(shell),
    }
    let unrecorded = listed.iter().filter(|one| one.record.is_none()).count();
    if unrecorded > 0 && args.as_of.is_some() {
        let series = count(unrecorded, "series", "series");
        shell.note(&format!(
            "Of {series} something was recorded later only, and nobody knows what was held of them then."
        ));
    } else if unrecorded > 0 {
        shell.note(&format!(
            "Nothing is recorded yet of {}: `barkeep update` writes some down each time, `barkeep check --rebuild` all.",
            count(unrecorded, "series", "series")
        ));
    }
}

fn known(one: &Listed, told: impl Fn(&SeriesRecord) -> String) -> String {
    one.record.as_ref().map_or_else(|| UNKNOWN.to_owned(), told)
}

fn counted(one: &Listed, number: fn(&SeriesRecord) -> u64) -> String {
    let exact = one.record.as_ref().filter(|record| record.is_exact());
    exact.map_or_else(|| UNKNOWN.to_owned(), |record| number(record).to_string())
}

fn stamp(one: &Listed, nanos: fn(&SeriesRecord) -> Option<i64>) -> String {
    let nanos = one.record.as_ref().and_then(nanos);
    nanos.map_or_else(
        || UNKNOWN.to_owned(),
        |nanos| moment(&one.request.series, nanos),
    )
}

/// What is printed of all series.
#[derive(Serialize)]
struct Documents<'l> {
    series: Vec<Document<'l>>,
    begun: Map<String, Value>,
    damaged: Vec<Value>,
}

/// What is printed of one series.
#[derive(Serialize)]
struct Document<'l> {
    venue: Option<&'l Venue>,
    ticker: Option<&'l Ticker>,
    mnemonic: Option<&'l str>,
    feed: Option<&'l str>,
    dataset: &'static str,
    interval: Option<&'static str>,
    state: Option<&'static str>,
    is_recorded: bool,
    layout: Option<&'static str>,
    first: Option<String>,
    last: Option<String>,
    months: Option<&'l [(PartitionKey, PartitionKey)]>,
    rows: Option<u64>,
    files: Option<u64>,
    bytes: Option<u64>,
    basis: Option<&'static str>,
    unit: Option<&'static str>,
}

impl<'l> Document<'l> {
    fn of(one: &'l Listed, args: &ListArgs, catalog: &'l Catalog) -> Self {
        let series = &one.request.series;
        let moment = |nanos: Option<i64>| nanos.map(|nanos| moment(series, nanos));
        let record = one.record.as_ref();
        let exact = record.filter(|record| record.is_exact());
        Self {
            venue: one.request.venue.as_ref(),
            ticker: series.ticker(),
            mnemonic: catalog.mnemonic_of(&one.request),
            feed: match series {
                Series::Trades { feed } => Some(feed.as_str()),
                _ => None,
            },
            dataset: series.dataset().as_str(),
            interval: inventory::interval_of(series).map(Interval::as_str),
            state: args.as_of.is_none().then(|| one.state.as_str()),
            is_recorded: record.is_some(),
            layout: record.map(layout),
            first: moment(record.and_then(|record| record.first)),
            last: moment(record.and_then(|record| record.last)),
            months: record.map(|record| &*record.months),
            rows: exact.map(|record| record.rows),
            files: exact.map(|record| record.files),
            bytes: exact.map(|record| record.bytes),
            basis: record.map(|record| record.basis.as_str()),
            unit: record.map(|record| record.unit.as_str()),
        }
    }
}

/// Returns what a series is beside its ticker, as one word: the interval of bars, or the name of the tree.
fn name(series: &Series) -> String {
    let dataset = series.dataset();
    match (series, inventory::interval_of(series)) {
        (Series::Bars { .. }, Some(interval)) => interval.to_string(),
        (_, Some(interval)) => format!("{dataset}_{interval}"),
        _ => dataset.to_string(),
    }
}

fn layout(record: &SeriesRecord) -> &'static str {
    if record.is_legacy {
        "legacy"
    } else {
        "partitioned"
    }
}

/// Returns how many partitions a range has.
fn partitions((first, last): &(PartitionKey, PartitionKey)) -> u64 {
    let months = |key: &PartitionKey| match key {
        PartitionKey::Month { year, month } => Some(i64::from(*year) * 12 + i64::from(*month)),
        PartitionKey::Whole | PartitionKey::Day(_) => None,
    };
    let apart = match (first, last) {
        (PartitionKey::Day(first), PartitionKey::Day(last)) => (*last - *first).num_days(),
        (first, last) => {
            let (first, last) = (months(first), months(last));
            first.zip(last).map_or(0, |(first, last)| last - first)
        }
    };
    u64::try_from(apart + 1).unwrap_or_default()
}

/// Returns a stamp as one word: the day, and the time where bars are shorter than that.
fn moment(series: &Series, nanos: i64) -> String {
    let naive = time::naive(nanos);
    match series {
        Series::Bars { interval, .. } | Series::Prepost { interval, .. }
            if interval.is_intraday() =>
        {
            let (hour, minute) = (naive.hour(), naive.minute());
            format!("{}T{hour:02}:{minute:02}", naive.date())
        }
        Series::Trades { .. } => naive.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
        _ => naive.date().to_string(),
    }
}
