//! One whole update in its order: what stopped runs left, the plan, the run, and what is put in order behind it.
//!
//! Promises: rows that somebody gave up are given up before anything is merged; what is told of a run that stored rows is never
//! lost over what is tidied up after it. A plan is the one that a run executes.
//! Leaves to others: what each step does (`ingest`, `update`, `inventory`, `mirror`), words, questions and exit codes (`cli`).

mod error;
mod plan;
mod run;
mod space;
mod strangers;
mod tidy;

pub use error::CycleError;
pub use plan::{Cycle, Planned};
pub use run::{Asker, Done};
pub use space::check_space;
pub use strangers::Strangers;
pub use tidy::{CleanedUp, Ending, Swept, clean_up};
