//! The price basis: which splits and payments stored prices contain already. Everything that decides about it is here.
//!
//! Promises: pure. `decide` says which basis rows stand on and which one newer rows may continue, `measure` finds the factor
//! by which an answer contradicts stored rows, `moved_by_split` and `healed_splits` take it from a split where nothing can be
//! measured, `rescale` moves rows by it. `split` and `payment` say what one of either does to prices.
//! Leaves to others: reading rows, recording what changes, which basis a source can give (`source`), and finding
//! contradictions within stored prices (`check`), which suspects and moves nothing.

mod decide;
mod healed_splits;
mod measure;
mod moved_by_split;
mod payment;
mod rescale;
mod split;

#[cfg(test)]
mod made;

pub use decide::{OtherBasis, UnsealedBasis, changes_prices, continued, settled};
pub use healed_splits::{Unapplied, healed_splits};
pub use measure::{Overlap, measured};
pub use moved_by_split::moved_by_split;
pub use payment::payment_factor;
pub use rescale::{Moved, Shift, Uncovered, VolumeTooLarge, uncovered};
pub use split::Split;
