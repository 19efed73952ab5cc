//! Rows for programs that are not ours: columns under names of their own, written as they come, and pictures of them.
//!
//! Promises: every bit of a value arrives, and what cannot be said in a form is refused. What is written to a file is hidden until
//! it is whole. Leaves to others: which rows (`cli`), where they lie (`workspace`), what they mean (`frame`).

mod batch;
pub mod chart;
mod decimals;
mod draft;
mod error;
mod report;
mod sheet;
mod target;
mod text;
mod views;
mod writer;

pub use decimals::readable_rows;
pub use draft::{Draft, IfTaken, Unsaid, leftovers};
pub use error::ExportError;
pub use report::page;
pub use sheet::{Head, Sheet, Times};
pub use target::{Target, refuse_document, target};
pub use text::{cell_text, names_json, row_json};
pub use views::{Engine, Files, Tree, VenueViews, Zones, script, tell_apart};
pub use writer::{Form, Table};
