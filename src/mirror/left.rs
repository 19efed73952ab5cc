//! What the files of a mirror that is made anew have still: rows that its tree has lost.
//!
//! Promises: reads only. A file is believed by the digest in its name, whatever became of the state that had it. One that is not
//! what was written is refused where it may have had the last copy of something.
//! Leaves to others: whether what is left is taken over or asked about (`refresh`), days of trades (`left_days`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::build::ticker_of;
use super::change::{Change, Rows};
use super::clean::States;
use super::extent::Extent;
use super::folder::{FILES, Folder};
use super::read::Origin;
use super::scan::Scan;
use super::{MirrorError, Mirrored, Piece, Tree, Version};
use crate::codec::{self, MemoryLimit};
use crate::frame::{self, Frame, Profile};
use crate::ledger::Ledgers;
use crate::model::{Digest, PartitionKey, StorageRequest};
use crate::sys::{FsResult, Kind, Rights, rights_of};

/// The most rows that are taken over: all of them are in memory.
const MOST_ROWS: usize = 8_000_000;

/// A file that a mirror had, and where it may lie.
#[derive(Debug)]
pub(super) struct OldFile {
    name: String,
    paths: Vec<PathBuf>,
}

/// The files that a mirror had.
#[derive(Debug)]
pub(super) struct Old<'o> {
    /// The state that had them; `None` where nobody can read it.
    pub(super) version: Option<&'o Version>,
    /// The one that was written last comes last.
    pub(super) files: Vec<OldFile>,
}

/// Rows of a series that only old files have.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) request: StorageRequest,
    rows: Frame,
    rights: Option<Rights>,
}

impl OldFile {
    /// Returns the bytes of the file and where they lie; `None` where it is not what was written, or is gone.
    pub(super) fn whole(&self, folder: &Folder<'_>) -> FsResult<Option<(Vec<u8>, &Path)>> {
        let digest = Piece::digest_in(&self.name);
        for path in &self.paths {
            let bytes = folder.fs.read(path)?;
            if let Some(bytes) = bytes.filter(|bytes| Some(Digest::of(bytes)) == digest) {
                return Ok(Some((bytes, path)));
            }
        }
        Ok(None)
    }

    /// Refuses to do without the file.
    pub(super) fn perhaps(&self, tree: &Tree, reason: &str) -> MirrorError {
        MirrorError::Doubtful {
            tree: Box::new(tree.clone()),
            path: self.paths.first().cloned().unwrap_or_default(),
            reason: reason.to_owned(),
        }
    }
}

impl<'o> Old<'o> {
    /// Returns the files of a state.
    pub(super) fn of_version(folder: &Folder<'_>, version: &'o Version) -> Self {
        let of_piece = |piece: &Piece| OldFile {
            name: piece.file_name(),
            paths: vec![folder.file(piece), folder.path_of(version, piece)],
        };
        Self {
            version: Some(version),
            files: version.pieces.iter().map(of_piece).collect(),
        }
    }

    /// Returns all files that there are, where nobody knows which of them readers had last.
    pub(super) fn of_all(folder: &Folder<'_>, states: &States) -> FsResult<Self> {
        let of_states = states.numbers().map(|number| folder.version_dir(number));
        let dirs = std::iter::once(folder.dir.join(FILES)).chain(of_states);
        let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for dir in dirs {
            for entry in folder.fs.list(&dir)?.unwrap_or_default() {
                if entry.kind == Kind::File && Piece::digest_in(&entry.name).is_some() {
                    let path = dir.join(&entry.name);
                    found.entry(entry.name).or_default().push(path);
                }
            }
        }
        let mut files = Vec::with_capacity(found.len());
        for (name, paths) in found {
            let meta = paths.first().map(|path| folder.fs.metadata(path));
            let meta = meta.transpose()?.flatten();
            let written = meta.map(|meta| meta.modified_nanos);
            files.push((written, OldFile { name, paths }));
        }
        files.sort_by_key(|(written, _)| *written);
        Ok(Self {
            version: None,
            files: files.into_iter().map(|(_, file)| file).collect(),
        })
    }

    /// Tells whether the last copy of nothing can have been in a file: of no series that it may have had the tree lacks anything.
    fn is_spare(&self, file: &OldFile, new: &Version) -> bool {
        let Some(version) = self.version else {
            return false;
        };
        let mut pieces = version.pieces.iter();
        let Some(piece) = pieces.find(|piece| piece.file_name() == file.name) else {
            return false;
        };
        let mut of_file = version.series.iter();
        of_file.all(|(ticker, state)| {
            let is_whole = |now: &Mirrored| {
                now.holes.is_empty() && now.short_of.is_none() && now.rows >= state.rows
            };
            let has_all = state.kept.is_empty() && new.series.get(ticker).is_some_and(is_whole);
            has_all || !piece.reaches(ticker)
        })
    }
}

