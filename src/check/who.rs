//! Whether an answer is of the security that a ticker was.
//!
//! Promises: a symbol that was given to somebody else never continues the history of the one before. One that moved to another
//! exchange goes on only if first trade, currency and kind are known on both sides and equal, and prices agree.
//! Leaves to others: what becomes of rows that are refused (`update`).

use std::collections::BTreeMap;

use crate::calendar::is_same_zone;
use crate::frame::{Frame, bars_of};
use crate::model::{Identity, unit_factor};

/// How far the closes of one bar may differ.
const MOST_APART: f64 = 0.01;

/// Who an answer is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The security that is known, or nobody was known.
    Same,
    /// The same one on another exchange, in words.
    Moved(String),
    /// Another one, in words.
    Other(String),
}

/// Judges who an answer is of. `agrees` tells whether a stored bar that is settled has the same price in the answer; it is asked
/// only if all depends on it.
pub fn judge(known: &Identity, answered: &Identity, agrees: impl FnOnce() -> bool) -> Who {
    let differences = differences(known, answered);
    if differences.is_empty() {
        return Who::Same;
    }
    let told = |(name, old, new): &(&str, String, String)| format!("{name} was {old} and is {new}");
    let words: Vec<String> = differences.iter().map(told).collect();
    let words = words.join(", ");
    let is_move = differences.iter().all(|(name, ..)| *name == "exchange");
    let is_known = |one: &Identity| {
        one.first_trade.is_some() && one.currency.is_some() && one.instrument_type.is_some()
    };
    if is_move && is_known(known) && is_known(answered) && agrees() {
        Who::Moved(words)
    } else {
        Who::Other(words)
    }
}

/// Returns the fields that both know and that differ, with the old and the new value.
fn differences(known: &Identity, answered: &Identity) -> Vec<(&'static str, String, String)> {
    let pairs = known.fields().into_iter().zip(answered.fields());
    let differences = pairs.filter_map(|((name, old), (_, new))| {
        let (old, new) = old.zip(new)?;
        let is_equal = old == new
            || match name {
                "timezone" => is_same_zone(&old, &new),
                "currency" => unit_factor(&old, &new) == Some(1.0),
                _ => false,
            };
        (!is_equal).then_some((name, old, new))
    });
    differences.collect()
}

/// Tells whether the newest bar that both sides have, and that is settled, has one close. The newest stored bar may not be.
pub fn closes_agree(stored: &Frame, answered: &Frame) -> bool {
    let newest = stored.times().last();
    let bars = |frame: &Frame| -> BTreeMap<i64, f64> {
        let closes = bars_of(frame).filter_map(|bar| bar.date.zip(bar.close));
        closes.filter(|(_, close)| close.is_finite()).collect()
    };
    let answered = bars(answered);
    let stored = bars(stored);
    let mut settled = stored
        .iter()
        .rev()
        .filter(|(date, _)| Some(**date) != newest);
    let common = settled.find_map(|(date, close)| Some((close, answered.get(date)?)));
    common.is_some_and(|(one, other)| (one - other).abs() <= MOST_APART * one.abs())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use rstest::rstest;

    use super::*;
    use crate::frame::{Bar, BarBatch};

    fn kraft() -> Identity {
        Identity {
            exchange: Some("NMS".to_owned()),
            currency: Some("USD".to_owned()),
            instrument_type: Some("EQUITY".to_owned()),
            timezone: Some("America/New_York".to_owned()),
            first_trade: NaiveDate::from_ymd_opt(2015, 7, 6),
        }
    }

    fn on(exchange: &str) -> Identity {
        Identity {
            exchange: Some(exchange.to_owned()),
            ..kraft()
        }
    }

    fn in_zone(zone: &str) -> Identity {
        Identity {
            timezone: Some(zone.to_owned()),
            ..kraft()
        }
    }

    fn in_unit(currency: &str) -> Identity {
        Identity {
            currency: Some(currency.to_owned()),
            ..kraft()
        }
    }

    #[rstest]
    #[case(kraft(), kraft())]
    #[case(in_zone("Asia/Calcutta"), in_zone("Asia/Kolkata"))]
    #[case(in_unit("GBp"), in_unit("GBX"))]
    #[case(Identity { currency: None, ..kraft() }, kraft())]
    fn what_differs_in_name_only_is_the_same(#[case] known: Identity, #[case] answered: Identity) {
        let unasked = || panic!("prices have no part in it");

        assert_eq!(judge(&known, &answered, unasked), Who::Same);
    }

    #[test]
    fn another_exchange_is_a_move_if_everything_else_is_known_and_agrees() {
        let words = "exchange was NMS and is NYQ".to_owned();
        let unknown = Identity {
            first_trade: None,
            ..on("NYQ")
        };

        assert_eq!(
            judge(&kraft(), &on("NYQ"), || true),
            Who::Moved(words.clone())
        );
        assert_eq!(
            judge(&kraft(), &on("NYQ"), || false),
            Who::Other(words.clone())
        );
        assert_eq!(judge(&kraft(), &unknown, || true), Who::Other(words));
    }

    #[rstest]
    #[case(in_unit("GBP"))]
    #[case(in_zone("Europe/Paris"))]
    #[case(Identity { instrument_type: Some("ETF".to_owned()), ..kraft() })]
    #[case(Identity { first_trade: NaiveDate::from_ymd_opt(2020, 1, 2), ..on("NYQ") })]
    fn anything_else_is_another_security(#[case] answered: Identity) {
        let known = Identity {
            currency: answered.currency.as_ref().map(|unit| match unit.as_str() {
                "GBP" => "GBp".to_owned(),
                unit => unit.to_owned(),
            }),
            ..kraft()
        };

        assert!(matches!(judge(&known, &answered, || true), Who::Other(_)));
    }

    fn frame(closes: &[(i64, f64)]) -> Frame {
        let bars = closes.iter().map(|(day, close)| Bar {
            date: Some(day * crate::model::time::DAY),
            open: Some(*close),
            high: Some(*close),
            low: Some(*close),
            close: Some(*close),
            volume: None,
            sequence: None,
        });
        let batch = BarBatch {
            bars: bars.collect(),
        };
        batch.ordered(&"KHC".parse().unwrap()).0.frame
    }

    #[test]
    fn the_newest_settled_bar_of_both_sides_decides() {
        let stored = frame(&[(1, 10.0), (2, 20.0), (3, 30.0)]);

        assert!(closes_agree(
            &stored,
            &frame(&[(1, 99.0), (2, 20.1), (3, 99.0)])
        ));
        assert!(!closes_agree(
            &stored,
            &frame(&[(1, 10.0), (2, 21.0), (3, 30.0)])
        ));
        assert!(
            !closes_agree(&stored, &frame(&[(3, 30.0), (4, 40.0)])),
            "no overlap"
        );
        assert!(!closes_agree(&frame(&[]), &frame(&[(1, 1.0)])));
    }
}
