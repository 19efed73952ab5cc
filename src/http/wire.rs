//! One request over the network, by `ureq`.
//!
//! Promises: an answer or an error within the time allowed and a moment, whatever the server does: stalls, drips, cuts
//! or never ends. The request runs in a thread of its own, and the caller waits for it with an eye on `stop`: a
//! read from a socket cannot be interrupted, and a name may take a minute to be looked up, but a thread can be left
//! behind. It ends by the same deadline, holds nothing but its socket and buffer, and sends to nobody.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use ureq::http::HeaderMap;

use super::{HttpAnswer, HttpError};
use crate::sys::{Shutdown, Stopwatch};

/// How often the caller looks whether the run is to stop.
const TICK: Duration = Duration::from_millis(50);
/// How long the thread may take to end by itself after the deadline.
const GRACE: Duration = Duration::from_millis(500);
const SLICE: usize = 64 * 1024;

/// A request with everything that it needs.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) agent: ureq::Agent,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) proxy: Option<ureq::Proxy>,
    /// From the look-up of the name to the last byte of the body.
    pub(super) timeout: Duration,
    /// Bytes of the body, after decompression.
    pub(super) limit: u64,
}

/// Returns a client without a will of its own: no redirects, no environment, every status an answer.
pub(super) fn agent(user_agent: &str) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(user_agent)
        .build()
        .new_agent()
}

/// Sends the request and waits for the answer.
pub(super) fn exchange(call: Call, stop: &Shutdown) -> Result<HttpAnswer, HttpError> {
    let (url, timeout) = (call.url.clone(), call.timeout);
    let (sender, receiver) = mpsc::sync_channel(1);
    let is_abandoned = Arc::new(AtomicBool::new(false));
    let watch = Stopwatch::start();
    std::thread::Builder::new()
        .name("http".to_owned())
        .spawn({
            let is_abandoned = Arc::clone(&is_abandoned);
            // Nobody may be listening any more.
            move || drop(sender.send(call.run(&is_abandoned)))
        })
        .map_err(|error| transport(format!("no thread can be started: {error}")))?;
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(outcome) => return outcome,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(transport(format!("the request to {url} ended in a bug")));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        let is_late = watch.seconds() > (timeout + GRACE).as_secs_f64();
        if stop.is_raised() || is_late {
            is_abandoned.store(true, Ordering::Relaxed);
            return Err(if stop.is_raised() {
                HttpError::Stopped
            } else {
                HttpError::Timeout { after: timeout }
            });
        }
    }
}

impl Call {
    fn run(self, is_abandoned: &AtomicBool) -> Result<HttpAnswer, HttpError> {
        let mut request = self
            .agent
            .get(&self.url)
            .config()
            .proxy(self.proxy.clone())
            .timeout_global(Some(self.timeout))
            .build();
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.call().map_err(|error| self.failure(error))?;
        let (head, body) = response.into_parts();
        let body = self.read(body.into_reader(), is_abandoned)?;
        Ok(HttpAnswer {
            status: head.status.as_u16(),
            content_type: header(&head.headers, "content-type"),
            retry_after: header(&head.headers, "retry-after"),
            date: header(&head.headers, "date").filter(|_| !head.headers.contains_key("age")),
            location: header(&head.headers, "location"),
            body,
        })
    }

    /// Reads by slices, so that a bomb is met at the limit and an abandoned body is read no further.
    fn read(&self, mut reader: impl Read, is_abandoned: &AtomicBool) -> Result<Vec<u8>, HttpError> {
        let (mut body, mut slice) = (Vec::new(), vec![0; SLICE]);
        loop {
            let count = reader
                .read(&mut slice)
                .map_err(|error| self.failure(error.into()))?;
            if count == 0 {
                return Ok(body);
            }
            body.extend(slice.iter().take(count));
            if u64::try_from(body.len()).is_ok_and(|len| len > self.limit) {
                return Err(HttpError::TooLarge { limit: self.limit });
            }
            if is_abandoned.load(Ordering::Relaxed) {
                return Err(HttpError::Stopped);
            }
        }
    }

    fn failure(&self, error: ureq::Error) -> HttpError {
        match error {
            ureq::Error::Timeout(_) => HttpError::Timeout {
                after: self.timeout,
            },
            ureq::Error::Http(_) | ureq::Error::BadUri(_) => HttpError::Address {
                url: self.url.clone(),
                reason: error.to_string(),
            },
            ureq::Error::HostNotFound => transport("the name of the host is not known".to_owned()),
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                transport("the answer broke off".to_owned())
            }
            ureq::Error::Io(error) => transport(error.to_string().to_lowercase()),
            error => transport(error.to_string()),
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn transport(reason: String) -> HttpError {
    HttpError::Transport { reason }
}
