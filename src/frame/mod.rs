//! Market data in memory: columns, and the rules by which rows become one series.
//!
//! Promises: a `Frame` is in order. It has exactly the columns of its profile, every key is present, rows are
//! strictly increasing by key. What has no place in that order is handed out, never dropped in silence.
//! Leaves to others: files (`codec`), places (`layout`), where rows come from (`source`).

mod adjust;
mod bars;
pub mod basis;
mod closes;
mod column;
mod digest;
mod events;
mod factors;
mod gaps;
mod key;
mod merge;
mod order;
mod rows;
mod schema;
mod texts;
mod trades;
mod undo;
mod values;
mod wide;
mod words;

pub use adjust::{Adjust, AdjustError, Adjustments, adjusted};
pub use bars::{Bar, BarBatch, BatchNotes, Volume, bars_of};
pub use closes::{closes_of, rows_of_closes};
pub use column::{Cell, Column, OtherKind};
pub use digest::fingerprint_of;
pub use events::{EventKind, MarketEvent, events_of, rows_of_events};
pub use factors::{Factor, factors_of, splits_since};
pub use gaps::{missing_days, priced_days};
pub use key::{KeyPart, RowKey};
pub use merge::{Merged, OtherRows, Revision, merge, merge_all, without, yielding};
pub use order::{Displaced, Ordered, Reason};
pub use rows::Frame;
pub use schema::{ColumnSpec, FIRST_VERSION, KindOf, MergeRule, Profile};
pub use texts::Texts;
pub use trades::{Trade, TradeRows, exact_trades, rows_of_trades};
pub use undo::{RowChanges, before};
pub use values::{Part, Values};
pub use wide::side_by_side;
pub use words::Words;
