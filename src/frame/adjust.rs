//! Bars adjusted for splits and dividends when they are read; what is stored stays as it is.
//!
//! Promises: pure. Where the source said the adjusted close of a day, a bar of that day ends in exactly that close, and
//! its other prices are multiplied by adjusted close over close, as yfinance does; elsewhere the factor comes from the
//! dividends that follow. Volumes change with splits only.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;

use super::basis::Split;
use super::{Bar, BarBatch, Frame, MarketEvent, bars_of};
use crate::model::{PriceBasis, Ticker, time};

/// What bars are adjusted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjust {
    /// Splits.
    Splits,
    /// Splits, dividends and capital gains.
    All,
}

/// Bars that cannot be adjusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdjustError {
    /// Nobody wrote down what the prices contain.
    #[error("nobody wrote down which price basis the stored bars have")]
    UnknownBasis,
    /// Bars made of trades, of which nobody tells splits and dividends.
    #[error(
        "bars made of trades are stored as they were traded, and their venue tells no splits and dividends"
    )]
    OfTrades,
    /// Dividends are in the prices already.
    #[error("the stored prices are adjusted for dividends, too, which cannot be undone")]
    DividendsInside,
    /// A payment is in another currency than the prices, and no adjusted close tells what it was to them.
    #[error(
        "what was paid on {day} is in {currency}, not in the currency of the prices, and no adjusted closes tell what it was in that"
    )]
    OtherCurrency {
        /// The day of the payment.
        day: NaiveDate,
        /// Its currency.
        currency: Arc<str>,
    },
}

/// What is known of the payments and splits of a ticker.
#[derive(Clone, Debug, Default)]
pub struct Adjustments {
    /// In the order of their days.
    pub events: Vec<MarketEvent>,
    /// The currency of the prices, if somebody wrote it down.
    pub currency: Option<String>,
    /// Adjusted closes by their bars, which are as long as those that are adjusted.
    pub closes: BTreeMap<i64, f64>,
    /// Adjusted close over close by day, for bars that are shorter than one.
    pub day_factors: BTreeMap<i64, f64>,
}

/// Returns the bars of `ticker` adjusted.
///
/// # Errors
/// When the basis of the stored prices is not known, or already contains more, or a payment in another currency cannot be
/// applied.
pub fn adjusted(
    frame: &Frame,
    ticker: &Ticker,
    basis: PriceBasis,
    how: Adjust,
    known: &Adjustments,
) -> Result<Frame, AdjustError> {
    if frame.profile().is_of_trades() {
        return Err(AdjustError::OfTrades);
    }
    let mut bars: Vec<Bar> = bars_of(frame).collect();
    match (basis, how) {
        (PriceBasis::Unknown, _) => return Err(AdjustError::UnknownBasis),
        (PriceBasis::SplitDividendAdjusted, Adjust::Splits) => {
            return Err(AdjustError::DividendsInside);
        }
        (PriceBasis::SplitDividendAdjusted, Adjust::All)
        | (PriceBasis::SplitAdjusted, Adjust::Splits) => return Ok(frame.clone()),
        (PriceBasis::AsTraded, _) => undo_splits(&mut bars, &known.events),
        (PriceBasis::SplitAdjusted, Adjust::All) => {}
    }
    if how == Adjust::All {
        pay_out(&mut bars, known)?;
    }
    Ok(BarBatch { bars }.ordered(ticker).0.frame)
}

/// Puts prices as they were traded on the basis of today's shares.
pub(super) fn undo_splits(bars: &mut [Bar], events: &[MarketEvent]) {
    for split in events.iter().filter_map(Split::of) {
        let before = |bar: &&mut Bar| bar.date.is_some_and(|date| date < split.day);
        for bar in bars.iter_mut().filter(before) {
            bar.scale(split.price_factor());
            bar.volume = bar.volume.map(|volume| split.volume(volume));
        }
    }
}

/// Takes dividends and gains out of the prices before them.
fn pay_out(bars: &mut [Bar], known: &Adjustments) -> Result<(), AdjustError> {
    let prices = known.currency.as_deref();
    let factors = factors(bars, &known.events, prices);
    let mut others = known.events.iter().rev();
    let newest_other = others.find(|event| event.is_in_another_currency(prices));
    for bar in bars.iter_mut() {
        let Some(date) = bar.date else { continue };
        let day = date.div_euclid(time::DAY) * time::DAY;
        let adjusted = known.closes.get(&date);
        if adjusted.is_some_and(|adjusted| bar.pay_out(*adjusted)) {
            continue;
        }
        if let Some(factor) = known.day_factors.get(&day) {
            bar.scale(*factor);
            continue;
        }
        if let Some(other) = newest_other.filter(|other| date < other.date) {
            return Err(AdjustError::OtherCurrency {
                day: time::day(other.date),
                currency: other.currency.clone().unwrap_or_default(),
            });
        }
        let later = factors.range(date + 1..).next();
        bar.scale(later.map_or(1.0, |(_, factor)| *factor));
    }
    Ok(())
}

