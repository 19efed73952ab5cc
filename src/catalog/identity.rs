//! Who a ticker is at a venue, as recorded with its first rows.
//!
//! Promises: a recorded identity is completed and never replaced, unless a person accepts the one that was seen.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::fields::{self, TICKER_ORDER};
use super::{Catalog, Unusable};
use crate::document::Object;
use crate::model::{Identity, Ticker, Venue};

const KNOWN: &str = "identity";
const SEEN: &str = "identity_seen";

impl Catalog {
    /// Returns who a ticker is at a venue; `None` when nothing is recorded.
    pub fn identity(&self, ticker: &Ticker, venue: &Venue) -> Option<Identity> {
        read(self.records(ticker, venue)?, KNOWN)
    }

    /// Records who a ticker is, where that is not known yet.
    ///
    /// # Errors
    /// When the entry of the ticker cannot be used; nothing is recorded then.
    pub fn record_identity(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        today: NaiveDate,
        identity: &Identity,
    ) -> Result<(), Unusable> {
        self.change(ticker, venue, today, |records| {
            let known = read(records, KNOWN).unwrap_or_default();
            let is_forgotten = records.shift_remove(SEEN).is_some();
            put(records, KNOWN, &known.completed_by(identity)) || is_forgotten
        })
    }

    /// Records that the source says something else of a ticker than what is known, for a person to decide.
    ///
    /// # Errors
    /// When the entry of the ticker cannot be used; nothing is recorded then.
    pub fn record_identity_seen(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        today: NaiveDate,
        seen: &Identity,
    ) -> Result<(), Unusable> {
        self.change(ticker, venue, today, |records| put(records, SEEN, seen))
    }

    /// Takes the identity that was seen for the one that is known; `None` when nothing else was seen.
    pub fn accept_identity(&mut self, ticker: &Ticker, venue: &Venue) -> Option<Identity> {
        let seen = read(self.records(ticker, venue)?, SEEN)?;
        self.change(ticker, venue, NaiveDate::MIN, |records| {
            records.shift_remove(SEEN);
            put(records, KNOWN, &seen)
        })
        .ok()?;
        Some(seen)
    }
}

fn read(records: &Object, key: &str) -> Option<Identity> {
    let known = records.get(key)?.as_object()?;
    let text = |name: &str| known.get(name)?.as_str().map(str::to_owned);
    Some(Identity::from_fields(text))
}

fn put(records: &mut Object, key: &str, identity: &Identity) -> bool {
    let known = identity.fields().into_iter();
    let known: Map<String, Value> = known
        .filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))))
        .collect();
    fields::put(records, TICKER_ORDER, key, Value::Object(known))
}
