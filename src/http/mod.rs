//! HTTP for every source that asks a server: one client, one budget for each host.
//!
//! Promises: every status is an answer, and what is no answer is an error by what can be done about it. A request is
//! bounded in time, size and tries, and ends soon after the run is asked to stop. However many threads, sources and
//! runs ask one host, they keep to its budget together; a host that fails again and again is left alone for a while.
//! Leaves to others: what a body means, and which statuses a source takes for what.

mod address;
mod breaker;
mod bucket;
mod client;
mod command;
mod error;
mod limiter;
mod proxies;
mod retry_after;
mod state;
mod talk;
mod tries;
mod wire;

pub use bucket::{Rate, Spread};
pub use client::{Client, HttpSettings};
pub use error::HttpError;
pub use limiter::{HostGate, RateLimiter, Turn};
pub use proxies::{InvalidProxy, Proxies};
pub use talk::Talk;
pub use tries::Tries;

use std::fmt;

use chrono::TimeDelta;

use crate::sys::Shutdown;

/// A GET.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// The whole address, `http` or `https`, percent-encoded.
    pub url: String,
    /// Headers beside those that the client sends by itself.
    pub headers: Vec<(String, String)>,
    /// Tells whether an answer is a failure of the server whatever its status says. It is then tried again as a status of
    /// 500 is.
    pub is_failure: fn(&HttpAnswer) -> bool,
    /// Where the server may send us.
    pub redirects: Redirects,
}

/// Where a server may send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// To other addresses of its host, each of which is a request of its own.
    WithinHost,
    /// Anywhere but to a less secure connection. It is followed at once, as a part of the request: for addresses that are made
    /// for one request and live for seconds. A new try asks the first address again.
    Anywhere,
}

impl HttpRequest {
    /// Returns a request for an address without headers of its own.
    pub fn of(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: Vec::new(),
            is_failure: |_| false,
            redirects: Redirects::WithinHost,
        }
    }
}

/// What a server answered: any status, and the whole body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status, for example 200 or 404.
    pub status: u16,
    /// `Content-Type`, as it was sent.
    pub content_type: Option<String>,
    /// `Retry-After`, as it was sent: seconds or a date.
    pub retry_after: Option<String>,
    /// `Date`, as it was sent; `None` of an answer that a cache kept.
    pub date: Option<String>,
    /// `Location`, as it was sent.
    pub location: Option<String>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

/// Asks servers.
pub trait Http: fmt::Debug + Send + Sync {
    /// Sends a request, waits and sends it again if need be, and returns the last answer.
    ///
    /// Redirects within the host are followed. A status of 500 and more is an answer once the tries are used up.
    ///
    /// # Errors
    /// As `HttpError` says, and never `Later`; `Stopped` soon after `stop` is raised, whatever the server does.
    fn get(&self, request: &HttpRequest, stop: &Shutdown) -> Result<HttpAnswer, HttpError>;

    /// Sends a request once, beside what its turn and redirects take: who has other work does it until the next try. `tries`
    /// are those before, none for a new request.
    ///
    /// # Errors
    /// As `get`; `Later` when it is to be sent again after a while.
    fn try_once(
        &self,
        request: &HttpRequest,
        tries: &mut Tries,
        stop: &Shutdown,
    ) -> Result<HttpAnswer, HttpError>;

    /// Returns how many requests were sent, those again and those after a redirect included.
    fn requests(&self) -> u64;

    /// Returns how far the server's clock is ahead of this machine's by the newest answer, or behind it if negative; `None`
    /// where no server said what time it has.
    fn server_ahead(&self) -> Option<TimeDelta>;
}
