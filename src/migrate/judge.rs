//! What the way back means for one ticker: its legacy file stays, is merged into, or is rebuilt.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use rayon::prelude::*;

use super::copy::read_legacy;
use super::verify::read_partitions;
use super::{Difference, Proof, Proofs, Refusal, Return, Sides, VenueInterval, since};
use crate::frame::{self, Frame};
use crate::model::{Fingerprint, Granularity, PartitionKey, StorageRequest, Ticker, time};
use crate::storage::{
    Beyond, LegacyFile, Prepared, StorageError, StorageInterface, Stored, refuse_other_rows,
};
use crate::sys::Medium;

/// Why a legacy file that goes back loses rows.
const OUT: &str = "they were taken out of the partitions, as the ledger says";

/// A ticker that is judged: what its legacy file has to hold in the end, and the file if it has to be written.
pub(super) struct Judged {
    pub(super) request: StorageRequest,
    pub(super) outcome: Return,
    pub(super) expected: Fingerprint,
    pub(super) prepared: Option<Prepared>,
    /// Files of the partitions that say more than their rows, which is what goes back.
    pub(super) beyond: Vec<Beyond>,
    /// Files beside the partitions that are none.
    pub(super) misplaced: Vec<PathBuf>,
}

pub(super) type Judgement = (Ticker, Result<Option<Judged>, Refusal>);

/// Judges tickers side by side.
pub(super) fn judge_all(
    sides: Sides<'_>,
    tuple: &VenueInterval,
    proofs: &Proofs,
    batch: &[Ticker],
) -> Vec<Judgement> {
    batch
        .par_iter()
        .map(|ticker| {
            let judged = judge(sides, &tuple.series(ticker), proofs.of(ticker));
            (ticker.clone(), judged)
        })
        .collect()
}

/// Judges one ticker. `None` when neither side has rows.
fn judge(
    sides: Sides<'_>,
    request: &StorageRequest,
    proof: Option<&Proof>,
) -> Result<Option<Judged>, Refusal> {
    let can_go_back = match sides.stores.legacy.places().home_path(request) {
        Err(StorageError::LegacyName { .. }) => false,
        path => path.map(|_| true)?,
    };
    let partitions = read_partitions(&sides.stores.partitioned, request)?;
    let legacy = match read_legacy(sides, request, Medium::Disk) {
        Ok(file) => Some(file),
        Err(Refusal::Absent) => None,
        Err(refusal) => return Err(refusal),
    };
    let Some((stored, _)) = partitions else {
        return unmigrated(request, legacy.as_deref(), proof);
    };
    let found = &stored.frame;
    if let (None, Some(proof)) = (&legacy, proof) {
        // The partitions are the only copy: what is rebuilt from them has to be what was proven.
        is_as_proven(sides, request, found, proof)?;
    }
    let goal = match &legacy {
        Some(file) => beside(sides, request, file, found, proof)?,
        None => Goal {
            outcome: if can_go_back {
                Return::Rebuilt { rows: found.len() }
            } else {
                Return::Stays
            },
            expected: found.fingerprint(),
            out: Frame::empty(found.profile()),
        },
    };
    let prepared = match goal.outcome {
        Return::Equal | Return::Stays => None,
        Return::Merged { .. } | Return::Rebuilt { .. } => {
            Some(prepare(sides, request, &stored, &goal.out)?)
        }
    };
    Ok(Some(Judged {
        request: request.clone(),
        beyond: if goal.outcome == Return::Stays {
            Vec::new()
        } else {
            stored.beyond
        },
        outcome: goal.outcome,
        expected: goal.expected,
        prepared,
        misplaced: stored.misplaced,
    }))
}

/// Judges a ticker without partitions: what was never migrated is where it belongs.
fn unmigrated(
    request: &StorageRequest,
    legacy: Option<&LegacyFile>,
    proof: Option<&Proof>,
) -> Result<Option<Judged>, Refusal> {
    match (legacy, proof) {
        (Some(file), _) => Ok(Some(Judged {
            request: request.clone(),
            outcome: Return::Equal,
            expected: file.decoded.ordered.frame.fingerprint(),
            prepared: None,
            beyond: Vec::new(),
            misplaced: Vec::new(),
        })),
        (None, Some(_)) => Err(Refusal::Gone),
        (None, None) => Ok(None),
    }
}

