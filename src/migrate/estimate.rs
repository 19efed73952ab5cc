//! What a migration will need, measured on some of the files that it will copy.
//!
//! Some months of a few tickers, chosen by size from the smallest to the largest, are built in memory exactly as the
//! migration builds them; each ticker stands for those of its size. Space is counted in blocks and
//! directories, as the disk allots it: months of daily bars are files smaller than a block.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use chrono::Datelike;
use rayon::prelude::*;

use super::copy::{copy, judge};
use super::proven::is_proven;
use super::{Choices, MigrateError, Proof, Proofs, Refusal, Sight, Survey, Tuple};
use crate::frame::Frame;
use crate::model::Ticker;
use crate::sys::{Fs, Medium, Meta};

/// What a disk allots at least to a file that holds anything, and to a directory.
const BLOCK: u64 = 4096;
/// How many tickers are measured: one of so many, within these bounds.
const ONE_OF: usize = 20;
const SAMPLES: RangeInclusive<usize> = 4..=12;
/// Of each of these at least so many months are built, and one of so many of a long history.
const MONTHS: usize = 4;
const ONE_MONTH_OF: usize = 20;
/// What is to be left beside the estimate, in percent of it and in bytes.
const MARGIN_PERCENT: u64 = 15;
const MARGIN_BYTES: u64 = 16 << 20;

/// What the migration of one interval will need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Tickers that are to be copied.
    pub tickers: usize,
    /// Tickers that are proven already.
    pub proven: usize,
    /// Their rows.
    pub rows: u64,
    /// Bytes of their legacy files.
    pub legacy_bytes: u64,
    /// Month files.
    pub files: u64,
    /// Month files and directories.
    pub inodes: u64,
    /// Bytes that the disk will allot.
    pub bytes: u64,
    /// How many tickers were measured.
    pub sampled: usize,
    /// Tickers that were measured and cannot be copied, with the reason.
    pub refusals: Vec<(Ticker, String)>,
}

/// What all chosen intervals need at the worst moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Bytes beside what is there now.
    pub bytes: u64,
    /// Names beside what is there now.
    pub inodes: u64,
}

/// What a disk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Bytes that are missing, if any.
    pub bytes: Option<u64>,
    /// Names that are missing, if any.
    pub inodes: Option<u64>,
}

/// Measures what an interval needs; `is_exact` builds the months of every ticker rather than of some.
///
/// # Errors
/// When the disk cannot be asked.
pub fn estimate(
    sight: Sight<'_>,
    choices: &Choices,
    tuple: &Tuple,
    proofs: &Proofs,
    is_exact: bool,
) -> Result<Estimate, MigrateError> {
    let survey = Survey::of(sight, tuple)?;
    let all = survey.tickers.len();
    let mut open = Vec::new();
    for (ticker, meta) in survey.tickers {
        if choices.is_restart || !is_proven(sight, tuple, proofs, &ticker, &meta)? {
            open.push((ticker, meta));
        }
    }
    let proven = all - open.len();
    open.truncate(choices.max_tickers.unwrap_or(usize::MAX));
    let mut estimate = Estimate {
        tickers: open.len(),
        proven,
        legacy_bytes: open.iter().map(|(_, meta)| meta.len).sum(),
        ..Estimate::default()
    };
    open.sort_by_key(|(_, meta)| meta.len);
    let each = if is_exact {
        1
    } else {
        let samples = (open.len() / ONE_OF).clamp(*SAMPLES.start(), *SAMPLES.end());
        open.len().div_ceil(samples).max(1)
    };
    let strata: Vec<&[(Ticker, Meta)]> = open.chunks(each).collect();
    let measured: Vec<Option<Result<Measured, (Ticker, String)>>> = strata
        .par_iter()
        .map(|stratum| measure(sight, choices, tuple, proofs, stratum))
        .collect();
    for found in measured.into_iter().flatten() {
        match found {
            Ok(part) => {
                estimate.sampled += 1;
                estimate.rows += part.rows;
                estimate.files += part.files;
                estimate.inodes += part.inodes;
                estimate.bytes += part.bytes;
            }
            Err(refused) => estimate.refusals.push(refused),
        }
    }
    Ok(estimate)
}

/// What a ticker needs, or those that it stands for.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    rows: u64,
    files: u64,
    inodes: u64,
    bytes: u64,
}

/// Measures the ticker in the middle of a stratum, and scales it by the bytes of the whole.
fn measure(
    sight: Sight<'_>,
    choices: &Choices,
    tuple: &Tuple,
    proofs: &Proofs,
    stratum: &[(Ticker, Meta)],
) -> Option<Result<Measured, (Ticker, String)>> {
    let total: u64 = stratum.iter().map(|(_, meta)| meta.len).sum();
    let middle = stratum.len() / 2;
    let mut refused = None;
    // A file that cannot be copied needs nothing; another one of its size stands for the rest.
    let order = (middle..stratum.len()).chain((0..middle).rev());
    for (ticker, meta) in order.filter_map(|at| stratum.get(at)).take(3) {
        // Whoever stands for nobody else is measured whole.
        let found = match stratum {
            [_] => measure_all(sight, choices, tuple, ticker, proofs.of(ticker)),
            _ => measure_some(sight, choices, tuple, ticker, proofs.of(ticker)),
        };
        match found {
            Ok(found) => return Some(Ok(found.scaled(total, meta.len))),
            Err(Refusal::Storage(error)) => refused = Some((ticker.clone(), error.to_string())),
            Err(refusal) => refused = Some((ticker.clone(), refusal.to_string())),
        }
    }
    refused.map(Err)
}

