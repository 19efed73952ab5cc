//! From settings to feeds of trades.
//!
//! Promises: a setting that a feed cannot honour is an error, never ignored. Nothing is sent by opening one.

use std::sync::Arc;

use super::WorkspaceError;
use super::servers::{Servers, vault};
use super::sources::refused;
use crate::calendar::{Calendar, Calendars};
use crate::config::{self, FeedSettings, Settings, SourceKind, SourceSettings};
use crate::model::{self, Interval, Venue};
use crate::source::posttrade::{BarsOf, Feed, FeedSpec, Freshness};

const SERVICE: &str = "https://mfs.deutsche-boerse.com";
/// The feeds of venues that are known without settings.
const KNOWN: [(&str, &str); 3] = [
    ("de:frankfurt", "DFRA"),
    ("de:tradegate", "DGAT"),
    ("de:xetra", "DETR"),
];
/// The exchange whose trading days the service keeps.
const EXCHANGE: &str = "XETR";
const ZONE: &str = "Europe/Berlin";

/// Opens every feed that the settings describe.
///
/// # Errors
/// When the settings of one cannot work.
pub(super) fn open_all(
    settings: &Settings,
    servers: &Servers<'_>,
    calendars: &Calendars,
) -> Result<Vec<Arc<Feed>>, WorkspaceError> {
    let described = settings.sources();
    let feeds = described.filter(|(_, source)| source.kind.value == Some(SourceKind::Posttrade));
    feeds
        .map(|(venue, source)| open(venue, source, servers, calendars))
        .collect()
}

fn open(
    venue: &Venue,
    settings: &SourceSettings,
    servers: &Servers<'_>,
    calendars: &Calendars,
) -> Result<Arc<Feed>, WorkspaceError> {
    let (rate, http) = servers.feed(venue, &settings.server)?;
    let feed = &settings.feed;
    let base_url = settings.server.base_url.value.clone();
    let spec = FeedSpec {
        code: code(venue, feed)?,
        base_url: base_url.unwrap_or_else(|| SERVICE.to_owned()),
        rate,
        freshness: match feed.freshness.value {
            config::Freshness::Minutes => Freshness::Minutes,
            config::Freshness::Daily => Freshness::Daily,
        },
        bars: match feed.bars.value {
            config::BarsOf::All => BarsOf::All,
            config::BarsOf::Listed => BarsOf::Listed,
            config::BarsOf::None => BarsOf::None,
        },
        derive: derived(venue, feed)?,
        currency: currency(venue, feed)?,
        vault: vault(feed),
        calendar: calendar_of_feeds(calendars),
    };
    Ok(Arc::new(Feed::new(venue.clone(), spec, http)))
}

fn code(venue: &Venue, settings: &FeedSettings) -> Result<model::Feed, WorkspaceError> {
    let name = venue.to_string();
    let known = KNOWN.iter().find(|(venue, _)| *venue == name);
    let chosen = settings.feed.value.as_deref();
    let code = chosen
        .or(known.map(|(_, code)| *code))
        .ok_or_else(|| refused(venue, "`feed` is missing, for example \"DETR\""))?;
    code.parse()
        .map_err(|error| refused(venue, &format!("`feed`: {error}")))
}

/// Bars of a minute and of a day are made in any case.
fn derived(venue: &Venue, settings: &FeedSettings) -> Result<Vec<Interval>, WorkspaceError> {
    let intervals = &settings.derive.value;
    let made = intervals
        .iter()
        .find(|one| matches!(one, Interval::M1 | Interval::D1));
    match made {
        None => Ok(intervals.iter().copied().collect()),
        Some(made) => Err(refused(
            venue,
            &format!("`derive` names {made}, which is made of the trades themselves"),
        )),
    }
}

fn currency(venue: &Venue, settings: &FeedSettings) -> Result<String, WorkspaceError> {
    let currency = &settings.currency.value;
    let is_code = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    if is_code {
        Ok(currency.clone())
    } else {
        let reason = format!("`currency` is `{currency}` and not three capital letters");
        Err(refused(venue, &reason))
    }
}

/// Returns the trading days of the service.
pub fn calendar_of_feeds(calendars: &Calendars) -> Calendar {
    let of_exchange = calendars.get(EXCHANGE);
    of_exchange.unwrap_or_else(|| calendars.of_zone(ZONE))
}
