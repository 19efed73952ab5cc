//! Temporary files that stopped runs left behind: barkeep's own, and those of the predecessor.
//!
//! Promises: rows that were fetched are never discarded. What a temporary file of the predecessor holds is staged,
//! durably, before the file goes, or the file is moved to quarantine with the reason; it is never promoted to the
//! place that its name suggests. Names that are not known are never touched, and an unreadable file stays.
//! Planning is a pure look: `--dry-run` prints what `apply` would do.
//! Leaves to others: merging what was staged (`ingest::finish_leftovers`, to be called after `apply`), and the
//! leftovers of the lock (`lock`).

mod apply;
mod due;
mod plan;

pub use apply::{SweepReport, apply, sweep};
pub use due::{forget, is_due, remember};
pub use plan::{LeftTemp, Origin, SweepPlan, Temp, plan, plan_in};
