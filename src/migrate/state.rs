//! How far an interval is: what the plan says, what the disk says, and where the two disagree.

use std::collections::BTreeSet;

use super::run::tickers_of;
use super::{
    LegacyFiles, MigrateError, PlannedInterval, Proofs, ProvenInterval, Sides, Status, Survey,
    VenueInterval,
};
use crate::config::ConfigService;
use crate::model::{Dataset, StorageRequest, Ticker};
use crate::storage::{StorageError, StorageInterface};

/// How far an interval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is proven yet.
    Pending,
    /// Some tickers are proven.
    Migrating,
    /// The plan says complete, and not everything is proven.
    Unverified,
    /// Everything is proven; the venue is not switched yet.
    Verified,
    /// Everything is proven, and the venue keeps its bars in partitions.
    Active,
}

impl Stage {
    /// Returns the words that people and `--json` see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Migrating => "migrating",
            Self::Unverified => "complete (unverified)",
            Self::Verified => "verified",
            Self::Active => "active",
        }
    }
}

/// How far an interval is, in numbers.
#[derive(Clone, Debug)]
pub struct IntervalState {
    /// What the plan says.
    pub planned: PlannedInterval,
    /// How far it is.
    pub stage: Stage,
    /// Tickers in all.
    pub tickers: usize,
    /// Tickers that are proven.
    pub proven: usize,
    /// Tickers that failed the last time, with the reason.
    pub failures: Vec<(Ticker, String)>,
    /// Tickers that are not proven: those to be migrated, and those that only the partitions have.
    pub open: Vec<Ticker>,
    /// Whether the venue keeps bars of this length in months.
    pub is_eligible: bool,
    /// Bytes of the legacy files.
    pub legacy_bytes: u64,
    /// Legacy files that are there.
    pub legacy_files: usize,
    /// Files in the legacy folder that are no ticker's, each with the reason.
    pub strangers: Vec<(std::path::PathBuf, &'static str)>,
    /// Tickers that the partitions have.
    pub partition_tickers: usize,
    /// When the last ticker was proven.
    pub proven_at: Option<chrono::DateTime<chrono::Utc>>,
    /// How many seconds the rest takes at the rate of the tickers before, if there were any.
    pub seconds_left: Option<f64>,
    /// Where plan and disk disagree, as sentences without a period.
    pub disagreements: Vec<String>,
}

/// What the settings say of an interval of a venue.
#[derive(Clone, Copy, Debug)]
pub struct VenueFacts {
    /// Whether new series of the venue are kept in partitions.
    pub is_active: bool,
    /// Whether bars of this length are kept in months.
    pub is_eligible: bool,
}

/// How many rows both sides of an interval have.
#[derive(Debug, Default)]
pub struct RowCounts {
    /// Rows of the legacy files, those among them that were removed since their proof.
    pub legacy: u64,
    /// Rows of the partitions.
    pub partitions: u64,
    /// Bytes of the partitions.
    pub partition_bytes: u64,
    /// Tickers of which a file is damaged, so that it does not say how many rows it has.
    pub unknown: Vec<Ticker>,
    /// Tickers of which a file cannot be read, with the reason.
    pub unreadable: Vec<(Ticker, StorageError)>,
}

impl RowCounts {
    /// Returns the tickers whose rows are not in the counts.
    pub fn not_counted(&self) -> impl Iterator<Item = &Ticker> {
        let unreadable = self.unreadable.iter().map(|(ticker, _)| ticker);
        self.unknown.iter().chain(unreadable)
    }

