//! What can go wrong with a feed, by what the caller can do about it.

use std::io;
use std::time::Duration;

use crate::http::HttpError;
use crate::model::Venue;

/// A question to a feed that has no answer.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FeedError {
    /// An answer came, and it is not what was asked for.
    #[error("{what} cannot be read: {reason}")]
    Malformed {
        /// The address that was asked.
        what: String,
        /// What was seen and what was expected.
        reason: String,
        /// The answer, to be kept in quarantine; `None` where it was too large to be taken.
        body: Option<Vec<u8>>,
    },
    /// The feed could not be reached, or broke off.
    #[error("{venue} did not answer: {reason}")]
    Transport {
        venue: Venue,
        /// What happened on the way.
        reason: String,
    },
    /// The feed asks to be left alone for a while.
    #[error("{venue} asks for fewer requests")]
    Throttled {
        venue: Venue,
        /// How long.
        retry_after: Duration,
    },
    /// The settings of the venue cannot work, whatever is asked for.
    #[error("the settings of {venue} cannot be used: {reason}")]
    Misconfigured {
        venue: Venue,
        /// Which setting, and why.
        reason: String,
    },
    /// The run is being stopped. Nothing is known of the answer.
    #[error("the request to {venue} was stopped")]
    Stopped { venue: Venue },
}

impl FeedError {
    /// Returns what a request without an answer is to a feed; `url` is the address that was asked.
    pub(super) fn unanswered(error: &HttpError, venue: &Venue, url: &str) -> Self {
        let (venue, reason) = (venue.clone(), error.to_string());
        match error {
            HttpError::Throttled { retry_after, .. } => Self::Throttled {
                venue,
                retry_after: *retry_after,
            },
            HttpError::TooLarge { .. } => Self::Malformed {
                what: url.to_owned(),
                reason,
                body: None,
            },
            HttpError::Address { .. } | HttpError::Command { .. } => {
                Self::Misconfigured { venue, reason }
            }
            HttpError::Stopped => Self::Stopped { venue },
            HttpError::Transport { .. }
            | HttpError::Timeout { .. }
            | HttpError::CircuitOpen { .. }
            | HttpError::Redirected { .. }
            | HttpError::Later { .. } => Self::Transport { venue, reason },
        }
    }
}

/// A file of trades that is not whole, or not understood. What came before that was handed out.
#[derive(Debug, thiserror::Error)]
pub enum LinesError {
    /// Line after line has other keys than any that are known: the feed has changed. Nothing of the file is to be forgotten.
    #[error("its lines have a form that this build does not know: line {line}: {reason}")]
    UnknownSchema {
        /// The first of these lines, from 1.
        line: u64,
        /// What it lacks.
        reason: String,
    },
    /// It breaks off: what follows was never received.
    #[error("it breaks off after {lines} lines")]
    Cut {
        /// The whole lines before that.
        lines: u64,
    },
    /// Its bytes contradict their check sum.
    #[error("it is damaged after {lines} lines: {reason}")]
    Damaged {
        /// The whole lines before that.
        lines: u64,
        /// What was found.
        reason: String,
    },
    /// It unpacks to more than any file of trades.
    #[error("it unpacks to more than {limit} bytes")]
    TooLarge {
        /// How much it was allowed to.
        limit: u64,
    },
    /// It is neither a gzip nor lines of JSON.
    #[error("it is neither a gzip nor lines of JSON")]
    NoTrades,
    /// It cannot be read. It may be whole.
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] io::Error),
}
