//! Bars made of trades, and coarser bars of finer ones; the only room that knows polars.
//!
//! Promises: pure. The bucket of a row is decided by our calendar, and what a bar says of the rows in it is polars'
//! aggregation of them. Volume is conserved: what the bars of a series hold together is what their rows hold, to the last digit,
//! and it is counted in every call. What is not in a bar is in the answer, by reason. `docs/bars.md` says which trades count.
//! Leaves to others: storing what was made (`ingest`), and which days are to be made anew.

mod accounts;
mod auctions;
mod bucket;
mod coarser;
mod emptied;
mod error;
mod exact;
mod groups;
mod lines;
mod resolve;
mod rules;
mod series;
mod trades;

pub use coarser::{Coarse, Hours, coarser};
pub use error::ResampleError;
pub use rules::{LeftOut, VenueRules};
pub use trades::{Made, bars_of_each, bars_of_trades};
