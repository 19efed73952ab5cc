//! What is stored beside the bars of a ticker: its events and its adjusted closes.
//!
//! Promises: a file that is damaged is an error, and nothing stored is no event.

use std::collections::BTreeMap;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::wiring::Workspace;
use crate::frame::{Adjust, Adjustments, Frame, MarketEvent, Profile};
use crate::model::{Dataset, Interval, PriceBasis, Series, StorageRequest, Ticker};
use crate::storage::{Layout, Stored};

/// Returns the stored events of the ticker of a series, as rows and as events.
pub(super) fn events(
    workspace: &Workspace<'_>,
    request: &StorageRequest,
) -> Result<(Stored, Vec<MarketEvent>), Failure> {
    let ticker = ticker(request)?;
    let series = Series::Events { ticker };
    let stored = read(workspace, request, series)?.unwrap_or_else(|| Stored {
        frame: Frame::empty(Profile::of(Dataset::Events)),
        ..nothing()
    });
    let events = stored.frame.market_events();
    Ok((stored, events))
}

/// Returns the bars of a series adjusted.
pub(super) fn adjusted(
    workspace: &Workspace<'_>,
    request: &StorageRequest,
    stored: &Stored,
    how: Adjust,
) -> Result<Frame, Failure> {
    let ticker = ticker(request)?;
    let (_, events) = events(workspace, request)?;
    let mut known = Adjustments {
        events,
        ..Adjustments::default()
    };
    if let Series::Bars { interval, .. } = &request.series {
        if interval.is_intraday() {
            known.day_factors = day_factors(workspace, request, &ticker)?;
        } else {
            known.closes = closes(workspace, request, &ticker, *interval)?;
        }
    }
    let basis = workspace
        .stores
        .basis(request, layout(workspace, request)?)?
        .unwrap_or(PriceBasis::Unknown);
    stored
        .frame
        .adjusted(&ticker, basis, how, &known)
        .map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("{request} cannot be adjusted: {error}"),
            )
        })
}

/// Returns the adjusted closes that are stored beside bars of one length.
fn closes(
    workspace: &Workspace<'_>,
    request: &StorageRequest,
    ticker: &Ticker,
    interval: Interval,
) -> Result<BTreeMap<i64, f64>, Failure> {
    let ticker = ticker.clone();
    let stored = read(workspace, request, Series::Adjusted { ticker, interval })?;
    Ok(stored.map_or_else(BTreeMap::new, |stored| stored.frame.adjusted_closes()))
}

/// Returns adjusted close over close of each day. Bars of less than a day have no adjusted close of their own.
fn day_factors(
    workspace: &Workspace<'_>,
    request: &StorageRequest,
    ticker: &Ticker,
) -> Result<BTreeMap<i64, f64>, Failure> {
    let interval = Interval::D1;
    let closes = closes(workspace, request, ticker, interval)?;
    let ticker = ticker.clone();
    let days = read(workspace, request, Series::Bars { ticker, interval })?;
    let bars = days.iter().flat_map(|days| days.frame.bars());
    let factor = |bar: crate::frame::Bar| {
        let (date, close) = (bar.date?, bar.close.filter(|close| *close != 0.0)?);
        Some((date, closes.get(&date)? / close))
    };
    Ok(bars.filter_map(factor).collect())
}

fn ticker(request: &StorageRequest) -> Result<Ticker, Failure> {
    let known = request.series.ticker().cloned();
    known.ok_or_else(|| Failure::new(Exit::Failed, format!("{request} has no ticker")))
}

fn layout(workspace: &Workspace<'_>, request: &StorageRequest) -> Result<Layout, Failure> {
    let catalog = workspace.catalog()?.unwrap_or_default();
    let venue = request.venue.as_ref();
    let venue = venue.unwrap_or_else(|| workspace.default_venue());
    let wish = workspace.outlook().wish(&catalog, venue, &request.series);
    Ok(workspace.stores.route(request, wish)?.route.layout)
}

fn read(
    workspace: &Workspace<'_>,
    beside: &StorageRequest,
    series: Series,
) -> Result<Option<Stored>, Failure> {
    let request = StorageRequest {
        venue: beside.venue.clone(),
        series,
    };
    let layout = layout(workspace, &request)?;
    let stored = workspace.stores.of(layout).read(&request)?;
    match stored.as_ref().and_then(|stored| stored.damaged.first()) {
        None => Ok(stored),
        Some(damage) => Err(Failure::new(
            Exit::Damaged,
            format!("{} is damaged: {}", damage.path.display(), damage.reason),
        )),
    }
}

fn nothing() -> Stored {
    Stored {
        frame: Frame::empty(Profile::of(Dataset::Events)),
        provenance: crate::model::Provenance::default(),
        displaced: 0,
        damaged: Vec::new(),
    }
}
