//! Bringing legacy files that lie elsewhere to where they are migrated from.
//!
//! Promises: a file is moved by one rename, or, where its place is taken, merged into the file there, row by row, and read
//! back. Of rows with different values the file in `data/legacy` has the newer ones; the other file is kept in
//! quarantine. Only files of the intervals in question move, those of tickers at home at another venue stay, and so does
//! what is no ticker's file. What moves is written down first, for the way back (`adoptions`).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::adoptions::Adoptions;
use super::{Difference, MigrateError, Mover, Proofs, Sides, VenueInterval};
use crate::frame::{self, basis};
use crate::layout::{LegacyName, LegacyPathBuilder, legacy_name};
use crate::model::{StorageRequest, Ticker};
use crate::storage::{
    self, CorruptFiles, Custody, InPieces, LegacyFile, LegacyFound, LegacyStore, Lodger, PutAway,
    Quarantine, QuarantineRecord, Replaced, StorageError, StorageInterface, create_data_dirs,
    refuse_other_rows,
};
use crate::sys::atomic::{TempNames, parent, replace_from};
use crate::sys::{Fs, Kind, Medium, rights_of};

/// A legacy file that lies elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoptable {
    /// Its interval, and the venue that it is migrated to.
    pub tuple: VenueInterval,
    /// Its ticker.
    pub ticker: Ticker,
    /// Where it is.
    pub path: PathBuf,
    /// Where it belongs.
    pub target: PathBuf,
    /// Whether there is a file already where it belongs.
    pub is_taken: bool,
}

impl Adoptable {
    /// Returns the folders of legacy files, each once.
    pub fn folders(adoptables: &[Self]) -> Vec<&Path> {
        let mut folders: Vec<&Path> = Vec::new();
        for folder in adoptables.iter().filter_map(|one| one.path.parent()) {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }
}

/// What became of the files.
#[derive(Debug, Default)]
pub struct Adopted {
    /// Files that were moved.
    pub moved: usize,
    /// Files that were merged into another one.
    pub merged: usize,
    /// Files that were put away because their rows say something else.
    pub kept: Vec<QuarantineRecord>,
    /// Files that stay where they are, with the reason.
    pub refused: Vec<(PathBuf, String)>,
}

/// How a file came to its new place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// By a rename, which is durable once both folders are.
    Renamed,
    /// As a copy, durably: its new place is on another disk.
    Copied,
}

/// Lists the legacy files of some intervals that lie elsewhere: directly in the workspace, or directly in `data`.
///
/// # Errors
/// When a folder cannot be listed.
pub fn adoptables(
    sides: Sides<'_>,
    tuples: &[VenueInterval],
) -> Result<Vec<Adoptable>, MigrateError> {
    let Sides {
        fs, places, stores, ..
    } = sides;
    let elsewhere = [&places.root, &places.data].map(|root| LegacyPathBuilder::new(root));
    let mut adoptables = Vec::new();
    for tuple in tuples {
        for paths in &elsewhere {
            let folder = paths.flat_tree(tuple.interval);
            for entry in fs.list(&folder)?.unwrap_or_default() {
                let LegacyName::Ticker(ticker) = legacy_name(&entry.name) else {
                    continue;
                };
                let path = folder.join(&entry.name);
                let request = tuple.series(&ticker);
                // No file of another venue is moved.
                if entry.kind != Kind::File
                    || !stores.legacy.places().is_of(
                        &tuple.venue,
                        &path,
                        &ticker,
                        tuple.interval,
                    )?
                {
                    continue;
                }
                let Ok(target) = stores.legacy.places().home_path(&request) else {
                    continue;
                };
                adoptables.push(Adoptable {
                    tuple: tuple.clone(),
                    ticker,
                    path,
                    is_taken: fs.metadata(&target)?.is_some(),
                    target,
                });
            }
        }
    }
    Ok(adoptables)
}

