//! What of a mirror goes: states that nobody needs any more, files that no state has, and what a stopped writer left.
//!
//! Promises: a state goes as a folder, out of sight by one rename before anything in it goes, so that nobody reads a part of
//! it. A file goes when no state has it. What barkeep did not make never goes, whatever its name is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};

use super::folder::{FILES, Folder, LISTING, LOCK, REFRESHED, STATE, damaged, number_of};
use super::keeper::KEEPER;
use super::table::Log;
use super::version::LISTED;
use super::{MirrorError, Piece, Tree, Version, dropped, keeper};
use crate::layout::Places;
use crate::sys::atomic::TempNames;
use crate::sys::{Entry, Fs, FsResult, Kind};

/// How long a state stays after a newer one took its place: readers may hold it.
const KEPT_HOURS: i64 = 24;

/// What stands in the folder of a mirror under the names of states.
#[derive(Debug, Default)]
pub(super) struct States {
    /// Those that barkeep made for this workspace, in order; `None` where one is damaged.
    ours: BTreeMap<u64, Option<Version>>,
    /// The numbers of all others.
    taken: BTreeSet<u64>,
    /// The others: nobody knows what they are for.
    pub(super) strangers: Vec<PathBuf>,
    /// Whether one of them is another workspace's.
    has_anothers: bool,
}

impl States {
    /// Tells whether the mirror is another workspace's, as far as states say.
    pub(super) fn are_anothers(&self) -> bool {
        self.has_anothers && self.ours.values().all(Option::is_none)
    }

    /// Returns the numbers of those that barkeep made for this workspace.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.ours.keys().copied()
    }

    /// Returns the number of the next state: behind every one that was anybody's, and behind the last one of the table.
    pub(super) fn next(&self, table: u64) -> u64 {
        let last = self.ours.last_key_value().map_or(0, |(number, _)| *number);
        let mut next = last.max(table) + 1;
        while self.taken.contains(&next) {
            next += 1;
        }
        next
    }

    /// Returns a state that barkeep made for this workspace; `None` where there is none of the number, or it is damaged.
    pub(super) fn get(&self, number: u64) -> Option<&Version> {
        self.ours.get(&number)?.as_ref()
    }

    /// Has a state, if it is ours, be one that is damaged.
    pub(super) fn give_up(&mut self, number: u64) {
        if let Some(state) = self.ours.get_mut(&number) {
            *state = None;
        }
    }

    /// Returns the states that readers may hold, the newest first.
    pub(super) fn kept(&self, current: &Version, now: DateTime<Utc>) -> Vec<Version> {
        let mut kept = vec![current.clone()];
        let mut newer = current.made;
        // One that came after the current one was never anybody's, and one that is damaged is nobody's.
        for (_, version) in self.ours.range(..current.number).rev() {
            let is_young = newer > now - TimeDelta::hours(KEPT_HOURS);
            if let Some(version) = version.as_ref().filter(|_| is_young) {
                newer = version.made;
                kept.push(version.clone());
            }
        }
        kept
    }
}

