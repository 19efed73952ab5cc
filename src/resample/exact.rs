//! Volumes as whole numbers of a unit in which each of them is exact, so that their sum is exact too.
//!
//! A volume is a decimal number with few digits, `159.00` or `0.5`, and the float that stands for it is the one nearest to it.
//! Sums of such floats depend on their order; sums of whole hundredths do not. The unit is the largest power of ten that all
//! volumes of a series are multiples of, and a sum is given back as the float nearest to it. Below 2^50 of that unit, the float
//! says which number it stands for: so bars can be counted up again and compared with their rows.

/// The most digits after the point.
const MOST_DIGITS: usize = 9;

/// 2^50: below it, neither scaling nor the way back rounds to another whole number.
const EXACT: f64 = 1_125_899_906_842_624.0;

const POWERS: [f64; MOST_DIGITS + 1] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// How many digits after the point the volumes of a series have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Digits(usize);

impl Digits {
    /// Returns as many digits as all of some volumes need; `None` when one of them needs more than can be counted in.
    pub(super) fn of(volumes: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut digits = Self::default();
        for volume in volumes {
            digits = digits.or(volume)?;
        }
        Some(digits)
    }

    /// Returns these digits, or more where a volume needs them.
    pub(super) fn or(self, volume: f64) -> Option<Self> {
        (self.0..=MOST_DIGITS)
            .map(Self)
            .find(|digits| digits.is_exact(volume))
    }

    fn is_exact(self, volume: f64) -> bool {
        self.units(volume)
            .is_some_and(|units| self.volume(units).to_bits() == (volume + 0.0).to_bits())
    }

    /// Returns a volume in units; `None` when it is too large for that.
    pub(super) fn units(self, volume: f64) -> Option<i64> {
        let scaled = (volume * self.power()).round();
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^50")]
        (scaled.abs() < EXACT).then_some(scaled as i64)
    }

    /// Returns so many units as the float nearest to them.
    pub(super) fn volume(self, units: i64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "units are below 2^50, or the caller finds that they differ"
        )]
        let units = units as f64;
        units / self.power()
    }

    /// Tells whether so many units can be a volume.
    pub(super) fn can_hold(units: i128) -> bool {
        #[expect(
            clippy::cast_precision_loss,
            reason = "for a comparison with a power of two"
        )]
        let units = units as f64;
        units.abs() < EXACT
    }

    fn power(self) -> f64 {
        POWERS.get(self.0).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_decimals_is_the_decimal_whatever_the_order() {
        let volumes = [0.1, 0.2, 0.3, 159.0, 1e6, 0.07];
        let digits = Digits::of(volumes).unwrap();
        let sum = |volumes: &mut dyn Iterator<Item = f64>| {
            let units = volumes.filter_map(|volume| digits.units(volume)).sum();
            digits.volume(units).to_bits()
        };

        assert_eq!(digits, Digits(2));
        assert_eq!(sum(&mut volumes.into_iter()), 1_000_159.67_f64.to_bits());
        let turned = sum(&mut volumes.into_iter().rev());
        assert_eq!(turned, 1_000_159.67_f64.to_bits());
        let floats = 0.1_f64 + 0.2;
        assert_ne!(floats.to_bits(), 0.3_f64.to_bits(), "floats alone do not");
    }

    #[test]
    fn a_volume_comes_back_bit_for_bit_or_is_refused() {
        for units in [
            0_i64,
            1,
            7,
            99,
            100,
            12_345,
            999_999_999,
            1_125_899_906_842_623,
        ] {
            for digits in 0..=MOST_DIGITS {
                let digits = Digits(digits);
                let volume = digits.volume(units);
                assert_eq!(digits.units(volume), Some(units), "{volume}");
                assert!(Digits::of([volume]).is_some_and(|few| few <= digits));
            }
        }
        for odd in [
            1.0 / 3.0,
            1e-10,
            9e14 + 0.125,
            1e300,
            f64::NAN,
            f64::INFINITY,
        ] {
            assert_eq!(Digits::of([odd]), None, "{odd}");
        }
    }
}
