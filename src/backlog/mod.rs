//! What is still to be had: which sessions of series and which minutes of feeds are owed, and when their sources forget them.
//!
//! Promises: what an answer says of days is remembered before its rows are committed; what follows from records, calendars and
//! marks is told and never stored. Leaves to others: what a session or a minute is (`gaps`), what is asked for (`update`),
//! words (`cli`).

mod fill;
mod minutes;
mod order;
mod owed;
mod remembered;
mod sessions;

pub use fill::narrow;
pub use minutes::{FeedMinutes, MinutesInState};
pub use order::{Order, order};
pub use owed::Owed;
pub use remembered::{GapNote, Remembered, Remembering};
pub use sessions::{
    AskedSessions, SeriesSessions, StateOfSessions, by_state, lost_sessions, sessions,
};
