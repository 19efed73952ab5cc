//! Downloads as they were received, so that what was made of them can be made again.
//!
//! Promises: what was kept is durable when `keep` returns and is read back byte for byte; equal bytes of one name are kept
//! once, other bytes beside them; a file that a crash cut off never harms what stands before the cut; damage costs the
//! record that it is in and is named. Nothing is forgotten before everything in it was consolidated.
//! Leaves to others: what a download means, which of them were consolidated (`feeds`), how long they are kept (`config`).

mod contents;
mod error;
mod files;
mod forget;
mod keeper;
mod look;
mod merge;
mod move_home;
mod record;

pub use contents::{Contents, Damage};
pub use error::VaultError;
pub use files::{DayFiles, InvalidShelf, Shelf, Vault, VaultFile};
pub use forget::{Forgotten, Retention, forget};
pub use keeper::{Keeper, Kept};
pub use look::{Finding, ShelfSize};
pub use move_home::move_home;
pub use record::{Head, InvalidName, Record};
