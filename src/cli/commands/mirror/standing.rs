//! How the mirrors stand, for `status` and metrics. Looks only, and no trouble with a mirror is anybody else's.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::ui::Printer;
use crate::inventory::Known;
use crate::mirror::{self, MirrorError, Standing, Tree};
use crate::model::words::{count, duration};
use crate::model::{Dataset, Interval};
use crate::workspace::Workspace;

/// How one mirror stands.
#[derive(Debug)]
pub(in crate::cli) struct MirrorStanding {
    tree: Tree,
    /// Whether the settings have every update bring it up to date.
    is_kept: bool,
    /// `None` when it is not made yet.
    found: Result<Option<Standing>, MirrorError>,
}

/// Returns how the mirrors stand that the settings ask for or that are there.
pub(in crate::cli) fn standings(
    workspace: &Workspace<'_>,
    known: &Known,
) -> Result<Vec<MirrorStanding>, Failure> {
    let kept = mirror::switched_on(workspace);
    let all = mirror::all_standings(workspace, known)?.into_iter();
    let all = all.map(|(tree, found)| MirrorStanding {
        is_kept: kept.contains(&tree),
        tree,
        found,
    });
    Ok(all.collect())
}

/// Counts the series that a mirror is without months of.
fn holes_in(found: &Standing) -> usize {
    let series = found.version.series.values();
    series.filter(|series| !series.holes.is_empty()).count()
}

impl MirrorStanding {
    fn age(refreshed: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<i64> {
        refreshed.map(|at| (now - at).num_seconds())
    }

    pub(in crate::cli) fn print(&self, now: DateTime<Utc>, printer: &Printer) {
        let tree = &self.tree;
        let found = match &self.found {
            Err(error) => {
                printer.warning(&format!("The mirror of {tree} cannot be read: {error}."));
                return;
            }
            Ok(None) => {
                printer.note(&format!(
                    "The mirror of {tree} is not made yet: barkeep mirror."
                ));
                return;
            }
            Ok(Some(found)) => found,
        };
        #[expect(clippy::cast_precision_loss, reason = "shown in seconds at most")]
        let age = Self::age(found.refreshed, now).map_or_else(
            || "of unknown age".to_owned(),
            |age| format!("{} old", duration(age as f64)),
        );
        let is_of_trades = tree.dataset == Dataset::Trades;
        let series = if is_of_trades {
            count(found.version.pieces.len(), "day", "days")
        } else {
            count(found.version.series.len(), "series", "series")
        };
        let number = found.version.number;
        let table = match found.table {
            Some(table) if table == number => ", also of its table".to_owned(),
            Some(table) => format!(", version {table} of its table"),
            None => String::new(),
        };
        printer.note(&format!(
            "The mirror of {tree} is {age}: version {number}{table}, {series}."
        ));
        if !self.is_kept {
            printer.note("No settings keep it up to date, and no view is made of it.");
        }
        if let Some(damage) = &found.damage {
            printer.warning(&format!(
                "It is damaged: {damage}; the next refresh makes it anew."
            ));
        }
        if found.behind > 0 {
            printer.note(&format!(
                "It is behind what is stored of {}: barkeep mirror.",
                count(found.behind, "series", "series")
            ));
        }
        let kept = found.version.series.values();
        let kept: Vec<usize> = kept.map(|series| series.kept.len()).collect();
        let days: usize = kept.iter().sum();
        let kept = kept.into_iter().filter(|months| *months > 0).count();
        let holes = holes_in(found);
        if holes > 0 {
            printer.warning(&format!(
                "The mirror of {tree} is without months of {}, which are damaged or gone where they are stored.",
                count(holes, "series", "series")
            ));
        }
        let what = if is_of_trades {
            count(days, "day", "days")
        } else {
            format!("months of {}", count(kept, "series", "series"))
        };
        if kept > 0 {
            printer.warning(&format!(
                "The mirror of {tree} has the last copy of {what}, which are damaged or gone where they are stored: barkeep check --repair puts them back."
            ));
        }
    }

    pub(in crate::cli) fn document(&self, now: DateTime<Utc>) -> Value {
        let found = self.found.as_ref().ok().and_then(Option::as_ref);
        let error = self.found.as_ref().err().map(ToString::to_string);
        let refreshed = found.and_then(|found| found.refreshed);
        let series = found.map(|found| &found.version.series);
        let kept = series.into_iter().flatten();
        let kept = kept.filter(|(_, series)| !series.kept.is_empty()).count();
        json!({
            "venue": self.tree.venue.to_string(),
            "dataset": self.tree.dataset.as_str(),
            "interval": self.tree.interval.map(Interval::as_str),
            "kept_up_to_date": self.is_kept,
            "version": found.map(|found| found.version.number),
            "table_version": found.and_then(|found| found.table),
            "series_behind": found.map(|found| found.behind),
            "refreshed": refreshed.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            "age_seconds": Self::age(refreshed, now),
            "series": series.map(std::collections::BTreeMap::len),
            "series_with_last_copies": kept,
            "series_with_holes": found.map(holes_in),
            "error": error.or_else(|| found.and_then(|found| found.damage.clone())),
        })
    }
}
