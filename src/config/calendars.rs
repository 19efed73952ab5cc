//! `[calendars]` of `barkeep.toml`: calendars of exchanges that are added, or put in the place of one of this build.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono_tz::Tz;
use serde::Deserialize;
use toml::Spanned;

use super::parsed::{Parsed, Zone};
use super::setting::{Origin, Setting, SettingRow};

const LONGEST_NAME: usize = 20;

/// A table such as `[calendars.XSTO]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarTable {
    path: PathBuf,
    timezone: Parsed<Zone>,
    #[serde(default)]
    exchanges: Vec<String>,
}

/// A calendar that the settings give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarSettings {
    /// Where its CSV is, relative to the workspace.
    pub path: PathBuf,
    /// The zone of the exchange.
    pub timezone: Tz,
    /// The names by which sources call the exchange.
    pub exchanges: Vec<String>,
}

/// Takes the tables over; the error is the place in the file and what is wrong there.
pub(super) fn named(
    tables: BTreeMap<Spanned<String>, CalendarTable>,
) -> Result<BTreeMap<String, CalendarSettings>, (usize, &'static str)> {
    let named = |(name, table): (Spanned<String>, CalendarTable)| {
        let at = name.span().start;
        let name = name.into_inner();
        if !is_name(&name) {
            let reason = "a calendar's name is made of capital letters and digits, such as XSTO";
            return Err((at, reason));
        }
        let Parsed(Zone(timezone)) = table.timezone;
        Ok((
            name,
            CalendarSettings {
                path: table.path,
                timezone,
                exchanges: table.exchanges,
            },
        ))
    };
    tables.into_iter().map(named).collect()
}

/// Marks of sources hold the name between other words.
fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_uppercase();
    name.len() <= LONGEST_NAME
        && name.starts_with(is_letter)
        && name
            .chars()
            .all(|letter| is_letter(letter) || letter.is_ascii_digit())
}

/// Returns the rows of `config show`.
pub(super) fn entries(calendars: &BTreeMap<String, CalendarSettings>) -> Vec<SettingRow> {
    let rows = |(name, calendar): (&String, &CalendarSettings)| {
        let row = |key: &str, value: String| {
            let value = Setting::default(String::new()).under(Some(value), Origin::File);
            SettingRow::new(format!("calendars.{name}.{key}"), &value)
        };
        [
            row("path", calendar.path.display().to_string()),
            row("timezone", calendar.timezone.name().to_owned()),
            row("exchanges", calendar.exchanges.join(", ")),
        ]
    };
    calendars.iter().flat_map(rows).collect()
}
