//! Which temporary files lie in a workspace. Changes nothing.
//!
//! Promises: only known patterns count as temporary; everything else in the workspace is passed over. Leaves to others:
//! what becomes of a file (`apply`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::layout::{ParsedPartition, Places, parse_partition_folder};
use crate::model::{Granularity, PartitionKey};
use crate::sys::atomic::TempNames;
use crate::sys::{Entry, Fs, FsResult, Kind};

use crate::ingest::IngestError;

/// How the predecessor begins the name of a partition that it is writing.
const PREDECESSOR_PREFIX: &str = "data.parquet.tmp-";
/// The name under which it writes a day of trades.
const PREDECESSOR_TRADES: &str = "trades.tmp";
/// What its design calls a file that is being written.
const PARTIAL: &str = ".partial";

/// What a clean-up will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepPlan {
    /// What was left, in the order of the paths.
    pub leftovers: Vec<Temp>,
    /// Folders that cannot be looked into.
    pub unreadable: Vec<LeftTemp>,
}

/// A file or folder that cannot be read, or a file that cannot be taken away. It stays where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftTemp {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system answered, as a sentence without a period.
    pub reason: String,
}

/// A temporary file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Temp {
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// The time of its last change, in nanoseconds since 1970.
    pub modified_nanos: i64,
    /// Who left it.
    pub origin: Origin,
}

/// Who left a temporary file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A run of barkeep. It holds nothing that is not staged or still to be written: it is removed.
    Own,
    /// Another program, below the data root. Its rows are staged, or the file goes to quarantine.
    Predecessor {
        /// What the file was to become, if its place is that of a partition.
        place: Option<ParsedPartition>,
    },
}

/// A file of another program that changed within this time may still be written: whoever cleans up unasked leaves it.
const FRESH_NANOS: i64 = 60 * 60 * 1_000_000_000;

impl SweepPlan {
    /// Leaves out what may still be being written at this moment: by another program, or by a barkeep that needs no lock for it,
    /// as for the budgets of hosts.
    #[must_use]
    pub fn of_stale(mut self, now: DateTime<Utc>) -> Self {
        let now = now.timestamp_nanos_opt().unwrap_or(i64::MAX);
        let is_fresh = |at: i64| now.saturating_sub(at).saturating_abs() < FRESH_NANOS;
        self.leftovers.retain(|one| !is_fresh(one.modified_nanos));
        self
    }
}

/// Looks for temporary files in some folders, and not below them.
///
/// # Errors
/// When a directory cannot be listed.
pub fn plan_in(
    fs: &dyn Fs,
    places: &Places,
    dirs: &BTreeSet<PathBuf>,
) -> Result<SweepPlan, IngestError> {
    let mut search = Search::new(fs, places);
    for dir in dirs {
        for entry in search.entries(dir)? {
            if entry.kind == Kind::File {
                let is_data = dir.starts_with(&places.data);
                search.judge(dir.join(&entry.name), &entry.name, is_data)?;
            }
        }
    }
    Ok(search.into_plan())
}

/// Looks for temporary files.
///
/// # Errors
/// When a directory cannot be listed.
pub fn plan(fs: &dyn Fs, places: &Places) -> Result<SweepPlan, IngestError> {
    let mut search = Search::new(fs, places);
    search.beside_the_registry()?;
    for (dir, is_data) in [
        (&places.state, false),
        (&places.quarantine, false),
        (&places.data, true),
    ] {
        search.below(dir, is_data)?;
    }
    Ok(search.into_plan())
}

struct Search<'p> {
    fs: &'p dyn Fs,
    places: &'p Places,
    found: Vec<Temp>,
    unreadable: Vec<LeftTemp>,
}

impl<'p> Search<'p> {
    fn new(fs: &'p dyn Fs, places: &'p Places) -> Self {
        Self {
            fs,
            places,
            found: Vec::new(),
            unreadable: Vec::new(),
        }
    }

