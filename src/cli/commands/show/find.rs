//! Finds the stored bars that `show` is asked for.

use chrono::SecondsFormat;

use super::beside;
use super::show::ShowArgs;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::words::{quoted, some_of};
use crate::model::{Dataset, StorageRequest, Venue};
use crate::storage::Stored;
use crate::workspace::Reading;

/// Finds the series: at the venue that was named, else at the default one, else at the only one that holds it.
pub(super) fn find(
    args: &ShowArgs,
    reading: Reading<'_, '_>,
) -> Result<(StorageRequest, Stored), Failure> {
    let workspace = reading.workspace;
    let first = args
        .venue
        .as_ref()
        .unwrap_or_else(|| workspace.default_venue());
    if let Some(found) = read(args, reading, first)? {
        return Ok(found);
    }
    let mut found = Vec::new();
    if args.venue.is_none() {
        for venue in workspace.venues()?.iter().filter(|venue| *venue != first) {
            found.extend(read(args, reading, venue)?);
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
        .ok_or_else(|| nothing_stored(args, reading, first))
}

fn read(
    args: &ShowArgs,
    reading: Reading<'_, '_>,
    venue: &Venue,
) -> Result<Option<(StorageRequest, Stored)>, Failure> {
    let request = StorageRequest::bars(venue.clone(), args.ticker.clone(), args.interval);
    if let Some(found) = reading.read(&request)? {
        return Ok(Some((request, found.stored)));
    }
    // Until its first session is over, a series may have other hours only.
    let is_begun = args.prepost && beside::outside(reading, &request)?.is_some();
    Ok(is_begun.then(|| (request, beside::nothing(Dataset::Stocks))))
}

fn nothing_stored(args: &ShowArgs, reading: Reading<'_, '_>, venue: &Venue) -> Failure {
    let ShowArgs {
        ticker, interval, ..
    } = args;
    if let Some(at) = reading.as_of {
        let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let message = format!("nothing was stored of {ticker} {interval} at {at}");
        return Failure::new(Exit::Failed, message);
    }
    let failure = Failure::new(
        Exit::Failed,
        format!("nothing is stored of {ticker} {interval}"),
    );
    let typed = quoted(ticker.as_str());
    if reading.catalog.contains(ticker) {
        failure.hint(format!(
            "fetch it: barkeep update --ticker {typed} --interval {interval}"
        ))
    } else {
        failure.hint(format!(
            "add it first: barkeep tickers add {typed} --venue {venue}"
        ))
    }
}
