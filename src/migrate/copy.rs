//! One ticker on its way: its legacy rows read and judged, its months built in memory.
//!
//! Promises: nothing is written here. Absent, empty, damaged, foreign and unreadable are five refusals; none of
//! them is a copy of no rows.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{
    Choices, Difference, Duplicates, Fractions, LegacyStamp, PartitionRows, Proof, Refusal, Sides,
    VenueInterval, since,
};
use crate::frame::{self, Displaced, Frame, Reason};
use crate::model::{Digest, Fingerprint, Provenance, StorageRequest, Ticker};
use crate::storage::{
    Draft, LegacyFile, LegacyFound, Prepared, StorageError, StorageInterface, refuse_other_rows,
};
use crate::sys::{Medium, rights_of};

/// A ticker whose months are built.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) facts: CopyFacts,
    pub(super) built: Built,
}

/// What has to be known of a copy once its files are written.
#[derive(Debug)]
pub(super) struct CopyFacts {
    pub(super) ticker: Ticker,
    pub(super) request: StorageRequest,
    pub(super) legacy: Fingerprint,
    /// What the partitions have to hold in the end.
    pub(super) expected: Fingerprint,
    pub(super) span: (i64, i64),
    pub(super) stamp: LegacyStamp,
    /// The legacy file, when rows of it have no place in the partitions, and why.
    pub(super) keepsake: Option<(PathBuf, Bytes, String)>,
}

/// The files of a ticker, in memory.
#[derive(Debug)]
pub(super) enum Built {
    /// All of a series of which nothing is there yet.
    Whole(Draft),
    /// All of a series whose files in the tree are to be put away.
    Anew(Draft),
    /// The files that change of a series that is there in part or in full.
    Beside(Prepared),
}

impl Built {
    /// Returns where each file will stand, and its length.
    pub(super) fn files(&self) -> Vec<(&Path, u64)> {
        match self {
            Self::Whole(draft) | Self::Anew(draft) => draft.files().collect(),
            Self::Beside(prepared) => prepared
                .files
                .iter()
                .map(|file| (file.target.as_path(), file.bytes.len() as u64))
                .collect(),
        }
    }
}

/// Reads a ticker's legacy file.
pub(super) fn read_legacy(
    sides: Sides<'_>,
    request: &StorageRequest,
    from: Medium,
) -> Result<Box<LegacyFile>, Refusal> {
    let found = match sides.stores.legacy.read_file(request, from) {
        // What no file name of the legacy layout spells has no file there.
        Err(StorageError::LegacyName { .. }) => return Err(Refusal::Absent),
        found => found?,
    };
    let file = match found {
        LegacyFound::Absent => return Err(Refusal::Absent),
        LegacyFound::Damaged { reason } => {
            return Err(Refusal::Damaged(format!("its legacy file: {reason}")));
        }
        LegacyFound::Whole(file) => file,
    };
    if file.decoded.ordered.frame.is_empty() && file.decoded.ordered.displaced.is_empty() {
        return Err(Refusal::Empty);
    }
    Ok(file)
}

/// A legacy file that may be copied.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) request: StorageRequest,
    file: Box<LegacyFile>,
    /// Zone, price basis and origin of its months.
    pub(super) provenance: Provenance,
    keepsake: Option<(PathBuf, Bytes, String)>,
}

impl Judged {
    /// Returns the rows that the partitions have to hold.
    pub(super) fn rows(&self) -> &Frame {
        &self.file.decoded.ordered.frame
    }
}

/// Reads a ticker's legacy file and judges whether it may be copied.
pub(super) fn judge(
    sides: Sides<'_>,
    choices: &Choices,
    tuple: &VenueInterval,
    ticker: &Ticker,
    from: Medium,
) -> Result<Judged, Refusal> {
    let request = tuple.series(ticker);
    let file = read_legacy(sides, &request, from)?;
    let keepsake = keepsake(&file, choices)?;
    let decoded = &file.decoded;
    let lost = [decoded.unknown_columns.as_slice(), &decoded.odd_indexes].concat();
    if !lost.is_empty() {
        return Err(Refusal::Columns(lost));
    }
    let provenance = Provenance {
        timezone: file.decoded.provenance.timezone.clone(),
        basis: choices.basis.unwrap_or(file.basis),
        source: Some(tuple.venue.clone()),
    };
    Ok(Judged {
        request,
        file,
        provenance,
        keepsake,
    })
}

