//! The marks of an axis: round numbers, and as many of them as there is room for.

/// Returns round numbers between two, from the lowest, at most `most` of them, and how many decimals tell them apart.
pub(super) fn marks(low: f64, high: f64, most: usize) -> (Vec<f64>, usize) {
    let room = f64::from(u32::try_from(most.max(1)).unwrap_or(u32::MAX));
    let raw = (high - low) / room;
    if !(raw.is_finite() && raw > 0.0) {
        return (vec![low], 2);
    }
    let power = raw.log10().floor();
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|round| round * 10_f64.powf(power))
        .find(|step| *step >= raw)
        .unwrap_or(raw);
    let first = (low / step).ceil();
    let numbers = (0..most).map(|at| (first + f64::from(u32::try_from(at).unwrap_or(0))) * step);
    let numbers = numbers.take_while(|mark| *mark <= high).collect();
    (numbers, decimals(step))
}

/// Returns how many decimals a step has, which is at most 2.5 of its power of ten.
fn decimals(step: f64) -> usize {
    let has = |decimals: &i32| {
        let scaled = step * 10_f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 1e-6
    };
    let found = (0..9).find(has).unwrap_or(9);
    usize::try_from(found).unwrap_or_default()
}

/// Returns a number of units in a few letters: `1.2M`.
pub(super) fn short(number: f64) -> String {
    for (power, letter) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if number.abs() >= power {
            return format!("{:.1}{letter}", number / power);
        }
    }
    format!("{number:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_few_and_within() {
        for (low, high, most, expected, places) in [
            (99.1, 112.4, 4, vec![100.0, 105.0, 110.0], 0),
            (0.012, 0.029, 4, vec![0.015, 0.02, 0.025], 3),
            (-3.0, 3.0, 3, vec![-2.0, 0.0, 2.0], 0),
        ] {
            let (found, decimals) = marks(low, high, most);

            assert_eq!(found.len(), expected.len(), "{found:?}");
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9;
            assert!(found.iter().zip(&expected).all(near), "{found:?}");
            assert_eq!(decimals, places);
        }
    }

    #[test]
    fn no_range_has_one_mark_and_nothing_breaks() {
        assert_eq!(marks(5.0, 5.0, 4).0, [5.0]);
        assert_eq!(marks(f64::NAN, 1.0, 4).0.len(), 1);
    }

    #[test]
    fn units_are_a_few_letters() {
        let all = [0.0, 999.0, 1500.0, 2_340_000.0, 5.1e9].map(short);

        assert_eq!(all, ["0", "999", "1.5k", "2.3M", "5.1G"]);
    }
}
