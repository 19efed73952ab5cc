//! Comparing both sides of an interval, from the disk, without changing anything.
//!
//! Promises: both directions. A legacy file whose rows are not in the partitions is found, and so are partitions that no
//! legacy file or proof accounts for. Where the legacy file is gone, the journal of proofs stands in for it.

use std::path::PathBuf;
use std::str::FromStr;

use rayon::prelude::*;

use super::copy::read_legacy;
use super::judge::is_as_proven;
use super::{
    Difference, MigrateError, Proof, Proofs, Refusal, Sides, Survey, VenueInterval, since,
};
use crate::config::ConfigService;
use crate::frame::Frame;
use crate::model::{Dataset, Series, StorageRequest, Ticker};
use crate::observe::{Event, Work};
use crate::storage::{PartitionedStore, StorageInterface, Stored};
use crate::sys::Medium;

/// Which tickers are looked at: the `part`-th of `of` parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Which part, from 1.
    pub part: usize,
    /// How many parts there are.
    pub of: usize,
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((part, of)) if (1..=of).contains(&part) => Ok(Self { part, of }),
            _ => Err(format!("`{text}` is no part such as 1/7")),
        }
    }
}

/// What was found of one ticker.
#[derive(Debug)]
pub enum Finding {
    /// Both sides are equal.
    Equal {
        /// How many rows they have.
        rows: u64,
    },
    /// The partitions hold what was migrated, and what updates have added or replaced since.
    Grown {
        /// How many rows were migrated.
        rows: u64,
        /// How many there are more now.
        more: u64,
    },
    /// The legacy file is gone, and the partitions hold what was proven.
    Proven {
        /// How many rows were migrated.
        rows: u64,
    },
    /// Only the partitions have this ticker, and new series are kept there.
    New {
        /// How many rows it has.
        rows: u64,
    },
    /// The sides do not agree, or one of them cannot be judged.
    Wrong(Refusal),
}

/// What was found of an interval.
#[derive(Debug)]
pub struct Verification {
    /// Which.
    pub tuple: VenueInterval,
    /// What was found of each ticker that was looked at, in order.
    pub findings: Vec<(Ticker, Finding)>,
    /// How many tickers there are in all.
    pub tickers: usize,
    /// Files in the legacy folder that are no ticker's.
    pub strangers: Vec<(PathBuf, &'static str)>,
    /// Parquet files beside partitions that are none. They were not read.
    pub misplaced: Vec<PathBuf>,
    /// How many tickers could only be read from memory.
    pub from_memory: usize,
    /// Whether the run was asked to stop before the end.
    pub is_cut_short: bool,
}

/// What was found, in numbers of tickers; each number counts the `Finding` of its name.
#[expect(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub equal: usize,
    pub grown: usize,
    pub proven: usize,
    pub new: usize,
    pub wrong: usize,
    /// The rows of those that are equal, grown or proven.
    pub rows: u64,
}

impl Verification {
    /// Adds up what was found.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for (_, finding) in &self.findings {
            let (count, rows) = match finding {
                Finding::Equal { rows } => (&mut tally.equal, *rows),
                Finding::Grown { rows, .. } => (&mut tally.grown, *rows),
                Finding::Proven { rows } => (&mut tally.proven, *rows),
                Finding::New { .. } => (&mut tally.new, 0),
                Finding::Wrong(_) => (&mut tally.wrong, 0),
            };
            *count += 1;
            tally.rows += rows;
        }
        tally
    }
}

/// A ticker, what was found of it, where it was read from, and what is misplaced beside its partitions.
type Looked = (Ticker, Finding, Medium, Vec<PathBuf>);

/// Compares both sides of an interval. Where new series of the venue are kept in partitions, these may have grown.
///
/// # Errors
/// When a folder cannot be listed, or the journal of proofs is damaged. What is wrong with one ticker is a finding.
pub fn verify_interval(
    sides: Sides<'_>,
    config: &ConfigService<'_>,
    tuple: &VenueInterval,
    sample: Option<Sample>,
) -> Result<Verification, MigrateError> {
    let proofs = &Proofs::load(sides.fs, sides.places, tuple)?;
    let is_active = config.is_partitioned_enabled(&tuple.venue).0;
    let survey = Survey::of(sides, tuple)?;
    let all = all_tickers(sides, tuple, &survey, proofs)?;
    let tickers = all.len();
    let is_meant = |at: usize| sample.is_none_or(|sample| at % sample.of == sample.part - 1);
    let chosen: Vec<Ticker> = all
        .into_iter()
        .enumerate()
        .filter(|(at, _)| is_meant(*at))
        .map(|(_, ticker)| ticker)
        .collect();
    let series = chosen.len();
    sides.observer.observe(Event::CheckPlanned { series });
    let looked: Vec<Option<Looked>> = chosen
        .into_par_iter()
        .map(|ticker| {
            if sides.stop.is_raised() {
                return None;
            }
            let mut misplaced = Vec::new();
            let proof = proofs.of(&ticker);
            let (finding, medium) =
                match look(sides, tuple, &ticker, proof, is_active, &mut misplaced) {
                    Ok(found) => found,
                    Err(refusal) => (Finding::Wrong(refusal), Medium::Disk),
                };
            let series = Series::Bars {
                ticker: ticker.clone(),
                interval: tuple.interval,
            };
            sides.observer.observe(Event::Step {
                work: Work::Check,
                series,
            });
            Some((ticker, finding, medium, misplaced))
        })
        .collect();
    let mut verification = Verification {
        tuple: tuple.clone(),
        findings: Vec::new(),
        tickers,
        strangers: survey.strangers,
        misplaced: Vec::new(),
        from_memory: 0,
        is_cut_short: looked.iter().any(Option::is_none),
    };
    for (ticker, finding, medium, misplaced) in looked.into_iter().flatten() {
        verification.misplaced.extend(misplaced);
        verification.from_memory += usize::from(medium == Medium::Cache);
        verification.findings.push((ticker, finding));
    }
    Ok(verification)
}