impl Folder<'_> {
    /// Looks at what stands under the names of states, of which those of a workspace are ours, or those of any.
    pub(super) fn states(&self, workspace: Option<&str>) -> Result<States, MirrorError> {
        let mut states = States::default();
        for entry in self.fs.list(&self.dir)?.unwrap_or_default() {
            let Some(number) = number_of(&entry.name) else {
                continue;
            };
            let dir = self.dir.join(&entry.name);
            let names = match entry.kind {
                Kind::Dir => self.names_of_ours(&dir)?,
                Kind::File | Kind::Link | Kind::Other => None,
            };
            let (found, names) = match names {
                Some(names) => (self.version(number), names),
                None => (Ok(None), BTreeSet::new()),
            };
            match found {
                Ok(Some(version))
                    if workspace.is_none_or(|of| version.workspace == of)
                        && names.is_subset(&version.names()) =>
                {
                    states.ours.insert(number, Some(version));
                }
                Err(MirrorError::Damaged { .. }) if self.is_half(&dir)? => {
                    states.ours.insert(number, None);
                }
                Err(error @ MirrorError::Fs(_)) => return Err(error),
                found => {
                    states.has_anothers |= matches!(found, Ok(Some(_)));
                    states.taken.insert(number);
                    states.strangers.push(dir);
                }
            }
        }
        states.strangers.sort_unstable();
        Ok(states)
    }

    /// Returns what is in a folder; `None` where something has no name that barkeep gives in those of states.
    fn names_of_ours(&self, dir: &Path) -> FsResult<Option<BTreeSet<String>>> {
        let entries = self.fs.list(dir)?.unwrap_or_default();
        let is_ours = |entry: &Entry| {
            let is_named = [STATE, LISTING].contains(&entry.name.as_str());
            entry.kind == Kind::File && (is_named || Piece::digest_in(&entry.name).is_some())
        };
        let are_ours = entries.iter().all(is_ours);
        Ok(are_ours.then(|| entries.into_iter().map(|entry| entry.name).collect()))
    }

    /// Tells whether a folder is what damage left of a state: its list of files, or one that was cut short, beside a record that
    /// is gone or is none.
    fn is_half(&self, dir: &Path) -> FsResult<bool> {
        let record = self.fs.read(&dir.join(STATE))?;
        let is_another = record.is_some_and(|record| Version::parse(&record).is_ok());
        let list = self.fs.read(&dir.join(LISTING))?;
        let is_list = list.is_some_and(|list| {
            let length = list.len().min(LISTED.len());
            list.get(..length) == LISTED.as_bytes().get(..length)
        });
        Ok(is_list && !is_another)
    }

    /// Removes what is not needed beside the states that readers may hold. Under the lock of the folder.
    pub(super) fn tidy(
        &self,
        temps: &TempNames,
        kept: &[Version],
        states: &mut States,
    ) -> Result<(), MirrorError> {
        self.remove_temps()?;
        let numbers: Vec<u64> = states.numbers().collect();
        for number in numbers {
            if !kept.iter().any(|version| version.number == number) {
                let gone = self.set_out_of_sight(temps, number)?;
                states.ours.remove(&number);
                remove_all(self.fs, &gone, Kind::Dir)?;
            }
        }
        self.remove_files(kept)
    }

    /// Removes what a stopped writer left beside the states.
    fn remove_temps(&self) -> FsResult<()> {
        for entry in self.fs.list(&self.dir)?.unwrap_or_default() {
            if TempNames::gives(&entry.name) {
                remove_all(self.fs, &self.dir.join(&entry.name), entry.kind)?;
            }
        }
        Ok(())
    }

    /// Gives the folder of a state a name that no reader looks for, which it returns.
    fn set_out_of_sight(&self, temps: &TempNames, number: u64) -> FsResult<PathBuf> {
        let dir = self.version_dir(number);
        let gone = temps.beside(&dir);
        self.fs.rename(&dir, &gone)?;
        self.fs.sync_dir(&self.dir)?;
        Ok(gone)
    }

    fn remove_files(&self, kept: &[Version]) -> Result<(), MirrorError> {
        let pieces = kept.iter().flat_map(|version| &version.pieces);
        let names: BTreeSet<String> = pieces.map(Piece::file_name).collect();
        let dir = self.dir.join(FILES);
        for entry in self.fs.list(&dir)?.unwrap_or_default() {
            let is_ours = TempNames::gives(&entry.name) || Piece::digest_in(&entry.name).is_some();
            if is_ours && entry.kind != Kind::Dir && !names.contains(&entry.name) {
                self.fs.remove_file(&dir.join(&entry.name))?;
            }
        }
        Ok(())
    }

    /// Removes the mirror: the way to it first, then all that barkeep made, and returns what somebody else put there, which stays;
    /// `None` when there was no mirror.
    ///
    /// # Errors
    /// When something cannot be removed. What is left is no mirror any more.
    pub(super) fn drop(
        &self,
        temps: &TempNames,
        tree: &Tree,
        places: &Places,
    ) -> Result<Option<Vec<PathBuf>>, MirrorError> {
        if self.fs.metadata(&self.dir)?.is_none() {
            return Ok(None);
        }
        let _lock = self.open(temps)?;
        keeper::refuse_copy(self, places)?;
        let link = self.link();
        let kind = self.fs.metadata(&link)?.map(|found| found.kind);
        if kind == Some(Kind::Dir) {
            return Err(damaged(&link, "it is no link"));
        }
        let states = self.states(None)?;
        let table = Log::of(self, tree);
        let last = states.next(table.last()?).saturating_sub(1);
        let note = || dropped::note((self.fs, temps), places, tree, last);
        let noted = note();
        let is_full = matches!(&noted, Err(error) if error.is_out_of_space());
        if !is_full {
            noted?;
        }
        self.fs.remove_file(&link)?;
        for number in states.ours.keys() {
            remove_all(self.fs, &self.set_out_of_sight(temps, *number)?, Kind::Dir)?;
        }
        self.remove_temps()?;
        table.remove(temps)?;
        self.remove_files(&[])?;
        for name in [REFRESHED, KEEPER, LOCK] {
            self.fs.remove_file(&self.dir.join(name))?;
        }
        if is_full {
            // There is room now.
            note()?;
        }
        let mut left = Vec::new();
        for dir in [&self.dir.join(FILES), &self.dir] {
            // Something of somebody else's keeps it.
            if !matches!(self.fs.remove_dir(dir), Ok(true)) {
                let entries = self.fs.list(dir)?.unwrap_or_default();
                let others = entries.into_iter().filter(|entry| entry.name != FILES);
                left.extend(others.map(|entry| dir.join(entry.name)));
            }
        }
        left.sort_unstable();
        Ok(Some(left))
    }
}

pub(super) fn remove_all(fs: &dyn Fs, path: &Path, kind: Kind) -> FsResult<()> {
    if kind != Kind::Dir {
        return fs.remove_file(path).map(drop);
    }
    for entry in fs.list(path)?.unwrap_or_default() {
        remove_all(fs, &path.join(&entry.name), entry.kind)?;
    }
    fs.remove_dir(path).map(drop)
}
