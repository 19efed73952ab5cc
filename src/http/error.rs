//! What can keep a request from an answer.

use std::time::Duration;

/// A request without an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum HttpError {
    /// The server could not be reached, or broke off.
    #[error("{reason}")]
    Transport {
        /// What happened on the way.
        reason: String,
    },
    /// The whole answer was not there in time.
    #[error("the answer was not there after {} s", after.as_secs_f64())]
    Timeout {
        /// The time that it had.
        after: Duration,
    },
    /// The body is larger than the limit, of which the rest was not read.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// Bytes after decompression.
        limit: u64,
    },
    /// The host asks for fewer requests, or the next one would have to wait too long for its turn.
    #[error("{host} is to be asked again in {} s", retry_after.as_secs_f64().ceil())]
    Throttled {
        host: String,
        /// How long it is to be left alone.
        retry_after: Duration,
    },
    /// The host failed so often in succession that it is left alone for a while. Nothing was sent.
    #[error("{host} failed {failures} times in succession and is left alone for now")]
    CircuitOpen {
        host: String,
        /// How often.
        failures: u32,
    },
    /// The server sends us to another host, or in a circle.
    #[error("the server sends us to {to} instead of answering")]
    Redirected {
        /// Where to.
        to: String,
    },
    /// The address or a header cannot be sent.
    #[error("`{url}` is no address that can be asked: {reason}")]
    Address {
        /// The address.
        url: String,
        reason: String,
    },
    /// The command that is to fetch in our place cannot be run.
    #[error("the fetch command cannot be run: {reason}")]
    Command { reason: String },
    /// There is no answer yet: the request is to be sent again.
    #[error("the request is to be sent again in {} s", wait.as_secs_f64().ceil())]
    Later {
        /// After how long.
        wait: Duration,
    },
    /// The run is being stopped. Nothing is known of the answer.
    #[error("the request was stopped")]
    Stopped,
}
