//! Which series an export is of: those of one venue and one length.

use std::collections::BTreeSet;

use super::args::ExportArgs;
use crate::cli::commands::unknown;
use crate::cli::ui::words::some_of;
use crate::cli::{Exit, Failure};
use crate::inventory::Asked;
use crate::model::{Interval, StorageRequest, Ticker, Venue};
use crate::query::{self, Candidates};
use crate::workspace::Reading;

/// The series of an export, in the order of tickers.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) venue: Venue,
    /// How long the bars are that are written; factors are of days.
    pub(super) interval: Interval,
    /// The stored bars; those that are joined may be of several lengths, and those of factors.
    pub(super) series: Vec<StorageRequest>,
    /// Tickers that have bars, and none that can be joined.
    pub(super) without: Vec<Ticker>,
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
    let found = query::candidates(reading, &asked)?;
    let (venue, first) = only_venue(&found, &named, reading)?;
    let chosen = match args.resample {
        to if to.is_some() || args.factors => {
            let (series, without) = found.best(&venue, to);
            if let (Some(to), true) = (to, series.is_empty()) {
                return Err(unjoined(&found.intervals, to));
            }
            Chosen {
                venue,
                interval: to.unwrap_or(Interval::D1),
                series,
                without,
            }
        }
        _ => {
            let interval = only_length(&found.intervals, first)?;
            Chosen {
                series: found.of(&venue, interval),
                venue,
                interval,
                without: Vec::new(),
            }
        }
    };
    let of = chosen.series.iter().filter_map(|one| one.series.ticker());
    let there: BTreeSet<&Ticker> = of.chain(&chosen.without).collect();
    let missing: Vec<_> = named.iter().filter(|one| !there.contains(one)).collect();
    if !missing.is_empty() {
        let names = unknown::named(&missing);
        let message = match (args.resample, args.factors) {
            (None, false) => format!("nothing is stored of {names} {}", chosen.interval),
            _ => format!("nothing is stored of {names}"),
        };
        let hint = unknown::near_or_listed(reading.catalog, &missing);
        return Err(Failure::usage(message).hint(hint));
    }
    Ok(chosen)
}

/// Says that of stored bars none can be joined to those of a length.
fn unjoined(stored: &[Interval], to: Interval) -> Failure {
    let all = some_of(stored, Interval::ALL.len());
    Failure::usage(format!("bars of {all} cannot be joined to bars of {to}"))
}

/// Returns the one venue of what was found, and a length of bars that it has.
fn only_venue(
    found: &Candidates,
    named: &[Ticker],
    reading: Reading<'_, '_>,
) -> Result<(Venue, Interval), Failure> {
    match (found.venues.as_slice(), found.intervals.as_slice()) {
        ([venue], [interval, ..]) => Ok((venue.clone(), *interval)),
        ([], _) | (_, []) => {
            let message = "nothing is stored of what was named";
            let named: Vec<_> = named.iter().collect();
            let hint = unknown::near_or_listed(reading.catalog, &named);
            Err(Failure::new(Exit::Failed, message).hint(hint))
        }
        ([_, second, ..], _) => Err(Failure::usage(format!(
            "several venues have such bars: {}",
            some_of(&found.venues, 5)
        ))
        .hint(format!("name one: --venue {second}"))),
    }
}

/// Returns the one length of bars.
fn only_length(intervals: &[Interval], first: Interval) -> Result<Interval, Failure> {
    match intervals {
        [only] => Ok(*only),
        _ => Err(Failure::usage(format!(
            "bars of several intervals are stored: {}",
            some_of(intervals, Interval::ALL.len())
        ))
        .hint(format!("name one: --interval {first}"))),
    }
}
