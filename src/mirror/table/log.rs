//! The folder of the log: how a version comes into it, and how it leaves.
//!
//! Promises: an entry appears whole, by one rename, once the files that it names are durable, and is never changed; old ones go
//! before the files that they name. A new log takes the place of a damaged one by a rename.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::clean::remove_all;
use super::super::folder::{FILES, Folder, damaged};
use super::super::{MirrorError, Piece, Tree, Version};
use super::actions::{Entry, Found, checkpoint_name, commit_name, judge, number_in, table_in};
use super::schema::name_of;
use crate::frame::Profile;
use crate::sys::atomic::{self, TempNames};
use crate::sys::{Access, FsResult, Kind};

/// The name that every engine looks for.
const DIR: &str = "_delta_log";
/// Where the newest checkpoint is.
const HINT: &str = "_last_checkpoint";

/// The log of the table of a mirror. Its root is the folder of all files: what other programs clean up there are never the
/// folders of versions.
#[derive(Debug)]
pub(in crate::mirror) struct Log<'l, 'p> {
    folder: &'l Folder<'p>,
    tree: &'l Tree,
    dir: PathBuf,
}

/// How a log stands to the versions of its mirror.
enum Standing {
    /// There is none, or one whose last version readers of the mirror have no more.
    Behind,
    /// Its last version is this one of the chain.
    At(usize),
    Damaged(String),
    /// Something stands there that is to be left alone.
    NotOurs(String),
}

impl<'l, 'p> Log<'l, 'p> {
    pub(in crate::mirror) fn of(folder: &'l Folder<'p>, tree: &'l Tree) -> Self {
        let dir = folder.dir.join(FILES).join(DIR);
        Self { folder, tree, dir }
    }

    /// Returns the number of the newest version that it ever had; 0 without any. No other version may have it.
    pub(in crate::mirror) fn last(&self) -> FsResult<u64> {
        Ok(self.numbers()?.last().copied().unwrap_or(0))
    }

    /// Tells whether the newest entry says that the table is another workspace's.
    pub(in crate::mirror) fn is_anothers(&self, workspace: &str) -> FsResult<bool> {
        let Some(last) = self.numbers()?.pop() else {
            return Ok(false);
        };
        let entry = self.read(&commit_name(last))?.unwrap_or_default();
        let name = table_in(&entry);
        Ok(name.is_some_and(|name| name != name_of(self.tree, workspace)))
    }

    /// Says how what readers of the table get is not a version of the mirror; `None` where it is, or there is no table.
    ///
    /// # Errors
    /// `Damaged` when the log is not what was written.
    pub(in crate::mirror) fn differs(
        &self,
        version: &Version,
    ) -> Result<Option<String>, MirrorError> {
        if self.kind()?.is_none() {
            return Ok(None);
        }
        let last = self.last()?;
        if last != version.number {
            let number = version.number;
            let differs = format!("its newest version is {last}, and that of the mirror {number}");
            return Ok(Some(differs));
        }
        let usual = Profile::of(self.tree.dataset);
        let entry = Entry {
            tree: self.tree,
            version,
            profile: self.folder.profile(version, usual)?.unwrap_or(usual),
        };
        let name = commit_name(last);
        let flaw = match judge(&self.read(&name)?.unwrap_or_default()) {
            Found::Newer(unknown) => {
                let differs = format!("it takes {unknown}, which this barkeep does not know");
                return Ok(Some(differs));
            }
            Found::Damaged => Some(format!("{name} is not what was written")),
            Found::Whole(_) if !self.has_true_hint(&[last])? => {
                Some(format!("{HINT} is not what was written"))
            }
            Found::Whole(files) => self.flaw(entry, &files)?,
        };
        flaw.map_or(Ok(None), |flaw| Err(damaged(&self.dir, &flaw)))
    }

