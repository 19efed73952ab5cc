//! Gaps: which sessions of a series are had, open, empty or lost, and until when an open one can still be fetched.
//!
//! Promises: what follows from records, calendars and marks is derived and never stored; what does not follow from them is
//! remembered, and what nobody remembers is unknown, never had. A loss is remembered with its reason and the day on which it
//! was noticed. Leaves to others: facts (`backlog`), asking (`source`), words (`cli`).

mod book;
mod days;
mod deadline;
mod feeds;
mod hear;
mod judge;
mod order;
mod series;

pub use book::{GapBook, GapBooks, read_books};
pub use days::{DayKind, DayKinds};
pub use deadline::session_deadline;
pub use feeds::{FeedDay, FeedGaps, MinuteSet, MinuteSpan, MinuteState};
pub use hear::Heard;
pub use judge::{Facts, SessionState, Span, spans};
pub use order::{Schedule, Task, schedule};
pub use series::{Cause, Noted, SeriesGaps};

use crate::lock::LockError;
use crate::sys::FsError;

/// What remembering gaps could not do.
#[derive(Debug, thiserror::Error)]
pub enum GapsError {
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The run lock was lost in the middle of the run.
    #[error(transparent)]
    Lock(#[from] LockError),
}
