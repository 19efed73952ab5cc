//! What every dialect of SQL says alike of bars.

use super::PRICES;

/// Returns each ticker with its zone, as rows of literals.
pub(super) fn zone_rows(zones: &[(String, String)], literal: impl Fn(&str) -> String) -> String {
    let rows = zones
        .iter()
        .map(|(ticker, zone)| format!("({}, {})", literal(ticker), literal(zone)));
    rows.collect::<Vec<_>>().join(", ")
}

/// Returns the newest bar of each ticker; `newest_of` is the function that picks a value by the greatest date, also one that is
/// missing: all of a row are those of one bar.
pub(super) fn newest_bars(bars: &str, newest_of: &str) -> String {
    format!(
        "SELECT stock, max(date) AS date, {newest_of}(close, date) AS close, {newest_of}(volume, date) AS volume\n  \
         FROM {bars} WHERE close IS NOT NULL GROUP BY stock"
    )
}

/// Returns adjusted bars; `joined` brings each of `bars` together with the row of `factors` that holds for its day.
pub(super) fn adjusted_bars(joined: &str) -> String {
    let price = |price| format!("bars.{price} * coalesce(factors.price_factor, 1) AS {price}");
    format!(
        "SELECT bars.stock, bars.date, {},\n    bars.volume / coalesce(factors.split_factor, 1) AS volume\n  \
         FROM {joined}",
        PRICES.map(price).join(", ")
    )
}