/// Builds the months of a ticker, in memory. An estimate need not wait for the disk and reads `from` memory.
pub(super) fn copy(
    sides: Sides<'_>,
    choices: &Choices,
    tuple: &VenueInterval,
    ticker: &Ticker,
    proof: Option<&Proof>,
    from: Medium,
) -> Result<Copy, Refusal> {
    let judged = judge(sides, choices, tuple, ticker, from)?;
    let rows = judged.rows();
    let span = rows.span().ok_or(Refusal::Empty)?;
    let (built, expected) = build(sides, choices, &judged, proof)?;
    let legacy = rows.fingerprint();
    let (expected, span) = match &expected {
        Some(all) => (all.fingerprint(), all.span().unwrap_or(span)),
        None => (legacy, span),
    };
    let facts = CopyFacts {
        ticker: ticker.clone(),
        legacy,
        expected,
        span,
        stamp: LegacyStamp {
            bytes: judged.file.meta.len,
            modified_nanos: judged.file.meta.modified_nanos,
            sha256: Digest::of(&judged.file.bytes).to_string(),
        },
        request: judged.request,
        keepsake: judged.keepsake,
    };
    Ok(Copy { facts, built })
}

/// Judges what of a legacy file has no place in partitions. With the user's consent the file is kept, with the reason.
fn keepsake(
    file: &LegacyFile,
    choices: &Choices,
) -> Result<Option<(PathBuf, Bytes, String)>, Refusal> {
    let rows = &file.decoded.ordered.displaced;
    let count = |reason: Reason| {
        let is_so = |row: &&Displaced| row.reason == reason;
        rows.iter().filter(is_so).count()
    };
    let (undated, duplicate) = (count(Reason::Undated), count(Reason::Duplicate));
    let mut reasons = Vec::new();
    if !rows.is_empty() {
        if choices.duplicates == Duplicates::Refuse {
            return Err(Refusal::Displaced { undated, duplicate });
        }
        reasons.push(format!(
            "{duplicate} duplicate and {undated} undated rows have no place in the partitions"
        ));
    }
    if file.decoded.inexact > 0 {
        if choices.fractions == Fractions::Refuse {
            return Err(Refusal::Fractions(file.decoded.inexact));
        }
        reasons.push(format!(
            "{} numbers were rounded or left out",
            file.decoded.inexact
        ));
    }
    let keep = || (file.path.clone(), file.bytes.clone(), reasons.join("; "));
    Ok((!reasons.is_empty()).then(keep))
}

/// Builds the files that are missing. Also returns the rows that the partitions will hold, when these are not the legacy
/// rows: they may have more, and rows that were taken out of them do not return.
fn build(
    sides: Sides<'_>,
    choices: &Choices,
    judged: &Judged,
    proof: Option<&Proof>,
) -> Result<(Built, Option<Frame>), Refusal> {
    let (request, provenance) = (&judged.request, &judged.provenance);
    let store = &sides.stores.partitioned;
    let left = left_of(sides, judged)?;
    let rows: &Frame = &left;
    let held = || (rows.len() < judged.rows().len()).then(|| rows.clone());
    let origin = rights_of(sides.fs, &judged.file.path).map_err(StorageError::from)?;
    let draft = || -> Result<Draft, Refusal> {
        Ok(store.draft(request, rows, provenance)?.from_file(origin))
    };
    if store.is_vacant(request)? {
        return Ok((Built::Whole(draft()?), held()));
    }
    match beside(sides, choices, (judged, rows), proof) {
        Ok(Existing::Fill(expected)) => {
            let prepared = store.prepare(request, rows, provenance)?;
            let prepared = prepared.from_file(origin);
            Ok((Built::Beside(prepared), expected.or_else(held)))
        }
        Ok(Existing::Leave(stored)) => {
            let nothing = Prepared::nothing(request.clone());
            Ok((Built::Beside(nothing), Some(stored)))
        }
        Err(Refusal::Conflict(_)) if choices.is_restart => {
            // The folders are put away whole, and what is nobody's must not go with them.
            if let Some(path) = store.holdings(request)?.misplaced.into_iter().next() {
                return Err(Refusal::Misplaced(path));
            }
            Ok((Built::Anew(draft()?), held()))
        }
        Err(refusal) => Err(refusal),
    }
}

