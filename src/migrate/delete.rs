//! Removing legacy files whose rows are in the partitions.
//!
//! Promises: this takes a `VerifiedInterval`, and there is one way to get it: both sides of every ticker were read from
//! the disk in this process, under this lock, and agree. One ticker that does not agree keeps all files. Sides agree by
//! their rows: a file that says more than its rows is in quarantine before it is removed.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::adopt::remove_if_empty;
use super::copy::read_legacy;
use super::restart::put_aside;
use super::verify::read_partitions;
use super::{
    Difference, Failed, MigrateError, Mover, Note, Proof, Proofs, Refusal, Sides, Survey,
    VenueInterval, since,
};
use crate::frame::Frame;
use crate::layout::{LegacyPathBuilder, PartitionPathBuilder};
use crate::lock::LockGuard;
use crate::model::{Dataset, Digest, Ticker};
use crate::storage::{Beyond, InPieces, QuarantineRecord, StorageInterface, Stored};
use crate::sys::atomic::parent;
use crate::sys::{Fs, Kind, Medium, Meta};

/// An interval of which both sides were read from the disk, in this process and under this lock, and agree.
#[derive(Debug)]
pub struct VerifiedInterval<'l> {
    mover: Mover<'l>,
    _held: &'l LockGuard<'l>,
    tuple: VenueInterval,
    files: Vec<Checked>,
    bytes: u64,
    from_memory: usize,
}

/// A legacy file whose rows are in the partitions.
#[derive(Debug)]
struct Checked {
    ticker: Ticker,
    path: PathBuf,
    meta: Meta,
    /// Its digest and what it says beside its rows, if anything.
    beyond: Option<(Digest, String)>,
    medium: Medium,
}

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many legacy files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// How many tickers could only be read again from memory.
    pub from_memory: usize,
    /// What went to quarantine, since it says more than the other side can hold.
    pub kept: Vec<QuarantineRecord>,
}

impl<'l> VerifiedInterval<'l> {
    /// Reads both sides of every legacy file of an interval.
    ///
    /// # Errors
    /// When the folder cannot be listed. Tickers that do not agree are the inner error.
    pub fn by_reading(
        mover: Mover<'l>,
        tuple: &VenueInterval,
        proofs: &Proofs,
    ) -> Result<Result<Self, Vec<Failed>>, MigrateError> {
        let survey = Survey::of(mover.sides, tuple)?;
        let bytes = survey.bytes();
        let checked: Vec<Result<Checked, Failed>> = survey
            .tickers
            .into_par_iter()
            .map(|(ticker, meta)| {
                let proof = proofs.of(&ticker);
                agrees(mover.sides, tuple, &ticker, meta, proof)
                    .map_err(|refusal| Failed { ticker, refusal })
            })
            .collect();
        let mut failures = Vec::new();
        let (mut files, mut from_memory) = (Vec::new(), 0);
        for outcome in checked {
            match outcome {
                Ok(file) => {
                    from_memory += usize::from(file.medium == Medium::Cache);
                    files.push(file);
                }
                Err(failed) => failures.push(failed),
            }
        }
        if !failures.is_empty() {
            return Ok(Err(failures));
        }
        Ok(Ok(Self {
            _held: mover.held,
            mover,
            tuple: tuple.clone(),
            files,
            bytes,
            from_memory,
        }))
    }
}

/// Reads both sides of a ticker; returns the legacy file if everything in it is in the partitions.
fn agrees(
    sides: Sides<'_>,
    tuple: &VenueInterval,
    ticker: &Ticker,
    meta: Meta,
    proof: Option<&Proof>,
) -> Result<Checked, Refusal> {
    let request = tuple.series(ticker);
    let proof = proof.ok_or(Refusal::Unproven)?;
    let file = read_legacy(sides, &request, Medium::Disk)?;
    if Digest::of(&file.bytes).to_string() != proof.file.sha256 {
        return Err(Refusal::Changed);
    }
    let Some((Stored { frame: found, .. }, medium)) =
        read_partitions(&sides.stores.partitioned, &request)?
    else {
        return Err(Refusal::Gone);
    };
    let medium = medium.min(file.medium);
    let beyond = file.beyond();
    let beyond = beyond.map(|reason| (Digest::of(&file.bytes), reason));
    let legacy = &file.decoded.ordered.frame;
    let checked = Checked {
        ticker: ticker.clone(),
        path: file.path,
        meta,
        beyond,
        medium,
    };
    match Difference::between(legacy, &found) {
        None => Ok(checked),
        Some(difference) if difference.is_only_extra() => Ok(checked),
        // Values that updates have replaced since, each with its line in the ledger, are no contradiction.
        Some(difference) => {
            let is_accounted_for = |then: &Frame| {
                Difference::between(legacy, then).is_none_or(|left| left.is_only_extra())
            };
            let then = since::when_proven(sides, &request, &found, proof)?;
            if then.iter().any(is_accounted_for) {
                Ok(checked)
            } else {
                Err(Refusal::Conflict(difference))
            }
        }
    }
}

