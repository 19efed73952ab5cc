//! What is remembered of a feed beside its days: which one it is, when it was asked, and of which days bars are due.
//!
//! Promises: the list of days saves opening the marks of all others. Without it, and where it cannot be understood, nothing is
//! known, which is told from knowing that there are none.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value};

/// What is remembered of a feed beside its days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FeedMarks {
    /// The code of the feed that was asked; earlier builds wrote down none.
    pub(super) feed: Option<String>,
    /// The currency whose series are named by the ISIN alone; `None` before bars were made, and in those of earlier builds.
    pub(super) currency: Option<String>,
    pub(super) asked_at: Option<DateTime<Utc>>,
    /// When it was asked first, also in vain; `None` where an earlier build did.
    pub(super) begun_at: Option<DateTime<Utc>>,
    /// Up to when losses were told, by the deadlines of their days.
    pub(super) losses_told_at: Option<DateTime<Utc>>,
    /// All days whose marks say that bars are due, and maybe some whose marks do no more. `None` when that is not known.
    pub(super) bars_due: Option<BTreeSet<NaiveDate>>,
}

impl FeedMarks {
    pub(super) fn text(&self) -> String {
        let mut document = Map::new();
        if let Some(feed) = &self.feed {
            document.insert("feed".to_owned(), feed.as_str().into());
        }
        if let Some(currency) = &self.currency {
            document.insert("currency".to_owned(), currency.as_str().into());
        }
        let moments = [
            ("asked_at", self.asked_at),
            ("begun_at", self.begun_at),
            ("losses_told_at", self.losses_told_at),
        ];
        for (key, moment) in moments {
            if let Some(moment) = moment {
                let moment = moment.to_rfc3339_opts(SecondsFormat::Secs, true);
                document.insert(key.to_owned(), moment.into());
            }
        }
        if let Some(due) = &self.bars_due {
            let due = due.iter().map(ToString::to_string);
            document.insert("bars_due".to_owned(), due.collect::<Vec<_>>().into());
        }
        format!("{}\n", Value::from(document))
    }

    pub(super) fn parse(bytes: &[u8]) -> Self {
        let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let moment = |key: &str| document.get(key)?.as_str()?.parse().ok();
        let due = document.get("bars_due").and_then(Value::as_array);
        let day = |value: &Value| value.as_str()?.parse().ok();
        let text = |key: &str| Some(document.get(key)?.as_str()?.to_owned());
        Self {
            feed: text("feed"),
            currency: text("currency"),
            asked_at: moment("asked_at"),
            begun_at: moment("begun_at"),
            losses_told_at: moment("losses_told_at"),
            bars_due: due.and_then(|days| days.iter().map(day).collect()),
        }
    }
}
