//! What people and scripts see: sentences, tables, JSON, progress.
//!
//! Promises: standard output carries data only; everything else goes to standard error. Nothing depends on
//! colour, and a stream that is closed or full never panics.

pub(super) mod feed_minutes;
pub(super) mod feeds;
pub(super) mod json;
pub(super) mod located;
pub(super) mod plan;
pub(super) mod printer;
pub(super) mod progress;
pub(super) mod rows;
pub(super) mod summary;
pub(super) mod summary_json;
pub(super) mod table;
pub(super) mod troubles;

pub(super) use printer::Printer;
