//! What is stored beside the bars of a ticker: its events, its adjusted closes and what is traded outside of the session.
//!
//! Promises: a file that is damaged is an error, and nothing stored is no event. All is of the moment that bars are read of.

use std::collections::BTreeMap;

use crate::frame::basis::payment_factor;
use crate::frame::{self, Adjust, AdjustError, Adjustments, Bar, Factor, Frame, MarketEvent};
use crate::model::{Dataset, Interval, PriceBasis, Series, StorageRequest, Ticker};
use crate::storage::{MOST_TRIES, StorageError, Stored};

use super::reading::nothing;
use super::{ReadError, Reading};

impl Reading<'_, '_> {
    /// Returns the stored events of the ticker of a series, as rows and as events.
    pub fn events(self, request: &StorageRequest) -> Result<(Stored, Vec<MarketEvent>), ReadError> {
        let ticker = ticker(request)?;
        let series = Series::Events { ticker };
        let stored = self.extra(request, series)?;
        let stored = stored.unwrap_or_else(|| nothing(Dataset::Events));
        let events = frame::events_of(&stored.frame);
        Ok((stored, events))
    }

    /// Returns what was traded of the ticker of a series in auctions.
    pub fn auctions(self, request: &StorageRequest) -> Result<Stored, ReadError> {
        let ticker = ticker(request)?;
        let stored = self.extra(request, Series::Auctions { ticker })?;
        Ok(stored.unwrap_or_else(|| nothing(Dataset::Auctions)))
    }

    /// Returns what is stored of the hours before and after the session, with the series that it is; `None` when there is
    /// nothing. Damage is in the answer.
    pub fn outside(
        self,
        bars: &StorageRequest,
    ) -> Result<Option<(StorageRequest, Stored)>, ReadError> {
        let Some(request) = bars.outside() else {
            return Ok(None);
        };
        let found = self.read(&request)?;
        Ok(found.map(|found| (request, found.stored)))
    }

    /// Returns the bars of a series adjusted.
    pub fn adjusted(
        self,
        request: &StorageRequest,
        stored: &Stored,
        how: Adjust,
    ) -> Result<Frame, ReadError> {
        let ticker = ticker(request)?;
        self.of_one_state(request, stored, |stored| {
            let known = self.adjustments(request)?;
            let basis = self.basis(request)?;
            frame::adjusted(&stored.frame, &ticker, basis, how, &known)
                .map_err(|error| cannot_adjust(request, error))
        })
    }

    /// Returns what payments and splits do to the bars of a series, day by day.
    pub fn factors(
        self,
        request: &StorageRequest,
        stored: &Stored,
    ) -> Result<Vec<Factor>, ReadError> {
        self.of_one_state(request, stored, |stored| {
            let known = self.adjustments(request)?;
            let basis = self.basis(request)?;
            frame::factors_of(&stored.frame, basis, &known)
                .map_err(|error| cannot_adjust(request, error))
        })
    }

    /// Makes something of bars and of what is stored beside them, all of one state of the ticker: bars that were read before a split
    /// came are read anew, since the split is not in their prices yet. What was stored at a moment in the past does not change.
    pub fn of_one_state<T>(
        self,
        request: &StorageRequest,
        stored: &Stored,
        make: impl Fn(&Stored) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let workspace = self.workspace;
        let mut anew = None;
        for _ in 0..MOST_TRIES {
            let made = make(anew.as_ref().unwrap_or(stored));
            let read = anew.as_ref().unwrap_or(stored);
            let layout = workspace.route(self.catalog, request)?.route.layout;
            if self.as_of.is_some() || workspace.stores.is_as_read(request, layout, read)? {
                return made;
            }
            let found = self.read(request)?;
            let dataset = request.series.dataset();
            anew = Some(found.map_or_else(|| nothing(dataset), |found| found.stored));
        }
        Err(ReadError::Storage(StorageError::Unsteady {
            request: Box::new(request.clone()),
            tries: MOST_TRIES,
        }))
    }

    /// Returns what is known of the payments and splits of the bars of a series.
    fn adjustments(self, request: &StorageRequest) -> Result<Adjustments, ReadError> {
        let ticker = ticker(request)?;
        let (_, events) = self.events(request)?;
        let venue = request.venue.as_ref();
        let identity = venue.and_then(|venue| self.catalog.identity(&ticker, venue));
        let mut known = Adjustments {
            events,
            currency: identity.and_then(|identity| identity.currency),
            ..Adjustments::default()
        };
        if let Series::Bars { interval, .. } | Series::Prepost { interval, .. } = &request.series {
            if interval.is_intraday() {
                known.day_factors = self.day_factors(request, &ticker)?;
            } else {
                let stored = self.closes(request, &ticker, *interval)?;
                known.closes = frame::closes_of(&stored.frame);
            }
        }
        Ok(known)
    }