/// Lists the Parquet files that lie where legacy files of some intervals may lie and are no ticker's, such as copies. They
/// stay where they are.
///
/// # Errors
/// When a folder cannot be listed.
pub fn unadoptable(
    sides: Sides<'_>,
    tuples: &[VenueInterval],
) -> Result<Vec<PathBuf>, MigrateError> {
    let Sides { fs, places, .. } = sides;
    let mut found = Vec::new();
    for tuple in tuples {
        for root in [&places.root, &places.data] {
            let folder = LegacyPathBuilder::new(root).flat_tree(tuple.interval);
            for entry in fs.list(&folder)?.unwrap_or_default() {
                let is_fit = match legacy_name(&entry.name) {
                    LegacyName::Ticker(_) => entry.kind == Kind::File,
                    LegacyName::Copy { .. } | LegacyName::Decomposed(_) | LegacyName::NoTicker => {
                        false
                    }
                    LegacyName::Other => true,
                };
                if !is_fit {
                    found.push(folder.join(&entry.name));
                }
            }
        }
    }
    Ok(found)
}

/// Brings files to where they belong.
///
/// # Errors
/// When the lock was lost or the disk refuses; what was not brought is where it was, and the next try goes on.
pub fn adopt(mover: Mover<'_>, adoptables: &[Adoptable]) -> Result<Adopted, MigrateError> {
    let mut adopted = Adopted::default();
    mover.held.confirm()?;
    write_down(mover, adoptables)?;
    for adoptable in adoptables {
        match adopt_one(mover, adoptable, &mut adopted) {
            // One bad folder costs the files in it.
            Err(error) if error.is_of_place() => {
                adopted
                    .refused
                    .push((adoptable.path.clone(), error.to_string()));
            }
            done => done?,
        }
    }
    Ok(adopted)
}

/// Writes down which files are about to move, before the first one does.
fn write_down(mover: Mover<'_>, adoptables: &[Adoptable]) -> Result<(), MigrateError> {
    let Sides { fs, places, .. } = mover.sides;
    let mut tuples: Vec<&VenueInterval> = adoptables
        .iter()
        .map(|adoptable| &adoptable.tuple)
        .collect();
    tuples.sort();
    tuples.dedup();
    let owners = mover.sides.stores.legacy.places().owners();
    // Those of other venues have no flat folder to go back to.
    tuples.retain(|tuple| !owners.has_own_folder(&tuple.venue));
    for tuple in tuples {
        let of_tuple = adoptables
            .iter()
            .filter(|adoptable| adoptable.tuple == *tuple);
        let files: Vec<(&Ticker, &Path)> = of_tuple
            .map(|adoptable| (&adoptable.ticker, adoptable.path.as_path()))
            .collect();
        let mut adoptions = Adoptions::load(fs, places, tuple.interval)?;
        let settled = LegacyPathBuilder::new(&places.root).tree(tuple.interval);
        let settled = fs.list(&settled)?.unwrap_or_default();
        let has_own = settled.iter().any(|entry| match legacy_name(&entry.name) {
            LegacyName::Ticker(ticker) => !adoptions.has(&ticker),
            _ => false,
        });
        // What was migrated before lay in `data/legacy`.
        let is_all_flat = !has_own && Proofs::load(fs, places, tuple)?.is_empty();
        adoptions.append(mover, &files, is_all_flat)?;
    }
    Ok(())
}

fn adopt_one(
    mover: Mover<'_>,
    adoptable: &Adoptable,
    adopted: &mut Adopted,
) -> Result<(), MigrateError> {
    let Sides {
        fs, places, stores, ..
    } = mover.sides;
    // Asked again: of two strays of one ticker, the first has just taken the place.
    let is_taken = fs.metadata(&adoptable.target)?.is_some();
    let VenueInterval { venue, interval } = &adoptable.tuple;
    if is_taken
        && !stores
            .legacy
            .places()
            .is_of(venue, &adoptable.target, &adoptable.ticker, *interval)?
    {
        let reason = format!(
            "{} is another venue's file and has its place; barkeep cleanup moves that one",
            adoptable.target.display()
        );
        adopted.refused.push((adoptable.path.clone(), reason));
        return Ok(());
    }
    let owners = stores.legacy.places().owners();
    if owners.has_own_folder(&adoptable.tuple.venue) {
        match rehouse(mover, adoptable, adopted)? {
            Ok(()) if is_taken => adopted.merged += 1,
            Ok(()) => adopted.moved += 1,
            Err(reason) => adopted.refused.push((adoptable.path.clone(), reason)),
        }
        return remove_if_empty(fs, parent(&adoptable.path));
    }
    create_data_dirs(fs, places, parent(&adoptable.target))?;
    if is_taken {
        match merge(mover, adoptable, adopted)? {
            Ok(()) => adopted.merged += 1,
            Err(reason) => adopted.refused.push((adoptable.path.clone(), reason)),
        }
    } else {
        if carry(mover, &adoptable.path, &adoptable.target)? == Moved::Renamed {
            fs.sync_dir(parent(&adoptable.target))?;
        }
        fs.sync_dir(parent(&adoptable.path))?;
        adopted.moved += 1;
    }
    remove_if_empty(fs, parent(&adoptable.path))
}

