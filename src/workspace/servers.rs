//! From settings to sources that ask a server.
//!
//! Promises: all of them share the budgets of one limiter. Nothing is sent and no state is written by opening one. A
//! proxy variable that makes no sense fails the requests, and no command that sends none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::sources::refused;
use super::{RunNames, Session, Surroundings, WorkspaceError};
use crate::calendar::Calendars;
use crate::config::{FeedSettings, ServerSettings, SourceSettings};
use crate::http::{
    Client, Http, HttpAnswer, HttpError, HttpRequest, HttpSettings, Proxies, Rate, RateLimiter,
    Spread, Tries,
};
use crate::layout::Places;
use crate::model::Venue;
use crate::source::yahoo::{Hours, Reach, Windows, YahooSpec};
use crate::source::{MarketDataSource, SourceSpec, VaultSpec};
use crate::sys::Shutdown;
use crate::sys::atomic::{TempNames, create_dirs, parent, replace};

const YAHOO: &str = "https://query2.finance.yahoo.com";
/// Yahoo answers what does not look like a browser with 429.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// The pace that the predecessor kept for years.
const YAHOO_RATE: Rate = Rate::evenly(3, 2);
/// What was measured to be clean at the service of the feeds: 600 ms between two requests, and 35 s after thirty of them.
const FEED_RATE: Rate = Rate {
    max_requests: 30,
    per_seconds: 53,
    spread: Spread::Batches { apart_millis: 600 },
};
/// Several times the file of a day.
const FEED_BODY_LIMIT: u64 = 256 << 20;

/// Opens clients.
pub(super) struct Servers<'s> {
    around: &'s Surroundings,
    limiter: Arc<RateLimiter>,
    calendars: Arc<Calendars>,
}

impl<'s> Servers<'s> {
    pub(super) fn new(
        around: &'s Surroundings,
        runs: &RunNames,
        calendars: Arc<Calendars>,
    ) -> Self {
        Self {
            around,
            limiter: limiter(around, runs),
            calendars,
        }
    }

    /// Returns how Yahoo is asked.
    ///
    /// # Errors
    /// When one half of a budget is missing.
    pub(super) fn yahoo(
        &self,
        venue: &Venue,
        described: &SourceSettings,
    ) -> Result<SourceSpec, WorkspaceError> {
        let settings = &described.server;
        let rate = rate(venue, settings, YAHOO_RATE)?;
        let mut windows = Windows::default();
        for (&interval, window) in &settings.windows.value {
            let known = windows.of(interval);
            let reach = Reach {
                request_days: window.request_days.or(known.request_days),
                depth_days: window.depth_days.or(known.depth_days),
                ..known
            };
            windows.set(interval, reach);
        }
        let spec = YahooSpec {
            base_url: settings.base_url.value.clone().unwrap_or(YAHOO.to_owned()),
            windows,
            settle_sessions: settings.settle_sessions.value,
            refresh_days: settings.refresh_days.value.clone(),
            hours: if settings.prepost.value {
                Hours::Extended
            } else {
                Hours::Regular
            },
            calendars: Arc::clone(&self.calendars),
            rate,
            learned: self.learned(venue),
            vault: vault(&described.feed)
                .is_kept
                .then(|| vault(&described.feed)),
        };
        let http = HttpSettings {
            user_agent: BROWSER.to_owned(),
            rate,
            ..HttpSettings::default()
        };
        Ok(SourceSpec::Yahoo(spec, self.client(settings, http)))
    }

    /// Returns what earlier runs learned of a server. What cannot be read is learned once more.
    fn learned(&self, venue: &Venue) -> Option<String> {
        let path = Places::of(&self.around.root, false).learned(venue);
        let bytes = self.around.fs.read(&path).ok()??;
        String::from_utf8(bytes).ok()
    }

