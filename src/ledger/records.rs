//! The records of all series of a venue.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::{FileLine, LedgerError, Line, Log, SeriesRecord};
use crate::layout::Places;
use crate::model::{StorageRequest, Venue};
use crate::sys::Fs;

/// The records of all series of a venue. A series that is not among them is unknown, not empty.
#[derive(Debug, Default)]
pub struct Records {
    /// By series.
    pub series: BTreeMap<StorageRequest, SeriesRecord>,
    /// When recording began; `None` when nothing was recorded yet.
    pub begun: Option<DateTime<Utc>>,
    /// Files of the ledger that cannot be understood, and why.
    pub damaged: Vec<(PathBuf, String)>,
}

/// Reads the records of a venue.
///
/// # Errors
/// When a file of the ledger cannot be read. One that is damaged is in the answer.
pub fn read_records(fs: &dyn Fs, places: &Places, venue: &Venue) -> Result<Records, LedgerError> {
    let mut log = Log::read(fs, places, venue)?;
    let mut records = Records {
        begun: log.begun(),
        ..Records::default()
    };
    log.for_each(|_, line| records.take(line));
    records.damaged = log.damaged;
    Ok(records)
}

impl Records {
    /// Takes over what a line says.
    pub(super) fn take(&mut self, line: Line) {
        match line {
            Line::Found(series, record) => {
                self.series.insert(series, record);
            }
            Line::Gone(series) => {
                self.series.remove(&series);
            }
            Line::File(line) => self.take_file(*line),
        }
    }

    fn take_file(&mut self, line: FileLine) {
        match self.series.entry(line.series.clone()) {
            // A legacy file is the whole series, and a series that begins has nothing else.
            entry if line.is_legacy() || line.begins => {
                let mut record = SeriesRecord::nothing();
                record.apply(&FileLine { old: None, ..line });
                entry.insert_entry(record);
            }
            Entry::Vacant(_) => {}
            // What lies in the other layout beside this file nobody said.
            Entry::Occupied(entry) if entry.get().is_legacy => {
                entry.remove();
            }
            Entry::Occupied(mut entry) => entry.get_mut().apply(&line),
        }
    }
}
