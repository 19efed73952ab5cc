//! Questions about stored series: which of them are meant, and what is made of their rows before somebody sees them.
//!
//! Promises: takes no lock and changes nothing. Of a moment in the past nothing is told that was not known then.
//! Leaves to others: reading one series (`workspace`), what bars are joined by (`resample`), how rows are written (`export`), words
//! (`cli`).

mod coarse;
mod error;
mod factors;
mod find;
mod gaps;
mod known_factors;
mod making;
mod pieces;
mod provisional;
mod span;
mod trades;

pub use coarse::Coarse;
pub use error::QueryError;
pub use factors::{factor_heads, factor_sheet};
pub use find::{Candidates, Length, candidates, find, home, length};
pub use gaps::{StoredGaps, stored_gaps};
pub use making::{Bars, Making};
pub use pieces::{Pieces, each_piece};
pub use provisional::{Provisional, over, provisional};
pub use span::{Ends, Span};
pub use trades::{Instrument, TradesMeant, feeds};