    /// Adds what the files of a ticker claim to have.
    fn add(
        &mut self,
        sides: Sides<'_>,
        request: &StorageRequest,
        ticker: &Ticker,
    ) -> Result<(), StorageError> {
        let partitioned = &sides.stores.partitioned;
        let legacy = sides.stores.legacy.claimed_rows(request)?;
        let partitions = partitioned.claimed_rows(request)?;
        let stat = partitioned.stat(request)?;
        self.legacy += legacy.unwrap_or_default();
        self.partitions += partitions.unwrap_or_default();
        self.partition_bytes += stat.map_or(0, |stat| stat.bytes);
        if legacy.is_none() || partitions.is_none() {
            self.unknown.push(ticker.clone());
        }
        Ok(())
    }
}

/// The word by which a user takes an interval without files out of the way.
const SKIPPED: &str = "skipped";

/// So many tickers tell how long one takes.
const LAST: usize = 100;

impl IntervalState {
    /// Returns how far each planned interval is, by the journal of proofs and the disk.
    ///
    /// # Errors
    /// When the disk cannot be asked, or the journal is damaged.
    pub fn each(
        config: &ConfigService<'_>,
        sides: Sides<'_>,
        planned: &[PlannedInterval],
    ) -> Result<Vec<Self>, MigrateError> {
        let state = |planned: &PlannedInterval| {
            let VenueInterval { venue, interval } = &planned.tuple;
            let facts = VenueFacts {
                is_active: config.is_partitioned_enabled(venue).0,
                is_eligible: config.partitions(venue, *interval),
            };
            Self::of(sides, planned, facts)
        };
        planned.iter().map(state).collect()
    }

    /// Tells whether there is nothing to migrate, and nothing that was.
    pub fn is_bare(&self) -> bool {
        self.tickers == 0 && self.strangers.is_empty()
    }

    /// Tells whether an interval that proves nothing does not stand in the way of its venue: its bars are too wide for months,
    /// the predecessor finished it and removed its legacy files, or the user left it out.
    pub fn is_left_out(&self) -> bool {
        if !self.is_eligible && !matches!(self.stage, Stage::Verified | Stage::Active) {
            return true;
        }
        let is_predecessors =
            self.planned.status == Status::Complete && self.planned.verified_at.is_some();
        let is_skipped = self.planned.status == Status::Other(SKIPPED.to_owned());
        self.is_bare() && (is_predecessors || is_skipped)
    }

    /// Tells whether a migration has something to do here, which one that begins anew always has. One that is named is refused with
    /// the reason; among all it is passed over.
    pub fn has_work(&self, legacy: LegacyFiles, is_restart: bool) -> bool {
        let is_open = self.stage != Stage::Active && !self.is_left_out();
        let has_legacy = legacy == LegacyFiles::Go && self.legacy_files > 0;
        self.is_eligible && (is_open || has_legacy || is_restart)
    }

    /// Looks how far an interval is.
    ///
    /// # Errors
    /// When the disk cannot be asked, or the journal of proofs is damaged.
    pub fn of(
        sides: Sides<'_>,
        planned: &PlannedInterval,
        venue: VenueFacts,
    ) -> Result<Self, MigrateError> {
        let is_active = venue.is_active;
        let tuple = &planned.tuple;
        let survey = Survey::of(sides, tuple)?;
        let proofs = Proofs::load(sides.fs, sides.places, tuple)?;
        let confirmed = ProvenInterval::confirm(sides, tuple, &proofs)?;
        let open = match &confirmed {
            Ok(_) => Vec::new(),
            Err(unproven) => unproven.open.clone(),
        };
        let stage = match (&confirmed, &planned.status) {
            (Ok(_), _) if is_active => Stage::Active,
            (Ok(_), _) => Stage::Verified,
            (Err(_), Status::Complete) => Stage::Unverified,
            (Err(_), Status::Migrating) => Stage::Migrating,
            (Err(_), _) if !proofs.is_empty() => Stage::Migrating,
            (Err(_), _) => Stage::Pending,
        };
        let stored = sides.stores.partitioned.tickers(
            Some(&tuple.venue),
            Dataset::Stocks,
            Some(tuple.interval),
        )?;
        let mut unproven = open.clone();
        unproven.extend(
            stored
                .iter()
                .filter(|ticker| proofs.of(ticker).is_none())
                .cloned(),
        );
        unproven.sort();
        unproven.dedup();
        let is_known = |ticker| survey.has(ticker);
        let tickers = tickers_of(&survey, &proofs);
        let mut state = Self {
            planned: planned.clone(),
            stage,
            tickers,
            proven: tickers - open.len().min(tickers),
            failures: proofs
                .failures()
                .iter()
                .filter(|(ticker, _)| is_known(ticker))
                .map(|(ticker, reason)| (ticker.clone(), reason.clone()))
                .collect(),
            legacy_bytes: survey.bytes(),
            legacy_files: survey.tickers.len(),
            strangers: survey.strangers,
            partition_tickers: stored.len(),
            proven_at: proofs.iter().map(|(_, proof)| proof.at).max(),
            seconds_left: seconds_left(&proofs, open.len()),
            open: unproven,
            is_eligible: venue.is_eligible,
            disagreements: Vec::new(),
        };
        let is_missing = confirmed
            .as_ref()
            .is_err_and(|unproven| unproven.is_missing);
        state.compare(is_missing, confirmed.is_ok(), is_active);
        Ok(state)
    }

