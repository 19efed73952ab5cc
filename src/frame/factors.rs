//! What each payment and split does to the prices before it, as a table for those who adjust in their own queries.
//!
//! Promises: pure. By the rules of `adjust`: what every row after a bar multiplies gives its adjusted prices, to the last bits of
//! a product. Leaves to others: since when a row is known (`ledger`).

use std::collections::BTreeMap;

use super::adjust::{factors, undo_splits};
use super::basis::{Split, payment_factor};
use super::{AdjustError, Adjustments, Bar, Frame, MarketEvent, bars_of};
use crate::model::{PriceBasis, time};

/// What happened on one day, to all prices of the days before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    /// The day, midnight on the exchange's clock, nanoseconds since 1970.
    pub date: i64,
    /// What splits of the day multiply the prices before it by, and divide the volumes; 1 where the stored prices contain them.
    pub split: f64,
    /// What payments of the day multiply them by; 1 where the stored prices contain them.
    pub dividend: f64,
}

/// Returns what adjusts the bars of a series for splits and payments, in the order of days. A day that changes nothing has no row.
///
/// # Errors
/// When the basis of the stored prices is not known, or a payment is in another currency and no adjusted close tells what it
/// was.
pub fn factors_of(
    frame: &Frame,
    basis: PriceBasis,
    known: &Adjustments,
) -> Result<Vec<Factor>, AdjustError> {
    let mut bars: Vec<Bar> = bars_of(frame).collect();
    let mut days: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    match basis {
        PriceBasis::Unknown => return Err(AdjustError::UnknownBasis),
        PriceBasis::SplitDividendAdjusted => return Ok(Vec::new()),
        PriceBasis::SplitAdjusted => {}
        PriceBasis::AsTraded => {
            undo_splits(&mut bars, &known.events);
            for split in known.events.iter().filter_map(Split::of) {
                days.entry(split.day).or_insert((1.0, 1.0)).0 *= split.price_factor();
            }
        }
    }
    for (day, factor) in payments(&bars, known)? {
        days.entry(day).or_insert((1.0, 1.0)).1 = factor;
    }
    let rows = days.into_iter().map(|(date, (split, dividend))| Factor {
        date,
        split,
        dividend,
    });
    Ok(rows
        .filter(|row| row.split.to_bits() != ONE || row.dividend.to_bits() != ONE)
        .collect())
}

const ONE: u64 = 1.0_f64.to_bits();

/// Returns what the payments of each day multiply the prices before it by. What the source says of the last bar before a day goes
/// before what its events say.
fn payments(bars: &[Bar], known: &Adjustments) -> Result<BTreeMap<i64, f64>, AdjustError> {
    let prices = known.currency.as_deref();
    let by_events = factors(bars, &known.events, prices);
    let mut found = BTreeMap::new();
    // What all later payments together multiply by.
    let mut later = 1.0;
    for event in known.events.iter().rev() {
        if event.kind.amount().is_none() || found.contains_key(&event.date) {
            continue;
        }
        let Some(last) = last_before(bars, event.date) else {
            continue;
        };
        let told = last
            .date
            .and_then(|date| payment_factor(*known.closes.get(&date)?, last.close));
        let all = match (told, by_events.get(&event.date)) {
            (Some(told), _) => told,
            (None, _) if event.is_in_another_currency(prices) => {
                return Err(AdjustError::OtherCurrency {
                    day: time::day(event.date),
                    currency: event.currency.clone().unwrap_or_default(),
                });
            }
            (None, Some(factor)) => *factor,
            (None, None) => continue,
        };
        found.insert(event.date, all / later);
        later = all;
    }
    Ok(found)
}

/// Returns what each split since has changed: what prices of today before its day are multiplied by to be those of `then`, both of
/// which contain the splits that were known.
pub fn splits_since(then: &Frame, now: &Frame, events: &[MarketEvent]) -> Vec<(i64, f64)> {
    let closes = |frame: &Frame| -> BTreeMap<i64, f64> {
        bars_of(frame)
            .filter_map(|bar| Some((bar.date?, bar.close?)))
            .collect()
    };
    let (then, now) = (closes(then), closes(now));
    let mut found = Vec::new();
    // What all later splits together multiply by.
    let mut later = 1.0;
    for split in events.iter().rev().filter_map(Split::of) {
        let mut before = then.range(..split.day).rev();
        let stands = before.find_map(|(date, close)| Some(close / now.get(date)?));
        let by = stands.map(|stands| stands / later);
        let whole = 1.0 / split.price_factor();
        // Prices that the source corrected a little as well stand nearer to one of both.
        if by.is_some_and(|by| (by / whole).ln().abs() < by.ln().abs()) {
            found.push((split.day, whole));
            later *= whole;
        }
    }
    found
}

