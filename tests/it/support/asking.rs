//! A client of the loopback server, on a simulated disk and a clock that passes only in waits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use barkeep::http::{
    Client, Http, HttpAnswer, HttpError, HttpRequest, HttpSettings, Proxies, Rate, RateLimiter,
};
use barkeep::model::RunId;
use barkeep::sys::{Clock, Shutdown, atomic::TempNames};
use chrono::DateTime;

use super::clock::WaitingClock;
use super::server::Server;
use super::sim::SimFs;

/// A server, and what a client of it needs.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) server: Server,
    pub(crate) fs: SimFs,
    pub(crate) clock: Arc<WaitingClock>,
    pub(crate) settings: HttpSettings,
}

impl Asking {
    pub(crate) fn new() -> Self {
        let fs = SimFs::new();
        fs.plant("/w/barkeep.toml", b"");
        let now = DateTime::from_timestamp(1_772_445_600, 0).unwrap();
        Self {
            server: Server::start(),
            fs,
            clock: Arc::new(WaitingClock::at(now)),
            settings: HttpSettings {
                timeout: Duration::from_secs(5),
                ..HttpSettings::default()
            },
        }
    }

    pub(crate) fn with_timeout(mut self, millis: u64) -> Self {
        self.settings.timeout = Duration::from_millis(millis);
        self
    }

    pub(crate) fn with_rate(mut self, max_requests: u32, per_seconds: u32) -> Self {
        self.settings.rate = Rate::evenly(max_requests, per_seconds);
        self
    }

    pub(crate) fn with_command(mut self, command: &[&str]) -> Self {
        let words = command.iter().map(|word| (*word).to_owned());
        self.settings.fetch_command = Some(words.collect());
        self
    }

    /// The limiter that a run has.
    pub(crate) fn limiter(&self) -> Arc<RateLimiter> {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let temps = TempNames::of(RunId::new(DateTime::UNIX_EPOCH, 7, 1));
        let fs = Arc::new(self.fs.clone());
        Arc::new(RateLimiter::new(fs, clock, Path::new("/w/state"), temps))
    }

    /// The client of a run of its own.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.settings.clone(), Proxies::default(), self.limiter())
    }

    /// Asks for a path of the server with a client of its own.
    pub(crate) fn get(&self, path: &str) -> Result<HttpAnswer, HttpError> {
        self.get_by(&self.client(), path)
    }

    pub(crate) fn get_by(&self, client: &dyn Http, path: &str) -> Result<HttpAnswer, HttpError> {
        let request = HttpRequest::of(self.server.url(path));
        client.get(&request, &Shutdown::default())
    }
}