pub(super) fn remove_if_empty(fs: &dyn Fs, dir: &Path) -> Result<(), MigrateError> {
    if fs.list(dir)?.is_some_and(|left| left.is_empty()) {
        fs.remove_dir(dir)?;
    }
    Ok(())
}

/// Moves a file to a place where there is none. `data` may be a disk of its own, and between two disks no file can be
/// renamed: there it is copied, durably, and read back before it goes.
pub(super) fn carry(mover: Mover<'_>, from: &Path, to: &Path) -> Result<Moved, MigrateError> {
    let fs = mover.sides.fs;
    match fs.rename(from, to) {
        Ok(()) => Ok(Moved::Renamed),
        Err(error) if error.source.kind() == ErrorKind::CrossesDevices => {
            let Some(bytes) = fs.read(from)? else {
                return Err(MigrateError::Changed {
                    path: from.to_owned(),
                });
            };
            let temps = TempNames::of(mover.runs.next());
            replace_from(fs, &temps, to, &bytes, rights_of(fs, from)?)?;
            let found = fs.read_from_medium(to)?;
            if found.is_none_or(|(found, _)| found != bytes) {
                return Err(MigrateError::Changed {
                    path: to.to_owned(),
                });
            }
            fs.remove_file(from)?;
            Ok(Moved::Copied)
        }
        Err(error) => Err(error.into()),
    }
}