fn last_before(bars: &[Bar], date: i64) -> Option<&Bar> {
    let after = bars.partition_point(|bar| bar.date.is_some_and(|day| day < date));
    bars.get(after.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Adjust, BarBatch, EventKind, adjusted};
    use crate::model::Ticker;

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
            ..Bar::default()
        };
        let bars = (0..).zip(closes).map(bar).collect();
        BarBatch { bars }.ordered(&ticker()).0.frame
    }

    fn on(day: i64, kind: EventKind) -> MarketEvent {
        MarketEvent::new(day * time::DAY, kind)
    }

    /// Closes as a query makes them: times what every later day multiplies by.
    fn by_table(frame: &Frame, rows: &[Factor]) -> Vec<f64> {
        let of = |bar: Bar| {
            let later = rows.iter().filter(|row| bar.date.unwrap() < row.date);
            bar.close.unwrap() * later.map(|row| row.split * row.dividend).product::<f64>()
        };
        bars_of(frame).map(of).collect()
    }

    fn by_adjusting(frame: &Frame, basis: PriceBasis, known: &Adjustments) -> Vec<f64> {
        let all = adjusted(frame, &ticker(), basis, Adjust::All, known).unwrap();
        bars_of(&all).filter_map(|bar| bar.close).collect()
    }

    fn events() -> Vec<MarketEvent> {
        let (numerator, denominator) = (4.0, 1.0);
        vec![
            on(1, EventKind::Dividend { amount: 1.0 }),
            on(2, EventKind::CapitalGain { amount: 0.5 }),
            on(2, EventKind::Dividend { amount: 0.25 }),
            on(
                2,
                EventKind::Split {
                    numerator,
                    denominator,
                },
            ),
            on(4, EventKind::Dividend { amount: 2.0 }),
        ]
    }

    #[test]
    fn what_every_later_row_multiplies_is_what_adjusting_gives() {
        let told = BTreeMap::from([(0, 17.0), (time::DAY, 17.5), (3 * time::DAY, 24.0)]);
        for basis in [PriceBasis::AsTraded, PriceBasis::SplitAdjusted] {
            for closes in [BTreeMap::new(), told.clone()] {
                let frame = bars(&[100.0, 104.0, 25.0, 26.0, 25.5]);
                let known = Adjustments {
                    events: events(),
                    closes: closes
                        .iter()
                        .map(|(day, close)| {
                            let split = basis == PriceBasis::SplitAdjusted && *day < 2 * time::DAY;
                            (*day, if split { close * 4.0 } else { *close })
                        })
                        .collect(),
                    ..Adjustments::default()
                };

                let rows = factors_of(&frame, basis, &known).unwrap();

                let (found, expected) =
                    (by_table(&frame, &rows), by_adjusting(&frame, basis, &known));
                // Of a day in the middle of a stretch the source may say another last digit than at its end.
                let days: &[usize] = if known.closes.is_empty() {
                    &[0, 1, 2, 3, 4]
                } else {
                    &[0, 1, 3, 4]
                };
                for day in days {
                    let ratio = found[*day] / expected[*day];
                    assert!(
                        (ratio - 1.0).abs() < 1e-12,
                        "{basis} {day}: {found:?} {expected:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn splits_are_in_the_table_only_where_prices_lack_them() {
        let known = Adjustments {
            events: events(),
            ..Adjustments::default()
        };
        let splits = |basis| {
            let rows = factors_of(&bars(&[100.0, 104.0, 25.0]), basis, &known).unwrap();
            rows.iter().map(|row| row.split).product::<f64>()
        };

        assert_eq!(splits(PriceBasis::AsTraded).to_bits(), 0.25_f64.to_bits());
        assert_eq!(splits(PriceBasis::SplitAdjusted).to_bits(), ONE);
        let inside = PriceBasis::SplitDividendAdjusted;
        assert_eq!(factors_of(&bars(&[1.0]), inside, &known), Ok(Vec::new()));
        let unknown = factors_of(&bars(&[1.0]), PriceBasis::Unknown, &known);
        assert_eq!(unknown, Err(AdjustError::UnknownBasis));
    }

    #[test]
    fn what_was_paid_before_the_first_bar_changes_nothing() {
        let known = Adjustments {
            events: vec![on(0, EventKind::Dividend { amount: 1.0 })],
            ..Adjustments::default()
        };

        let rows = factors_of(&bars(&[100.0]), PriceBasis::SplitAdjusted, &known);

        assert_eq!(rows, Ok(Vec::new()));
    }

    #[test]
    fn a_payment_in_another_currency_needs_an_adjusted_close() {
        let paid = MarketEvent {
            currency: Some("USD".into()),
            ..on(1, EventKind::Dividend { amount: 0.5 })
        };
        let mut known = Adjustments {
            events: vec![paid],
            currency: Some("EUR".to_owned()),
            ..Adjustments::default()
        };
        let of = |known: &Adjustments| {
            factors_of(&bars(&[100.0, 99.0]), PriceBasis::SplitAdjusted, known)
        };

        assert!(of(&known).is_err());
        known.closes = BTreeMap::from([(0, 98.0)]);
        assert_eq!(
            of(&known).unwrap()[0].dividend.to_bits(),
            0.98_f64.to_bits()
        );
    }

    #[test]
    fn only_splits_that_prices_did_not_contain_have_changed_them_since() {
        let split = |day, numerator| {
            let denominator = 1.0;
            on(
                day,
                EventKind::Split {
                    numerator,
                    denominator,
                },
            )
        };
        let events = [split(1, 3.0), split(3, 2.0), split(4, 5.0)];
        let now = bars(&[10.0, 10.5, 11.0, 11.5, 12.0]);

        // The first one was in the prices already, and of the day before the last one there was no bar yet.
        let then = bars(&[100.0, 105.0, 110.1]);

        assert_eq!(
            splits_since(&then, &now, &events),
            [(4 * time::DAY, 5.0), (3 * time::DAY, 2.0)]
        );
        assert_eq!(splits_since(&now, &now, &events), []);
        assert_eq!(splits_since(&bars(&[]), &now, &events), []);
    }
}
