//! What a migration will need, measured on some of the files that it will copy.
//!
//! Some months of a few tickers, chosen by size from the smallest to the largest, are built in memory exactly as the
//! migration builds them; each ticker stands for those of its size. Space is counted in blocks and
//! directories, as the disk allots it: months of daily bars are files smaller than a block.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

use chrono::Datelike;
use rayon::prelude::*;

use super::copy::{copy, judge};
use super::need::space_at;
use super::proven::is_proven;
use super::{Choices, MigrateError, Proofs, Refusal, Sides, Survey, VenueInterval};
use crate::frame::Frame;
use crate::model::Ticker;
use crate::sys::{Medium, Meta};

/// What is taken for a block where the file system says something else by it, as network file systems do.
const USUAL_BLOCK: u64 = 4096;
const BLOCKS: RangeInclusive<u64> = 512..=1 << 16;
/// How many tickers are measured: one of so many, within these bounds.
const ONE_OF: usize = 20;
const SAMPLES: RangeInclusive<usize> = 4..=12;
/// Of each of these at least so many months are built, and one of so many of a long history.
const MONTHS: usize = 4;
const ONE_MONTH_OF: usize = 20;

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

/// Measures what an interval needs; `is_exact` builds the months of every ticker rather than of some.
///
/// # Errors
/// When the disk cannot be asked.
pub fn estimate(
    sides: Sides<'_>,
    choices: &Choices,
    tuple: &VenueInterval,
    proofs: &Proofs,
    is_exact: bool,
) -> Result<Estimate, MigrateError> {
    let survey = Survey::of(sides, tuple)?;
    let all = survey.tickers.len();
    let mut open = Vec::new();
    for (ticker, meta) in survey.tickers {
        if choices.is_restart || !is_proven(sides, tuple, proofs, &ticker, &meta)? {
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
    let block = sides.fs.space(&space_at(sides)?)?.block;
    let ruler = Ruler {
        sides,
        choices,
        tuple,
        proofs,
        block: if BLOCKS.contains(&block) {
            block
        } else {
            USUAL_BLOCK
        },
    };
    let strata: Vec<&[(Ticker, Meta)]> = open.chunks(each).collect();
    let measured: Vec<Option<Result<Measured, (Ticker, String)>>> = strata
        .par_iter()
        .map(|stratum| ruler.measure(stratum))
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

/// Measures tickers by building what they need.
#[derive(Clone, Copy)]
struct Ruler<'r> {
    sides: Sides<'r>,
    choices: &'r Choices,
    tuple: &'r VenueInterval,
    proofs: &'r Proofs,
    /// What the disk allots at least to a file that holds anything, and to a directory.
    block: u64,
}

impl Ruler<'_> {
    /// Measures the ticker in the middle of a stratum, and scales it by the bytes of the whole.
    fn measure(self, stratum: &[(Ticker, Meta)]) -> Option<Result<Measured, (Ticker, String)>> {
        let total: u64 = stratum.iter().map(|(_, meta)| meta.len).sum();
        let middle = stratum.len() / 2;
        let mut refused = None;
        // A file that cannot be copied needs nothing; another one of its size stands for the rest.
        let order = (middle..stratum.len()).chain((0..middle).rev());
        for (ticker, meta) in order.filter_map(|at| stratum.get(at)).take(3) {
            // Whoever stands for nobody else is measured whole.
            let found = match stratum {
                [_] => self.measure_all(ticker),
                _ => self.measure_some(ticker),
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
    fn measure_all(self, ticker: &Ticker) -> Result<Measured, Refusal> {
        let proof = self.proofs.of(ticker);
        let from = Medium::Cache;
        let copy = copy(self.sides, self.choices, self.tuple, ticker, proof, from)?;
        let files = copy.built.files();
        // Month, year and ticker.
        let dirs = files
            .iter()
            .flat_map(|(path, _)| path.ancestors().skip(1).take(3));
        let dirs: BTreeSet<&Path> = dirs.collect();
        let (blocks, dirs) = (self.blocks_of(&files), dirs.len() as u64);
        Ok(Measured {
            rows: copy.facts.expected.rows,
            files: files.len() as u64,
            inodes: files.len() as u64 + dirs,
            bytes: (blocks + dirs) * self.block,
        })
    }

    /// Builds some months of a ticker of which the tree has nothing; they stand for all.
    fn measure_some(self, ticker: &Ticker) -> Result<Measured, Refusal> {
        let store = &self.sides.stores.partitioned;
        if !store.is_vacant(&self.tuple.series(ticker))? {
            return self.measure_all(ticker);
        }
        let judged = judge(self.sides, self.choices, self.tuple, ticker, Medium::Cache)?;
        let months = judged.rows().split();
        let years = months.keys().filter_map(|key| Some(key.days()?.0.year()));
        let years: BTreeSet<i32> = years.collect();
        let all = months.len() as u64;
        let step = months.len().div_ceil(MONTHS).clamp(1, ONE_MONTH_OF);
        let some: Vec<Frame> = months.into_values().skip(step / 2).step_by(step).collect();
        let Ok(some) = Frame::concat(judged.rows().profile(), some) else {
            return self.measure_all(ticker);
        };
        let draft = store.draft(&judged.request, &some, &judged.provenance)?;
        let files: Vec<(&Path, u64)> = draft.files().collect();
        let blocks = self.blocks_of(&files) * all / (files.len() as u64).max(1);
        let dirs = all + years.len() as u64 + 1;
        Ok(Measured {
            rows: judged.rows().len() as u64,
            files: all,
            inodes: all + dirs,
            bytes: (blocks + dirs) * self.block,
        })
    }

    fn blocks_of(self, files: &[(&Path, u64)]) -> u64 {
        let blocks = files.iter().map(|(_, bytes)| bytes.div_ceil(self.block));
        blocks.sum()
    }
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