    /// Counts the rows of both sides: of what is proven as the journal says, of the rest as the files do.
    ///
    /// # Errors
    /// When a file cannot be read, or the journal of proofs is damaged.
    pub fn count_rows(&self, sides: Sides<'_>) -> Result<RowCounts, MigrateError> {
        let tuple = &self.planned.tuple;
        let proofs = Proofs::load(sides.fs, sides.places, tuple)?;
        let open: BTreeSet<&Ticker> = self.open.iter().collect();
        let mut counts = RowCounts::default();
        for (_, proof) in proofs.iter().filter(|(ticker, _)| !open.contains(ticker)) {
            counts.legacy += proof.legacy.rows;
            counts.partitions += proof.partitions.rows;
            counts.partition_bytes += proof.bytes;
        }
        for ticker in open {
            // A file that nobody may read is no reason to say nothing of the others.
            if let Err(error) = counts.add(sides, &tuple.series(ticker), ticker) {
                counts.unreadable.push((ticker.clone(), error));
            }
        }
        Ok(counts)
    }

    fn compare(&mut self, is_missing: bool, is_proven: bool, is_active: bool) {
        let says = &mut self.disagreements;
        let status = self.planned.status.as_str();
        if self.tickers == 0 && self.partition_tickers == 0 {
            says.push("neither legacy files nor partitions are there".to_owned());
        }
        if is_missing {
            says.push(
                "the legacy folder is gone, and not by barkeep, so nobody knows whether everything was copied"
                    .to_owned(),
            );
        }
        if !self.is_eligible && !is_proven {
            says.push(
                "its bars are too wide for monthly files, so it stays in the legacy layout"
                    .to_owned(),
            );
            return;
        }
        match (&self.planned.status, is_proven) {
            (Status::Complete, false) if self.legacy_files == 0 && self.partition_tickers > 0 => {
                says.push(
                    "the plan says complete and the legacy files are gone: nothing proves what the partitions hold, and \
                     they are used as they are"
                        .to_owned(),
                );
            }
            (Status::Complete, false) => {
                says.push("the plan says complete, and not every ticker is proven".to_owned());
            }
            (Status::Complete, true) => {}
            (_, true) => says.push(format!(
                "the plan says {status}, and every ticker is proven"
            )),
            (_, false) if is_active && self.legacy_files > 0 => {
                says.push(
                    "the venue is switched to partitions, and not every ticker is proven"
                        .to_owned(),
                );
            }
            (_, false) => {}
        }
    }
}

/// Returns how long the open tickers take, by what the last ones took.
fn seconds_left(proofs: &Proofs, open: usize) -> Option<f64> {
    let mut taken: Vec<_> = proofs
        .iter()
        .filter_map(|(_, proof)| Some((proof.at, proof.millis?)))
        .collect();
    taken.sort_unstable_by_key(|(at, _)| std::cmp::Reverse(*at));
    taken.truncate(LAST);
    if open == 0 || taken.is_empty() {
        return None;
    }
    let all: u64 = taken.iter().map(|(_, millis)| millis).sum();
    #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
    let seconds = all as f64 / 1000.0 / taken.len() as f64 * open as f64;
    Some(seconds)
}
