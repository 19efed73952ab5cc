//! The feeds of delayed trades that Deutsche Börse publishes for Xetra, Frankfurt, Tradegate and others: a file for each
//! minute, and one for each day that is over.
//!
//! Promises: every published line is a trade or is handed out as a bad line with its bytes; a file that broke off is never
//! taken for whole; what has to be downloaded, and in which order, is decided by pure functions. A feed forgets a day after
//! about one business day, so nothing here waits longer than it must.
//! Leaves to others: where downloads and trades are kept, what is held, and bars.

mod choose;
mod covered;
mod deadline;
mod error;
mod feed;
mod habits;
mod held;
mod inflate;
mod line;
mod lines;
mod listing;
mod name;
mod publisher;
mod reading;
mod stamp;
mod witnesses;
mod words;

pub use choose::{Freshness, Looked, Reason, Request, choose, in_order};
pub use covered::{MinuteTrades, TradesOfDaily, is_covered};
pub use deadline::deadline;
pub use error::{FeedError, LinesError};
pub use feed::{BarsOf, Downloaded, Feed, FeedSpec, VaultSpec};
pub use habits::{DailySeen, Habits};
pub use held::{Coverage, Held, HeldDaily, HeldDay, HeldMinute};
pub use lines::{BadLine, Limits, Line, Read, lines};
pub use listing::Listing;
pub use name::{FileName, InvalidName, Span};
pub use publisher::other_publisher;
pub use witnesses::{odd_silence, witnesses};
