//! Files that older builds left in the shared legacy folders, moved to the folders of the venues that they belong to.
//!
//! Promises: a file leaves its place only after its copy, byte for byte, or every row of it in the file that has the new
//! place, is durable there and was read back. Until then it is read where it is, and a crash in between leaves both: then
//! there is nothing left to copy. What of it the other file cannot hold is in quarantine before it goes.
//! Leaves to others: whose a file is (`owners`), when this is done (`ingest`, `migrate`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::frame::{self, RowChanges, basis};
use crate::layout::{LegacyName, legacy_name};
use crate::ledger::{FileChange, FileState};
use crate::model::{Digest, Interval, PartitionKey, StorageRequest, Ticker};
use crate::sys::{Kind, Medium, Rights, rights_of};

use super::legacy_place::{LegacyPlaces, Spot, bars};
use super::tree::refuse_other_rows;
use super::{
    Custody, Document, InPieces, LegacyFile, LegacyFound, LegacyStore, Prepared, PreparedFile,
    PutAway, Replaced, Sealed, StagedRun, StorageError,
};

/// A file in a shared legacy folder that belongs to a venue with a folder of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lodger {
    /// The file.
    pub path: PathBuf,
    /// The series that it is of.
    pub request: StorageRequest,
    /// Where it belongs.
    pub target: PathBuf,
}

