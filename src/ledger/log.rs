//! The files of the ledger of a venue: one for each group commit, and a few for many older ones.
//!
//! Promises: a file is whole or refused, never changed after it was written, and read in the order of the commits. Every
//! group has a file of its own, so that writing one costs what is new. Leaves to others: making a file durable in the same
//! group as the rows that it speaks of (`storage::put`).

use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::ledgers::{Index, LineAt};
use super::names::{Numbered, SUFFIX, names};
use super::written::{FORM, Header, TAKES_OUT, Written};
use super::{LedgerError, Line};
use crate::layout::Places;
use crate::lock::LockGuard;
use crate::model::{RunId, StorageRequest, Venue, sealed};
use crate::sys::Fs;
use crate::sys::atomic::{TempNames, create_dirs, parent, replace};

/// How often the files are listed anew while one of them is removed under the reader.
const MOST_TRIES: usize = 8;

/// The files of the ledger of a venue.
#[derive(Debug)]
pub struct Log {
    venue: Venue,
    /// Oldest first.
    files: Vec<LogFile>,
    /// Files that cannot be understood, and why.
    pub damaged: Vec<(PathBuf, String)>,
}

/// A file of the ledger.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) path: PathBuf,
    pub(super) body: Vec<u8>,
}

/// When a group was committed, and by which run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// When.
    pub at: DateTime<Utc>,
    /// The run, and the number of the group in it.
    pub name: String,
}

/// Returns the file of a group, and where it will stand. Nothing is written.
///
/// # Errors
/// When the folder of the ledger cannot be read, or a line cannot be written.
pub fn group_file(
    fs: &dyn Fs,
    places: &Places,
    venue: &Venue,
    group: (&RunId, usize),
    at: DateTime<Utc>,
    lines: &[Line],
) -> Result<(PathBuf, Vec<u8>), LedgerError> {
    let last = names(fs, places, venue)?;
    let last = last.iter().map(|(_, numbers)| *numbers.end()).max();
    let number = last.unwrap_or(0).saturating_add(1);
    let (run, nth) = group;
    let path = places
        .ledger(venue)
        .join(format!("{number:08}.{}-{nth}{SUFFIX}", run.as_str()));
    let mut body = Vec::new();
    let header = Header {
        form: FORM,
        at: at.to_rfc3339_opts(SecondsFormat::Micros, true),
        group: format!("{}-{nth}", run.as_str()),
    };
    append(&mut body, &path, &header)?;
    for line in lines {
        append(&mut body, &path, &line.written())?;
    }
    Ok((path, sealed::seal(body)))
}

/// Adds lines to the ledger that belong to no group: what was looked at, or moved as a whole. When this returns `Ok`, they
/// survive power loss.
///
/// # Errors
/// When the lock was lost or the disk refuses; nothing of them counts then.
pub fn write_down(
    fs: &dyn Fs,
    held: &LockGuard<'_>,
    places: &Places,
    venue: &Venue,
    run: &RunId,
    at: DateTime<Utc>,
    lines: &[Line],
) -> Result<(), LedgerError> {
    if lines.is_empty() {
        return Ok(());
    }
    held.confirm()?;
    let (path, bytes) = group_file(fs, places, venue, (run, 0), at, lines)?;
    create_dirs(fs, &places.root, parent(&path))?;
    Ok(replace(fs, &TempNames::of(run.clone()), &path, &bytes)?)
}

