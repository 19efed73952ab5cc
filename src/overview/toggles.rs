//! What a person should know of the toggles that choose a layout.

use crate::config::{StorageConfig, ToggleOrigin};
use crate::model::words::{count, some_of};
use crate::model::{Interval, Ticker};
use crate::storage::Layout;
use crate::update::{AgainstToggle, InBothLayouts, LayoutWish, UpdatePlan};

/// Returns what a person should know of the toggles, as sentences without a period: which series stay where they are though
/// a toggle says otherwise, and which toggles contradict themselves.
pub fn toggle_warnings(plan: &UpdatePlan, toggles: &StorageConfig) -> Vec<String> {
    let contradictions = toggles.contradictions().iter().map(|name| {
        format!(
            "storage_config.json names {name} twice and says partitioned once, legacy once; what comes later counts: decide with barkeep partition-toggle"
        )
    });
    contradictions
        .chain(plan.against_toggle.iter().map(against_toggle))
        .chain(plan.in_both.iter().map(in_both_layouts))
        .collect()
}

fn in_both_layouts(one: &InBothLayouts) -> String {
    let (read, other) = match one.layout {
        Layout::Legacy => ("legacy files", "partitions"),
        Layout::Partitioned => ("partitions", "legacy files"),
    };
    format!(
        "{} at {} in both layouts: only the {read} are read, and nobody compared them with the {other}; barkeep partition-migrate verify does: {}",
        count(one.series.len(), "series has rows", "series have rows"),
        one.venue,
        names(&one.series)
    )
}

fn names(series: &[(Ticker, Interval)]) -> String {
    let names = series.iter();
    let names: Vec<String> = names
        .map(|(ticker, interval)| format!("{ticker} {interval}"))
        .collect();
    some_of(&names, 3)
}

fn against_toggle(one: &AgainstToggle) -> String {
    let AgainstToggle {
        venue,
        layout,
        wish,
        series,
    } = one;
    let (place, other) = match layout {
        Layout::Legacy => ("the legacy layout", "partitioned"),
        Layout::Partitioned => ("partitions", "legacy"),
    };
    let although = match wish {
        LayoutWish::Toggle(ToggleOrigin::Default) => "no toggle says so".to_owned(),
        LayoutWish::Toggle(origin) => format!("the toggle ({origin}) says {other}"),
        LayoutWish::WideInterval => "the settings partition no such interval".to_owned(),
    };
    format!(
        "{} at {venue} in {place}, although {although}; they stay there until they are moved, which begins with barkeep partition-migrate status: {}",
        count(
            series.len(),
            "series has its rows",
            "series have their rows"
        ),
        names(series)
    )
}
