//! A workspace as a whole: opening it, what is looked at, and what it takes to change it.
//!
//! Promises: looking changes nothing and needs no lock; whoever changes something has a `Session`, which only the run lock
//! makes. Leaves to others: what is asked for (`update`), what becomes of rows (`ingest`), words (`cli`).

mod calendars;
mod data_root;
mod error;
mod extras;
mod feeds;
mod open;
mod owners;
mod parquet_rows;
mod read;
mod reading;
mod run_names;
mod servers;
mod session;
mod sessions;
mod sources;
mod surroundings;
mod view;

pub use calendars::UnusedCalendar;
pub use data_root::{DataAbsent, DataRoot};
pub use error::WorkspaceError;
pub use extras::adjusting;
pub use feeds::calendar_of_feeds;
pub use open::{Workspace, has_legacy_data, is_workspace};
pub use read::{Found, FoundSeries};
pub use reading::{ReadError, Reading, nothing};
pub use run_names::RunNames;
pub use servers::keep_learned;
pub use session::Session;
pub use sessions::{GapCalendar, gap_calendar};
pub use surroundings::Surroundings;
pub use view::View;
