//! A workspace as a whole: what is looked at, and what it takes to change it.
//!
//! Promises: looking changes nothing and needs no lock; whoever changes something has a `Session`, which only the run lock
//! makes. Leaves to others: what is asked for (`update`), what becomes of rows (`ingest`).

mod data_root;
mod run_names;
mod session;
mod view;

pub use data_root::DataRoot;
pub use run_names::RunNames;
pub use session::Session;
pub use view::View;