/// Merges a file into the one that has its place. The inner error is why it cannot be.
fn merge(
    mover: Mover<'_>,
    adoptable: &Adoptable,
    adopted: &mut Adopted,
) -> Result<Result<(), String>, MigrateError> {
    let store = &mover.sides.stores.legacy;
    // What lies in the shared folders need not name a venue.
    let request = StorageRequest {
        venue: None,
        ..adoptable.tuple.series(&adoptable.ticker)
    };
    let [older, newer] = match both(store, adoptable, &request) {
        Ok(both) => both,
        Err(reason) => return Ok(Err(reason)),
    };
    // The file in `data/legacy` is merged over the other one, so that it has the last word.
    let all = frame::merge(&older.decoded.ordered.frame, &newer.decoded.ordered.frame).frame;
    let prepared = match store.prepare(&request, &all, &newer.decoded.provenance) {
        Ok(prepared) => prepared.from_file(rights_of(mover.sides.fs, &adoptable.path)?),
        Err(
            error @ (StorageError::Foreign { .. }
            | StorageError::Refused { .. }
            | StorageError::Encode { .. }),
        ) => return Ok(Err(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let mut run = mover.begin()?;
    let quarantine = mover.quarantine();
    let custody = Custody {
        quarantine: &quarantine,
        corrupt_files: CorruptFiles::Quarantine,
        // Both files were read as one series.
        replaced: Replaced::Copied,
        at: mover.clock.now(),
    };
    let mut aside = PutAway::default();
    let joined = run.put(&prepared, &custody, &mut aside);
    adopted.kept.extend(aside.into_records());
    if let Err(error) = joined {
        if !error.is_of_place() {
            return Err(error.into());
        }
        run.finish()?;
        return Ok(Err(error.to_string()));
    }
    if let Some(left) = run.commit()?.left.first() {
        return Ok(Err(left.error().to_string()));
    }
    let says_more = match says_more(store, adoptable, &request, &older) {
        Ok(says_more) => says_more,
        Err(reason) => return Ok(Err(reason)),
    };
    if says_more {
        let record = keep(&quarantine, adoptable, &request, &older.bytes)?;
        adopted.kept.push(record);
    }
    run.trash(std::slice::from_ref(&adoptable.path), InPieces::Refused)?;
    run.finish()?;
    Ok(Ok(()))
}

/// Reads a file and the one that has its place, which can be one series.
fn both(
    store: &LegacyStore,
    adoptable: &Adoptable,
    request: &StorageRequest,
) -> Result<[Box<LegacyFile>; 2], String> {
    let older = whole(store, &adoptable.path, request);
    let newer = whole(store, &adoptable.target, request);
    let (older, newer) = (older?, newer?);
    if let Err(other) = basis::continued(Some(older.basis), newer.basis) {
        return Err(format!(
            "its prices are {}, and those of {} are {}",
            other.settled,
            adoptable.target.display(),
            other.newer
        ));
    }
    let (older_rows, newer_rows) = (&older.decoded.ordered.frame, &newer.decoded.ordered.frame);
    refuse_other_rows(&adoptable.path, older_rows, newer_rows)
        .map_err(|refused| refused.to_string())?;
    Ok([older, newer])
}

/// Tells whether a file says more than the one that it was merged into, which is read back. No row of it may be missing there.
fn says_more(
    store: &LegacyStore,
    adoptable: &Adoptable,
    request: &StorageRequest,
    older: &LegacyFile,
) -> Result<bool, String> {
    let merged = whole(store, &adoptable.target, request)?;
    let (older_rows, merged_rows) = (&older.decoded.ordered.frame, &merged.decoded.ordered.frame);
    let left = Difference::between(older_rows, merged_rows);
    if left.as_ref().is_some_and(|left| left.missing > 0) {
        return Err("its rows did not reach the other file".to_owned());
    }
    Ok(left.is_some_and(|left| left.changed > 0) || older.beyond().is_some())
}

/// Keeps a file that says more than the one that it was merged into.
fn keep(
    quarantine: &Quarantine<'_>,
    adoptable: &Adoptable,
    request: &StorageRequest,
    bytes: &[u8],
) -> Result<QuarantineRecord, MigrateError> {
    let path = &adoptable.path;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let reason = format!("{} has not all of what it says", adoptable.target.display());
    Ok(quarantine.keep(path, &name, bytes, &reason, Some(request))?)
}

/// Moves a file to the folder of its venue, after those of the same series that win over it.
fn rehouse(
    mover: Mover<'_>,
    adoptable: &Adoptable,
    adopted: &mut Adopted,
) -> Result<Result<(), String>, MigrateError> {
    let store = &mover.sides.stores.legacy;
    let request = adoptable.tuple.series(&adoptable.ticker);
    let mut lodgers =
        storage::lodgers_of(store.places(), &adoptable.ticker, adoptable.tuple.interval)?;
    lodgers.retain(|lodger| lodger.request == request);
    if !lodgers.iter().any(|lodger| lodger.path == adoptable.path) {
        lodgers.push(Lodger {
            path: adoptable.path.clone(),
            request,
            target: adoptable.target.clone(),
        });
    }
    let (done, kept) = mover.rehouse(&lodgers)?;
    adopted.kept.extend(kept);
    let mut left = done.left.into_iter();
    let left = left.find(|(path, _)| *path == adoptable.path);
    Ok(left.map_or(Ok(()), |(_, reason)| Err(reason)))
}

fn whole(
    store: &LegacyStore,
    path: &Path,
    request: &StorageRequest,
) -> Result<Box<LegacyFile>, String> {
    match store.read_file_at(request, path.to_owned(), Medium::Disk) {
        Ok(LegacyFound::Whole(file)) => Ok(file),
        Ok(LegacyFound::Absent) => Err(format!("{} is gone", path.display())),
        Ok(LegacyFound::Damaged { reason }) => {
            Err(format!("{} is damaged: {reason}", path.display()))
        }
        Err(error) => Err(error.to_string()),
    }
}
