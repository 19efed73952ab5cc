//! Which files there are, found by one scan, and which of them hold a series.
//!
//! Promises: hidden names and copies beside their file are skipped, and links are not followed, so a scan ends and stays below its root. The
//! order is that of the names, whatever the file system. Two files that could both be the series are an error
//! with both names, never a choice; files of one series by day, month or year are its parts. What may hold bars and is not
//! read is kept by name. Leaves to others: what the files hold.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::mark::Inodes;
use super::name::{self, FileKind, Length};
use super::spec::FilesSpec;
use super::zone;
use crate::layout::OWN_FOLDERS;
use crate::model::{Interval, Ticker};
use crate::sys::{Fs, FsError, FsKind, Kind};

/// How many files a folder may have for each of them to be searched for rows of any ticker.
const FEW: usize = 16;

/// The file by which a workspace with sources of its own is known.
const SETTINGS: &str = "barkeep.toml";

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// Its name without endings.
    pub(super) stem: String,
    /// What it ends in.
    pub(super) kind: FileKind,
    /// The length of bars that its folders or its name tell.
    pub(super) interval: Option<Interval>,
    /// Whose rows it holds in part, if it lies in a Hive tree.
    pub(super) owner: Option<Ticker>,
    /// Whether it is one of several of a series: of a day, a month or a year.
    pub(super) is_dated: bool,
    /// The day that its name tells.
    pub(super) day: Option<NaiveDate>,
    /// Whether its name is that of no ticker.
    is_nobodys: bool,
}

impl Found {
    /// Tells whether it is one of several files of a series.
    pub(super) fn is_part(&self) -> bool {
        self.owner.is_some() || self.is_dated
    }

    /// Tells whether its whole name is this one, which has no case.
    fn is_called(&self, key: &str) -> bool {
        let decoded = self
            .owner
            .clone()
            .or_else(|| Ticker::from_segment(&self.stem).ok());
        name::fold(&self.stem) == key
            || decoded.is_some_and(|ticker| name::fold(ticker.as_str()) == key)
    }

    /// Returns whose bars its name says that it holds, without case.
    fn symbol(&self) -> String {
        match &self.owner {
            Some(owner) => name::fold(owner.as_str()),
            None => name::fold(&name::told(&self.stem).symbol.unwrap_or_default()),
        }
    }
}

