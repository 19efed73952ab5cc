//! What a split does to the prices and volumes before it.

use crate::frame::{EventKind, MarketEvent, Volume};

/// A split, as prices feel it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// The day on which it takes effect, as the event has it.
    pub day: i64,
    /// New shares.
    pub numerator: f64,
    /// Old shares.
    pub denominator: f64,
}

impl Split {
    /// Returns the split that an event is; `None` for one that changes no price, or whose ratio is none.
    pub fn of(event: &MarketEvent) -> Option<Self> {
        let EventKind::Split {
            numerator,
            denominator,
        } = event.kind
        else {
            return None;
        };
        let ratio = numerator / denominator;
        let is_split = ratio.is_finite() && ratio > 0.0 && (ratio - 1.0).abs() > f64::EPSILON;
        is_split.then_some(Self {
            day: event.date,
            numerator,
            denominator,
        })
    }

    /// Returns what prices before it are multiplied by.
    pub fn price_factor(self) -> f64 {
        self.denominator / self.numerator
    }

    /// Returns the logarithm of new shares for an old one.
    pub fn log(self) -> f64 {
        (self.numerator / self.denominator).ln()
    }

    /// Returns a volume before it in shares of today. Multiplied before it is divided, a whole number stays one.
    pub fn volume(self, before: Volume) -> Volume {
        Volume::from(before.as_f64() * self.numerator / self.denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(numerator: f64, denominator: f64) -> Option<Split> {
        let kind = EventKind::Split {
            numerator,
            denominator,
        };
        Split::of(&MarketEvent::new(0, kind))
    }

    #[test]
    fn three_for_two_keeps_whole_volumes_whole() {
        let split = split(3.0, 2.0).unwrap();

        assert_eq!(split.volume(Volume::Units(10)), Volume::Units(15));
        assert!((split.price_factor() * 1.5 - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_no_ratio_changes_nothing() {
        for (numerator, denominator) in [(0.0, 1.0), (1.0, 0.0), (-2.0, 1.0), (f64::NAN, 1.0)] {
            assert_eq!(split(numerator, denominator), None);
        }
        assert_eq!(split(2.0, 2.0), None);
    }
}