    /// Returns the adjusted closes that are stored beside bars of one length.
    pub fn closes(
        self,
        request: &StorageRequest,
        ticker: &Ticker,
        interval: Interval,
    ) -> Result<Stored, ReadError> {
        let ticker = ticker.clone();
        let stored = self.extra(request, Series::Adjusted { ticker, interval })?;
        Ok(stored.unwrap_or_else(|| nothing(Dataset::Adjusted)))
    }

    /// Returns adjusted close over close of each day. Bars of less than a day have no adjusted close of their own.
    fn day_factors(
        self,
        request: &StorageRequest,
        ticker: &Ticker,
    ) -> Result<BTreeMap<i64, f64>, ReadError> {
        let interval = Interval::D1;
        let closes = self.closes(request, ticker, interval)?;
        let closes = frame::closes_of(&closes.frame);
        let ticker = ticker.clone();
        let series = Series::Bars { ticker, interval };
        let asked = StorageRequest {
            venue: request.venue.clone(),
            series: series.clone(),
        };
        if self.basis(&asked)? != PriceBasis::SplitAdjusted {
            // Closes that contain the dividends already tell no factor; the events do.
            return Ok(BTreeMap::new());
        }
        let days = self.extra(request, series)?;
        let bars = days.iter().flat_map(|days| frame::bars_of(&days.frame));
        let factor = |bar: Bar| {
            let date = bar.date?;
            Some((date, payment_factor(*closes.get(&date)?, bar.close)?))
        };
        Ok(bars.filter_map(factor).collect())
    }

    fn extra(self, beside: &StorageRequest, series: Series) -> Result<Option<Stored>, ReadError> {
        let request = StorageRequest {
            venue: beside.venue.clone(),
            series,
        };
        let stored = self.read(&request)?;
        let stored = stored.map(|found| found.stored);
        match stored.as_ref().and_then(|stored| stored.damaged.first()) {
            None => Ok(stored),
            Some(damage) => Err(ReadError::DamagedExtra {
                path: damage.path.clone(),
                reason: damage.reason.clone(),
            }),
        }
    }
}

/// Returns the series that adjusting the bars of one reads beside them: payments and splits, and for dividends adjusted closes, which
/// bars of less than a day have by those of days.
pub fn adjusting(bars: &StorageRequest, how: Adjust) -> Vec<StorageRequest> {
    let (Series::Bars { ticker, interval } | Series::Prepost { ticker, interval }) = &bars.series
    else {
        return Vec::new();
    };
    let ticker = || ticker.clone();
    let mut series = vec![Series::Events { ticker: ticker() }];
    if how == Adjust::All {
        let mut closes_of = *interval;
        if interval.is_intraday() {
            closes_of = Interval::D1;
            let (ticker, interval) = (ticker(), Interval::D1);
            series.push(Series::Bars { ticker, interval });
        }
        let (ticker, interval) = (ticker(), closes_of);
        series.push(Series::Adjusted { ticker, interval });
    }
    let of_venue = |series| StorageRequest {
        venue: bars.venue.clone(),
        series,
    };
    series.into_iter().map(of_venue).collect()
}

fn ticker(request: &StorageRequest) -> Result<Ticker, ReadError> {
    let without = || ReadError::WithoutTicker {
        request: Box::new(request.clone()),
    };
    request.series.ticker().cloned().ok_or_else(without)
}

fn cannot_adjust(request: &StorageRequest, error: AdjustError) -> ReadError {
    let request = Box::new(request.clone());
    ReadError::Unadjustable { request, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_adjusting_reads_beside_bars_goes_by_their_length_and_by_what_is_adjusted_for() {
        let of = |interval: Interval, how| {
            let ticker = "AAPL".parse().unwrap();
            let bars = StorageRequest::bars("us:demo".parse().unwrap(), ticker, interval);
            let series = adjusting(&bars, how).into_iter();
            series.map(|one| one.to_string()).collect::<Vec<_>>()
        };
        let at = |series: &[&str]| -> Vec<String> {
            let name = |series: &&str| format!("AAPL {series} at us:demo");
            series.iter().map(name).collect()
        };

        assert_eq!(of(Interval::D1, Adjust::Splits), at(&["events"]));
        assert_eq!(
            of(Interval::D1, Adjust::All),
            at(&["events", "adjusted 1d"])
        );
        assert_eq!(
            of(Interval::Wk1, Adjust::All),
            at(&["events", "adjusted 1wk"])
        );
        assert_eq!(of(Interval::M1, Adjust::Splits), at(&["events"]));
        let of_minutes = at(&["events", "1d", "adjusted 1d"]);
        assert_eq!(of(Interval::M1, Adjust::All), of_minutes);
    }
}