/// Removes the legacy files of an interval.
///
/// # Errors
/// When the lock was lost, a file changed since it was read, or the disk refuses.
pub fn delete_legacy(
    verified: VerifiedInterval<'_>,
    proofs: &mut Proofs,
) -> Result<Removed, MigrateError> {
    let VerifiedInterval {
        mover,
        tuple,
        files,
        bytes,
        from_memory,
        ..
    } = verified;
    let fs = mover.sides.fs;
    for Checked { path, meta, .. } in &files {
        if fs.metadata(path)?.as_ref() != Some(meta) {
            return Err(MigrateError::Changed { path: path.clone() });
        }
    }
    let kept = keep_beyond(mover, &tuple, &files)?;
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let count = files.len();
    let notes = files
        .into_iter()
        .map(|file| Note::LegacyRemoved(file.ticker));
    // Before the first file goes: of a file that is gone without a note, nobody could say that barkeep removed it.
    proofs.append(mover, notes.collect())?;
    let mut run = mover.begin()?;
    run.trash(&paths, InPieces::Refused)?;
    run.finish()?;
    remove_empty_folders(mover.sides, &tuple)?;
    Ok(Removed {
        files: count,
        bytes,
        from_memory,
        kept,
    })
}

/// Removes the folders of an interval below `data/legacy` in which nothing is left, and those of a venue.
fn remove_empty_folders(sides: Sides<'_>, tuple: &VenueInterval) -> Result<(), MigrateError> {
    let Sides { fs, places, .. } = sides;
    let root = LegacyPathBuilder::new(&places.root).root();
    let trees = sides
        .stores
        .legacy
        .places()
        .trees(Some(&tuple.venue), tuple.interval);
    for tree in trees.iter().filter(|tree| tree.starts_with(&root)) {
        let mut dir = tree.as_path();
        while dir != root && fs.list(dir)?.is_none_or(|left| left.is_empty()) {
            if fs.metadata(dir)?.is_some() {
                fs.remove_dir(dir)?;
            }
            dir = parent(dir);
        }
    }
    Ok(())
}

