//! Which series an export is of: those of one venue and one length.

use super::args::ExportArgs;
use crate::cli::commands::unknown;
use crate::cli::ui::words::some_of;
use crate::cli::{Exit, Failure};
use crate::inventory::Asked;
use crate::model::{Interval, StorageRequest, Ticker, Venue};
use crate::query;
use crate::workspace::Reading;

/// The series of an export, in the order of tickers.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) venue: Venue,
    pub(super) interval: Interval,
    pub(super) series: Vec<StorageRequest>,
}

/// Returns the series that are meant: what lies there, or was recorded at the moment of the question.
pub(super) fn chosen(args: &ExportArgs, reading: Reading<'_, '_>) -> Result<Chosen, Failure> {
    let named = args.named();
    unknown::refuse_order("export", &named, args.interval, reading.catalog)?;
    let asked = Asked {
        venues: args.venue.clone().into_iter().collect(),
        intervals: args.interval.into_iter().collect(),
        tickers: named.clone(),
    };
    let mut found = query::candidates(reading, &asked)?;
    if args.factors {
        found.prefer_days();
    } else if let Some(to) = args.resample {
        let all = some_of(&found.intervals, Interval::ALL.len());
        if !found.fill(to) {
            let message = format!("bars of {all} cannot be joined to bars of {to}");
            return Err(Failure::usage(message));
        }
    }
    let (venue, interval) = only(&found.venues, &found.intervals, &named, reading)?;
    let series = found.of(&venue, interval);
    let is_found = |ticker| {
        let mut tickers = series.iter().map(|one| one.series.ticker());
        tickers.any(|found| found == Some(ticker))
    };
    let missing: Vec<_> = named.iter().filter(|ticker| !is_found(ticker)).collect();
    if !missing.is_empty() {
        let message = format!(
            "nothing is stored of {} {interval}",
            unknown::named(&missing)
        );
        let hint = unknown::near_or_listed(reading.catalog, &missing);
        return Err(Failure::usage(message).hint(hint));
    }
    Ok(Chosen {
        venue,
        interval,
        series,
    })
}

/// Returns the one venue and the one length of bars of what was found.
fn only(
    venues: &[Venue],
    intervals: &[Interval],
    named: &[Ticker],
    reading: Reading<'_, '_>,
) -> Result<(Venue, Interval), Failure> {
    match (venues, intervals) {
        ([venue], [interval]) => Ok((venue.clone(), *interval)),
        ([], _) | (_, []) => {
            let message = "nothing is stored of what was named";
            let named: Vec<_> = named.iter().collect();
            let hint = unknown::near_or_listed(reading.catalog, &named);
            Err(Failure::new(Exit::Failed, message).hint(hint))
        }
        ([_, second, ..], _) => Err(Failure::usage(format!(
            "several venues have such bars: {}",
            some_of(venues, 5)
        ))
        .hint(format!("name one: --venue {second}"))),
        (_, [first, ..]) => Err(Failure::usage(format!(
            "bars of several intervals are stored: {}",
            some_of(intervals, Interval::ALL.len())
        ))
        .hint(format!("name one: --interval {first}"))),
    }
}
