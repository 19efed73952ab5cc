//! One file: absent, whole, damaged, foreign or refused. Unreadable is an error and none of these.
//!
//! Promises: a file is judged by its bytes and by its place: rows of another ticker, month or venue than the path says refuse
//! it. Whose a file in a shared legacy folder is, its path does not say: such a request names no venue here.
//! Leaves to others: putting damage away (`quarantine`), new contents (`prepare`).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::codec::{self, ALL_TIMES, CodecError, Decoded, MemoryLimit};
use crate::frame::{Frame, Profile};
use crate::model::{PartitionKey, Provenance, StorageRequest, Venue, time};
use crate::sys::Fs;

use super::moment::Moment;
use super::{Beyond, OtherClock, StorageError, WayOut};

/// What was read of a series.
#[derive(Debug)]
pub struct Stored {
    /// The rows of all files that verify.
    pub frame: Frame,
    /// Zone, price basis and origin of the newest file.
    pub provenance: Provenance,
    /// How many rows of other writers' files have no place: undated ones, and duplicates that lost.
    pub displaced: usize,
    /// Files that say more than their rows do, or whose rows yield to those of another file.
    pub beyond: Vec<Beyond>,
    /// Files that do not verify or decode.
    pub damaged: Vec<Damage>,
    /// Those whose rows are on another clock than the newest ones.
    pub other_clocks: Vec<OtherClock>,
    /// Parquet files beside them that are none of the series, such as the copies of a synchronising program.
    pub misplaced: Vec<PathBuf>,
    /// From when on it was read, where that can be told.
    pub since: Option<Moment>,
}

/// A file whose bytes were read and are not what was written.
#[derive(Clone, Debug)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// The series that it belongs to.
    pub request: StorageRequest,
    /// The partition that it held.
    pub partition: PartitionKey,
    /// What does not fit.
    pub reason: String,
    /// The bytes as they were read.
    pub bytes: Bytes,
}

/// One file, looked at.
#[derive(Debug)]
pub(super) enum Inspected {
    Absent,
    Whole { decoded: Box<Decoded>, bytes: Bytes },
    Damaged { reason: String, bytes: Bytes },
}

/// Returns how many rows a file claims to have; `None` when it is damaged. Only its end is read.
///
/// # Errors
/// When the file cannot be read, or this build does not understand its end.
pub(super) fn claimed_rows(fs: &dyn Fs, path: &Path) -> Result<Option<u64>, StorageError> {
    // Most footers have a few kilobytes; one of many row groups may be longer.
    for most in [64 << 10, u64::MAX] {
        let Some(end) = fs.read_end(path, most)? else {
            return Ok(Some(0));
        };
        match codec::claimed_rows(&end) {
            Ok(rows) => return Ok(Some(rows)),
            Err(CodecError::Damaged { .. }) if end.len() as u64 == most => {}
            Err(CodecError::Damaged { .. }) => return Ok(None),
            Err(error) => return Err(foreign(path, &error)),
        }
    }
    Ok(None)
}

/// Looks at the file of one partition.
///
/// # Errors
/// When the file cannot be read; `Foreign` when it is whole and this build cannot hold it, `Refused` when it does not hold
/// what its place says.
pub(super) fn inspect(
    fs: &dyn Fs,
    path: &Path,
    profile: &'static Profile,
    request: &StorageRequest,
    partition: PartitionKey,
    limit: MemoryLimit,
) -> Result<Inspected, StorageError> {
    let within = (limit, &ALL_TIMES);
    judge(fs.read(path)?, path, profile, request, partition, within)
}

/// Judges what was read of the file of one partition, which may take so much memory, and of which the rows of a span are
/// wanted (`codec::decode_span`).
pub(super) fn judge(
    bytes: Option<Vec<u8>>,
    path: &Path,
    profile: &'static Profile,
    request: &StorageRequest,
    partition: PartitionKey,
    within: (MemoryLimit, &RangeInclusive<i64>),
) -> Result<Inspected, StorageError> {
    let found = find(bytes, path, profile, within)?;
    if let Inspected::Whole { decoded, .. } = &found {
        check_place(decoded, path, request, partition)?;
    }
    Ok(found)
}

