//! The client: tries, redirects, and the gate of the host around each exchange.
//!
//! Promises: `Http`'s. Every try passes the gate, so nothing here can exceed a budget.
//! Leaves to others: whether and when there is another try (`tries`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;

use super::address::Address;
use super::limiter::{HostGate, LONGEST_WAIT};
use super::retry_after;
use super::tries::PAUSES;
use super::wire::{Call, Wire};
use super::{
    Http, HttpAnswer, HttpError, HttpRequest, Proxies, Rate, RateLimiter, Redirects, Tries, Turn,
    command,
};
use crate::sys::{Shutdown, locked};

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
    wire: Wire,
    sent: AtomicU64,
    /// How far the server's clock is ahead by the newest answer.
    ahead: Mutex<Option<TimeDelta>>,
}

impl Client {
    /// Returns a client. Nothing is sent yet.
    pub fn new(settings: HttpSettings, proxies: Proxies, limiter: Arc<RateLimiter>) -> Self {
        let wire = Wire::of(&settings.user_agent);
        Self {
            settings,
            proxies,
            limiter,
            wire,
            sent: AtomicU64::new(0),
            ahead: Mutex::default(),
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
            url,
            headers: headers.to_vec(),
            proxy: self.proxies.of(address),
            timeout,
            limit,
        };
        let answer = self.wire.exchange(call, stop)?;
        if let Some(date) = answer.date.as_deref().and_then(retry_after::date) {
            let ahead = date - self.limiter.clock().now();
            *locked(&self.ahead) = Some(ahead);
        }
        Ok(answer)
    }

    /// Exchanges, and follows at once where that is a part of the request.
    fn exchange_through(
        &self,
        address: &Address,
        request: &HttpRequest,
        stop: &Shutdown,
    ) -> Result<HttpAnswer, HttpError> {
        let mut answer = self.exchange(address, &request.headers, stop)?;
        if request.redirects == Redirects::WithinHost {
            return Ok(answer);
        }
        let mut at = address.clone();
        for _ in 0..MAX_REDIRECTS {
            let Some(location) = redirect(&answer) else {
                return Ok(answer);
            };
            at = at.follow(location, request.redirects)?;
            answer = self.exchange(&at, &request.headers, stop)?;
        }
        match redirect(&answer) {
            None => Ok(answer),
            Some(_) => Err(led_astray(&at)),
        }
    }

    /// Decides what becomes of an outcome, and counts it.
    fn judge(
        &self,
        outcome: Result<HttpAnswer, HttpError>,
        request: &HttpRequest,
        gate: &HostGate,
        (turn, tries): (Turn, &mut Tries),
    ) -> Result<HttpAnswer, HttpError> {
        match outcome {
            Ok(answer) if let Some(said) = self.asks_to_wait(&answer) => {
                let is_left_alone = gate.failed(turn);
                let pause = if is_left_alone {
                    None
                } else {
                    gate.pause(tries)
                };
                // At least the first pause: a server that says 0 is not to be asked three times in a row.
                let wait = said.or(pause).unwrap_or(LAST_PAUSE).max(PAUSES[0]);
                gate.block(wait);
                if pause.is_none() || wait > LONGEST_WAIT {
                    return Err(gate.throttled(wait));
                }
                Err(HttpError::Later { wait })
            }
            Ok(answer) if answer.status >= 500 || (request.is_failure)(&answer) => {
                if let Some(wait) = gate.pause(tries) {
                    return Err(HttpError::Later { wait });
                }
                // Once for all its tries: it may be about this one address only.
                gate.failed(turn);
                Ok(answer)
            }
            Ok(answer) => {
                gate.answered();
                Ok(answer)
            }
            Err(error @ (HttpError::Transport { .. } | HttpError::Timeout { .. })) => {
                if gate.failed(turn) {
                    return Err(error);
                }
                Err(gate
                    .pause(tries)
                    .map_or(error, |wait| HttpError::Later { wait }))
            }
            Err(error @ HttpError::TooLarge { .. }) => {
                gate.answered();
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Tells whether an answer asks us to wait, and for how long if it says so.
    #[expect(clippy::option_option, reason = "two questions, one answer")]
    fn asks_to_wait(&self, answer: &HttpAnswer) -> Option<Option<Duration>> {
        let now = self.limiter.clock().now();
        let said = answer.retry_after.as_deref();
        let said = said.and_then(|header| retry_after::parse(header, now));
        match answer.status {
            429 => Some(said),
            503 => said.map(Some),
            _ => None,
        }
    }
}

impl Http for Client {
    fn get(&self, request: &HttpRequest, stop: &Shutdown) -> Result<HttpAnswer, HttpError> {
        let mut tries = Tries::default();
        loop {
            match self.try_once(request, &mut tries, stop) {
                Err(HttpError::Later { wait }) => self.limiter.clock().sleep(wait, stop),
                outcome => return outcome,
            }
        }
    }

    fn try_once(
        &self,
        request: &HttpRequest,
        tries: &mut Tries,
        stop: &Shutdown,
    ) -> Result<HttpAnswer, HttpError> {
        let mut address = match tries.sent_on.take() {
            Some(address) => address,
            None => Address::parse(&request.url)?,
        };
        loop {
            let gate = self.limiter.gate(&address.authority(), self.settings.rate);
            let turn = gate.wait_turn(tries, stop)?;
            let outcome = self.exchange_through(&address, request, stop);
            let answer = match self.judge(outcome, request, &gate, (turn, tries)) {
                Err(later @ HttpError::Later { .. }) => {
                    tries.sent_on = Some(address);
                    return Err(later);
                }
                outcome => outcome?,
            };
            let Some(location) = redirect(&answer) else {
                return Ok(answer);
            };
            address = address.follow(location, request.redirects)?;
            if tries.redirects == MAX_REDIRECTS {
                return Err(led_astray(&address));
            }
            tries.redirects += 1;
            tries.failed = 0;
        }
    }

    fn requests(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn server_ahead(&self) -> Option<TimeDelta> {
        *locked(&self.ahead)
    }
}

/// Returns where an answer sends us instead of answering.
fn redirect(answer: &HttpAnswer) -> Option<&str> {
    let is_redirect = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
    answer.location.as_deref().filter(|_| is_redirect)
}

fn led_astray(to: &Address) -> HttpError {
    HttpError::Redirected { to: to.to_string() }
}
