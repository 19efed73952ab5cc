//! What is stored, looked through: which series contradict themselves, and which rows of them can be taken out.
//!
//! Promises: takes no lock and changes nothing. A ticker that lies on the disk is looked at though tickers.json does not know it.
//! What is damaged or cannot be read costs its own series, and the findings say so.
//! Leaves to others: what contradicts itself (`check`), taking rows out (`ingest`), words and questions (`cli`).

mod findings;
mod look;
mod repair;
mod subject;
mod trades;

pub use findings::{DamagedFile, Findings};
pub use look::look;
pub use repair::{RepairPlan, SeriesRepair, agreed, plan};
pub use subject::{Subject, subjects};
pub use trades::look_at_trades;
