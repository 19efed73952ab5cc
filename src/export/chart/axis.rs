//! The marks of an axis: round numbers, as many of them as there is room for, where they stand and how they are written.
//!
//! Promises: whatever two finite numbers are asked about, also the greatest and those beside one another, the answer is short and
//! nothing goes on for ever.

/// The most letters of a number.
pub(super) const WIDEST: usize = 10;
/// More decimals than any step has.
const TOO_MANY: usize = 9;

/// Returns round numbers between two, from the lowest, at most `most` of them, and how many decimals tell them apart.
pub(super) fn marks(low: f64, high: f64, most: usize) -> (Vec<f64>, usize) {
    let room = f64::from(u32::try_from(most.max(1)).unwrap_or(u32::MAX));
    // What is between two numbers may be more than any number.
    let raw = high / room - low / room;
    if !(raw.is_finite() && raw > 0.0) {
        let is_tiny = low != 0.0 && low.abs() < 1.0;
        return (vec![low], if is_tiny { TOO_MANY } else { 2 });
    }
    let power = raw.log10().floor();
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|round| round * 10_f64.powf(power))
        .find(|step| *step >= raw)
        .unwrap_or(raw);
    let first = (low / step).ceil();
    let numbers = (0..most).map(|at| (first + f64::from(u32::try_from(at).unwrap_or(0))) * step);
    let numbers = numbers.take_while(|mark| *mark <= high);
    // At the end of all numbers a product may be beyond them.
    let numbers = numbers.filter(|mark| *mark >= low).collect();
    (numbers, decimals(step))
}

/// Returns how many decimals a step has, which is at most 2.5 of its power of ten.
fn decimals(step: f64) -> usize {
    let has = |decimals: &i32| {
        let scaled = step * 10_f64.powi(*decimals);
        (scaled - scaled.round()).abs() < scaled * 1e-6
    };
    let found = (0..9).find(has);
    found.map_or(TOO_MANY, |found| usize::try_from(found).unwrap_or_default())
}

/// Returns how far below the higher of two numbers one between them is: 0 for that, 1 for the lower one.
pub(super) fn from_above(number: f64, (low, high): (f64, f64)) -> f64 {
    let span = high - low;
    if span.is_finite() {
        return (high - number) / span;
    }
    (high / 2.0 - number / 2.0) / (high / 2.0 - low / 2.0)
}

/// Returns a number with as many of its decimals as there is room for, or its power of ten. It is never another one, as a number
/// that is cut would be.
pub(super) fn written(number: f64, decimals: usize) -> String {
    let whole = format!("{number:.0}").len();
    if whole > WIDEST || decimals >= TOO_MANY {
        return format!("{number:.2e}");
    }
    let decimals = decimals.min(WIDEST.saturating_sub(whole + 1));
    format!("{number:.decimals$}")
}

/// Returns a number of units in a few letters: `1.2M`.
pub(super) fn short(number: f64) -> String {
    if number.abs() >= 1e15 {
        return format!("{number:.1e}");
    }
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
        let all = [0.0, 999.0, 1500.0, 2_340_000.0, 5.1e9, 1.7e308].map(short);

        assert_eq!(all, ["0", "999", "1.5k", "2.3M", "5.1G", "1.7e308"]);
    }

    #[test]
    fn between_any_two_numbers_there_are_few_marks_within_and_each_is_short_and_true() {
        let hard = [
            f64::MIN,
            -1e16,
            0.0,
            5e-324,
            1e-9,
            2.5e-7,
            1e11,
            1e16,
            f64::MAX,
        ];
        for low in hard {
            for high in hard.into_iter().chain([low.next_up()]) {
                if high <= low || high.is_infinite() {
                    continue;
                }
                let (found, decimals) = marks(low, high, 4);

                assert!(found.len() <= 4, "{low} {high}: {found:?}");
                for mark in found {
                    let below = from_above(mark, (low, high));
                    assert!(
                        (-1e-9..=1.0 + 1e-9).contains(&below),
                        "{low} {high} {mark}: {below}"
                    );
                    let label = written(mark, decimals);
                    assert!(label.len() <= WIDEST, "{label}");
                    let said = label.parse::<f64>().unwrap().clamp(f64::MIN, f64::MAX);
                    assert!(
                        (said - mark).abs() <= mark.abs() * 0.01,
                        "{mark} is {label}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_number_that_is_too_long_has_its_power_of_ten() {
        let all = [(1.5e308, 0), (123.456_789_01, 8), (1e11, 0), (1.25e-12, 9)];

        let all = all.map(|(number, decimals)| written(number, decimals));

        assert_eq!(all, ["1.50e308", "123.456789", "1.00e11", "1.25e-12"]);
    }
}
