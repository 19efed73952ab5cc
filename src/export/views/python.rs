//! Views as lazy frames of polars.

use std::fmt::Write as _;

use super::{Files, INSTANT, PRICES, Tree, VenueViews, Zones};
use crate::model::Dataset;

/// Returns the function that makes instants of the dates of bars. A moment that a clock leaps over is as long after the one three hours before it.
pub(super) fn instants() -> String {
    format!(
        "\ndef {INSTANT}(zone):\n    \
         def shown(wall):\n        \
         there = wall.dt.replace_time_zone(zone, ambiguous=\"earliest\", non_existent=\"null\")\n        \
         return there.dt.convert_time_zone(\"UTC\")\n    \
         wall, leap = pl.col(\"date\"), pl.duration(hours=3)\n    \
         return pl.coalesce(shown(wall), shown(wall - leap) + leap)\n"
    )
}

/// Returns the frames of a venue.
pub(super) fn views(of: &VenueViews) -> String {
    let mut text = String::new();
    let venue = of.name();
    if let Some(factors) = &of.factors {
        let path = literal(&factors.to_string_lossy());
        let _in_memory = writeln!(
            text,
            "{venue}_factors = pl.scan_parquet({path}, glob=False).group_by(\"stock\", \"date\").agg(\n    \
             pl.col(\"split_factor\", \"dividend_factor\").product()\n\
             ).sort(\"stock\", \"date\").select(\n    \
             \"stock\", \"date\",\n    \
             pl.col(\"split_factor\").cum_prod(reverse=True).over(\"stock\"),\n    \
             (pl.col(\"split_factor\") * pl.col(\"dividend_factor\")).cum_prod(reverse=True).over(\"stock\").alias(\"price_factor\"),\n)"
        );
    }
    for tree in &of.trees {
        of_tree(&mut text, of, tree);
    }
    text
}

fn of_tree(text: &mut String, of: &VenueViews, tree: &Tree) {
    let name = of.name_of((tree.dataset, tree.interval));
    let pattern = literal(&tree.files.pattern(tree.dataset.file_name()));
    let more = match tree.files {
        // What the folders say is in the rows as well.
        Files::Partitions(_) => ", hive_partitioning=False, missing_columns=\"insert\"",
        Files::Mirror(_) => "",
    };
    let scan = format!("pl.scan_parquet({pattern}{more})");
    let utc = |zone: &str| format!(".with_columns(utc={INSTANT}({}))", literal(zone));
    let _in_memory = match &of.zones {
        Zones::One(zone) if tree.needs_utc() => writeln!(text, "{name} = {scan}{}", utc(zone)),
        Zones::Many(zones) if tree.needs_utc() => {
            let mut by_zone: Vec<(&str, Vec<String>)> = Vec::new();
            for (ticker, zone) in zones {
                match by_zone.iter_mut().find(|(known, _)| known == zone) {
                    Some((_, tickers)) => tickers.push(literal(ticker)),
                    None => by_zone.push((zone, vec![literal(ticker)])),
                }
            }
            let parts = by_zone.iter().map(|(zone, tickers)| {
                let of = format!(".filter(pl.col(\"stock\").is_in([{}]))", tickers.join(", "));
                format!("{scan}{of}{}", utc(zone))
            });
            let known = zones.iter().map(|(ticker, _)| literal(ticker));
            let known = known.collect::<Vec<_>>().join(", ");
            let others = format!(
                "{scan}.filter(~pl.col(\"stock\").is_in([{known}])).with_columns(\n    \
                 utc=pl.lit(None, dtype=pl.Datetime(\"us\", \"UTC\"))\n)"
            );
            let parts = parts.chain([others]).collect::<Vec<_>>().join(",\n    ");
            writeln!(text, "{name} = pl.concat([\n    {parts},\n])")
        }
        _ => writeln!(text, "{name} = {scan}"),
    };
    if tree.dataset != Dataset::Stocks {
        return;
    }
    let _in_memory = writeln!(
        text,
        "{name}_last = {name}.filter(pl.col(\"close\").is_not_null()).sort(\"date\").group_by(\"stock\").agg(\n    \
         pl.col(\"date\", \"close\", \"volume\").last()\n)"
    );
    if of.factors.is_some() {
        let prices = PRICES.map(|price| format!("pl.col(\"{price}\") * factor"));
        let _in_memory = writeln!(
            text,
            "factor = pl.col(\"price_factor\").fill_null(1.0)\n\
             {name}_adjusted = {name}.sort(\"date\").join_asof(\n    \
             {}_factors.sort(\"date\"), on=\"date\", by=\"stock\", strategy=\"forward\", allow_exact_matches=False\n\
             ).select(\"stock\", \"date\", {}, pl.col(\"volume\") / pl.col(\"split_factor\").fill_null(1.0))",
            of.name(),
            prices.join(", ")
        );
    }
}

/// Returns a text as a literal of Python, as which every text of JSON is one.
fn literal(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