/// Returns, for each day of a payment, the factor of all prices before it.
pub(super) fn factors(
    bars: &[Bar],
    events: &[MarketEvent],
    prices: Option<&str>,
) -> BTreeMap<i64, f64> {
    let closes: BTreeMap<i64, f64> = bars
        .iter()
        .filter_map(|bar| Some((bar.date?, bar.close?)))
        .collect();
    let mut factor = 1.0;
    let mut factors = BTreeMap::new();
    for event in events.iter().rev() {
        let Some(amount) = event.amount_in(prices) else {
            continue;
        };
        if let Some((_, close)) = closes.range(..event.date).next_back()
            && *close > amount
        {
            factor *= 1.0 - amount / close;
            factors.insert(event.date, factor);
        }
    }
    factors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::EventKind;

    fn ticker() -> Ticker {
        "A".parse().unwrap()
    }

    fn bars(closes: &[f64]) -> Frame {
        let bar = |(day, close): (i64, &f64)| Bar {
            date: Some(day * time::DAY),
            open: Some(*close),
            high: Some(*close),
            low: Some(*close),
            close: Some(*close),
            volume: Some(100.into()),
            sequence: None,
        };
        let bars = (0..).zip(closes).map(bar).collect();
        BarBatch { bars }.ordered(&ticker()).0.frame
    }

    fn closes(frame: &Frame) -> Vec<f64> {
        bars_of(frame).filter_map(|bar| bar.close).collect()
    }

    fn on(day: i64, kind: EventKind) -> MarketEvent {
        MarketEvent::new(day * time::DAY, kind)
    }

    fn four_to_one(day: i64) -> MarketEvent {
        let (numerator, denominator) = (4.0, 1.0);
        on(
            day,
            EventKind::Split {
                numerator,
                denominator,
            },
        )
    }

    fn made(frame: &Frame, basis: PriceBasis, how: Adjust, known: &Adjustments) -> Frame {
        adjusted(frame, &ticker(), basis, how, known).unwrap()
    }

    #[test]
    fn prices_as_traded_are_divided_before_a_split_and_volumes_multiplied() {
        let known = Adjustments {
            events: vec![four_to_one(1)],
            ..Adjustments::default()
        };

        let split = made(
            &bars(&[400.0, 101.0]),
            PriceBasis::AsTraded,
            Adjust::Splits,
            &known,
        );

        assert_eq!(closes(&split), [100.0, 101.0]);
        let volumes: Vec<_> = bars_of(&split).filter_map(|bar| bar.volume).collect();
        assert_eq!(volumes, [400.into(), 100.into()]);
    }

    #[test]
    fn a_dividend_lowers_what_came_before_it_and_two_multiply() {
        let pay = |day, amount| on(day, EventKind::Dividend { amount });
        let known = Adjustments {
            events: vec![pay(1, 1.0), pay(2, 2.0)],
            ..Adjustments::default()
        };

        let all = made(
            &bars(&[100.0, 100.0, 50.0]),
            PriceBasis::SplitAdjusted,
            Adjust::All,
            &known,
        );

        assert_eq!(closes(&all), [100.0 * (0.98 * 0.99), 98.0, 50.0]);
    }

    #[test]
    fn a_payment_in_pounds_is_applied_in_pence_and_one_in_another_currency_by_adjusted_closes_only()
    {
        let frame = bars(&[1000.0, 950.0]);
        let paid = |currency: &str| Adjustments {
            events: vec![MarketEvent {
                currency: Some(currency.into()),
                ..on(1, EventKind::Dividend { amount: 0.5 })
            }],
            currency: Some("GBp".to_owned()),
            ..Adjustments::default()
        };
        let of = |known: &Adjustments| {
            let basis = PriceBasis::SplitAdjusted;
            adjusted(&frame, &ticker(), basis, Adjust::All, known).map(|frame| closes(&frame))
        };

        assert_eq!(of(&paid("GBP")), Ok(vec![950.0, 950.0]));
        let refused = of(&paid("USD")).unwrap_err().to_string();
        assert!(refused.contains("1970-01-02 is in USD"), "{refused}");
        let mut told = paid("USD");
        told.closes = BTreeMap::from([(0, 962.0), (time::DAY, 950.0)]);
        assert_eq!(of(&told), Ok(vec![962.0, 950.0]));
        told.closes.clear();
        told.day_factors = BTreeMap::from([(0, 0.962)]);
        assert_eq!(of(&told), Ok(vec![962.0, 950.0]));
    }

    #[test]
    fn the_sources_own_adjusted_close_is_taken_to_the_last_bit() {
        let known = Adjustments {
            closes: BTreeMap::from([(0, 73.988_472)]),
            ..Adjustments::default()
        };

        let all = made(
            &bars(&[75.0875]),
            PriceBasis::SplitAdjusted,
            Adjust::All,
            &known,
        );

        assert_eq!(closes(&all), [73.988_472]);
        let open = bars_of(&all).next().unwrap().open.unwrap();
        assert!((open - 73.988_472).abs() < 1e-12);
    }

    /// A bar of a coin that began at midnight was printed as if it were its whole day.
    #[test]
    fn a_bar_of_minutes_at_midnight_is_scaled_as_its_day_and_does_not_become_it() {
        let known = Adjustments {
            day_factors: BTreeMap::from([(0, 0.5)]),
            ..Adjustments::default()
        };

        let all = made(
            &bars(&[100.0]),
            PriceBasis::SplitAdjusted,
            Adjust::All,
            &known,
        );

        assert_eq!(closes(&all), [50.0], "half, as the day");
    }

    #[test]
    fn what_is_in_the_prices_already_is_neither_added_nor_taken_out() {
        let frame = bars(&[1.0]);
        let of = |basis, how| adjusted(&frame, &ticker(), basis, how, &Adjustments::default());

        let inside = PriceBasis::SplitDividendAdjusted;
        assert_eq!(of(inside, Adjust::All).unwrap(), frame);
        assert_eq!(
            of(inside, Adjust::Splits),
            Err(AdjustError::DividendsInside)
        );
        assert_eq!(
            of(PriceBasis::SplitAdjusted, Adjust::Splits).unwrap(),
            frame
        );
        assert_eq!(
            of(PriceBasis::Unknown, Adjust::All),
            Err(AdjustError::UnknownBasis)
        );
    }
}
