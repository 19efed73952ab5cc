//! Bars that no trading can have made: a highest price below the lowest one, a volume below zero.
//!
//! Prices below zero are left alone: futures had them.

use super::{Facts, Finding, Kind};
use crate::frame::{Bar, Volume, bars_of};

/// Prices that were adjusted one by one differ by so much where they were one.
const ROUNDING: f64 = 1e-6;

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let found = bars_of(&facts.bars).filter_map(|bar| {
        let stamp = bar.date?;
        Some(Finding {
            kind: Kind::Impossible,
            from: stamp,
            to: stamp,
            factor: None,
            reason: reason(&bar)?,
        })
    });
    found.collect()
}

fn reason(bar: &Bar) -> Option<String> {
    if let Some(Volume::Units(units)) = bar.volume
        && units < 0
    {
        return Some(format!("its volume is {units}"));
    }
    let (high, low) = bar.high.zip(bar.low)?;
    let is_below = low - high > ROUNDING * low.abs();
    is_below.then(|| format!("its highest price, {high}, is below its lowest one, {low}"))
}

#[cfg(test)]
mod tests {
    use super::super::made;
    use super::*;
    use crate::check::{Scope, look};

    #[test]
    fn a_high_below_the_low_and_a_negative_volume_are_named_and_a_negative_price_is_not() {
        let mut bars = made::bars(&[10.0, 10.1, 10.2, 10.0, 10.1]);
        bars[1].high = Some(9.0);
        bars[2].volume = Some((-5).into());
        bars[3].high = bars[3].low.map(|low| low * (1.0 - 1e-9));
        let facts = Facts {
            bars: made::frame(bars),
            ..made::facts(&[])
        };

        let found = look(&facts, Scope::All);

        let told: Vec<(Kind, &str)> = found
            .iter()
            .map(|finding| (finding.kind, finding.reason.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (
                    Kind::Impossible,
                    "its highest price, 9, is below its lowest one, 10.0192"
                ),
                (Kind::Impossible, "its volume is -5"),
            ]
        );
    }

    #[test]
    fn oil_below_zero_is_possible() {
        let mut bars = made::bars(&[10.0]);
        (bars[0].open, bars[0].close) = (Some(-30.0), Some(-37.63));
        (bars[0].high, bars[0].low) = (Some(-30.0), Some(-40.32));
        let facts = Facts {
            bars: made::frame(bars),
            ..made::facts(&[])
        };

        assert_eq!(find(&facts), []);
    }
}