/// Returns the rows that old files have and a new state has not, by ticker, but those that a person took out.
///
/// # Errors
/// `Doubtful` where nobody can say what a file has; when the disk refuses, or the ledger cannot be read.
pub(super) fn rows_left(
    origin: Origin<'_, '_>,
    (tree, folder): (&Tree, &Folder<'_>),
    old: &Old<'_>,
    new: &Version,
) -> Result<BTreeMap<Box<str>, Left>, MirrorError> {
    let profile = Profile::of(tree.dataset);
    let mut against = Against {
        origin,
        tree,
        scan: Scan::new(folder, new, profile),
        ledgers: Ledgers::default(),
    };
    let (mut left, mut count) = (BTreeMap::new(), 0);
    let names = new.pieces.iter().map(Piece::file_name);
    let names: BTreeSet<String> = names.collect();
    for file in old.files.iter().filter(|file| !names.contains(&file.name)) {
        let Some((bytes, path)) = file.whole(folder)? else {
            if old.is_spare(file, new) {
                continue;
            }
            return Err(file.perhaps(tree, "is damaged or gone"));
        };
        let rights = rights_of(folder.fs, path)?;
        let decoded = codec::decode_within(&bytes.into(), profile, MemoryLimit::NONE);
        let decoded = decoded.map_err(|error| file.perhaps(tree, &error.to_string()))?;
        let frame = decoded.ordered.frame;
        for rows in frame.series() {
            let ticker = ticker_of(&frame, &rows);
            let (request, rows) = against.lacking(file, &ticker, &frame.slice(rows))?;
            if rows.is_empty() {
                continue;
            }
            count += rows.len();
            if count > MOST_ROWS {
                return Err(file.perhaps(tree, "and others have more than can be taken over"));
            }
            let rows = Left {
                request,
                rows,
                rights,
            };
            add(&mut left, ticker, rows)
                .map_err(|()| file.perhaps(tree, "has rows of another kind than others"))?;
        }
    }
    Ok(left)
}

/// What rows of old files are held against.
struct Against<'a, 's> {
    origin: Origin<'a, 's>,
    tree: &'a Tree,
    /// The new state.
    scan: Scan<'a, 'a>,
    ledgers: Ledgers,
}

impl Against<'_, '_> {
    /// Returns the series that a ticker of an old file is, and those of its rows that are nowhere else.
    fn lacking(
        &mut self,
        file: &OldFile,
        ticker: &str,
        mirrored: &Frame,
    ) -> Result<(StorageRequest, Frame), MirrorError> {
        let tree = self.tree;
        let request = ticker.parse().ok().and_then(|name| tree.series_of(name));
        let request = request.ok_or_else(|| file.perhaps(tree, "has rows of no ticker"))?;
        let stored = self.scan.rows(ticker)?;
        let is_one_kind = mirrored.joins(&stored);
        // Rows that came into being in another way are as good.
        let rows = if is_one_kind {
            frame::without(mirrored, &stored)
        } else {
            let there: BTreeSet<i64> = stored.times().collect();
            mirrored.at(|time| !there.contains(&time))
        };
        if rows.is_empty() {
            return Ok((request, rows));
        }
        let (fs, places) = (self.origin.fs, &self.origin.workspace.places);
        let out = self
            .ledgers
            .rows_out(fs, places, &request, rows.profile())?;
        let rows = frame::without(&rows, &out);
        if !is_one_kind && !rows.is_empty() {
            let (held, others) = (stored.profile().name, rows.profile().name);
            let what = format!("{request}, perhaps: it holds {held}, and the mirror {others}");
            let tree = Box::new(tree.clone());
            return Err(MirrorError::LastCopy { tree, what });
        }
        Ok((request, rows))
    }
}

/// Adds rows of a series, which take the place of those that an older file had.
fn add(all: &mut BTreeMap<Box<str>, Left>, ticker: Box<str>, newer: Left) -> Result<(), ()> {
    let newer = match all.remove(&ticker) {
        None => newer,
        Some(older) => {
            let profile = newer.rows.profile();
            let rows = Frame::joined(profile, vec![older.rows, newer.rows]).map_err(drop)?;
            let rights = Rights::of_both(older.rights, newer.rights);
            Left {
                rows,
                rights,
                ..newer
            }
        }
    };
    all.insert(ticker, newer);
    Ok(())
}

/// Returns what has a new state take over the rows that only old files have, as last copies.
pub(super) fn taken_over(
    left: BTreeMap<Box<str>, Left>,
    old: Option<&Version>,
    new: &Version,
) -> Vec<Change> {
    let changes = left.into_iter().map(|(ticker, left)| {
        let Left {
            request,
            rows,
            rights,
        } = left;
        let before = old.and_then(|old| old.series.get(&ticker));
        let zone = before.and_then(|state| state.zone.clone());
        let state = match new.series.get(&ticker) {
            None => Mirrored {
                kept: vec![PartitionKey::Whole],
                zone,
                ..Mirrored::default()
            },
            Some(now) => {
                let granularity = request.series.dataset().granularity();
                let times = rows.times();
                let kept: BTreeSet<PartitionKey> = times
                    .map(|time| PartitionKey::of(granularity, time))
                    .collect();
                Mirrored {
                    holes: now.holes_beside(&kept),
                    kept: kept.into_iter().collect(),
                    zone: now.zone.clone().or(zone),
                    ..now.clone()
                }
            }
        };
        Change {
            ticker,
            extent: Extent {
                fresh: rows
                    .span()
                    .into_iter()
                    .map(|(first, last)| first..=last)
                    .collect(),
                ..Extent::default()
            },
            estimate: rows.len() as u64,
            rows: Rows::Here(rows, rights),
            state: Some(state),
            is_new: false,
            record: None,
            request,
        }
    });
    changes.collect()
}
