//! What is stored beside the bars of a ticker: its events, its adjusted closes and what is traded outside of the session.
//!
//! Promises: a file that is damaged is an error, and nothing stored is no event. All is of the moment that bars are read of.

use std::collections::BTreeMap;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::frame::basis::payment_factor;
use crate::frame::{
    self, Adjust, AdjustError, Adjustments, Bar, Factor, Frame, MarketEvent, Profile,
};
use crate::model::{Dataset, Interval, PriceBasis, Provenance, Series, StorageRequest, Ticker};
use crate::storage::Stored;
use crate::workspace::Reading;

/// Returns the stored events of the ticker of a series, as rows and as events.
pub(super) fn events(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
) -> Result<(Stored, Vec<MarketEvent>), Failure> {
    let ticker = ticker(request)?;
    let series = Series::Events { ticker };
    let stored = read(reading, request, series)?;
    let stored = stored.unwrap_or_else(|| nothing(Dataset::Events));
    let events = frame::events_of(&stored.frame);
    Ok((stored, events))
}

/// Returns what was traded of the ticker of a series in auctions.
pub(super) fn auctions(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
) -> Result<Stored, Failure> {
    let ticker = ticker(request)?;
    let stored = read(reading, request, Series::Auctions { ticker })?;
    Ok(stored.unwrap_or_else(|| nothing(Dataset::Auctions)))
}

/// Returns what is stored of the hours before and after the session, with the series that it is; `None` when there is
/// nothing. Damage is in the answer.
pub(super) fn outside(
    reading: Reading<'_, '_>,
    bars: &StorageRequest,
) -> Result<Option<(StorageRequest, Stored)>, Failure> {
    let Some(request) = bars.outside() else {
        return Ok(None);
    };
    let found = reading.read(&request)?;
    Ok(found.map(|found| (request, found.stored)))
}

/// Returns the bars of a series adjusted.
pub(super) fn adjusted(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
    stored: &Stored,
    how: Adjust,
) -> Result<Frame, Failure> {
    let ticker = ticker(request)?;
    let known = adjustments(reading, request)?;
    let basis = reading.basis(request)?;
    frame::adjusted(&stored.frame, &ticker, basis, how, &known)
        .map_err(|error| cannot_adjust(request, &error))
}

/// Returns what payments and splits do to the bars of a series, day by day.
pub(super) fn factors(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
    stored: &Stored,
) -> Result<Vec<Factor>, Failure> {
    let known = adjustments(reading, request)?;
    let basis = reading.basis(request)?;
    frame::factors_of(&stored.frame, basis, &known).map_err(|error| cannot_adjust(request, &error))
}

fn cannot_adjust(request: &StorageRequest, error: &AdjustError) -> Failure {
    let message = format!("{request} cannot be adjusted: {error}");
    Failure::new(Exit::Failed, message)
}

/// Returns what is known of the payments and splits of the bars of a series.
fn adjustments(reading: Reading<'_, '_>, request: &StorageRequest) -> Result<Adjustments, Failure> {
    let ticker = ticker(request)?;
    let (_, events) = events(reading, request)?;
    let venue = request.venue.as_ref();
    let identity = venue.and_then(|venue| reading.catalog.identity(&ticker, venue));
    let mut known = Adjustments {
        events,
        currency: identity.and_then(|identity| identity.currency),
        ..Adjustments::default()
    };
    if let Series::Bars { interval, .. } | Series::Prepost { interval, .. } = &request.series {
        if interval.is_intraday() {
            known.day_factors = day_factors(reading, request, &ticker)?;
        } else {
            let stored = closes(reading, request, &ticker, *interval)?;
            known.closes = frame::closes_of(&stored.frame);
        }
    }
    Ok(known)
}

/// Returns the adjusted closes that are stored beside bars of one length.
pub(super) fn closes(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
    ticker: &Ticker,
    interval: Interval,
) -> Result<Stored, Failure> {
    let ticker = ticker.clone();
    let stored = read(reading, request, Series::Adjusted { ticker, interval })?;
    Ok(stored.unwrap_or_else(|| nothing(Dataset::Adjusted)))
}

/// Returns adjusted close over close of each day. Bars of less than a day have no adjusted close of their own.
fn day_factors(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
    ticker: &Ticker,
) -> Result<BTreeMap<i64, f64>, Failure> {
    let interval = Interval::D1;
    let closes = closes(reading, request, ticker, interval)?;
    let closes = frame::closes_of(&closes.frame);
    let ticker = ticker.clone();
    let series = Series::Bars { ticker, interval };
    let asked = StorageRequest {
        venue: request.venue.clone(),
        series: series.clone(),
    };
    if reading.basis(&asked)? != PriceBasis::SplitAdjusted {
        // Closes that contain the dividends already tell no factor; the events do.
        return Ok(BTreeMap::new());
    }
    let days = read(reading, request, series)?;
    let bars = days.iter().flat_map(|days| frame::bars_of(&days.frame));
    let factor = |bar: Bar| {
        let date = bar.date?;
        Some((date, payment_factor(*closes.get(&date)?, bar.close)?))
    };
    Ok(bars.filter_map(factor).collect())
}

fn ticker(request: &StorageRequest) -> Result<Ticker, Failure> {
    let known = request.series.ticker().cloned();
    known.ok_or_else(|| Failure::new(Exit::Failed, format!("{request} has no ticker")))
}

fn read(
    reading: Reading<'_, '_>,
    beside: &StorageRequest,
    series: Series,
) -> Result<Option<Stored>, Failure> {
    let request = StorageRequest {
        venue: beside.venue.clone(),
        series,
    };
    let stored = reading.read(&request)?;
    let stored = stored.map(|found| found.stored);
    match stored.as_ref().and_then(|stored| stored.damaged.first()) {
        None => Ok(stored),
        Some(damage) => Err(Failure::new(
            Exit::Damaged,
            format!("{} is damaged: {}", damage.path.display(), damage.reason),
        )),
    }
}

/// Returns a series of which nothing is stored.
pub(super) fn nothing(dataset: Dataset) -> Stored {
    Stored {
        frame: Frame::empty(Profile::of(dataset)),
        provenance: Provenance::default(),
        displaced: 0,
        beyond: Vec::new(),
        damaged: Vec::new(),
        misplaced: Vec::new(),
    }
}
