//! Which series an export is of: those of one venue and one length.

use std::collections::BTreeSet;

use super::args::ExportArgs;
use crate::cli::Exit;
use crate::cli::commands::unknown;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::words::some_of;
use crate::inventory::{self, Asked, interval_of};
use crate::model::{Interval, Series, StorageRequest, Ticker, Venue};
use crate::workspace::Reading;

/// The series of an export, in the order of tickers.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) venue: Venue,
    pub(super) interval: Interval,
    pub(super) series: Vec<StorageRequest>,
}

/// Returns the series that are meant: what lies there, or was recorded at the moment of the question.
///
/// # Errors
/// When nothing is stored of what was named, or it is stored at several venues or of several lengths.
pub(super) fn chosen(
    args: &ExportArgs,
    shell: &Shell<'_>,
    reading: Reading<'_, '_>,
) -> Result<Chosen, Failure> {
    let named = args.named();
    unknown::refuse_order("export", &named, args.interval, reading.catalog)?;
    let asked = Asked {
        venues: args.venue.clone().into_iter().collect(),
        intervals: args.interval.into_iter().collect(),
        tickers: named.clone(),
    };
    let found = series(shell, reading, &asked)?;
    let venues: BTreeSet<&Venue> = found.iter().filter_map(|one| one.venue.as_ref()).collect();
    let intervals: BTreeSet<Interval> = found
        .iter()
        .filter_map(|one| interval_of(&one.series))
        .collect();
    let venues: Vec<&Venue> = venues.into_iter().collect();
    let intervals: Vec<Interval> = match intervals.into_iter().collect::<Vec<_>>() {
        // Factors are of days, and serve bars of every length.
        several if args.factors && several.contains(&Interval::D1) => vec![Interval::D1],
        none if none.is_empty() => none,
        several => match args.resample {
            Some(to) => fill(several, to)?,
            None => several,
        },
    };
    let (venue, interval) = only(&venues, &intervals, &named, reading)?;
    let is_meant = |one: &StorageRequest| {
        one.venue.as_ref() == Some(&venue) && interval_of(&one.series) == Some(interval)
    };
    let series: Vec<StorageRequest> = found.iter().filter(|one| is_meant(one)).cloned().collect();
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
        let hint = unknown::near(reading.catalog, &missing, || unknown::LISTED.to_owned());
        return Err(Failure::usage(message).hint(hint));
    }
    Ok(Chosen {
        venue,
        interval,
        series,
    })
}

/// Returns the longest bars among some of which longer ones can be made.
fn fill(found: Vec<Interval>, to: Interval) -> Result<Vec<Interval>, Failure> {
    let all = some_of(&found, Interval::ALL.len());
    let longest = found.into_iter().filter(|from| from.fills(to)).max();
    longest
        .map(|longest| vec![longest])
        .ok_or_else(|| Failure::usage(format!("bars of {all} cannot be joined to bars of {to}")))
}

/// Returns the one venue and the one length of bars of what was found.
fn only(
    venues: &[&Venue],
    intervals: &[Interval],
    named: &[Ticker],
    reading: Reading<'_, '_>,
) -> Result<(Venue, Interval), Failure> {
    match (venues, intervals) {
        ([venue], [interval]) => Ok(((*venue).clone(), *interval)),
        ([], _) | (_, []) => {
            let message = "nothing is stored of what was named";
            let named: Vec<_> = named.iter().collect();
            let listed = || unknown::LISTED.to_owned();
            let hint = unknown::near(reading.catalog, &named, listed);
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

fn series(
    shell: &Shell<'_>,
    reading: Reading<'_, '_>,
    asked: &Asked,
) -> Result<Vec<StorageRequest>, Failure> {
    let fs = &*shell.world.fs;
    let (workspace, catalog) = (reading.workspace, reading.catalog);
    let known = inventory::known(workspace, fs, catalog, asked)?;
    let mut found: BTreeSet<StorageRequest> = known.records.into_keys().collect();
    found.extend(known.unrecorded);
    if let Some(at) = reading.as_of {
        // What left the tree since then was there.
        let then = inventory::known_at(workspace, fs, catalog, asked, at)?;
        found.extend(then.records.into_keys());
    }
    found.retain(|request| matches!(request.series, Series::Bars { .. }));
    let mut found: Vec<StorageRequest> = found.into_iter().collect();
    found.sort_by(|a, b| a.series.ticker().cmp(&b.series.ticker()).then(a.cmp(b)));
    Ok(found)
}
