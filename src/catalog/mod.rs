//! The registry of tickers (`tickers.json`) and of intervals (`intervals.json`), and the aliases of tickers: what an exchange calls
//! instruments beside their ISINs.
//!
//! Promises: what is not understood survives. Unknown keys stay where they are; a ticker whose entry is of
//! another shape is reported, left as it is, and does not stop the others. A damaged file is an error that
//! names the place and the last good generation; it is never read as empty and never overwritten.
//! Adding never overwrites, and the newest known row never moves backwards.
//! Leaves to others: which rows are stored (`storage`), when to write (`to_bytes` is an entry of the commit
//! group), and holding the run lock.

mod aliases;
mod block;
mod entries;
mod error;
mod fields;
mod found;
mod identity;
mod intervals;
mod meant;
mod missing;
mod near;
mod place;
mod read;
mod record;
mod shape;
mod unknown;

pub use aliases::{Alias, AliasTable, Learned};
pub use block::{Block, StorageBlock};
pub use error::{CatalogError, CatalogWarning, Unusable};
pub use found::{Found, Wanted};
pub use identity::ToldIdentity;
pub use intervals::{INTERVALS_FILE, Intervals};
pub use meant::{Aliases, Meant, Named};
pub use missing::{KnownRows, Missing};
pub use near::did_you_mean;
pub use read::Catalog;
pub use unknown::{adding, near_or_listed, refuse_order, refuse_unknown, some_unknown};

/// The name of the registry in the workspace.
pub const TICKERS_FILE: &str = "tickers.json";

/// The name of the copy that was good when it was last replaced.
pub const LAST_GOOD_FILE: &str = "tickers.last-good.json";

/// The size at which the registry is refused: 9,276 tickers in 13 intervals are 65 MiB.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;
