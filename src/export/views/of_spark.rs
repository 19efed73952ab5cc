//! Views in the SQL of Spark, which last as long as its session.

use std::fmt::Write as _;

use super::alike::{adjusted_bars, newest_bars, zone_rows};
use super::{Files, Tree, VenueViews, Zones};
use crate::model::Dataset;

/// Returns the views of a venue.
pub(super) fn views(of: &VenueViews) -> String {
    let mut text = String::new();
    let venue = of.name();
    if let Zones::Many(zones) = &of.zones {
        let rows = zone_rows(zones, literal);
        view(
            &mut text,
            &format!("{venue}_zones"),
            &format!("SELECT * FROM VALUES {rows} AS zones(stock, zone)"),
        );
    }
    if let Some(factors) = &of.factors {
        let path = literal(&spelled(&factors.to_string_lossy()));
        let name = format!("{venue}_factor_rows");
        let _in_memory = writeln!(
            text,
            "CREATE OR REPLACE TEMPORARY VIEW {name} USING parquet OPTIONS (path {path});"
        );
        // There is no product, and no join with the next row: each row says from which day on it is the next one.
        view(
            &mut text,
            &format!("{venue}_factors"),
            &format!(
                "SELECT stock, date, lag(date) OVER (PARTITION BY stock ORDER BY date) AS since,\n    \
                 exp(sum(ln(split_factor)) OVER later) AS split_factor,\n    \
                 exp(sum(ln(split_factor * dividend_factor)) OVER later) AS price_factor\n  \
                 FROM {name} WINDOW later AS (PARTITION BY stock ORDER BY date DESC)"
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
    let (folder, only) = match &tree.files {
        // Names of folders are no columns: tickers would be guessed to be numbers.
        Files::Partitions(folder) => (folder, tree.dataset.file_name()),
        Files::Mirror(folder) => (folder, "*.parquet"),
    };
    let _in_memory = writeln!(
        text,
        "CREATE OR REPLACE TEMPORARY VIEW {name}_files USING parquet\n  \
         OPTIONS (path {}, recursiveFileLookup 'true', pathGlobFilter {}, mergeSchema 'false');",
        literal(&spelled(&folder.to_string_lossy())),
        literal(only)
    );
    let rows = match &of.zones {
        Zones::One(zone) if tree.needs_utc() => format!(
            "SELECT *, convert_timezone({}, 'UTC', date) AS utc FROM {name}_files",
            literal(zone)
        ),
        Zones::Many(_) if tree.needs_utc() => format!(
            "SELECT bars.*, convert_timezone(zones.zone, 'UTC', bars.date) AS utc\n  FROM {name}_files AS bars LEFT JOIN \
             {}_zones AS zones ON bars.stock = zones.stock",
            of.name()
        ),
        _ => format!("SELECT * FROM {name}_files"),
    };
    view(text, &name, &rows);
    if tree.dataset != Dataset::Stocks {
        return;
    }
    view(text, &format!("{name}_last"), &newest_bars(&name, "max_by"));
    if of.factors.is_some() {
        let joined = format!(
            "{name} AS bars LEFT JOIN {}_factors AS factors\n    ON bars.stock = factors.stock \
             AND bars.date < factors.date AND (factors.since IS NULL OR bars.date >= factors.since)",
            of.name()
        );
        view(text, &format!("{name}_adjusted"), &adjusted_bars(&joined));
    }
}

fn view(text: &mut String, name: &str, rows: &str) {
    let _in_memory = writeln!(
        text,
        "CREATE OR REPLACE TEMPORARY VIEW {name} AS\n  {rows};"
    );
}

/// A backslash stands for the next letter, in texts and in patterns of paths.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn spelled(path: &str) -> String {
    let letters = path.chars().map(|c| match c {
        '*' | '?' | '[' | ']' | '{' | '}' | '\\' => format!("\\{c}"),
        c => c.to_string(),
    });
    letters.collect()
}