    /// Has the log say what the versions of the mirror are, the newest first, and returns what somebody should know. The first
    /// of them is durable. Under the lock of the folder.
    ///
    /// # Errors
    /// When the disk refuses, or a file of the mirror is not what was written.
    pub(in crate::mirror) fn follow(
        &self,
        temps: &TempNames,
        versions: &[Version],
    ) -> Result<Option<String>, MirrorError> {
        let versions = chain(versions);
        let usual = Profile::of(self.tree.dataset);
        let profile = |version| Ok(self.folder.profile(version, usual)?.unwrap_or(usual));
        let newest = versions
            .last()
            .map_or(Ok(usual), |newest| profile(newest))?;
        let mut chain = Vec::with_capacity(versions.len());
        for version in versions {
            let profile = match profile(version) {
                // An older version may have lost files, which is for its readers to meet.
                Err(MirrorError::Damaged { .. }) => newest,
                found => found?,
            };
            chain.push(Entry {
                tree: self.tree,
                version,
                profile,
            });
        }
        self.sweep()?;
        let told = match self.standing(&chain)? {
            Standing::NotOurs(reason) => {
                let (tree, path) = (self.tree, self.dir.display());
                return Ok(Some(format!(
                    "the table of {tree} is left as it is: {path} {reason}"
                )));
            }
            Standing::At(at) => {
                self.go_on(temps, &chain, at)?;
                None
            }
            Standing::Behind => {
                self.build(temps, &chain)?;
                None
            }
            Standing::Damaged(reason) => {
                self.build(temps, &chain)?;
                let (tree, path) = (self.tree, self.dir.display());
                Some(format!(
                    "the table of {tree} was made anew, because it was damaged: {path}: {reason}"
                ))
            }
        };
        self.forget_before(chain.first().map_or(0, Entry::number))?;
        Ok(told)
    }

