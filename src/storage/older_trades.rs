//! What the predecessor kept of trades beside the days: months of them.
//!
//! Promises: it is read and never changed. Leaves to others: whether the days have all of it (`ingest`).

use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::codec::{self, CodecError, MemoryLimit};
use crate::frame::{Ordered, Profile};
use crate::layout::OlderTradesPaths;
use crate::model::{Dataset, Feed, Venue};
use crate::sys::{Fs, Kind};

use super::StorageError;
use super::inspect::foreign;

/// The name of the predecessor's file of a month.
const FILE: &str = "trades.parquet";

/// The months that the predecessor kept of trades.
#[derive(Debug)]
pub struct OlderTrades<'l> {
    fs: &'l dyn Fs,
    paths: OlderTradesPaths,
}

impl<'l> OlderTrades<'l> {
    /// Returns what lies below the data root `root`.
    pub fn below(fs: &'l dyn Fs, root: &Path) -> Self {
        Self {
            fs,
            paths: OlderTradesPaths::new(root),
        }
    }

    /// Lists the months of trades that the predecessor kept of a feed beside the days, oldest first.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn months(&self, venue: &Venue, feed: &Feed) -> Result<Vec<PathBuf>, StorageError> {
        let dir = self.paths.monthly_of(venue, feed);
        let folders = |dir: &Path| -> Result<Vec<String>, StorageError> {
            let entries = self.fs.list(dir)?.unwrap_or_default();
            let folders = entries.into_iter().filter(|entry| entry.kind == Kind::Dir);
            Ok(folders.map(|entry| entry.name).collect())
        };
        let mut months = Vec::new();
        for year in folders(&dir)? {
            let of_year = dir.join(&year);
            for month in folders(&of_year)? {
                let path = of_year.join(&month).join(FILE);
                let is_there = self.fs.metadata(&path)?.map(|meta| meta.kind) == Some(Kind::File);
                if is_there && OlderTradesPaths::month(&year, &month).is_some() {
                    months.push(path);
                }
            }
        }
        Ok(months)
    }

    /// Lists the months of trades that the predecessor kept of all feeds of a venue.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn all_months(&self, venue: &Venue) -> Result<Vec<PathBuf>, StorageError> {
        let tree = self.paths.monthly(venue);
        let mut all = Vec::new();
        for entry in self.fs.list(&tree)?.unwrap_or_default() {
            if let Some(feed) = Feed::from_segment(&entry.name) {
                all.extend(self.months(venue, &feed)?);
            }
        }
        Ok(all)
    }

    /// Hands out the trades of a month group by group: a month has more of them than memory has room for.
    ///
    /// # Errors
    /// `Refused` when the file is damaged, `Foreign` when it cannot be held, else when it cannot be read; or what `each` returns.
    pub fn read_month<E: From<StorageError>>(
        &self,
        path: &Path,
        each: &mut dyn FnMut(Ordered) -> Result<(), E>,
    ) -> Result<(), E> {
        let bytes = self.fs.read(path).map_err(StorageError::from)?;
        let bytes = Bytes::from(bytes.unwrap_or_default());
        let profile = Profile::of(Dataset::Trades);
        let groups = codec::groups(&bytes, profile, MemoryLimit::NONE);
        for group in groups.map_err(|error| unusable(path, &error))? {
            each(group.map_err(|error| unusable(path, &error))?)?;
        }
        Ok(())
    }
}

fn unusable(path: &Path, error: &CodecError) -> StorageError {
    match error {
        CodecError::Damaged { reason } => StorageError::Refused {
            path: path.to_owned(),
            reason: format!("it is damaged: {reason}"),
        },
        error => foreign(path, error),
    }
}