/// Builds what a ticker needs.
fn measure_all(
    sight: Sight<'_>,
    choices: &Choices,
    tuple: &Tuple,
    ticker: &Ticker,
    proof: Option<&Proof>,
) -> Result<Measured, Refusal> {
    let copy = copy(sight, choices, tuple, ticker, proof, Medium::Cache)?;
    let files = copy.built.files();
    // Month, year and ticker.
    let dirs = files
        .iter()
        .flat_map(|(path, _)| path.ancestors().skip(1).take(3));
    let dirs: BTreeSet<&Path> = dirs.collect();
    let (blocks, dirs) = (blocks_of(&files), dirs.len() as u64);
    Ok(Measured {
        rows: copy.facts.expected.rows,
        files: files.len() as u64,
        inodes: files.len() as u64 + dirs,
        bytes: (blocks + dirs) * BLOCK,
    })
}

/// Builds some months of a ticker of which the tree has nothing; they stand for all.
fn measure_some(
    sight: Sight<'_>,
    choices: &Choices,
    tuple: &Tuple,
    ticker: &Ticker,
    proof: Option<&Proof>,
) -> Result<Measured, Refusal> {
    let store = &sight.stores.partitioned;
    if !store.is_vacant(&tuple.series(ticker))? {
        return measure_all(sight, choices, tuple, ticker, proof);
    }
    let judged = judge(sight, choices, tuple, ticker, Medium::Cache)?;
    let months = judged.rows().split();
    let years: BTreeSet<i32> = months
        .keys()
        .filter_map(|key| Some(key.days()?.0.year()))
        .collect();
    let all = months.len() as u64;
    let step = months.len().div_ceil(MONTHS).clamp(1, ONE_MONTH_OF);
    let some: Vec<Frame> = months.into_values().skip(step / 2).step_by(step).collect();
    let Ok(some) = Frame::concat(judged.rows().profile(), some) else {
        return measure_all(sight, choices, tuple, ticker, proof);
    };
    let draft = store.draft(&judged.request, &some, &judged.provenance)?;
    let files: Vec<(&Path, u64)> = draft.files().collect();
    let dirs = all + years.len() as u64 + 1;
    Ok(Measured {
        rows: judged.rows().len() as u64,
        files: all,
        inodes: all + dirs,
        bytes: (blocks_of(&files) * all / (files.len() as u64).max(1) + dirs) * BLOCK,
    })
}

fn blocks_of(files: &[(&Path, u64)]) -> u64 {
    files.iter().map(|(_, bytes)| bytes.div_ceil(BLOCK)).sum()
}

impl Measured {
    fn scaled(self, total: u64, own: u64) -> Self {
        let scale = |value: u64| {
            let scaled = u128::from(value) * u128::from(total) / u128::from(own.max(1));
            u64::try_from(scaled).unwrap_or(u64::MAX)
        };
        Self {
            rows: scale(self.rows),
            files: scale(self.files),
            inodes: scale(self.inodes),
            bytes: scale(self.bytes),
        }
    }
}

impl Need {
    /// Returns what intervals need that are migrated one after the other. Legacy files that are removed after each make
    /// room for the next.
    pub fn of(estimates: &[Estimate], removes_legacy: bool) -> Self {
        let mut need = Self::default();
        let (mut bytes, mut inodes) = (0_i128, 0_i128);
        for estimate in estimates {
            bytes += i128::from(estimate.bytes);
            inodes += i128::from(estimate.inodes);
            need.bytes = need.bytes.max(u64::try_from(bytes).unwrap_or(0));
            need.inodes = need.inodes.max(u64::try_from(inodes).unwrap_or(0));
            if removes_legacy {
                bytes -= i128::from(estimate.legacy_bytes);
                inodes -= estimate.tickers as i128;
            }
        }
        need
    }

    /// Returns what is missing on the disk of the data root; `None` when there is enough.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn missing(self, fs: &dyn Fs, data: &Path) -> Result<Option<Missing>, MigrateError> {
        let space = fs.space(data)?;
        let with_margin = |need: u64| need.saturating_add(need / 100 * MARGIN_PERCENT);
        let bytes = match self.bytes {
            0 => 0,
            bytes => with_margin(bytes).saturating_add(MARGIN_BYTES),
        };
        let missing = Missing {
            bytes: bytes.checked_sub(space.bytes).filter(|more| *more > 0),
            inodes: space
                .inodes
                .and_then(|free| with_margin(self.inodes).checked_sub(free))
                .filter(|more| *more > 0),
        };
        Ok((missing.bytes.is_some() || missing.inodes.is_some()).then_some(missing))
    }
}

/// Returns where space is needed.
pub fn space_at(sight: Sight<'_>) -> Result<PathBuf, MigrateError> {
    let data = &sight.places.data;
    let is_there = sight.fs.metadata(data)?.is_some();
    Ok(if is_there {
        data.clone()
    } else {
        sight.places.root.clone()
    })
}