    fn into_plan(mut self) -> SweepPlan {
        self.found.sort_by(|a, b| a.path.cmp(&b.path));
        SweepPlan {
            leftovers: self.found,
            unreadable: self.unreadable,
        }
    }

    /// The workspace itself and its flat legacy trees. Other directories in it are none of barkeep's.
    fn beside_the_registry(&mut self) -> FsResult<()> {
        let root = self.places.root.clone();
        for entry in self.fs.list(&root)?.unwrap_or_default() {
            match entry.kind {
                Kind::File => self.judge(root.join(&entry.name), &entry.name, false)?,
                Kind::Dir if entry.name.starts_with("stocks_") => {
                    self.below(&root.join(&entry.name), false)?;
                }
                Kind::Dir | Kind::Link | Kind::Other => {}
            }
        }
        Ok(())
    }

    fn below(&mut self, dir: &Path, is_data: bool) -> FsResult<()> {
        // Staged files are the business of the runs that they belong to.
        if self.places.stagings().any(|staging| staging == dir) {
            return Ok(());
        }
        for entry in self.entries(dir)? {
            let path = dir.join(&entry.name);
            match entry.kind {
                Kind::File => self.judge(path, &entry.name, is_data)?,
                Kind::Dir => self.below(&path, is_data)?,
                Kind::Link | Kind::Other => {}
            }
        }
        Ok(())
    }

    fn entries(&mut self, dir: &Path) -> FsResult<Vec<Entry>> {
        match self.fs.list(dir) {
            Ok(entries) => Ok(entries.unwrap_or_default()),
            // One bad folder does not keep the others from being looked into.
            Err(error) if error.is_of_place() => {
                self.unreadable.push(LeftTemp {
                    path: dir.to_owned(),
                    reason: error.to_string(),
                });
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    fn judge(&mut self, path: PathBuf, name: &str, is_data: bool) -> FsResult<()> {
        let origin = if TempNames::gives(name) {
            Origin::Own
        } else if is_data && is_predecessors(name) {
            Origin::Predecessor {
                place: self.place(&path, name),
            }
        } else {
            return Ok(());
        };
        let meta = self.fs.metadata(&path)?;
        self.found.push(Temp {
            path,
            bytes: meta.as_ref().map_or(0, |meta| meta.len),
            modified_nanos: meta.map_or(0, |meta| meta.modified_nanos),
            origin,
        });
        Ok(())
    }

    /// Returns what a file would have become: the partition in whose directory it stands under that dataset's name.
    fn place(&self, path: &Path, name: &str) -> Option<ParsedPartition> {
        let below = path.strip_prefix(&self.places.data).ok()?;
        let parsed = parse_partition_folder(below.parent()?)?;
        let wanted = parsed.request.series.dataset();
        let is_of = match name.strip_suffix(PARTIAL) {
            Some(stem) => stem == wanted.file_name(),
            None if name == PREDECESSOR_TRADES => wanted.file_name() == "trades.parquet",
            None => name.strip_prefix(wanted.file_name()).is_some(),
        };
        // Its granularity, too: a day's file below the directory of a month is nobody's partition now.
        let fits = match parsed.partition {
            PartitionKey::Whole => wanted.granularity() == Granularity::Whole,
            PartitionKey::Month { .. } => wanted.granularity() == Granularity::Month,
            PartitionKey::Day(_) => wanted.granularity() == Granularity::Day,
        };
        (is_of && fits).then_some(parsed)
    }
}

fn is_predecessors(name: &str) -> bool {
    name.starts_with(PREDECESSOR_PREFIX) || name == PREDECESSOR_TRADES || name.ends_with(PARTIAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_predecessor_are_known_by_their_pattern() {
        for name in ["data.parquet.tmp-1-2-ab", "trades.tmp", "x.partial"] {
            assert!(is_predecessors(name), "{name}");
        }
        for name in ["data.parquet", "other.tmp", "partial", "trades.tmp2"] {
            assert!(!is_predecessors(name), "{name}");
        }
    }
}