/// What a legacy file has to become.
struct Goal {
    outcome: Return,
    expected: Fingerprint,
    /// The rows of it that do not go back.
    out: Frame,
}

/// Says what becomes of a legacy file that partitions stand beside.
fn beside(
    sides: Sides<'_>,
    request: &StorageRequest,
    file: &LegacyFile,
    found: &Frame,
    proof: Option<&Proof>,
) -> Result<Goal, Refusal> {
    let all = &file.decoded.ordered.frame;
    refuse_other_rows(&file.path, all, found)?;
    if since::is_copy_behind(sides, request, all, found)? {
        return Ok(Goal {
            outcome: Return::Equal,
            expected: all.fingerprint(),
            out: Frame::empty(all.profile()),
        });
    }
    let out = since::taken_out(sides, request, all, found)?;
    let rows = if out.is_empty() {
        Cow::Borrowed(all)
    } else {
        Cow::Owned(frame::without(all, &out))
    };
    let difference = Difference::between(&rows, found);
    if let Some(difference) = difference.as_ref().filter(|found| found.changed > 0) {
        newer_side(sides, request, all, found, proof, difference)?;
    }
    let other = difference.as_ref().map_or(0, |one| one.extra + one.changed);
    let outcome = match other + out.len() {
        0 => Return::Equal,
        rows => Return::Merged { rows },
    };
    let expected = match difference {
        None => found.fingerprint(),
        Some(_) => frame::merge(&rows, found).frame.fingerprint(),
    };
    Ok(Goal {
        outcome,
        expected,
        out,
    })
}

/// Returns the legacy file of which no rows are left that are `out`, and all that the partitions have.
fn prepare(
    sides: Sides<'_>,
    request: &StorageRequest,
    stored: &Stored,
    out: &Frame,
) -> Result<Prepared, Refusal> {
    let (store, provenance) = (&sides.stores.legacy, &stored.provenance);
    let prepared = if out.is_empty() {
        store.prepare(request, &stored.frame, provenance)?
    } else {
        let why = |stamp| (stamp, OUT.to_owned());
        let unwanted = out.times().map(why).collect();
        store.prepare_exchange(request, &unwanted, &stored.frame, provenance)?
    };
    Ok(prepared.from_file(sides.stores.partitioned.rights(request)?))
}

/// Makes sure that the partitions hold what was proven.
pub(super) fn is_as_proven(
    sides: Sides<'_>,
    request: &StorageRequest,
    found: &Frame,
    proof: &Proof,
) -> Result<(), Refusal> {
    let then = since::when_proven(sides, request, found, proof)?;
    if then
        .iter()
        .any(|then| then.fingerprint() == proof.partitions)
    {
        return Ok(());
    }
    let now = then.first();
    Err(Refusal::Altered {
        then: proof.partitions.rows,
        now: now.map_or(0, |now| now.len() as u64),
        bare: now.map_or_else(Vec::new, |now| bare_months(now, proof)),
    })
}

/// Returns the months between the first and the last proven row that have none now, if there were more files then.
fn bare_months(now: &Frame, proof: &Proof) -> Vec<PartitionKey> {
    let month = |at: i64| PartitionKey::of(Granularity::Month, at);
    let there: BTreeSet<PartitionKey> = now.times().map(month).collect();
    if there.len() as u64 >= proof.files {
        return Vec::new();
    }
    let (first, last) = proof.span;
    let days = first.div_euclid(time::DAY)..=last.div_euclid(time::DAY);
    let months: BTreeSet<PartitionKey> = days
        .map(|day| month(day.saturating_mul(time::DAY)))
        .collect();
    months.difference(&there).copied().collect()
}

/// Makes sure that values in which the sides differ are newer in the partitions.
fn newer_side(
    sides: Sides<'_>,
    request: &StorageRequest,
    legacy: &Frame,
    found: &Frame,
    proof: Option<&Proof>,
    difference: &Difference,
) -> Result<(), Refusal> {
    let refuse = || Refusal::Undecided(difference.clone());
    let proof = proof.ok_or_else(refuse)?;
    if since::is_explained(sides, request, legacy, found, proof)? {
        Ok(())
    } else {
        Err(refuse())
    }
}