/// The files of one series, or those among which its rows must be searched.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice<'i> {
    /// Files named for the ticker: one, or the parts of a Hive tree.
    Named(Vec<&'i Found>),
    /// No file is named for the ticker; these may hold rows of any ticker.
    Shared(Vec<&'i Found>),
    /// Two files that could both be the series.
    Ambiguous(&'i Path, &'i Path),
    /// No file.
    Absent,
}

/// What lies where the settings say that the files are.
#[derive(Debug)]
pub(super) enum Scan {
    /// A folder, or a single file of bars.
    Found(Index),
    /// Nothing.
    Absent,
    /// Something that is neither.
    Stranger,
}

/// The files below a folder.
#[derive(Debug, Default)]
pub(super) struct Index {
    files: Vec<Found>,
    by_key: HashMap<String, Vec<usize>>,
    is_shared: bool,
    /// Files that may hold bars, and why they are not read.
    strangers: Vec<(PathBuf, String)>,
    unreadable: Option<FsError>,
    /// What a number of a file says on this disk.
    pub(super) inodes: Inodes,
}

impl Index {
    /// Scans the folder of the settings.
    ///
    /// # Errors
    /// When the folder itself cannot be read. One below it that cannot be read is kept for `unreadable`.
    pub(super) fn scan(fs: &dyn Fs, spec: &FilesSpec) -> Result<Scan, FsError> {
        let Some(meta) = fs.metadata(&spec.path)? else {
            return Ok(Scan::Absent);
        };
        let root = if meta.kind == Kind::Link {
            fs.resolve(&spec.path)?
        } else {
            spec.path.clone()
        };
        let mut index = Self {
            inodes: match fs.kind(&root) {
                Ok(FsKind::Local) => Inodes::Lasting,
                Ok(FsKind::Network) | Err(_) => Inodes::Passing,
            },
            ..Self::default()
        };
        let kind = fs.metadata(&root)?.map(|meta| meta.kind);
        let names_a_file = kind == Some(Kind::File);
        match kind {
            Some(Kind::File) => {
                let below = root.file_name().map(PathBuf::from).unwrap_or_default();
                index.add(&root, &below);
                if index.files.is_empty() {
                    return Ok(Scan::Stranger);
                }
            }
            Some(Kind::Dir) => index.walk(fs, &root)?,
            Some(Kind::Link | Kind::Other) => return Ok(Scan::Stranger),
            None => return Ok(Scan::Absent),
        }
        index.is_shared = names_a_file
            || index.files.len() <= FEW
            || spec.columns.contains_key(&super::spec::ColumnName::Ticker);
        Ok(Scan::Found(index))
    }

    fn walk(&mut self, fs: &dyn Fs, root: &Path) -> Result<(), FsError> {
        let mut waiting = vec![PathBuf::new()];
        while let Some(folder) = waiting.pop() {
            let entries = match fs.list(&root.join(&folder)) {
                Ok(entries) => entries.unwrap_or_default(),
                Err(error) if folder.as_os_str().is_empty() => return Err(error),
                Err(error) => {
                    self.unreadable.get_or_insert(error);
                    continue;
                }
            };
            let names: BTreeSet<String> = entries.iter().map(|entry| entry.name.clone()).collect();
            let is_workspace = names.contains(SETTINGS);
            for entry in entries {
                if entry.name.starts_with('.') || name::is_copy_beside(&entry.name, &names) {
                    continue;
                }
                let below = folder.join(&entry.name);
                match entry.kind {
                    Kind::Dir if name::holds_no_bars(&entry.name) => {}
                    // What barkeep has stored would come back as its own source.
                    Kind::Dir if is_workspace && OWN_FOLDERS.contains(&entry.name.as_str()) => {}
                    Kind::Dir => waiting.push(below),
                    // A pipe is no file, and whoever asks for its series has to hear that.
                    Kind::File | Kind::Other => self.add(&root.join(&below), &below),
                    Kind::Link => {}
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, below_root: &Path) {
        let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else {
            return;
        };
        let Some((stem, kind)) = name::stem(file_name) else {
            if let Some(ending) = name::other_table(file_name) {
                let reason = format!("files that end in .{ending} are not read");
                self.strangers.push((path.to_owned(), reason));
            }
            return;
        };
        let told = name::told(stem);
        let hive = name::hive_ticker(below_root);
        let folder = name::folder_ticker(below_root)
            .filter(|_| told.symbol.is_none() && told.date.is_some() && hive.is_none());
        let mut keys = match &hive {
            Some(ticker) => vec![name::fold(ticker.as_str())],
            None => name::keys(stem),
        };
        keys.extend(folder.into_iter().flat_map(name::keys));
        let interval = match &told.length {
            Some(Length::Known(interval)) => Some(*interval),
            Some(Length::Other(word)) => {
                let reason =
                    format!("by its name it holds bars of {word}, a length that is not kept");
                self.strangers.push((path.to_owned(), reason));
                // A ticker may be called so all the same.
                keys.truncate(1);
                name::path_interval(below_root)
            }
            None => name::path_interval(below_root),
        };
        for key in keys {
            self.by_key.entry(key).or_default().push(self.files.len());
        }
        self.files.push(Found {
            stem: stem.to_owned(),
            kind,
            interval,
            owner: hive,
            is_dated: told.date.is_some(),
            day: name::day(&told),
            is_nobodys: told.symbol.is_none(),
            path: path.to_owned(),
        });
    }

    /// Chooses the files of a series.
    pub(super) fn choose(
        &self,
        ticker: &Ticker,
        interval: Interval,
        spec: &FilesSpec,
    ) -> Choice<'_> {
        let named = self.named(ticker, spec);
        // A file that says its length in so many words comes before one that says it by another name, and
        // both before one that says nothing.
        let said = |found: &Found| found.interval.unwrap_or(spec.interval);
        let claims: [&dyn Fn(&Found) -> bool; 3] = [
            &|found| said(found) == interval,
            &|found| name::is_same_length(said(found), interval),
            &|found| found.interval.is_none(),
        ];
        let claimed = |claim: &dyn Fn(&Found) -> bool| -> Vec<&Candidate<'_>> {
            let those = named.iter().filter(|candidate| claim(candidate.file));
            those.collect()
        };
        let candidates = claims
            .into_iter()
            .map(claimed)
            .find(|candidates| !candidates.is_empty())
            .unwrap_or_default();
        let mut chosen = best(candidates.iter().copied());
        chosen.sort_by(|a, b| a.path.cmp(&b.path));
        match chosen.as_slice() {
            [] => self.shared(interval),
            several if several.iter().all(|file| file.is_part()) => Choice::Named(chosen),
            [one] => {
                // Beside a file of the ticker's own name, one of its days would be passed over in silence.
                let mut parts = candidates.iter().map(|candidate| candidate.file);
                match parts.find(|file| file.is_part()) {
                    Some(part) => Choice::Ambiguous(&one.path, &part.path),
                    None => Choice::Named(chosen),
                }
            }
            [first, second, ..] => Choice::Ambiguous(&first.path, &second.path),
        }
    }

    /// Returns the files that have stems.
    pub(super) fn files(&self) -> &[Found] {
        &self.files
    }

    /// Returns the files that may hold bars and are not read, with the reasons.
    pub(super) fn strangers(&self) -> &[(PathBuf, String)] {
        &self.strangers
    }

    /// Returns why a file that was not found may be there all the same.
    pub(super) fn unreadable(&self) -> Option<FsError> {
        self.unreadable.as_ref().map(|error| FsError {
            op: error.op,
            path: error.path.clone(),
            source: io::Error::from(error.source.kind()),
        })
    }

    fn shared(&self, interval: Interval) -> Choice<'_> {
        let mut files: Vec<&Found> = self
            .files
            .iter()
            .filter(|file| file.owner.is_none() && (self.is_shared || file.is_nobodys))
            // With a country behind it, a name is that of one ticker, and rows of another would be misfiled.
            .filter(|file| zone::split_country(&file.stem).is_none())
            .filter(|file| may_hold(file, interval))
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        if files.is_empty() {
            Choice::Absent
        } else {
            Choice::Shared(files)
        }
    }

    fn named(&self, ticker: &Ticker, spec: &FilesSpec) -> Vec<Candidate<'_>> {
        let bare = name::fold(ticker.as_str());
        let suffix = spec.suffix.as_deref().map(name::fold);
        let suffixed = suffix.as_ref().map(|suffix| format!("{bare}{suffix}"));
        // The settings say what stands behind a ticker, so that spelling comes first; within one, a part of a name comes
        // after the whole of it.
        let spellings = suffixed.iter().map(|key| (0, key)).chain([(2, &bare)]);
        let mut named = BTreeMap::new();
        for (rank, key) in spellings {
            for at in self.by_key.get(key).into_iter().flatten() {
                let Some(file) = self.files.get(*at) else {
                    continue;
                };
                let is_anothers = rank > 0
                    && suffix.as_deref().is_some_and(|suffix| {
                        !zone::is_country(suffix) && file.symbol().ends_with(suffix)
                    });
                if !is_anothers {
                    let rank = rank + usize::from(!file.is_called(key));
                    named.entry(*at).or_insert(Candidate { rank, file });
                }
            }
        }
        named.into_values().collect()
    }
}

struct Candidate<'i> {
    rank: usize,
    file: &'i Found,
}

/// Tells whether a file's place allows that it holds bars of this length.
fn may_hold(found: &Found, interval: Interval) -> bool {
    found
        .interval
        .is_none_or(|said| name::is_same_length(said, interval))
}

/// Returns the files with the strongest claim to the ticker.
fn best<'i, 'c>(candidates: impl Iterator<Item = &'c Candidate<'i>>) -> Vec<&'i Found>
where
    'i: 'c,
{
    let mut strongest = usize::MAX;
    let mut files = Vec::new();
    for candidate in candidates {
        if candidate.rank < strongest {
            strongest = candidate.rank;
            files.clear();
        }
        if candidate.rank == strongest {
            files.push(candidate.file);
        }
    }
    files
}
