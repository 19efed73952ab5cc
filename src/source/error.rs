//! What can go wrong between a source and its answer, by what the caller can do about it.

use std::time::Duration;

use super::FetchJob;
use crate::http::HttpError;
use crate::model::{Interval, Ticker, Venue};
use crate::sys::FsError;

/// A fetch that has no answer.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SourceError {
    /// An answer came, and it cannot be understood without guessing. Nothing of it may be stored.
    #[error("{what} cannot be read as bars of {ticker}: {reason}")]
    Malformed {
        /// The ticker asked for.
        ticker: Ticker,
        /// What was read: a path or an address.
        what: String,
        /// What was seen and what was expected.
        reason: String,
        /// The answer, to be kept in quarantine; `None` where it lies in a file of the user that stays there.
        body: Option<Vec<u8>>,
    },
    /// A file is there and cannot be read. It may be whole: nothing is to be moved or deleted.
    #[error(transparent)]
    Unreadable(#[from] FsError),
    /// The source could not be reached, or broke off.
    #[error("{venue} did not answer: {reason}")]
    Transport {
        venue: Venue,
        /// What happened on the way.
        reason: String,
    },
    /// The source asks to be left alone for a while.
    #[error("{venue} asks for fewer requests")]
    Throttled {
        venue: Venue,
        /// How long, if it said so.
        retry_after: Option<Duration>,
    },
    /// The settings of the venue cannot work, whatever the ticker.
    #[error("the settings of {venue} cannot be used: {reason}")]
    Misconfigured {
        venue: Venue,
        /// Which setting, and why.
        reason: String,
    },
    /// There is no answer yet. The same job is to be asked again with the same talk.
    #[error("{ticker} {interval} is to be asked for again in {} s", wait.as_secs_f64().ceil())]
    Later {
        /// The ticker asked for.
        ticker: Ticker,
        /// The interval asked for.
        interval: Interval,
        /// After how long.
        wait: Duration,
    },
    /// The run is being stopped. Nothing is known of the answer.
    #[error("the fetch of {ticker} {interval} was stopped")]
    Stopped {
        /// The ticker asked for.
        ticker: Ticker,
        /// The interval asked for.
        interval: Interval,
    },
}

impl SourceError {
    /// Tells whether the fetch was broken off from outside, whatever came before.
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Stopped { .. } | Self::Later { .. })
    }

    /// Returns what a request without an answer is to a source; `url` is the address that was asked.
    pub fn unanswered(error: &HttpError, venue: &Venue, job: &FetchJob, url: &str) -> Self {
        let venue = venue.clone();
        match error {
            HttpError::Throttled { retry_after, .. } => Self::Throttled {
                venue,
                retry_after: Some(*retry_after),
            },
            HttpError::TooLarge { .. } => Self::Malformed {
                ticker: job.ticker.clone(),
                what: url.to_owned(),
                reason: error.to_string(),
                body: None,
            },
            HttpError::Address { .. } | HttpError::Command { .. } => Self::Misconfigured {
                venue,
                reason: error.to_string(),
            },
            HttpError::Later { wait } => Self::Later {
                ticker: job.ticker.clone(),
                interval: job.interval,
                wait: *wait,
            },
            HttpError::Stopped => Self::Stopped {
                ticker: job.ticker.clone(),
                interval: job.interval,
            },
            HttpError::Transport { .. }
            | HttpError::Timeout { .. }
            | HttpError::CircuitOpen { .. }
            | HttpError::Redirected { .. } => Self::Transport {
                venue,
                reason: error.to_string(),
            },
        }
    }
}