/// Decodes what was read of a file, wherever it lies.
fn find(
    bytes: Option<Vec<u8>>,
    path: &Path,
    profile: &'static Profile,
    (limit, span): (MemoryLimit, &RangeInclusive<i64>),
) -> Result<Inspected, StorageError> {
    let Some(bytes) = bytes else {
        return Ok(Inspected::Absent);
    };
    let bytes = Bytes::from(bytes);
    if bytes.is_empty() {
        return Ok(Inspected::Damaged {
            reason: "it is empty".to_owned(),
            bytes,
        });
    }
    match codec::decode_span(&bytes, profile, limit, span) {
        Ok(decoded) => Ok(Inspected::Whole {
            decoded: Box::new(decoded),
            bytes,
        }),
        Err(CodecError::Damaged { reason }) => Ok(Inspected::Damaged { reason, bytes }),
        // Nobody may take what cannot be held for an absence, or for something to be put away: it ends the whole series.
        Err(error) => Err(foreign(path, &error)),
    }
}

/// Looks at a file in the form of the predecessor, which filed trades by the date of their download: what it has of other
/// partitions, its strays, is handed out beside the rows of its own. One that has nothing of its own was copied to a wrong place.
///
/// # Errors
/// As `inspect`.
pub(super) fn inspect_own(
    fs: &dyn Fs,
    path: &Path,
    request: &StorageRequest,
    partition: PartitionKey,
    limit: MemoryLimit,
) -> Result<(Inspected, BTreeMap<PartitionKey, Frame>), StorageError> {
    let profile = Profile::of(request.series.dataset());
    let found = find(fs.read(path)?, path, profile, (limit, &ALL_TIMES))?;
    let Inspected::Whole { mut decoded, bytes } = found else {
        return Ok((found, BTreeMap::new()));
    };
    let mut strays = decoded.ordered.frame.split();
    match strays.remove(&partition) {
        Some(own) if decoded.is_older_form && !strays.is_empty() => decoded.ordered.frame = own,
        _ => strays.clear(),
    }
    check_place(&decoded, path, request, partition)?;
    Ok((Inspected::Whole { decoded, bytes }, strays))
}

pub(super) fn foreign(path: &Path, error: &CodecError) -> StorageError {
    StorageError::Foreign {
        path: path.to_owned(),
        reason: error.to_string(),
        way_out: WayOut::StoreAnew,
    }
}

/// Returns why a file that names a venue is none of a series; `None` when it may be. One that names none may, and a request
/// without a venue means whatever stands there.
pub(super) fn other_venue(request: &StorageRequest, named: Option<&Venue>) -> Option<String> {
    let (venue, named) = (request.venue.as_ref()?, named?);
    (venue != named).then(|| format!("it names {named}, and its place is that of {venue}"))
}

/// A file that was copied to a wrong place must not become part of the history of another ticker or venue.
fn check_place(
    decoded: &Decoded,
    path: &Path,
    request: &StorageRequest,
    partition: PartitionKey,
) -> Result<(), StorageError> {
    let refuse = |reason: String| StorageError::Refused {
        path: path.to_owned(),
        reason,
    };
    if let Some(reason) = other_venue(request, decoded.provenance.source.as_ref()) {
        return Err(refuse(reason));
    }
    let frame = &decoded.ordered.frame;
    if let Some(ticker) = request.series.ticker()
        && let Some(other) = frame
            .owners()
            .iter()
            .find(|owner| ***owner != *ticker.as_str())
    {
        return Err(refuse(format!(
            "it holds rows of {other}, and its place is that of {ticker}"
        )));
    }
    let outside = partition.days().and_then(|(first, last)| {
        let (earliest, latest) = frame.span()?;
        [time::day(earliest), time::day(latest)]
            .into_iter()
            .find(|day| !(first..=last).contains(day))
    });
    match outside {
        Some(day) => Err(refuse(format!(
            "it holds a row of {day}, and its place is that of {partition}"
        ))),
        None => Ok(()),
    }
}
