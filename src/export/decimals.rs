//! How many decimals the prices of a table have.
//!
//! Promises: a function of the values. Nobody wrote down in which steps a series is quoted, so the values say it: most were
//! rounded to 32 bits at their source, and the digits of those are what was quoted.

use super::{Sheet, cell_text};
use crate::frame::Cell;

/// The most decimals of a price of 1 and more: what adjusting computes has no end.
const MOST: usize = 4;
/// How many digits a price below 1 shows at least.
const DIGITS: usize = 5;
/// The most decimals of any price.
const MOST_OF_ANY: usize = 10;

/// Returns rows for people: the prices have one number of decimals.
pub fn readable_rows(sheet: &Sheet) -> Vec<Vec<String>> {
    let cells = (0..sheet.len()).flat_map(|row| sheet.cells(row));
    let decimals = decimals(cells.filter_map(|(_, cell)| match cell {
        Cell::Float(value) => Some(value),
        _ => None,
    }));
    let row = |row| {
        let cells = sheet.cells(row).map(|(head, cell)| match cell {
            Cell::Float(value) => readable(value, decimals),
            other => {
                let mut text = Vec::new();
                cell_text(&mut text, other, head.times);
                String::from_utf8_lossy(&text).into_owned()
            }
        });
        cells.collect()
    };
    (0..sheet.len()).map(row).collect()
}

/// Returns the decimals that all of some prices are shown with: as many as the one that needs most, within reason.
fn decimals(prices: impl Iterator<Item = f64>) -> usize {
    let needed = |price: f64| {
        let text = shortest(price);
        let of_text = text
            .split_once('.')
            .map_or(0, |(_, decimals)| match decimals {
                "0" => 0,
                decimals => decimals.len(),
            });
        of_text.min(most(price))
    };
    prices
        .filter(|price| price.is_finite() && !is_extreme(*price))
        .map(needed)
        .max()
        .unwrap_or_default()
}

/// Returns a price with so many decimals. What these could not tell from zero, or what is no price, is written in full.
fn readable(price: f64, decimals: usize) -> String {
    if price.is_finite() && !is_extreme(price) {
        format!("{price:.decimals$}")
    } else {
        format!("{price:?}")
    }
}

/// Returns the fewest digits that give the value back, at the precision that it seems to have been quoted with.
fn shortest(price: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "compared with the whole value"
    )]
    let short = price as f32;
    if f64::from(short).to_bits() == price.to_bits() {
        format!("{short}")
    } else {
        format!("{price}")
    }
}

fn most(price: f64) -> usize {
    let mut most = MOST;
    let mut below = price.abs();
    // Each zero behind the point makes room for one more digit.
    while below < 0.1 && below > 0.0 && most < MOST_OF_ANY {
        below *= 10.0;
        most += 1;
    }
    if price.abs() < 1.0 {
        most.max(DIGITS)
    } else {
        most
    }
}

fn is_extreme(price: f64) -> bool {
    price != 0.0 && !(1e-6..1e15).contains(&price.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(prices: &[f64]) -> Vec<String> {
        let decimals = decimals(prices.iter().copied());
        let prices = prices.iter();
        prices.map(|price| readable(*price, decimals)).collect()
    }

    #[test]
    fn prices_of_a_series_have_one_number_of_decimals() {
        let rounded = |price: f32| f64::from(price);

        for (prices, expected) in [
            (
                &[189.5, 190.25, 191.0][..],
                &["189.50", "190.25", "191.00"][..],
            ),
            (&[rounded(189.43), rounded(189.4)], &["189.43", "189.40"]),
            (&[100.0, 0.0], &["100", "0"]),
            (&[187.239_128_3, 188.0], &["187.2391", "188.0000"]),
            (&[0.012_345_678, 0.5], &["0.01235", "0.50000"]),
            (&[0.000_123_456_789], &["0.0001235"]),
            (&[-37.63, 20.0], &["-37.63", "20.00"]),
            (&[], &[]),
        ] {
            assert_eq!(shown(prices), expected, "{prices:?}");
        }
    }

    #[test]
    fn what_is_no_price_is_written_in_full_and_moves_nothing() {
        assert_eq!(
            shown(&[1e22, 1e-7, f64::NAN, f64::INFINITY, 1.5]),
            ["1e22", "1e-7", "NaN", "inf", "1.5"]
        );
    }
}
