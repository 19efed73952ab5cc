//! What a workspace keeps, changed on a person's word: its tickers, intervals and aliases, and the layout of new series.
//!
//! Promises: stored rows are never touched, and what would leave some of them to nobody is refused before anything is written.
//! A list is taken whole or not at all, and removes nothing. Whatever is written is written under the run lock.
//! Leaves to others: what an entry is (`catalog`), what a list says (`source::symbols`), taking the lock and words (`cli`).

mod aliases;
mod begin;
mod confirm;
mod error;
mod intervals;
mod lists;
mod origin;
mod take_in;
mod tickers;
mod toggle;

pub use begin::{Beginning, begin};
pub use confirm::{Confirmed, confirm};
pub use error::RosterError;
pub use intervals::change_intervals;
pub use lists::{Import, Imported, Lists, ReadList};
pub use origin::{KnownLists, ListOrigin};
pub use take_in::TakenIn;
pub use tickers::{
    Accepted, Removed, Unspelled, accept, add, refuse_unknown, remove, save, unspelled, written,
};
pub use toggle::{Change, change_toggle};
