//! Views in the SQL of `DuckDB`.

use std::fmt::Write as _;

use super::alike::{adjusted_bars, newest_bars, zone_rows};
use super::{Files, INSTANT, Tree, VenueViews, Zones, spelled, sql};
use crate::model::Dataset;

/// Returns the function that makes instants of clocks. `timezone` takes the later one of two instants. By how much the clock was set back
/// before that one is seen three hours earlier, and the earlier one counts if the clock showed the moment then, too.
pub(super) fn instants() -> String {
    format!(
        "\nCREATE OR REPLACE MACRO {INSTANT}_later(zone, wall) AS\n  timezone(zone, wall::TIMESTAMP);\n\
         CREATE OR REPLACE MACRO {INSTANT}_earlier(zone, wall) AS\n  {INSTANT}_later(zone, wall) + (wall::TIMESTAMP - INTERVAL 3 HOUR\n    \
         - timezone(zone, {INSTANT}_later(zone, wall) - INTERVAL 3 HOUR));\n\
         CREATE OR REPLACE MACRO {INSTANT}(zone, wall) AS\n  CASE WHEN timezone(zone, {INSTANT}_earlier(zone, wall)) = wall::TIMESTAMP\n    \
         THEN {INSTANT}_earlier(zone, wall) ELSE {INSTANT}_later(zone, wall) END;\n"
    )
}

/// Returns the views of a venue.
pub(super) fn views(of: &VenueViews) -> String {
    let mut text = String::new();
    let venue = of.name();
    if let Zones::Many(zones) = &of.zones {
        let rows = zone_rows(zones, sql);
        view(
            &mut text,
            &format!("{venue}_zones"),
            &format!("SELECT * FROM (VALUES {rows}) AS zones(stock, zone)"),
        );
    }
    if let Some(factors) = &of.factors {
        let path = sql(&spelled(factors));
        view(
            &mut text,
            &format!("{venue}_factors"),
            &format!(
                "SELECT stock, date, product(split_factor) OVER later AS split_factor, \
                 product(split_factor * dividend_factor) OVER later AS price_factor\n  \
                 FROM read_parquet({path}) WINDOW later AS (PARTITION BY stock ORDER BY date DESC)"
            ),
        );
    }
    for tree in &of.trees {
        of_tree(&mut text, of, tree);
    }
    text
}

fn of_tree(text: &mut String, of: &VenueViews, tree: &Tree) {
    let name = of.name_of((tree.dataset, tree.interval));
    let pattern = sql(&tree.files.pattern(tree.dataset.file_name()));
    let files = match tree.files {
        // What the folders say is in the rows as well.
        Files::Partitions(_) => {
            format!("read_parquet({pattern}, hive_partitioning = false, union_by_name = true)")
        }
        Files::Mirror(_) => format!("read_parquet({pattern})"),
    };
    let rows = match &of.zones {
        Zones::One(zone) if tree.needs_utc() => {
            format!(
                "SELECT *, {INSTANT}({}, date) AS utc FROM {files}",
                sql(zone)
            )
        }
        Zones::Many(_) if tree.needs_utc() => format!(
            "SELECT bars.*, {INSTANT}(zones.zone, bars.date) AS utc\n  FROM {files} AS bars LEFT JOIN {}_zones AS zones \
             ON bars.stock = zones.stock",
            of.name()
        ),
        _ => format!("SELECT * FROM {files}"),
    };
    view(text, &name, &rows);
    if tree.dataset != Dataset::Stocks {
        return;
    }
    view(
        text,
        &format!("{name}_last"),
        // `arg_max` passes over what is missing, and would take the volume of an older bar.
        &newest_bars(&name, "arg_max_null"),
    );
    if of.factors.is_some() {
        let joined = format!(
            "{name} AS bars ASOF LEFT JOIN {}_factors AS factors\n    \
             ON bars.stock = factors.stock AND bars.date < factors.date",
            of.name()
        );
        view(text, &format!("{name}_adjusted"), &adjusted_bars(&joined));
    }
}

fn view(text: &mut String, name: &str, rows: &str) {
    let _in_memory = writeln!(text, "CREATE OR REPLACE VIEW {name} AS\n  {rows};");
}