/// Which of them there are.
#[derive(Debug, Default)]
pub struct Lodgers {
    /// Files to be moved.
    pub found: Vec<Lodger>,
    /// Files and folders that cannot be looked into, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// What became of such files.
#[derive(Debug, Default)]
pub struct Rehoused {
    /// How many are where they belong now.
    pub moved: usize,
    /// Those that stay, with the reason.
    pub left: Vec<(PathBuf, String)>,
}

/// What a move writes.
enum Move {
    /// The very bytes of the file.
    Copied { prepared: Prepared, digest: Digest },
    /// The bytes of a file of which nobody here can say what it holds.
    Opaque(Document),
    /// Its rows, below those of the file that has the place.
    Merged {
        prepared: Prepared,
        older: Box<LegacyFile>,
    },
}

/// Lists the files in the shared folders that belong elsewhere. Unless `all` are looked into, only those of tickers that
/// another venue keeps as far as the registry knows. One bad file or folder does not hide the others.
pub fn lodgers(places: &LegacyPlaces, all: bool) -> Lodgers {
    let kept_beside = places.owners().kept_beside();
    let mut lodgers = Lodgers::default();
    if kept_beside.is_empty() && !all {
        return lodgers;
    }
    for interval in Interval::ALL {
        for tree in places.shared_trees(interval) {
            let names = match places.fs().list(&tree) {
                Ok(names) => names.unwrap_or_default(),
                Err(error) => {
                    lodgers.unreadable.push((tree, error.to_string()));
                    continue;
                }
            };
            for entry in names {
                let LegacyName::Ticker(ticker) = legacy_name(&entry.name) else {
                    continue;
                };
                if entry.kind != Kind::File || !(all || kept_beside.contains(&ticker)) {
                    continue;
                }
                let path = tree.join(&entry.name);
                match lodger(places, path.clone(), &ticker, interval) {
                    Ok(lodger) => lodgers.found.extend(lodger),
                    Err(error) => lodgers.unreadable.push((path, error.to_string())),
                }
            }
        }
    }
    lodgers
}

/// Lists those that have the places of one ticker's files.
///
/// # Errors
/// When a file cannot be read.
pub fn lodgers_of(
    places: &LegacyPlaces,
    ticker: &Ticker,
    interval: Interval,
) -> Result<Vec<Lodger>, StorageError> {
    let mut lodgers = Vec::new();
    for tree in places.shared_trees(interval) {
        let Some(path) = places.file_in(&tree, ticker) else {
            continue;
        };
        let meta = places.fs().metadata(&path)?;
        if meta.is_some_and(|meta| meta.kind == Kind::File) {
            lodgers.extend(lodger(places, path, ticker, interval)?);
        }
    }
    Ok(lodgers)
}

fn lodger(
    places: &LegacyPlaces,
    path: PathBuf,
    ticker: &Ticker,
    interval: Interval,
) -> Result<Option<Lodger>, StorageError> {
    let owner = places.owner_of(&path, ticker, interval)?;
    let own = places.own_tree(Some(&owner), interval);
    let target = own.and_then(|tree| places.file_in(&tree, ticker));
    Ok(target.map(|target| Lodger {
        path,
        request: StorageRequest::bars(owner, ticker.clone(), interval),
        target,
    }))
}

/// Refuses a file while one of the same series lies in a place that wins over its own: it would win over that one then.
fn refuse_overtaking(places: &LegacyPlaces, lodger: &Lodger) -> Result<(), StorageError> {
    let (ticker, interval) = bars(&lodger.request)?;
    for tree in places.shared_trees(interval) {
        let Some(path) = places.file_in(&tree, ticker) else {
            continue;
        };
        if path == lodger.path {
            break;
        }
        let is_there = places.fs().metadata(&path)?.is_some();
        if is_there && lodger.request.venue == Some(places.owner_of(&path, ticker, interval)?) {
            return Err(StorageError::Refused {
                path: lodger.path.clone(),
                reason: format!("{} goes first", path.display()),
            });
        }
    }
    Ok(())
}

fn prepare_move(store: &LegacyStore, lodger: &Lodger) -> Result<Move, StorageError> {
    refuse_overtaking(store.places(), lodger)?;
    let Lodger {
        path,
        request,
        target,
    } = lodger;
    let origin = rights_of(store.fs(), path)?;
    let Some(meta) = store.fs().metadata(target)? else {
        return Ok(
            match store.read_file_at(request, path.clone(), Medium::Cache) {
                Ok(LegacyFound::Whole(file)) => copied(lodger, &file, origin),
                Ok(LegacyFound::Damaged { .. }) => {
                    let bytes = store.fs().read(path)?.unwrap_or_default();
                    let document = Document::new(target.clone(), None, bytes);
                    Move::Opaque(document.from_file(origin))
                }
                Ok(LegacyFound::Absent) => return Err(gone(path)),
                Err(error) => return Err(error),
            },
        );
    };
    let older = whole(store, request, path)?;
    let newer = whole(store, request, target)?;
    if let Err(other) = basis::continued(Some(older.basis), newer.basis) {
        let reason = format!(
            "its prices are {}, and those of {} are {}",
            other.settled,
            target.display(),
            other.newer
        );
        return Err(StorageError::Refused {
            path: path.clone(),
            reason,
        });
    }
    let (rows, newer_rows) = (&older.decoded.ordered.frame, &newer.decoded.ordered.frame);
    refuse_other_rows(path, rows, newer_rows)?;
    let all = frame::merge(rows, newer_rows).frame;
    let spot = Spot::standing(target.clone(), meta);
    let prepared = store.prepare_at(request, spot, &all, &newer.decoded.provenance)?;
    let prepared = prepared.from_file(origin);
    Ok(Move::Merged { prepared, older })
}

fn whole(
    store: &LegacyStore,
    request: &StorageRequest,
    path: &Path,
) -> Result<Box<LegacyFile>, StorageError> {
    let refuse = |reason: String| StorageError::Refused {
        path: path.to_owned(),
        reason,
    };
    match store.read_file_at(request, path.to_owned(), Medium::Disk)? {
        LegacyFound::Whole(file) => Ok(file),
        LegacyFound::Damaged { reason } => Err(refuse(format!("it is damaged: {reason}"))),
        LegacyFound::Absent => Err(gone(path)),
    }
}

/// Makes sure that everything of a file is durably where it belongs. What a merged file does not say as this one does, it
/// says why.
fn lost(store: &LegacyStore, lodger: &Lodger, made: &Move) -> Result<Option<String>, StorageError> {
    let Lodger {
        path,
        request,
        target,
    } = lodger;
    let refuse = || StorageError::Refused {
        path: path.clone(),
        reason: format!("{} is not what was written", target.display()),
    };
    match made {
        Move::Copied { digest, .. } | Move::Opaque(Document { new: digest, .. }) => {
            let found = store.fs().read_from_medium(target)?;
            let is_there = found.is_some_and(|(bytes, _)| Digest::of(&bytes) == *digest);
            if is_there { Ok(None) } else { Err(refuse()) }
        }
        Move::Merged { older, .. } => {
            let merged = whole(store, request, target)?;
            let (rows, all) = (&older.decoded.ordered.frame, &merged.decoded.ordered.frame);
            if !frame::without(rows, all).is_empty() {
                return Err(refuse());
            }
            let changed = frame::yielding(rows, all);
            let differs = (changed > 0)
                .then(|| format!("{changed} of its rows have other values than those that stay"));
            let reasons: Vec<String> = differs.into_iter().chain(older.beyond()).collect();
            Ok((!reasons.is_empty()).then(|| reasons.join("; ")))
        }
    }
}

/// Moves files to the folders of the venues that they belong to. The group of the run has to be empty.
///
/// # Errors
/// When the disk refuses or the lock is lost. A file that cannot be moved stays, and is in the answer.
pub fn rehouse(
    run: &mut StagedRun<'_, Sealed>,
    store: &LegacyStore,
    lodgers: &[Lodger],
    custody: &Custody<'_, '_>,
    aside: &mut PutAway,
) -> Result<Rehoused, StorageError> {
    let mut done = Rehoused::default();
    let mut waiting: Vec<&Lodger> = lodgers.iter().collect();
    // Of two files of one series, the second is merged below what the first one left.
    while !waiting.is_empty() {
        let mut targets = BTreeSet::new();
        let is_first = |lodger: &&Lodger| targets.insert(lodger.target.clone());
        let (round, later) = waiting.into_iter().partition(is_first);
        rehouse_round(run, store, round, (custody, aside), &mut done)?;
        waiting = later;
    }
    Ok(done)
}

fn rehouse_round(
    run: &mut StagedRun<'_, Sealed>,
    store: &LegacyStore,
    round: Vec<&Lodger>,
    (custody, aside): (&Custody<'_, '_>, &mut PutAway),
    done: &mut Rehoused,
) -> Result<(), StorageError> {
    let mut made = Vec::new();
    for lodger in round {
        let one = match prepare_move(store, lodger) {
            Ok(one) => one,
            // Nothing was written. What cannot be read is told, and keeps nobody else from anything.
            Err(error) => {
                done.left.push((lodger.path.clone(), error.to_string()));
                continue;
            }
        };
        // The ledger has the values of a file that is moved as it is.
        let known = Custody {
            replaced: Replaced::Known,
            ..*custody
        };
        let joined = match &one {
            Move::Copied { prepared, .. } => run.put(prepared, &known, aside),
            Move::Opaque(document) => run.put_document(document),
            Move::Merged { prepared, .. } => run.put(prepared, custody, aside),
        };
        match joined {
            Ok(()) => made.push((lodger, one)),
            Err(error) => stays(done, lodger, error)?,
        }
    }
    let left = run.commit()?.left;
    let mut gone = Vec::new();
    for (lodger, one) in made {
        if let Some(left) = left.iter().find(|left| left.target() == lodger.target) {
            stays(done, lodger, left.error())?;
            continue;
        }
        match lost(store, lodger, &one) {
            Ok(lost) => {
                if let (Some(reason), Move::Merged { older, .. }) = (lost, &one) {
                    keep(lodger, older, &reason, custody, aside)?;
                }
                gone.push(lodger.path.clone());
            }
            Err(error) => stays(done, lodger, error)?,
        }
    }
    // The copies are durable: each was committed, and read back.
    for path in gone {
        match run.trash(std::slice::from_ref(&path), InPieces::Refused) {
            Ok(()) => done.moved += 1,
            Err(error) if error.is_of_place() => done.left.push((path, error.to_string())),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Returns the move of a file as it is.
fn copied(lodger: &Lodger, file: &LegacyFile, origin: Option<Rights>) -> Move {
    let digest = Digest::of(&file.bytes);
    let decoded = &file.decoded;
    let mut prepared = Prepared::nothing(lodger.request.clone()).from_file(origin);
    prepared.is_new = true;
    prepared.files.push(PreparedFile {
        target: lodger.target.clone(),
        partition: PartitionKey::Whole,
        old: None,
        new: digest,
        bytes: file.bytes.clone(),
        replaced: None,
        beyond: None,
        change: FileChange {
            old: None,
            was: None,
            new: FileState::new(decoded.fingerprint(), file.bytes.len() as u64),
            span: decoded.ordered.frame.key_span(),
            facts: Some((decoded.unit, file.basis)),
            rows: RowChanges::default(),
        },
    });
    Move::Copied { prepared, digest }
}

fn gone(path: &Path) -> StorageError {
    StorageError::Refused {
        path: path.to_owned(),
        reason: "it is gone".to_owned(),
    }
}

/// Notes a file that stays where it is, unless the disk fails.
fn stays(done: &mut Rehoused, lodger: &Lodger, error: StorageError) -> Result<(), StorageError> {
    match error {
        error @ (StorageError::Refused { .. }
        | StorageError::Foreign { .. }
        | StorageError::Encode { .. }) => {
            done.left.push((lodger.path.clone(), error.to_string()));
            Ok(())
        }
        error if error.is_of_place() => {
            done.left.push((lodger.path.clone(), error.to_string()));
            Ok(())
        }
        error => Err(error),
    }
}

/// Keeps a file that says something else than the one that its rows went into.
fn keep(
    lodger: &Lodger,
    older: &LegacyFile,
    reason: &str,
    custody: &Custody<'_, '_>,
    aside: &mut PutAway,
) -> Result<(), StorageError> {
    let name = lodger.path.file_name().unwrap_or_default();
    let (name, request) = (name.to_string_lossy(), Some(&lodger.request));
    let quarantine = custody.quarantine;
    let kept = quarantine.keep(&lodger.path, &name, &older.bytes, reason, request)?;
    aside.kept.push(kept);
    Ok(())
}