pub(super) fn append<T: Serialize>(
    body: &mut Vec<u8>,
    path: &std::path::Path,
    line: &T,
) -> Result<(), LedgerError> {
    if !body.is_empty() {
        body.push(b'\n');
    }
    serde_json::to_writer(&mut *body, line).map_err(|error| LedgerError::Line {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

impl Log {
    /// Reads the ledger of a venue; an absent one is empty.
    ///
    /// # Errors
    /// When a file cannot be read. One that is damaged is in the answer.
    pub fn read(fs: &dyn Fs, places: &Places, venue: &Venue) -> Result<Self, LedgerError> {
        Self::read_after(fs, places, venue, 0)
    }

    /// Reads the files in which the last groups are, at least so many if there are as many.
    pub(super) fn read_newest(
        fs: &dyn Fs,
        places: &Places,
        venue: &Venue,
        groups: u32,
    ) -> Result<Self, LedgerError> {
        let files = names(fs, places, venue)?;
        let last = files.iter().map(|(_, numbers)| *numbers.end()).max();
        let after = last.unwrap_or_default().saturating_sub(groups);
        Self::read_after(fs, places, venue, after)
    }

    /// Reads the files in which the groups from a moment on are. What comes before the last file that begins before it is left
    /// out.
    pub(super) fn read_since(
        fs: &dyn Fs,
        places: &Places,
        venue: &Venue,
        moment: DateTime<Utc>,
    ) -> Result<Self, LedgerError> {
        for (path, numbers) in names(fs, places, venue)?.iter().rev() {
            let bytes = fs.read(path)?.unwrap_or_default();
            if first_group(&bytes).is_some_and(|group| group.at < moment) {
                return Self::read_after(fs, places, venue, numbers.start().saturating_sub(1));
            }
        }
        Self::read(fs, places, venue)
    }

    /// Reads the files of which some groups come after the one of this number.
    pub(super) fn read_after(
        fs: &dyn Fs,
        places: &Places,
        venue: &Venue,
        number: u32,
    ) -> Result<Self, LedgerError> {
        let mut tries = 0;
        loop {
            let mut log = Self {
                venue: venue.clone(),
                files: Vec::new(),
                damaged: Vec::new(),
            };
            let gone = log.read_files(fs, &names(fs, places, venue)?, number)?;
            tries += 1;
            match gone {
                // A run that merges files at this moment removed it: what was in it is in another one.
                Some(_) if tries < MOST_TRIES => {}
                Some(path) => {
                    let reason = "it was removed while it was read".to_owned();
                    log.damaged.push((path, reason));
                    return Ok(log);
                }
                None => return Ok(log),
            }
        }
    }

    /// Reads files; the first that is gone ends it, and is returned.
    fn read_files(
        &mut self,
        fs: &dyn Fs,
        files: &[Numbered],
        after: u32,
    ) -> Result<Option<PathBuf>, LedgerError> {
        for (path, _) in files.iter().filter(|(_, of)| *of.end() > after) {
            let Some(mut bytes) = fs.read(path)? else {
                return Ok(Some(path.clone()));
            };
            match sealed::unseal(&bytes).map(<[u8]>::len) {
                Ok(length) => {
                    bytes.truncate(length);
                    let path = path.clone();
                    self.files.push(LogFile { path, body: bytes });
                }
                Err(reason) => self.damaged.push((path.clone(), reason.to_owned())),
            }
        }
        Ok(None)
    }

    /// Returns when the first group that it knows was committed; `None` when it knows none.
    pub fn begun(&self) -> Option<DateTime<Utc>> {
        let first = self.files.first()?;
        first_group(&first.body).map(|group| group.at)
    }

    /// Returns the files that can be understood, oldest first, with the moment of their first group.
    pub(super) fn starts(&self) -> Vec<(PathBuf, DateTime<Utc>)> {
        let files = self.files.iter();
        let start = |file: &LogFile| Some((file.path.clone(), first_group(&file.body)?.at));
        files.filter_map(start).collect()
    }

    /// Calls `take` for every line, oldest first, and collects what cannot be understood.
    pub fn for_each(&mut self, mut take: impl FnMut(&Group, Line)) {
        let mut damaged = Vec::new();
        let mut wrong = self.scan(|group, at| match self.line(&at) {
            Ok(line) => take(group, line),
            Err(damage) => damaged.push(damage),
        });
        self.damaged.append(&mut wrong);
        self.damaged.append(&mut damaged);
    }

    /// Calls `take` for every line of a series, oldest first, and collects what cannot be understood.
    pub fn for_each_of(&mut self, series: &StorageRequest, mut take: impl FnMut(&Group, Line)) {
        let name = super::line::written_name(series);
        let mut damaged = Vec::new();
        let mut wrong = self.scan(|group, at| match self.name(&at) {
            Some(found) if found == name => match self.line(&at) {
                Ok(line) => take(group, line),
                Err(damage) => damaged.push(damage),
            },
            _ => {}
        });
        self.damaged.append(&mut wrong);
        self.damaged.append(&mut damaged);
    }

    /// Says where the lines of each series stand, and collects what cannot be understood of the groups.
    pub(super) fn index(&mut self) -> Index {
        let mut index = Index::default();
        let mut wrong = self.scan(|group, at| {
            if index.groups.last() != Some(group) {
                index.groups.push(group.clone());
            }
            let name = self.name(&at).unwrap_or_default().to_vec();
            let group = index.groups.len() - 1;
            let lines = index.lines.entry(name).or_default();
            lines.push(LineAt { group, ..at });
        });
        self.damaged.append(&mut wrong);
        index
    }

    fn bytes(&self, at: &LineAt) -> &[u8] {
        let body = self.files.get(at.file).map(|file| file.body.as_slice());
        body.and_then(|body| body.get(at.bytes.clone()))
            .unwrap_or_default()
    }

    /// Returns the name of the series that a line speaks of, as it is written; `None` when it names none.
    fn name(&self, at: &LineAt) -> Option<&[u8]> {
        super::line::named(self.bytes(at))
    }

    /// Tells whether a line may be one that says why rows were taken out. Another one may look so.
    pub(super) fn may_take_out(&self, at: &LineAt) -> bool {
        let mut parts = self.bytes(at).windows(TAKES_OUT.len());
        parts.any(|part| part == TAKES_OUT)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// With its file and why, when it cannot be understood.
    pub(super) fn line(&self, at: &LineAt) -> Result<Line, (PathBuf, String)> {
        let damage = |reason: String| {
            let file = self.files.get(at.file);
            let path = file.map(|file| file.path.clone()).unwrap_or_default();
            (path, format!("line {}: {reason}", at.number))
        };
        let written = serde_json::from_slice::<Written<'_>>(self.bytes(at));
        let written = written.map_err(|error| damage(error.to_string()))?;
        Line::read(&self.venue, &written)
            .ok_or_else(|| damage("it is no line of a ledger".to_owned()))
    }

    /// Calls `see` for every line behind the first one of its group, and returns what cannot be understood of these.
    fn scan(&self, mut see: impl FnMut(&Group, LineAt)) -> Vec<(PathBuf, String)> {
        let mut damaged = Vec::new();
        for (file, LogFile { path, body }) in self.files.iter().enumerate() {
            let (mut group, mut end) = (None, 0);
            for (at, line) in body.split(|byte| *byte == b'\n').enumerate() {
                let (start, number) = (end, at + 1);
                end = start + line.len() + 1;
                match read_header(line) {
                    Ok(Some(header)) => group = Some(header),
                    Ok(None) => {
                        if let Some(group) = &group {
                            let bytes = start..start + line.len();
                            see(
                                group,
                                LineAt {
                                    file,
                                    bytes,
                                    number,
                                    group: 0,
                                },
                            );
                        }
                    }
                    Err(reason) => {
                        damaged.push((path.clone(), format!("line {number}: {reason}")));
                        break;
                    }
                }
            }
        }
        damaged
    }
}

fn first_group(body: &[u8]) -> Option<Group> {
    let line = body.split(|byte| *byte == b'\n').next()?;
    read_header(line).ok().flatten()
}

/// Reads the first line of a group; `None` when it is another line.
fn read_header(line: &[u8]) -> Result<Option<Group>, String> {
    if !line.starts_with(b"{\"form\":") {
        return Ok(None);
    }
    let header: Header = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if header.form > FORM {
        return Err(format!(
            "it has form {}, which only a later barkeep understands",
            header.form
        ));
    }
    let at = DateTime::parse_from_rfc3339(&header.at).map_err(|error| error.to_string())?;
    Ok(Some(Group {
        at: at.with_timezone(&Utc),
        name: header.group,
    }))
}
