//! What each group commit did, and what is therefore known of a series without opening its files.
//!
//! Promises: the ledger of a group is a file of the same group, so there is no change without its line and no line without
//! its change; what a line says undoes its change bit for bit, and says by a fingerprint whether it did.
//! Leaves to others: the commit (`storage`), what to do with what is known.

mod base;
mod before;
mod history;
mod latest;
mod ledgers;
mod line;
mod line_json;
mod log;
mod merged;
mod names;
mod record;
mod records;
mod removed;
mod replaced;
mod since;
mod values;
mod walk;
mod written;

pub use before::{Before, ReadKept};
pub use history::{History, Unknown, read_history};
pub use latest::{Rewrite, latest_rewrites};
pub use ledgers::Ledgers;
pub use line::{FileChange, FileLine, FileState, Line, Past};
pub use log::{Group, Log, group_file, write_down};
pub use merged::{is_merge_due, is_sum_due, merge_files, sum_up, venues};
pub use record::SeriesRecord;
pub use records::{Records, RecordsThen, damaged, read_record, read_records, read_records_at};
pub use removed::{rows_out, rows_out_by_line};
pub use replaced::{Ledger, LedgerLine, read_earlier, read_ledger, recorded_series};
pub use since::{Mark, Since, read_since};

use std::path::PathBuf;

use crate::lock::LockError;
use crate::model::VenueMissing;
use crate::sys::FsError;

/// What the ledger could not do.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A series without a venue has no ledger.
    #[error(transparent)]
    VenueMissing(#[from] VenueMissing),
    /// The run lock was lost in the middle of the run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A line cannot be written as JSON.
    #[error("cannot write a line of {}: {reason}", path.display())]
    Line {
        /// The file of the ledger.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}
