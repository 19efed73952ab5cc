//! A run of a feed of trades: what the feed has is chosen from, downloaded into the vault, read into trades, and made into bars.
//!
//! Promises: a download is durable before anything that was made of it counts; what is stored is marked after it is durable.
//! So a crash at any point leaves work that is done again without loss or doubling: what is in the vault and not marked is read
//! from there and not downloaded. A file that is not understood costs itself, and keeps its bytes.
//! Leaves to others: what a feed has and what is needed of it (`source::posttrade`), how rows become files (`ingest`), which
//! trades make which bars (`resample`).

mod arrival;
mod bars;
mod day_marks;
#[cfg(feature = "polars")]
mod earlier;
mod error;
mod feed_marks;
mod fetch;
mod files_read;
mod gaps;
mod habits;
mod home;
mod left;
mod lost_trades;
mod marks;
mod news;
mod plan;
mod read;
mod reader;
mod remember;
mod replay;
mod run;
mod runs;
mod seen;
mod settled;
mod silence;
mod taken_out;
mod task;
mod tidy;

pub use arrival::{Arrival, FileRead, Held, Listed};
pub use day_marks::{DayMarks, Extent, FileMark};
pub use error::FeedRunError;
pub use fetch::fetch;
pub use gaps::RecordedFeed;
pub use left::{KnownFeed, LeftFeed, left_feeds};
pub use marks::Marks;
pub use plan::{Preview, PreviewError, preview};
pub use replay::replayed_days;
pub use run::FeedRun;
pub use runs::{FeedRuns, FeedsAsked};
pub use settled::Unsettled;
pub use task::{FeedTask, task_of};
