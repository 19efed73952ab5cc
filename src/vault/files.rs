//! Where the files of the vault are: `vault/<market>.<source>/<day>.pack`, and beside it the parts of runs that were not merged yet,
//! `<day>.<run>.<n>.part`.
//!
//! Promises: looking changes nothing; a name that is none of these is never read, merged or removed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrono::NaiveDate;

use crate::model::{Feed, RunId, Venue};
use crate::sys::{Fs, Kind};

use super::contents::{Contents, Newer};
use super::{Head, VaultError};

/// What downloads are kept by: the venue that they are of, as `de.xetra`. Two venues may have one feed. Earlier builds kept those of
/// feeds by the code of the feed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shelf(String);

/// The text is no name of a shelf.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a shelf of the vault has 1 to 40 letters, digits, dots and hyphens and begins with none of the latter: `{0}` is none"
)]
pub struct InvalidShelf(String);

impl Shelf {
    /// Returns the name, fit for a path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Venue> for Shelf {
    fn from(venue: &Venue) -> Self {
        Self(format!("{}.{}", venue.market, venue.source))
    }
}

impl From<&Feed> for Shelf {
    fn from(feed: &Feed) -> Self {
        Self(feed.to_string())
    }
}

impl FromStr for Shelf {
    type Err = InvalidShelf;

    fn from_str(text: &str) -> Result<Self, InvalidShelf> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let begins = |c: char| c.is_ascii_alphanumeric();
        let is_shelf = text.len() <= 40 && text.starts_with(begins) && text.chars().all(is_plain);
        if is_shelf {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidShelf(text.to_owned()))
        }
    }
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One file of the vault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VaultFile {
    /// The downloads of a day that is over. All of them were consolidated when it was written.
    Pack,
    /// What one run kept. Of it nobody has said that it was consolidated.
    Part {
        /// The run.
        run: RunId,
        /// Which of its parts.
        number: u32,
    },
}

impl VaultFile {
    pub(super) fn name(&self, day: NaiveDate) -> String {
        match self {
            Self::Pack => format!("{day}.pack"),
            Self::Part { run, number } => format!("{day}.{run}.{number}.part"),
        }
    }

    fn parse(name: &str) -> Option<(NaiveDate, Self)> {
        let (day, rest) = name.split_once('.')?;
        let day: NaiveDate = day.parse().ok()?;
        let file = match rest.split('.').collect::<Vec<_>>().as_slice() {
            ["pack"] => Self::Pack,
            [run, number, "part"] => Self::Part {
                run: run.parse().ok()?,
                number: number.parse().ok()?,
            },
            _ => return None,
        };
        (file.name(day) == name).then_some((day, file))
    }
}

/// The files of one day, the pack first and then the parts in the order of their runs.
pub type DayFiles = Vec<VaultFile>;

/// The vault of a workspace, to be looked into.
#[derive(Clone, Debug)]
pub struct Vault<'f> {
    pub(super) fs: &'f dyn Fs,
    pub(super) root: PathBuf,
}

impl<'f> Vault<'f> {
    /// Returns the vault in a folder, which need not be there yet.
    pub fn of(fs: &'f dyn Fs, folder: &Path) -> Self {
        Self {
            fs,
            root: folder.to_owned(),
        }
    }

    /// Returns the shelves that are there.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn shelves(&self) -> Result<Vec<Shelf>, VaultError> {
        let entries = self.fs.list(&self.root)?.unwrap_or_default();
        let dirs = entries.into_iter().filter(|entry| entry.kind == Kind::Dir);
        Ok(dirs.filter_map(|dir| dir.name.parse().ok()).collect())
    }

    /// Returns the files of each day of a shelf.
    ///
    /// # Errors
    /// When its folder cannot be listed.
    pub fn days(&self, shelf: &Shelf) -> Result<BTreeMap<NaiveDate, DayFiles>, VaultError> {
        let mut days: BTreeMap<NaiveDate, DayFiles> = BTreeMap::new();
        for entry in self.fs.list(&self.folder(shelf))?.unwrap_or_default() {
            if entry.kind == Kind::File
                && let Some((day, file)) = VaultFile::parse(&entry.name)
            {
                days.entry(day).or_default().push(file);
            }
        }
        for files in days.values_mut() {
            files.sort();
        }
        Ok(days)
    }

    /// Reads a file whole; `None` when it is gone.
    ///
    /// # Errors
    /// `Newer`; when it cannot be read.
    pub fn read(
        &self,
        shelf: &Shelf,
        day: NaiveDate,
        file: &VaultFile,
    ) -> Result<Option<Contents>, VaultError> {
        let path = self.path(shelf, day, file);
        let Some(bytes) = self.fs.read(&path)? else {
            return Ok(None);
        };
        match Contents::of(bytes, shelf, day) {
            Ok(contents) => Ok(Some(contents)),
            Err(Newer) => Err(VaultError::Newer { path }),
        }
    }

    /// Returns where a file is.
    pub fn path(&self, shelf: &Shelf, day: NaiveDate, file: &VaultFile) -> PathBuf {
        self.folder(shelf).join(file.name(day))
    }

    pub(super) fn folder(&self, shelf: &Shelf) -> PathBuf {
        self.root.join(shelf.as_str())
    }

    /// Tells whether every record of a file is done, and none of it is damaged or cut off. Of one that has none, which a stop left
    /// that came before its first record, there is nothing to be done: a pack of it would look like damage.
    pub(super) fn is_done(
        (contents, file): (&Contents, &VaultFile),
        is_done: &dyn Fn(&Head) -> bool,
    ) -> bool {
        contents.is_clean(file)
            && contents.heads().next().is_some()
            && contents.heads().all(is_done)
    }
}
