//! Everything that turns rows into files: merge, build, commit in groups, record; and what stopped runs left.
//!
//! Promises: rows that were fetched reach the tree, staging or quarantine, and the report says which; tickers.json and the
//! rows it speaks of are committed together.
//! Leaves to others: what to fetch (`update`), how a group becomes durable (`storage`), words (`cli`).

mod by_hand;
mod checked;
mod consolidate;
mod error;
mod feed_report;
mod leftovers;
mod lots;
mod merge_ledgers;
mod merge_series;
mod missing;
mod put_away;
mod put_back;
mod registry;
mod rehouse;
mod renewal;
mod report;
mod store;
pub mod sweep;
mod take_out;
mod take_over;
mod unknown;

pub use checked::Checked;
pub use consolidate::{Consolidation, SourceNote, SourceNotes};
pub use error::IngestError;
pub use feed_report::{FeedReport, FileFailure, LostMinutes};
pub use leftovers::{Earlier, LeftoverReport, finish_leftovers};
pub use merge_ledgers::{is_ledger_long, merge_ledgers};
pub use missing::{is_to_come, missing, set_right};
pub use put_back::{PutBack, Returned, put_back};
pub use registry::Registry;
pub use rehouse::{LookedInto, RehouseReport, rehouse};
pub use report::{
    DamagedSeries, Failure, FailureKind, PhaseSeconds, RunReport, TickerCounts, Unknown, Unserved,
    VenueReport,
};
pub use store::store;
pub use take_out::{TakeOut, TakenOut, take_out};
pub use take_over::take_over_trades;
pub use unknown::{let_rest, may_rest, outages};