    /// Removes the entries of versions before those that stay, given the newest first, and what a stopped writer left. Under the lock
    /// of the folder.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(in crate::mirror) fn forget_but(&self, versions: &[Version]) -> FsResult<()> {
        self.sweep()?;
        let first = chain(versions).first().map_or(0, |first| first.number);
        self.forget_before(first)
    }

    /// Removes the log, and with it the table.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(in crate::mirror) fn remove(&self, temps: &TempNames) -> FsResult<()> {
        self.sweep()?;
        if self.kind()? == Some(Kind::Dir) {
            let gone = temps.beside(&self.dir);
            self.folder.fs.rename(&self.dir, &gone)?;
            self.folder.fs.sync_dir(atomic::parent(&self.dir))?;
            remove_all(self.folder.fs, &gone, Kind::Dir)?;
        }
        Ok(())
    }

    fn kind(&self) -> FsResult<Option<Kind>> {
        Ok(self.folder.fs.metadata(&self.dir)?.map(|found| found.kind))
    }

    /// Returns the numbers of its entries, in order.
    fn numbers(&self) -> FsResult<Vec<u64>> {
        if self.kind()? != Some(Kind::Dir) {
            return Ok(Vec::new());
        }
        let entries = self.folder.fs.list(&self.dir)?.unwrap_or_default();
        let numbers = entries.iter().filter_map(|entry| {
            let number = number_in(&entry.name)?;
            (entry.name == commit_name(number)).then_some(number)
        });
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn read(&self, name: &str) -> FsResult<Option<Vec<u8>>> {
        self.folder.fs.read(&self.dir.join(name))
    }

    fn standing(&self, chain: &[Entry<'_>]) -> Result<Standing, MirrorError> {
        match self.kind()? {
            None => return Ok(Standing::Behind),
            Some(Kind::Dir) => {}
            Some(_) => return Ok(Standing::NotOurs("is no folder".to_owned())),
        }
        let damaged = |reason: &str| Ok(Standing::Damaged(reason.to_owned()));
        let mut numbers = self.numbers()?;
        let last = numbers.last().copied();
        let mut files = BTreeSet::new();
        for number in &numbers {
            // What follows the versions of the mirror is another program's; of what is in them only the last one is looked at.
            let is_known = chain.iter().any(|entry| entry.number() == *number);
            if is_known && Some(*number) != last {
                continue;
            }
            files = match judge(&self.read(&commit_name(*number))?.unwrap_or_default()) {
                Found::Newer(unknown) => {
                    return Ok(Standing::NotOurs(format!(
                        "takes {unknown}, which this barkeep does not know"
                    )));
                }
                Found::Damaged => {
                    return damaged(&format!("version {number} is not what was written"));
                }
                Found::Whole(files) => files,
            };
        }
        let current = chain.last().map_or(0, Entry::number);
        if let Some(number) = last.filter(|last| *last > current) {
            return damaged(&format!("version {number} is none of the mirror"));
        }
        if !self.has_true_hint(&numbers)? {
            return damaged(&format!("{HINT} is not what was written"));
        }
        // Of what is on its way out any part may be gone after a power cut.
        let first = chain.first().map_or(0, Entry::number);
        numbers.retain(|number| first <= *number);
        let is_gap = |pair: &[u64]| matches!(pair, [a, b] if a + 1 != *b);
        if numbers.windows(2).any(is_gap) {
            return damaged("a version is gone");
        }
        let mut places = chain.iter().enumerate();
        match places.find(|(_, entry)| Some(entry.number()) == last) {
            None => Ok(Standing::Behind),
            Some((at, entry)) => Ok(self
                .flaw(*entry, &files)?
                .map_or(Standing::At(at), Standing::Damaged)),
        }
    }

    /// Returns what is wrong with the last version of the log, whose entry names these files.
    fn flaw(
        &self,
        last: Entry<'_>,
        files: &BTreeSet<String>,
    ) -> Result<Option<String>, MirrorError> {
        let number = last.number();
        let pieces = last.version.pieces.iter();
        if *files != pieces.map(Piece::file_name).collect() {
            return Ok(Some(format!(
                "version {number} has other files than the mirror"
            )));
        }
        // Whoever wrote the entry may have been stopped before its checkpoint.
        let checkpoint = self.read(&checkpoint_name(number))?;
        let is_true = match checkpoint {
            None => true,
            Some(bytes) => bytes == self.checkpoint(last)?,
        };
        let flaw = format!("the checkpoint of version {number} is not what was written");
        Ok(Some(flaw).filter(|_| !is_true))
    }

    /// Tells whether the hint leads to a version, if there is one.
    fn has_true_hint(&self, numbers: &[u64]) -> FsResult<bool> {
        let Some(bytes) = self.read(HINT)? else {
            return Ok(true);
        };
        let hint: Option<Value> = serde_json::from_slice(&bytes).ok();
        let number = hint.and_then(|hint| hint.get("version")?.as_u64());
        Ok(number.is_some_and(|number| numbers.contains(&number)))
    }

    fn checkpoint(&self, entry: Entry<'_>) -> Result<Vec<u8>, MirrorError> {
        entry.checkpoint().map_err(|source| MirrorError::Encode {
            path: self.dir.clone(),
            source,
        })
    }

    /// Adds the versions behind one that the log has, and what that one lacks.
    fn go_on(&self, temps: &TempNames, chain: &[Entry<'_>], at: usize) -> Result<(), MirrorError> {
        let Some(newest) = chain.last() else {
            return Ok(());
        };
        let mut before: Option<&Version> = None;
        for entry in chain.iter().skip(at) {
            let number = entry.number();
            if before.is_some() {
                self.write(temps, &commit_name(number), &entry.commit(before))?;
            }
            self.write(temps, &checkpoint_name(number), &self.checkpoint(*entry)?)?;
            if before.is_some() || number == newest.number() {
                self.folder.fs.sync_dir(&self.dir)?;
            }
            before = Some(entry.version);
        }
        // Not before the checkpoint to which it leads is durable.
        let hint = newest.hint();
        if self.read(HINT)?.as_deref() != Some(&hint) {
            atomic::replace(self.folder.fs, temps, &self.dir.join(HINT), &hint)?;
        }
        Ok(())
    }

    /// Writes a file whose contents are durable then, and whose name is once the folder is synced.
    fn write(&self, temps: &TempNames, name: &str, bytes: &[u8]) -> FsResult<()> {
        let path = self.dir.join(name);
        if self.folder.fs.read(&path)?.as_deref() == Some(bytes) {
            return Ok(());
        }
        let temp = temps.beside(&path);
        atomic::write_new(self.folder.fs, &temp, bytes, Access::Fresh)?;
        self.folder.fs.rename(&temp, &path)
    }

    /// Makes a log of all versions of a chain, and puts it in the place of what is there.
    fn build(&self, temps: &TempNames, chain: &[Entry<'_>]) -> Result<(), MirrorError> {
        let fs = self.folder.fs;
        let temp = temps.beside(&self.dir);
        fs.create_dir(&temp)?;
        let put = |name: &str, bytes: &[u8]| {
            atomic::write_new(fs, &temp.join(name), bytes, Access::Fresh)
        };
        let mut before: Option<&Version> = None;
        for entry in chain {
            put(&commit_name(entry.number()), &entry.commit(before))?;
            put(&checkpoint_name(entry.number()), &self.checkpoint(*entry)?)?;
            before = Some(entry.version);
        }
        if let Some(last) = chain.last() {
            put(HINT, &last.hint())?;
        }
        fs.sync_dir(&temp)?;
        let root = atomic::parent(&self.dir);
        let gone = temps.beside(&self.dir);
        let is_there = self.kind()?.is_some();
        if is_there {
            fs.rename(&self.dir, &gone)?;
        }
        fs.rename(&temp, &self.dir)?;
        fs.sync_dir(root)?;
        if is_there {
            remove_all(fs, &gone, Kind::Dir)?;
        }
        Ok(())
    }

    /// Removes the entries of versions before a number, the oldest first: what is left begins with a checkpoint.
    fn forget_before(&self, first: u64) -> FsResult<()> {
        let fs = self.folder.fs;
        let mut names: Vec<String> = Vec::new();
        for entry in fs.list(&self.dir)?.unwrap_or_default() {
            if number_in(&entry.name).is_some_and(|number| number < first) {
                names.push(entry.name);
            }
        }
        names.sort_unstable();
        for name in names {
            fs.remove_file(&self.dir.join(name))?;
        }
        Ok(())
    }

    /// Removes what a stopped writer left.
    fn sweep(&self) -> FsResult<()> {
        let fs = self.folder.fs;
        let is_log = |name: &str| {
            name.strip_prefix('.')
                .is_some_and(|name| name.starts_with(DIR))
        };
        let root = atomic::parent(&self.dir);
        for entry in fs.list(root)?.unwrap_or_default() {
            if TempNames::gives(&entry.name) && is_log(&entry.name) {
                remove_all(fs, &root.join(&entry.name), entry.kind)?;
            }
        }
        if self.kind()? != Some(Kind::Dir) {
            return Ok(());
        }
        for entry in fs.list(&self.dir)?.unwrap_or_default() {
            let path: &Path = &self.dir.join(&entry.name);
            if TempNames::gives(&entry.name) && entry.kind != Kind::Dir {
                fs.remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// Returns those of the versions, the newest first, that follow one another without a gap up to the newest: the oldest first.
fn chain(versions: &[Version]) -> Vec<&Version> {
    let mut chain: Vec<&Version> = Vec::new();
    for version in versions {
        if chain
            .last()
            .is_some_and(|newer| version.number + 1 != newer.number)
        {
            break;
        }
        chain.push(version);
    }
    chain.reverse();
    chain
}
