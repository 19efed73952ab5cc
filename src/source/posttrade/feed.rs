//! Asking a feed for what it has.
//!
//! Promises: a file that is given has the status of success and begins like one of trades; one that the feed has no more is
//! gone, and neither is ever taken for the other.

use std::sync::Arc;

use super::{FeedError, FileName, Freshness, Listing};
use crate::calendar::Calendar;
use crate::http::{Http, HttpAnswer, HttpRequest, Rate, Redirects};
use crate::model::{self, Interval, Venue};
use crate::sys::Shutdown;

/// Of which instruments bars are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarsOf {
    /// Of every one that was traded.
    All,
    /// Of those that are tickers of the venue.
    Listed,
    /// Of none.
    None,
}

/// Whether downloads are kept as they were received, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultSpec {
    /// Whether they are kept once their rows are.
    pub is_kept: bool,
    /// For how many days.
    pub days: u32,
    /// At most so many bytes, the newest ones.
    pub bytes: u64,
}

/// What a feed is, and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedSpec {
    /// Its code.
    pub code: model::Feed,
    /// The address of the service, without a path.
    pub base_url: String,
    /// The budget of the service.
    pub rate: Rate,
    /// When minutes are downloaded.
    pub freshness: Freshness,
    /// Of which instruments bars are made.
    pub bars: BarsOf,
    /// Which coarser bars are made of those.
    pub derive: Vec<Interval>,
    /// The currency whose series are named by the ISIN alone.
    pub currency: String,
    /// Whether downloads are kept.
    pub vault: VaultSpec,
    /// On which days the service publishes.
    pub calendar: Calendar,
}

/// A feed of a venue.
#[derive(Debug)]
pub struct Feed {
    venue: Venue,
    spec: FeedSpec,
    http: Arc<dyn Http>,
}

/// What came of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Downloaded {
    /// The file, as it was received.
    File(Vec<u8>),
    /// The feed has it no more.
    Gone,
}

impl Feed {
    /// Returns a feed. Nothing is sent yet.
    pub fn new(venue: Venue, spec: FeedSpec, http: Arc<dyn Http>) -> Self {
        Self { venue, spec, http }
    }

    /// Returns the venue.
    pub fn venue(&self) -> &Venue {
        &self.venue
    }

    /// Returns what the settings say.
    pub fn spec(&self) -> &FeedSpec {
        &self.spec
    }

    /// Returns how many requests this feed has sent since it was opened, those after a redirect included.
    pub fn requests(&self) -> u64 {
        self.http.requests()
    }

    /// Asks which files the feed has.
    ///
    /// # Errors
    /// As `FeedError` says; `Malformed` when the answer is no listing.
    pub fn list(&self, stop: &Shutdown) -> Result<Listing, FeedError> {
        let url = format!("{}/api/{}-posttrade", self.base(), self.spec.code);
        let request = HttpRequest {
            headers: vec![("Accept".to_owned(), "application/json".to_owned())],
            redirects: Redirects::Anywhere,
            ..HttpRequest::of(&url)
        };
        let answer = self.ask(&request, stop)?;
        if answer.status != 200 {
            return Err(self.unexpected(url, answer));
        }
        Listing::parse(&answer.body, &self.spec.code)
            .map_err(|reason| malformed(url, reason, answer))
    }

    /// Downloads a file.
    ///
    /// # Errors
    /// As `FeedError` says; `Malformed` when the answer is no file of trades.
    pub fn download(&self, name: &FileName, stop: &Shutdown) -> Result<Downloaded, FeedError> {
        let url = format!("{}/api/download/{name}", self.base());
        let request = HttpRequest {
            is_failure: is_no_file,
            redirects: Redirects::Anywhere,
            ..HttpRequest::of(&url)
        };
        let answer = self.ask(&request, stop)?;
        match answer.status {
            404 | 410 => Ok(Downloaded::Gone),
            200 if begins_like_trades(&answer.body) => Ok(Downloaded::File(answer.body)),
            200 => {
                let reason = "it is neither a gzip nor lines of JSON".to_owned();
                Err(malformed(url, reason, answer))
            }
            _ => Err(self.unexpected(url, answer)),
        }
    }

    /// Returns what an answer without success is: of the server's own failures there is nothing to keep.
    fn unexpected(&self, url: String, answer: HttpAnswer) -> FeedError {
        let reason = format!("the status is {}", answer.status);
        if answer.status >= 500 {
            let venue = self.venue.clone();
            return FeedError::Transport { venue, reason };
        }
        malformed(url, reason, answer)
    }

    fn ask(&self, request: &HttpRequest, stop: &Shutdown) -> Result<HttpAnswer, FeedError> {
        let answer = self.http.get(request, stop);
        answer.map_err(|error| FeedError::unanswered(&error, &self.venue, &request.url))
    }

    fn base(&self) -> &str {
        self.spec.base_url.trim_end_matches('/')
    }
}

/// Tells whether an answer is a failure of the way there: a page of a gateway, or an address that was signed for seconds and is
/// over. Both are asked for again.
fn is_no_file(answer: &HttpAnswer) -> bool {
    match answer.status {
        200 => !begins_like_trades(&answer.body),
        status => matches!(status, 400 | 401 | 403 | 408),
    }
}

fn begins_like_trades(body: &[u8]) -> bool {
    body.starts_with(&[0x1f, 0x8b]) || body.trim_ascii_start().starts_with(b"{")
}

fn malformed(what: String, reason: String, answer: HttpAnswer) -> FeedError {
    FeedError::Malformed {
        what,
        reason,
        body: Some(answer.body),
    }
}
