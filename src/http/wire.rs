//! One request over the network, by `ureq`.
//!
//! Promises: an answer or an error within the time allowed and a moment, whatever the server does: stalls, drips, cuts
//! or never ends. The request runs in another thread, and the caller waits for it with an eye on `stop`: a read from a
//! socket cannot be interrupted, and a name may take a minute to be looked up, but a thread can be left behind. It ends with
//! its request, holds nothing but its socket and buffer, and sends to nobody. A thread whose request was answered takes the
//! next one: to start one for each costs more than a small answer does.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use ureq::http::HeaderMap;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration as Allowed;
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::{HttpAnswer, HttpError};
use crate::sys::{Shutdown, Stopwatch, locked};

/// How often the caller looks whether the run is to stop.
const TICK: Duration = Duration::from_millis(50);
/// How long the thread may take to end by itself after the deadline.
const GRACE: Duration = Duration::from_millis(500);
const SLICE: usize = 64 * 1024;

/// A request with everything that it needs.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) proxy: Option<ureq::Proxy>,
    /// From the look-up of the name to the last byte of the body.
    pub(super) timeout: Duration,
    /// Bytes of the body, after decompression.
    pub(super) limit: u64,
}

/// A request on its way to a thread.
#[derive(Debug)]
struct Errand {
    call: Call,
    is_abandoned: Arc<AtomicBool>,
    answer: SyncSender<Result<HttpAnswer, HttpError>>,
}

/// The connections of a client, and the threads that send over them.
#[derive(Debug)]
pub(super) struct Wire {
    agent: ureq::Agent,
    /// Threads without a request, at most as many as ever asked side by side. They end when their sender is dropped.
    idle: Mutex<Vec<SyncSender<Errand>>>,
}

impl Wire {
    /// Returns a client without a will of its own: no redirects, no environment, every status an answer.
    pub(super) fn of(user_agent: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(user_agent)
            .build();
        Self {
            agent: ureq::Agent::with_parts(
                config,
                DefaultConnector::default(),
                InThread::default(),
            ),
            idle: Mutex::default(),
        }
    }

    /// Sends the request and waits for the answer.
    pub(super) fn exchange(&self, call: Call, stop: &Shutdown) -> Result<HttpAnswer, HttpError> {
        let (url, timeout) = (call.url.clone(), call.timeout);
        let (answer, receiver) = mpsc::sync_channel(1);
        let is_abandoned = Arc::new(AtomicBool::new(false));
        let errand = Errand {
            call,
            is_abandoned: Arc::clone(&is_abandoned),
            answer,
        };
        let watch = Stopwatch::start();
        let thread = self.free_thread()?;
        let ended_in_a_bug = || transport(format!("the request to {url} ended in a bug"));
        thread.send(errand).map_err(|_| ended_in_a_bug())?;
        loop {
            match receiver.recv_timeout(TICK) {
                Ok(outcome) => {
                    self.idle().push(thread);
                    return outcome;
                }
                Err(RecvTimeoutError::Disconnected) => return Err(ended_in_a_bug()),
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

    fn free_thread(&self) -> Result<SyncSender<Errand>, HttpError> {
        if let Some(idle) = self.idle().pop() {
            return Ok(idle);
        }
        let (sender, errands) = mpsc::sync_channel::<Errand>(1);
        let agent = self.agent.clone();
        let work = move || {
            let mut slice = vec![0; SLICE];
            for errand in errands {
                let outcome = errand.call.run(&agent, &mut slice, &errand.is_abandoned);
                // Nobody may be listening any more.
                drop(errand.answer.send(outcome));
            }
        };
        std::thread::Builder::new()
            .name("http".to_owned())
            .spawn(work)
            .map_err(|error| transport(format!("no thread can be started: {error}")))?;
        Ok(sender)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SyncSender<Errand>>> {
        locked(&self.idle)
    }
}

/// Looks names up in the thread that asks, where `ureq` starts one for each request that has a deadline: ours can be left
/// behind.
#[derive(Debug, Default)]
struct InThread(DefaultResolver);

impl Resolver for InThread {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let without_end = NextTimeout {
            after: Allowed::NotHappening,
            ..timeout
        };
        self.0.resolve(uri, config, without_end)
    }
}

impl Call {
    fn run(
        &self,
        agent: &ureq::Agent,
        slice: &mut [u8],
        is_abandoned: &AtomicBool,
    ) -> Result<HttpAnswer, HttpError> {
        let mut request = agent
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
        let body = self.read(body.into_reader(), slice, is_abandoned)?;
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
    fn read(
        &self,
        mut reader: impl Read,
        slice: &mut [u8],
        is_abandoned: &AtomicBool,
    ) -> Result<Vec<u8>, HttpError> {
        let mut body = Vec::new();
        loop {
            let count = reader
                .read(slice)
                .map_err(|error| self.failure(error.into()))?;
            if count == 0 {
                return Ok(body);
            }
            body.extend_from_slice(slice.get(..count).unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Signal;

    /// Nobody listens there: the answer is an error, and comes at once.
    fn call() -> Call {
        Call {
            url: "http://127.0.0.1:1/".to_owned(),
            headers: Vec::new(),
            proxy: None,
            timeout: Duration::from_secs(10),
            limit: 1,
        }
    }

    #[test]
    fn a_thread_takes_one_request_after_the_other() {
        let (wire, stop) = (Wire::of("tests"), Shutdown::default());

        for _ in 0..3 {
            let outcome = wire.exchange(call(), &stop);

            assert!(matches!(outcome, Err(HttpError::Transport { .. })));
            assert_eq!(wire.idle().len(), 1);
        }
    }

    #[test]
    fn a_thread_that_was_left_behind_takes_no_other_request() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (wire, stop) = (Wire::of("tests"), Shutdown::default());
        stop.raise(Signal::Terminate);

        let outcome = wire.exchange(Call { url, ..call() }, &stop);

        assert!(matches!(outcome, Err(HttpError::Stopped)));
        assert_eq!(wire.idle().len(), 0);
    }
}
