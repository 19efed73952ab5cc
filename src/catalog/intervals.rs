//! `intervals.json`: which intervals a workspace keeps, in which order.
//!
//! Promises: the order of the file is kept, a name that is there twice counts once, and a name that is no
//! interval is an error. The predecessor replaced such a file, and damaged ones, with `["1d"]`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::CatalogError;
use crate::document::{self, DocumentError};
use crate::model::Interval;
use crate::sys::Fs;
use crate::sys::atomic::TempNames;

/// The name of the file in the workspace.
pub const INTERVALS_FILE: &str = "intervals.json";

/// The intervals of a workspace, each once, in the user's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intervals {
    list: Vec<Interval>,
    is_changed: bool,
}

impl Intervals {
    /// Returns the path of the file.
    pub fn path(workspace: &Path) -> PathBuf {
        workspace.join(INTERVALS_FILE)
    }

    /// Reads the file; `None` when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read, is damaged, or names something that is no interval.
    pub fn load(fs: &dyn Fs, workspace: &Path) -> Result<Option<Self>, CatalogError> {
        let path = Self::path(workspace);
        let in_file = |source| CatalogError::Document {
            source,
            last_good: None,
        };
        let wrong_shape = || {
            in_file(DocumentError::WrongShape {
                path: path.clone(),
                expected: "an array of interval names",
            })
        };
        let names = match document::read(fs, &path, document::MAX_BYTES).map_err(in_file)? {
            None => return Ok(None),
            Some(Value::Array(names)) => names,
            Some(_) => return Err(wrong_shape()),
        };
        let mut intervals = Self::default();
        for name in &names {
            let name = name.as_str().ok_or_else(wrong_shape)?;
            let interval = name.parse().map_err(|_| CatalogError::UnknownInterval {
                path: path.clone(),
                name: name.chars().take(40).collect(),
            })?;
            intervals.add(interval);
        }
        intervals.is_changed = false;
        Ok(Some(intervals))
    }

    /// Returns the intervals in the user's order.
    pub fn as_slice(&self) -> &[Interval] {
        &self.list
    }

    /// Appends an interval; `false` when it was there.
    pub fn add(&mut self, interval: Interval) -> bool {
        if self.list.contains(&interval) {
            return false;
        }
        self.list.push(interval);
        self.is_changed = true;
        true
    }

    /// Removes an interval; `false` when it was not there.
    pub fn remove(&mut self, interval: Interval) -> bool {
        let before = self.list.len();
        self.list.retain(|known| *known != interval);
        self.is_changed |= self.list.len() != before;
        self.list.len() != before
    }

    /// Tells whether the list differs from the file.
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Returns the bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let names = self.list.iter().map(|interval| interval.as_str().into());
        document::to_bytes(&Value::Array(names.collect()))
    }

    /// Replaces the file with bytes of `to_bytes`. The caller holds the run lock.
    ///
    /// # Errors
    /// When the file cannot be replaced; it is then as it was.
    pub fn save(
        fs: &dyn Fs,
        temps: &TempNames,
        workspace: &Path,
        bytes: &[u8],
    ) -> Result<(), CatalogError> {
        Ok(document::save(fs, temps, &Self::path(workspace), bytes)?)
    }
}