/// Returns the tickers that one of the sides has, or that are proven, in order.
fn all_tickers(
    sides: Sides<'_>,
    tuple: &VenueInterval,
    survey: &Survey,
    proofs: &Proofs,
) -> Result<Vec<Ticker>, MigrateError> {
    let (venue, interval) = (Some(&tuple.venue), Some(tuple.interval));
    let mut all = sides
        .stores
        .partitioned
        .tickers(venue, Dataset::Stocks, interval)?;
    all.extend(survey.tickers.iter().map(|(ticker, _)| ticker.clone()));
    all.extend(proofs.iter().map(|(ticker, _)| ticker.clone()));
    all.sort();
    all.dedup();
    Ok(all)
}

fn look(
    sides: Sides<'_>,
    tuple: &VenueInterval,
    ticker: &Ticker,
    proof: Option<&Proof>,
    is_active: bool,
    misplaced: &mut Vec<PathBuf>,
) -> Result<(Finding, Medium), Refusal> {
    let request = tuple.series(ticker);
    let partitions = read_partitions(&sides.stores.partitioned, &request)?;
    if let Some((stored, _)) = &partitions {
        misplaced.extend_from_slice(&stored.misplaced);
    }
    let legacy = match read_legacy(sides, &request, Medium::Disk) {
        Ok(file) => Some(file),
        Err(Refusal::Absent) => None,
        Err(refusal) => return Err(refusal),
    };
    let Some((Stored { frame: found, .. }, medium)) = partitions else {
        return Err(match legacy {
            Some(_) => Refusal::NotMigrated,
            None => Refusal::Gone,
        });
    };
    let Some(file) = legacy else {
        return Ok((
            without_legacy(sides, &request, &found, proof, is_active)?,
            medium,
        ));
    };
    let medium = medium.min(file.medium);
    let rows = &file.decoded.ordered.frame;
    let Some(difference) = Difference::between(rows, &found) else {
        let rows = found.len() as u64;
        return Ok((Finding::Equal { rows }, medium));
    };
    let is_explained = match proof {
        Some(proof) => since::is_explained(sides, &request, rows, &found, proof)?,
        // Nobody wrote down what there was: rows after the last legacy one are what updates add.
        None => difference.is_only_extra() && is_active && is_after(rows, &found),
    };
    if is_explained {
        let (rows, all) = (rows.len() as u64, found.len() as u64);
        let more = all.saturating_sub(rows);
        return Ok((Finding::Grown { rows, more }, medium));
    }
    Err(Refusal::Conflict(difference))
}

fn without_legacy(
    sides: Sides<'_>,
    request: &StorageRequest,
    found: &Frame,
    proof: Option<&Proof>,
    is_active: bool,
) -> Result<Finding, Refusal> {
    let Some(proof) = proof else {
        let rows = found.len() as u64;
        return if is_active {
            Ok(Finding::New { rows })
        } else {
            Err(Refusal::Unaccounted)
        };
    };
    is_as_proven(sides, request, found, proof)?;
    let rows = proof.partitions.rows;
    Ok(Finding::Proven { rows })
}

/// Reads the partitions of a series; `None` when there are none.
pub(super) fn read_partitions(
    store: &PartitionedStore,
    request: &StorageRequest,
) -> Result<Option<(Stored, Medium)>, Refusal> {
    let Some((stored, medium)) = store.read_from_medium(request)? else {
        return Ok(None);
    };
    match stored.damaged.first() {
        None if stored.displaced > 0 => Err(Refusal::Damaged(format!(
            "{} rows of its partitions are undated or duplicate",
            stored.displaced
        ))),
        None => Ok(Some((stored, medium))),
        Some(damage) => Err(Refusal::Damaged(format!(
            "{}: {}",
            damage.path.display(),
            damage.reason
        ))),
    }
}

/// Tells whether rows that `legacy` lacks come after its last one.
fn is_after(legacy: &Frame, found: &Frame) -> bool {
    let last = legacy.span().map(|(_, last)| last);
    last.is_some_and(|last| found.between(None, last.checked_add(1)) == *legacy)
}