/// Returns the legacy rows without those that were taken out of the series, and are out still.
fn left_of<'j>(sides: Sides<'_>, judged: &'j Judged) -> Result<Cow<'j, Frame>, Refusal> {
    let (request, rows) = (&judged.request, judged.rows());
    let nothing = Frame::empty(rows.profile());
    let out = since::taken_out(sides, request, rows, &nothing)?;
    if out.is_empty() {
        return Ok(Cow::Borrowed(rows));
    }
    let stored = sides.stores.partitioned.read(request)?;
    let stored = stored.map_or(nothing, |stored| stored.frame);
    Ok(Cow::Owned(frame::without(
        rows,
        &frame::without(&out, &stored),
    )))
}

/// What becomes of partitions that are there already.
#[derive(Debug)]
enum Existing {
    /// What they lack is filled in. They will hold the legacy rows, or these if there are more.
    Fill(Option<Frame>),
    /// They are what updates have made of proven ones, and stay.
    Leave(Frame),
}

/// Judges what the partitions hold already.
fn beside(
    sides: Sides<'_>,
    choices: &Choices,
    (judged, legacy): (&Judged, &Frame),
    proof: Option<&Proof>,
) -> Result<Existing, Refusal> {
    let request = &judged.request;
    let Some(stored) = sides.stores.partitioned.read(request)? else {
        return Ok(Existing::Fill(None));
    };
    if stored.displaced > 0 {
        return Err(Refusal::Damaged(format!(
            "{} rows of its partitions are undated or duplicate",
            stored.displaced
        )));
    }
    refuse_other_rows(&judged.file.path, legacy, &stored.frame)?;
    let Some(difference) = Difference::between(legacy, &stored.frame) else {
        return Ok(Existing::Fill(None));
    };
    if let Some(proof) = proof
        && stored.damaged.is_empty()
        && since::is_explained(sides, request, judged.rows(), &stored.frame, proof)?
    {
        return Ok(Existing::Leave(stored.frame));
    }
    let is_only_behind = difference.extra == 0 && difference.changed == 0;
    // What updates have done to proven partitions since, apart from months that are damaged now.
    if let Some(proof) = proof
        && difference.changed == 0
        && is_after(proof, legacy, &stored.frame)
    {
        return Ok(Existing::Fill(Some(
            frame::merge(&stored.frame, legacy).frame,
        )));
    }
    // A copy that nobody has written to since: whatever differs, the legacy file is the newer one.
    let is_old_copy = proof.is_some_and(|proof| {
        proof.legacy == proof.partitions && proof.partitions == stored.frame.fingerprint()
    });
    if is_only_behind || (is_old_copy && difference.extra == 0) {
        let merged = frame::merge(&stored.frame, legacy).frame;
        // The rule of the merge may prefer a stored value, and then the copy would not be one.
        return match Difference::between(legacy, &merged) {
            None => Ok(Existing::Fill(None)),
            Some(difference) => Err(Refusal::Conflict(difference)),
        };
    }
    if choices.partition_rows == PartitionRows::Keep && difference.changed == 0 {
        return Ok(Existing::Fill(Some(
            frame::merge(&stored.frame, legacy).frame,
        )));
    }
    Err(Refusal::Conflict(difference))
}

/// Tells whether every row that only the partitions have is newer than what was proven.
fn is_after(proof: &Proof, legacy: &Frame, stored: &Frame) -> bool {
    let (_, last) = proof.span;
    let then = stored.between(None, last.checked_add(1));
    Difference::between(legacy, &then).is_none_or(|difference| difference.extra == 0)
}