/// Keeps what files say beside their rows. The migration that proved them has done so; of an earlier build, or of a
/// quarantine that somebody has emptied, nobody knows.
fn keep_beyond(
    mover: Mover<'_>,
    tuple: &VenueInterval,
    files: &[Checked],
) -> Result<Vec<QuarantineRecord>, MigrateError> {
    let beyond = files.iter().filter_map(|file| {
        let (digest, reason) = file.beyond.as_ref()?;
        Some((file, digest, reason))
    });
    let quarantine = mover.quarantine();
    let mut there = None;
    let mut kept = Vec::new();
    for (file, digest, reason) in beyond {
        let there = match &mut there {
            Some(there) => there,
            unread => unread.insert(quarantine.digests()?),
        };
        if there.contains(digest.to_string().as_str()) {
            continue;
        }
        let path = &file.path;
        let bytes = mover.sides.fs.read(path)?.unwrap_or_default();
        if Digest::of(&bytes) != *digest {
            return Err(MigrateError::Changed { path: path.clone() });
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let request = tuple.series(&file.ticker);
        kept.push(quarantine.keep(path, &name, &bytes, reason, Some(&request))?);
    }
    Ok(kept)
}

/// Removes the partitions of an interval whose rows are back in the legacy layout. Both sides of every ticker are read
/// from the disk right before; one that does not agree keeps all partitions, and is the inner error.
///
/// # Errors
/// When the lock was lost or the disk refuses.
pub fn remove_partitions(
    mover: Mover<'_>,
    tuple: &VenueInterval,
) -> Result<Result<Removed, Vec<Failed>>, MigrateError> {
    let Sides {
        fs, places, stores, ..
    } = mover.sides;
    let (venue, interval) = (&tuple.venue, tuple.interval);
    let mut tickers = stores
        .partitioned
        .tickers(Some(venue), Dataset::Stocks, Some(interval))?;
    // What the legacy layout cannot spell is nowhere else.
    let homes = stores.legacy.places();
    tickers.retain(|ticker| homes.home_path(&tuple.series(ticker)).is_ok());
    let (from_memory, beyond) = match all_back(mover.sides, tuple, &tickers) {
        Ok(back) => back,
        Err(failures) => return Ok(Err(failures)),
    };
    let mut removed = Removed {
        from_memory,
        ..Removed::default()
    };
    let (mut moved, mut shared, mut odd) = (Vec::new(), Vec::new(), Vec::new());
    for (ticker, beyond) in tickers.iter().zip(&beyond) {
        let request = tuple.series(ticker);
        if let Some(first) = beyond.first() {
            odd.push((ticker, &first.reason));
            continue;
        }
        if let Some(stat) = stores.partitioned.stat(&request)? {
            removed.files += stat.files;
            removed.bytes += stat.bytes;
        }
        let holdings = stores.partitioned.holdings(&request)?;
        if holdings.has_others {
            moved.extend(holdings.files);
            shared.extend(holdings.dirs);
        } else {
            moved.extend(holdings.dirs);
        }
    }
    let mut run = mover.begin()?;
    for (ticker, reason) in odd {
        let reason = format!("the legacy file cannot hold all of it: {reason}");
        let kept = put_aside(mover, &mut run, tuple, ticker, &reason)?;
        removed.kept.extend(kept);
    }
    // Every row of them is back in the legacy files, and so is the switch.
    run.trash(&moved, InPieces::Allowed)?;
    run.finish()?;
    for dir in &shared {
        remove_empty(fs, dir)?;
    }
    let tree = PartitionPathBuilder::new(&places.data).tree(venue, Dataset::Stocks, Some(interval));
    remove_if_empty(fs, &tree)?;
    Ok(Ok(removed))
}

/// Makes sure that the rows of all tickers are back in their legacy files. Returns how many could only be read from memory, and
/// for each ticker the files that say more than their rows.
fn all_back(
    sides: Sides<'_>,
    tuple: &VenueInterval,
    tickers: &[Ticker],
) -> Result<(usize, Vec<Vec<Beyond>>), Vec<Failed>> {
    let checked: Vec<Result<(Medium, Vec<Beyond>), Failed>> = tickers
        .par_iter()
        .map(|ticker| {
            is_back(sides, tuple, ticker).map_err(|refusal| Failed {
                ticker: ticker.clone(),
                refusal,
            })
        })
        .collect();
    let (mut from_memory, mut beyond, mut failures) = (0, Vec::new(), Vec::new());
    for outcome in checked {
        match outcome {
            Ok((medium, found)) => {
                from_memory += usize::from(medium == Medium::Cache);
                beyond.push(found);
            }
            Err(failed) => failures.push(failed),
        }
    }
    if failures.is_empty() {
        Ok((from_memory, beyond))
    } else {
        Err(failures)
    }
}

/// Removes the folders below `dir`, and itself, in which nothing is left; notes and hidden files stay with theirs.
fn remove_empty(fs: &dyn Fs, dir: &Path) -> Result<(), MigrateError> {
    for entry in fs.list(dir)?.unwrap_or_default() {
        if entry.kind == Kind::Dir {
            remove_empty(fs, &dir.join(&entry.name))?;
        }
    }
    remove_if_empty(fs, dir)
}

/// Makes sure that every row of the partitions is in the legacy file; returns the files that say more than their rows.
fn is_back(
    sides: Sides<'_>,
    tuple: &VenueInterval,
    ticker: &Ticker,
) -> Result<(Medium, Vec<Beyond>), Refusal> {
    let request = tuple.series(ticker);
    let Some((stored, medium)) = read_partitions(&sides.stores.partitioned, &request)? else {
        return Ok((Medium::Disk, Vec::new()));
    };
    if let Some(path) = stored.misplaced.into_iter().next() {
        return Err(Refusal::Misplaced(path));
    }
    let file = read_legacy(sides, &request, Medium::Disk)?;
    let (found, legacy) = (&stored.frame, &file.decoded.ordered.frame);
    match Difference::between(found, legacy) {
        Some(difference)
            if !difference.is_only_extra()
                && !since::is_copy_behind(sides, &request, legacy, found)? =>
        {
            Err(Refusal::Conflict(difference))
        }
        _ => Ok((medium.min(file.medium), stored.beyond)),
    }
}