    /// Returns how a feed of trades is asked, and within which budget.
    ///
    /// # Errors
    /// When one half of a budget is missing.
    pub(super) fn feed(
        &self,
        venue: &Venue,
        settings: &ServerSettings,
    ) -> Result<(Rate, Arc<dyn Http>), WorkspaceError> {
        let rate = rate(venue, settings, FEED_RATE)?;
        let http = HttpSettings {
            body_limit: FEED_BODY_LIMIT,
            rate,
            ..HttpSettings::default()
        };
        Ok((rate, self.client(settings, http)))
    }

    /// Returns a client that keeps to what the settings say, else to what is usual for its kind.
    fn client(&self, settings: &ServerSettings, usual: HttpSettings) -> Arc<dyn Http> {
        let variables: &BTreeMap<&str, String> = &self.around.env.proxies;
        let proxies = match Proxies::from(|name| variables.get(name).cloned()) {
            Ok(proxies) => proxies,
            Err(invalid) => {
                return Arc::new(Unusable {
                    reason: invalid.to_string(),
                });
            }
        };
        let agent = settings.user_agent.value.clone();
        let settings = HttpSettings {
            user_agent: agent.unwrap_or(usual.user_agent),
            timeout: Duration::from_secs(settings.timeout_seconds.value.into()),
            fetch_command: settings.fetch_command.value.clone(),
            ..usual
        };
        Arc::new(Client::new(settings, proxies, Arc::clone(&self.limiter)))
    }
}

/// Keeps what sources learned of their servers. What cannot be kept is learned once more.
pub fn keep_learned<'s>(
    session: Session<'_>,
    sources: impl Iterator<Item = &'s dyn MarketDataSource>,
) {
    let Session { fs, places, .. } = session;
    let temps = TempNames::of(session.runs.next());
    for source in sources {
        let path = places.learned(source.venue());
        let known = fs.read(&path).ok().flatten();
        let text = source.learned().unwrap_or_default().into_bytes();
        if known.unwrap_or_default() != text {
            let made = create_dirs(fs, &places.root, parent(&path));
            let _kept = made.and_then(|()| replace(fs, &temps, &path, &text));
        }
    }
}

/// Returns the budgets of a workspace. Nothing is read or written yet.
pub(super) fn limiter(around: &Surroundings, runs: &RunNames) -> Arc<RateLimiter> {
    let temps = TempNames::of(runs.next());
    // The clock that waits, also in a replay.
    let (fs, clock) = (Arc::clone(&around.fs), Arc::clone(&around.waits));
    let state = around.root.join("state");
    Arc::new(RateLimiter::new(fs, clock, &state, temps))
}

/// Returns whether downloads are kept, and how long.
pub(super) fn vault(settings: &FeedSettings) -> VaultSpec {
    VaultSpec {
        is_kept: settings.vault.value,
        days: settings.vault_days.value,
        bytes: settings.vault_bytes.value,
    }
}

fn rate(venue: &Venue, settings: &ServerSettings, usual: Rate) -> Result<Rate, WorkspaceError> {
    match (settings.max_requests.value, settings.per_seconds.value) {
        (None, None) => Ok(usual),
        (Some(0), _) | (_, Some(0)) => Ok(Rate::NONE),
        (Some(max_requests), Some(per_seconds)) => Ok(Rate::evenly(max_requests, per_seconds)),
        _ => {
            let reason = "`max_requests` and `per_seconds` go together";
            Err(refused(venue, reason))
        }
    }
}

/// A client whose environment does not let it ask.
#[derive(Debug)]
struct Unusable {
    reason: String,
}

impl Http for Unusable {
    fn get(&self, request: &HttpRequest, _stop: &Shutdown) -> Result<HttpAnswer, HttpError> {
        Err(HttpError::Address {
            url: request.url.clone(),
            reason: self.reason.clone(),
        })
    }

    fn try_once(
        &self,
        request: &HttpRequest,
        _tries: &mut Tries,
        stop: &Shutdown,
    ) -> Result<HttpAnswer, HttpError> {
        self.get(request, stop)
    }

    fn requests(&self) -> u64 {
        0
    }

    fn server_ahead(&self) -> Option<TimeDelta> {
        None
    }
}
