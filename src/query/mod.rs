//! Questions about stored series: which of them are meant, and what is made of their rows before somebody sees them.
//!
//! Promises: takes no lock and changes nothing. Of a moment in the past nothing is told that was not known then.
//! Leaves to others: reading one series (`workspace`), what bars are joined by (`resample`), how rows are written (`export`), words
//! (`cli`).

mod chosen;
mod coarse;
mod error;
mod extract;
mod factors;
mod find;
mod gaps;
mod known_factors;
mod lost;
mod making;
mod named;
mod pieces;
mod provisional;
mod span;
mod trades;

pub use chosen::{Chosen, Purpose, chosen};
pub use coarse::Coarse;
pub use error::QueryError;
pub use extract::{Extract, refuse_mixed};
pub use factors::{factor_heads, factor_sheet};
pub use find::Wanted;
pub use gaps::{StoredGaps, stored_gaps};
pub use lost::{lost, meant_by};
pub use making::{Bars, Making};
pub use named::{isin, named};
pub use pieces::{Pieces, each_piece};
pub use provisional::{Provisional, over, provisional};
pub use span::{Ends, Span};
pub use trades::{Instrument, TradesMeant, feeds};
