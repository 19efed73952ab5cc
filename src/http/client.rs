//! The client: tries, redirects, and the gate of the host around each exchange.
//!
//! Promises: `Http`'s. Every try passes the gate, so nothing here can exceed a budget; how long to wait between tries
//! is fixed, since a run that is watched by nobody has no reason to hurry.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::address::Address;
use super::limiter::{HostGate, LONGEST_WAIT};
use super::retry_after;
use super::wire::{self, Call};
use super::{Http, HttpAnswer, HttpError, HttpRequest, Proxies, Rate, RateLimiter, Turn, command};
use crate::sys::Shutdown;

/// The pauses between tries; there is one try more than there are pauses.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// The wait after the last try of a host that asks for fewer requests and does not say for how long.
const LAST_PAUSE: Duration = Duration::from_mins(1);
const MAX_REDIRECTS: usize = 3;

/// How a source asks its servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// What the client says it is.
    pub user_agent: String,
    /// The time for one try, from the look-up of the name to the last byte.
    pub timeout: Duration,
    /// The largest body in bytes, after decompression.
    pub body_limit: u64,
    /// The budget of each host.
    pub rate: Rate,
    /// A program and its arguments that fetch instead of the built-in client; `None` is the built-in client.
    pub fetch_command: Option<Vec<String>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            user_agent: concat!(
                "Mozilla/5.0 (compatible; barkeep/",
                env!("CARGO_PKG_VERSION"),
                ")"
            )
            .to_owned(),
            timeout: Duration::from_secs(30),
            body_limit: 64 * 1024 * 1024,
            rate: Rate::NONE,
            fetch_command: None,
        }
    }
}

/// Asks servers over the network, or by a command.
#[derive(Debug)]
pub struct Client {
    settings: HttpSettings,
    proxies: Proxies,
    limiter: Arc<RateLimiter>,
    agent: ureq::Agent,
    sent: AtomicU64,
}

impl Client {
    /// Returns a client. Nothing is sent yet.
    pub fn new(settings: HttpSettings, proxies: Proxies, limiter: Arc<RateLimiter>) -> Self {
        let agent = wire::agent(&settings.user_agent);
        Self {
            settings,
            proxies,
            limiter,
            agent,
            sent: AtomicU64::new(0),
        }
    }

    /// Asks one address until there is an answer that stands, or no try is left.
    fn answer(
        &self,
        address: &Address,
        headers: &[(String, String)],
        stop: &Shutdown,
    ) -> Result<HttpAnswer, HttpError> {
        let gate = self.limiter.gate(&address.authority(), self.settings.rate);
        let mut pauses = PAUSES.into_iter();
        loop {
            let turn = gate.wait_turn(stop)?;
            let outcome = self.exchange(address, headers, stop);
            let verdict = self.judge(outcome, &gate, turn, pauses.next())?;
            match verdict {
                Verdict::Stands(answer) => return Ok(answer),
                Verdict::TryAgain(pause) => self.limiter.clock().sleep(pause, stop),
            }
            if stop.is_raised() {
                return Err(HttpError::Stopped);
            }
        }
    }

    fn exchange(
        &self,
        address: &Address,
        headers: &[(String, String)],
        stop: &Shutdown,
    ) -> Result<HttpAnswer, HttpError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let (timeout, limit) = (self.settings.timeout, self.settings.body_limit);
        let url = address.to_string();
        if let Some(command) = &self.settings.fetch_command {
            return command::exchange(command, &url, timeout, limit, stop);
        }
        let call = Call {
            agent: self.agent.clone(),
            url,
            headers: headers.to_vec(),
            proxy: self.proxies.of(address),
            timeout,
            limit,
        };
        wire::exchange(call, stop)
    }

    /// Decides what becomes of an outcome; `pause` is the one before the next try, if there is to be one.
    fn judge(
        &self,
        outcome: Result<HttpAnswer, HttpError>,
        gate: &HostGate,
        turn: Turn,
        pause: Option<Duration>,
    ) -> Result<Verdict, HttpError> {
        match outcome {
            Ok(answer) if let Some(wait) = self.asks_to_wait(&answer, pause) => {
                gate.block(wait);
                let is_left_alone = gate.failed(turn);
                if pause.is_none() || is_left_alone || wait > LONGEST_WAIT {
                    return Err(gate.throttled(wait));
                }
                // The wait itself is at the gate, where all threads meet it.
                Ok(Verdict::TryAgain(Duration::ZERO))
            }
            Ok(answer) if answer.status >= 500 => {
                if let Some(pause) = pause {
                    return Ok(Verdict::TryAgain(pause));
                }
                // Once for all its tries: it may be about this one address only.
                gate.failed(turn);
                Ok(Verdict::Stands(answer))
            }
            Ok(answer) => {
                gate.answered();
                Ok(Verdict::Stands(answer))
            }
            Err(error @ (HttpError::Transport { .. } | HttpError::Timeout { .. })) => {
                match (gate.failed(turn), pause) {
                    (false, Some(pause)) => Ok(Verdict::TryAgain(pause)),
                    _ => Err(error),
                }
            }
            Err(error @ HttpError::TooLarge { .. }) => {
                gate.answered();
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns how long an answer asks us to wait, if it does.
    fn asks_to_wait(&self, answer: &HttpAnswer, pause: Option<Duration>) -> Option<Duration> {
        let now = self.limiter.clock().now();
        let said = answer.retry_after.as_deref();
        let said = said.and_then(|header| retry_after::parse(header, now));
        match answer.status {
            // At least the first pause: a server that says 0 is not to be asked three times in a row.
            429 => Some(said.or(pause).unwrap_or(LAST_PAUSE).max(PAUSES[0])),
            503 => said,
            _ => None,
        }
    }
}

enum Verdict {
    Stands(HttpAnswer),
    TryAgain(Duration),
}

impl Http for Client {
    fn get(&self, request: &HttpRequest, stop: &Shutdown) -> Result<HttpAnswer, HttpError> {
        let mut address = Address::parse(&request.url)?;
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.answer(&address, &request.headers, stop)?;
            match &answer.location {
                Some(location) if is_redirect(answer.status) => {
                    address = address.follow(location)?;
                }
                _ => return Ok(answer),
            }
        }
        Err(HttpError::Redirected {
            to: address.to_string(),
        })
    }

    fn requests(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}
