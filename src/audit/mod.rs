//! What is stored, looked through: which series contradict themselves, which rows of them can be taken out, and which can be put
//! back.
//!
//! Promises: looking takes no lock and changes nothing, and a repair does what was shown and is still so. A ticker that lies on the disk is looked at though tickers.json does not know it.
//! What is damaged or cannot be read costs its own series, and the findings say so.
//! Leaves to others: what contradicts itself (`check`), taking rows out (`ingest`), words and questions (`cli`).

mod error;
mod findings;
mod look;
mod mend;
mod repair;
mod restore;
mod subject;
mod trades;
mod unmet;
mod whole;

pub use error::AuditError;
pub use findings::{DamagedFile, Findings, cure};
pub use mend::{Repair, Repairable, Repaired};
pub use repair::{RepairPlan, SeriesRepair};
pub use restore::{LostFile, Restore};
pub use subject::{Subject, refuse_unknown, subjects};
pub use whole::{Checked, check};
