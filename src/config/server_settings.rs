//! The settings of a source that asks a server.
//!
//! Promises: as for all settings, each value has its final type and knows its origin. Leaves to others: which server
//! a kind asks when nobody names one, and what it allows (`source`); settings say `None` there.

use std::collections::BTreeMap;

use super::SourceKind;
use super::parsed::Parsed;
use super::setting::{KeyOf, Setting, SettingRow, chosen, optional, shown};
use super::settings_file::{SourceTable, WindowTable};
use crate::model::Interval;

const TIMEOUT_SECONDS: u32 = 30;
/// The file of a day of trades has tens of megabytes.
const FEED_TIMEOUT_SECONDS: u32 = 180;

/// The limits of an interval at the server, as far as somebody wrote them down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Days that one request may span.
    pub request_days: Option<u32>,
    /// Days that the server keeps.
    pub depth_days: Option<u32>,
}

/// How a server is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerSettings {
    /// The address without the path of the interface.
    pub base_url: Setting<Option<String>>,
    /// What the client says it is.
    pub user_agent: Setting<Option<String>>,
    /// A program and its arguments that fetch instead of the built-in client.
    pub fetch_command: Setting<Option<Vec<String>>>,
    /// Requests in `per_seconds`; 0 for no limit.
    pub max_requests: Setting<Option<u32>>,
    /// The seconds that `max_requests` is counted in; 0 for no limit.
    pub per_seconds: Setting<Option<u32>>,
    /// Seconds for one try of a request.
    pub timeout_seconds: Setting<u32>,
    /// What the server keeps and gives at once, by interval.
    pub windows: Setting<BTreeMap<Interval, Window>>,
    /// Sessions before the newest stored one that are asked for again.
    pub settle_sessions: Setting<u32>,
    /// Days between two requests for a series, by interval.
    pub refresh_days: Setting<BTreeMap<Interval, u32>>,
    /// Whether what is traded before and after the session is kept, too, as a dataset of its own.
    pub prepost: Setting<bool>,
}

impl ServerSettings {
    /// Takes the keys out of the table of a source that tell how its server is asked.
    pub(super) fn layered(table: &mut SourceTable, kind: Option<SourceKind>) -> Self {
        let timeout = match kind {
            Some(SourceKind::Posttrade) => FEED_TIMEOUT_SECONDS,
            _ => TIMEOUT_SECONDS,
        };
        let windows = table
            .windows
            .take()
            .map(|windows| by_interval(windows, window));
        let refresh_days = table
            .refresh_days
            .take()
            .map(|days| by_interval(days, |days| days));
        Self {
            base_url: optional(table.base_url.take(), None),
            user_agent: optional(table.user_agent.take(), None),
            fetch_command: optional(table.fetch_command.take(), None),
            max_requests: optional(table.max_requests.take(), None),
            per_seconds: optional(table.per_seconds.take(), None),
            timeout_seconds: chosen(
                table.timeout_seconds.map(std::num::NonZeroU32::get),
                timeout,
            ),
            windows: chosen(windows, BTreeMap::new()),
            settle_sessions: chosen(table.settle_sessions, 3),
            refresh_days: chosen(refresh_days, BTreeMap::new()),
            prepost: chosen(table.prepost, false),
        }
    }

    pub(super) fn entries(&self, key: KeyOf<'_>) -> Vec<SettingRow> {
        let windows = self.windows.value.iter().map(|(interval, window)| {
            let days = |days: Option<u32>| days.map_or_else(|| "-".to_owned(), |d| d.to_string());
            format!(
                "{interval}={}/{}",
                days(window.request_days),
                days(window.depth_days)
            )
        });
        let refreshes = self.refresh_days.value.iter();
        let refreshes = refreshes.map(|(interval, days)| format!("{interval}={days}"));
        let joined = |texts: Vec<String>, origin| Setting {
            value: texts.join(" "),
            origin,
        };
        let command = shown(&self.fetch_command, |words| words.join(" "));
        vec![
            SettingRow::new(key("base_url"), &shown(&self.base_url, Clone::clone)),
            SettingRow::new(key("user_agent"), &shown(&self.user_agent, Clone::clone)),
            SettingRow::new(key("fetch_command"), &command),
            SettingRow::new(
                key("max_requests"),
                &shown(&self.max_requests, u32::to_string),
            ),
            SettingRow::new(
                key("per_seconds"),
                &shown(&self.per_seconds, u32::to_string),
            ),
            SettingRow::new(key("timeout_seconds"), &self.timeout_seconds),
            SettingRow::new(
                key("windows"),
                &joined(windows.collect(), self.windows.origin),
            ),
            SettingRow::new(key("settle_sessions"), &self.settle_sessions),
            SettingRow::new(
                key("refresh_days"),
                &joined(refreshes.collect(), self.refresh_days.origin),
            ),
            SettingRow::new(key("prepost"), &self.prepost),
        ]
    }
}

fn by_interval<T, U>(
    table: BTreeMap<Parsed<Interval>, T>,
    of: impl Fn(T) -> U,
) -> BTreeMap<Interval, U> {
    table
        .into_iter()
        .map(|(Parsed(interval), value)| (interval, of(value)))
        .collect()
}

fn window(table: WindowTable) -> Window {
    Window {
        request_days: table.request_days.map(std::num::NonZeroU32::get),
        depth_days: table.depth_days.map(std::num::NonZeroU32::get),
    }
}
