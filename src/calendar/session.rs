//! One trading session, on the wall clock of its exchange.

use chrono::{NaiveDate, NaiveDateTime};

/// One trading session, on the wall clock of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The trading day.
    pub day: NaiveDate,
    /// When regular trading begins.
    pub open: NaiveDateTime,
    /// When regular trading ends; the first moment that is outside.
    pub close: NaiveDateTime,
    /// When trading pauses within the session, as Tokyo does for lunch: the first moment of the break and the first after it.
    pub pause: Option<(NaiveDateTime, NaiveDateTime)>,
}

/// What is known of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// The exchange holds this session.
    Open(Session),
    /// The exchange holds no session.
    Closed,
    /// Nobody has written down whether it holds one.
    Unknown,
}

impl Day {
    /// Returns the session, if one is known.
    pub fn session(self) -> Option<Session> {
        match self {
            Self::Open(session) => Some(session),
            Self::Closed | Self::Unknown => None,
        }
    }
}
