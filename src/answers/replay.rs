//! Making bars anew of the answers that the vault has, without a request.
//!
//! Promises: the answers of a series are read in the order in which they came, and what they amount to together is merged into
//! what is stored, once: where a parser was mended, its values win, and nothing else changes. Answers count only as far as
//! nothing came between them and what is stored that the vault does not have: older values would take the place of newer ones.
//! So answers before a split, which stand on another basis, do not; a split that they know does not part them from later ones. Series
//! of which not all is made anew are counted in a warning. Rows that a person took out stay out. Marks stay as they are.
//! What is damaged of the vault is told with its place, and costs the answers that it is of.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::AnswersError;
use super::news::{Moves, News};
use super::rows::{provenance, refusal, sides, take_prepost};
use crate::catalog::Wanted;
use crate::frame::{self, BarBatch, Frame, MarketEvent};
use crate::ingest::{
    Consolidation, FailureKind, FileFailure, Registry, RunReport, SourceNote, SourceNotes,
    VenueReport,
};
use crate::layout::{Continuity, Places};
use crate::ledger::Ledgers;
use crate::model::{Digest, Interval, Provenance, Series, StorageRequest, Ticker, Venue};
use crate::source::{Download, Extras, Fetched, MarketDataSource, Recorded};
use crate::storage::{Open, RowsToStage, StagedRun, StorageError};
use crate::vault::{Contents, Shelf, Vault};
use crate::workspace::{Session, View};

/// Bytes of answers that are in memory at a time; those of one series always are.
const MOST_BYTES: u64 = 256 << 20;

/// One series of bars of a venue.
type OfVenue = (Ticker, Interval);
/// What is recorded of series, oldest first.
type Jobs = BTreeMap<OfVenue, Vec<Recorded>>;
/// The rows of series, and what they are.
type Rows = BTreeMap<StorageRequest, (Frame, Provenance)>;

/// Where the answers of a source are.
struct Answers<'v> {
    vault: Vault<'v>,
    shelf: Shelf,
    source: &'v dyn MarketDataSource,
    since: Option<NaiveDate>,
    places: &'v Places,
}

impl Answers<'_> {
    /// Reads every download since a day, in the order in which they came, and returns what is damaged of them.
    fn each(&self, mut see: impl FnMut(Download)) -> Result<Vec<FileFailure>, AnswersError> {
        let mut damaged = Vec::new();
        let days = self.vault.days(&self.shelf)?.into_iter();
        for (day, files) in days.filter(|(day, _)| self.since.is_none_or(|since| *day >= since)) {
            for file in &files {
                let contents = self.vault.read(&self.shelf, day, file)?;
                let path = self.vault.path(&self.shelf, day, file);
                let path = self.places.shown(&path);
                let of_file = contents.iter().flat_map(|found| found.damage_of(file));
                damaged.extend(of_file.map(|damage| FileFailure {
                    reason: damage.told_in(path),
                    file: damage.name,
                    kind: FailureKind::Disk,
                }));
                for record in contents.iter().flat_map(Contents::records) {
                    see(Download {
                        name: record.head.name.clone(),
                        bytes: record.bytes.to_vec(),
                    });
                }
            }
        }
        Ok(damaged)
    }

    /// Returns the jobs that are recorded, and the bytes of all answers. What is damaged is told.
    fn jobs(
        &self,
        report: &mut VenueReport,
    ) -> Result<(Jobs, BTreeMap<Digest, u64>), AnswersError> {
        let (mut jobs, mut sizes) = (Jobs::new(), BTreeMap::new());
        report.damaged_answers = self.each(|download| {
            if let Some(recorded) = self.source.recorded(&download) {
                let of = (recorded.job.ticker.clone(), recorded.job.interval);
                jobs.entry(of).or_default().push(recorded);
            } else {
                let bytes = download.bytes.len() as u64;
                sizes.insert(Digest::of(&download.bytes), bytes);
            }
        })?;
        for recorded in jobs.values_mut() {
            recorded.sort_by_key(|recorded| recorded.job.now);
        }
        Ok((jobs, sizes))
    }

    fn bodies(&self, wanted: &BTreeSet<Digest>) -> Result<BTreeMap<Digest, Vec<u8>>, AnswersError> {
        let mut bodies = BTreeMap::new();
        self.each(|download| {
            let digest = Digest::of(&download.bytes);
            if wanted.contains(&digest) {
                bodies.insert(digest, download.bytes);
            }
        })?;
        Ok(bodies)
    }
}

/// Returns the newest jobs of a series that follow one another without another one between them, up to the mark that it has.
fn unbroken(recorded: &[Recorded], mark: Option<&str>) -> usize {
    let mut left = mark;
    let mut begin = recorded.len();
    for (at, one) in recorded.iter().enumerate().rev() {
        if left.is_none() || one.left.as_deref() != left {
            break;
        }
        begin = at;
        left = one.job.mark.as_deref();
    }
    begin
}

/// Takes the next series whose answers are held in memory together, and says which these are.
fn next_batch<'p>(
    left: &mut Vec<&'p OfVenue>,
    jobs: &'p Jobs,
    sizes: &BTreeMap<Digest, u64>,
) -> (Vec<(&'p OfVenue, &'p [Recorded])>, BTreeSet<Digest>) {
    let (mut batch, mut wanted, mut bytes) = (Vec::new(), BTreeSet::new(), 0);
    while bytes < MOST_BYTES
        && let Some(series) = left.pop()
    {
        let Some(recorded) = jobs.get(series) else {
            continue;
        };
        for (_, _, digest) in recorded.iter().flat_map(|one| &one.answers) {
            if wanted.insert(*digest) {
                bytes += sizes.get(digest).copied().unwrap_or_default();
            }
        }
        batch.push((series, recorded.as_slice()));
    }
    (batch, wanted)
}

/// A run that makes bars anew.
#[derive(Debug)]
pub struct Replay<'r, 'l> {
    /// What is looked at.
    pub view: View<'l>,
    /// What changing takes.
    pub session: Session<'l>,
    /// tickers.json.
    pub registry: &'r mut Registry,
    /// What is told.
    pub report: &'r mut RunReport,
}

impl<'l> Replay<'_, 'l> {
    /// Makes bars of a venue anew of the answers since a day, if they are kept.
    ///
    /// # Errors
    /// When the vault cannot be read, or rows cannot be committed.
    pub fn of_venue(
        &mut self,
        venue: &Venue,
        series: &[(Ticker, Interval)],
        since: Option<NaiveDate>,
    ) -> Result<(), AnswersError> {
        let (view, Session { fs, places, .. }) = (self.view, self.session);
        let Some(source) = view.source(venue) else {
            return Ok(());
        };
        let answers = Answers {
            vault: Vault::of(fs, &places.vault()),
            shelf: Shelf::from(venue),
            source: &**source,
            since,
            places,
        };
        let (mut jobs, sizes) = answers.jobs(self.report.at(venue))?;
        self.leave_out_broken(venue, &mut jobs);
        let mut run: Option<StagedRun<'l, Open>> = None;
        let mut notes = SourceNotes::new();
        let mut other_bases = 0;
        let mut left: Vec<&OfVenue> = series.iter().rev().collect();
        let ledgers = Ledgers::default();
        while !left.is_empty() && !self.session.stop.is_raised() {
            let (batch, wanted) = next_batch(&mut left, &jobs, &sizes);
            let bodies = answers.bodies(&wanted)?;
            for ((ticker, interval), recorded) in batch {
                let body = |digest: &Digest| bodies.get(digest).cloned();
                let request = StorageRequest::bars(venue.clone(), ticker.clone(), *interval);
                let of = (&request, ticker, *interval);
                let (rows, of_before) =
                    self.rows_of(of, (recorded, answers.source), &body, &mut notes);
                other_bases += usize::from(lacks_some(&rows, &of_before));
                for (request, (rows, provenance)) in rows {
                    // An answer of before that does not know that a person took rows out since.
                    let out = ledgers.rows_out(fs, places, &request, rows.profile());
                    let rows = frame::without(&rows, &out.map_err(StorageError::from)?);
                    self.stage_again(&mut run, request, &rows, &provenance)?;
                }
            }
        }
        if other_bases > 0 {
            self.report.warnings.push(format!(
                "{venue}: of {other_bases} series not all answers are made anew, since what is stored stands on another basis than they do, by payments or splits that came after them"
            ));
        }
        let Some(run) = run else { return Ok(()) };
        let sealed = run.seal()?;
        Consolidation {
            view: self.view,
            session: self.session,
            registry: self.registry,
            notes: &notes,
            report: self.report,
        }
        .finish(sealed)?;
        Ok(())
    }

    /// Leaves out the jobs of series after which others came that the vault does not have.
    fn leave_out_broken(&mut self, venue: &Venue, jobs: &mut Jobs) {
        let catalog = self.registry.catalog();
        let mut broken = 0;
        for ((ticker, interval), recorded) in jobs {
            let begin = unbroken(recorded, catalog.mark(ticker, venue, *interval));
            broken += usize::from(begin > 0);
            recorded.drain(..begin);
        }
        if broken > 0 {
            self.report.warnings.push(format!(
                "{venue}: of {broken} series not all answers are made anew, since others came after them that the vault does not have"
            ));
        }
    }

    fn stage_again(
        &self,
        run: &mut Option<StagedRun<'l, Open>>,
        request: StorageRequest,
        rows: &Frame,
        provenance: &Provenance,
    ) -> Result<(), AnswersError> {
        let Some(rows) = RowsToStage::encode(request, rows, provenance)? else {
            return Ok(());
        };
        let run = self.session.staged(run)?;
        // They lead up to what is known, and say nothing of what is newest.
        Ok(run.stage(&rows.with(Continuity::Apart))?)
    }

    /// Returns what the answers of a series amount to, and rows of such answers as stand on another basis than the later ones.
    fn rows_of(
        &mut self,
        of: (&StorageRequest, &Ticker, Interval),
        (recorded, source): (&[Recorded], &dyn MarketDataSource),
        body: &dyn Fn(&Digest) -> Option<Vec<u8>>,
        notes: &mut SourceNotes,
    ) -> (Rows, Vec<Rows>) {
        let (mut rows, mut of_before) = (Rows::new(), Vec::new());
        let mut told: Vec<MarketEvent> = Vec::new();
        let mut failed = 0;
        for recorded in recorded {
            let talk = source.recorded_talk(recorded, body);
            let fetched =
                talk.map(|mut talk| source.fetch_on(&recorded.job, &mut talk, self.session.stop));
            let (batch, beside) = match fetched {
                Some(Ok(Fetched::Bars { batch, beside, .. })) => (batch, beside),
                Some(Ok(Fetched::Nothing { beside, .. })) => (BarBatch::default(), beside),
                Some(Ok(Fetched::UpToDate | Fetched::UnknownTicker)) => continue,
                Some(Err(_)) | None => {
                    failed += 1;
                    continue;
                }
            };
            let (request, ticker, interval) = of;
            let news = News {
                batch: &batch,
                beside: &beside,
                told: &told,
            };
            let older = rows.get(request);
            let moves = older.map_or(Moves::Nothing, |older| news.moves(older, ticker, interval));
            of_before.extend(take_moved(&mut rows, moves));
            told.extend(beside.events.iter().cloned());
            let note = SourceNote {
                provisional: beside.provisional.clone(),
                history: Wanted::AsBefore,
                ..SourceNote::default()
            };
            failed += usize::from(!fold(&mut rows, of, source, &batch, *beside));
            notes.insert(request.clone(), note);
        }
        if failed > 0 {
            let (StorageRequest { venue, .. }, ticker, interval) = of;
            let venue = venue.as_ref().map(ToString::to_string).unwrap_or_default();
            self.report.warnings.push(format!(
                "{venue} {ticker} {interval}: {failed} of its answers cannot be read as bars"
            ));
        }
        (rows, of_before)
    }
}

/// Takes out of the rows of earlier answers what stands on another basis.
fn take_moved(rows: &mut Rows, moves: Moves) -> Option<Rows> {
    let is_adjusted = |request: &StorageRequest| matches!(request.series, Series::Adjusted { .. });
    match moves {
        Moves::Nothing => None,
        Moves::Adjusted => Some(
            rows.extract_if(.., |request, _| is_adjusted(request))
                .collect(),
        ),
        Moves::Prices => Some(std::mem::take(rows)),
    }
}

/// Tells whether some rows of before are not among those that are made anew.
fn lacks_some(rows: &Rows, of_before: &[Rows]) -> bool {
    of_before.iter().flatten().any(|(request, (before, _))| {
        let is_there = |row| {
            let made = rows.get(request);
            made.is_some_and(|(made, _)| made.find(&before.key(row)).is_some())
        };
        !(0..before.len()).all(is_there)
    })
}

/// Adds an answer to those before it; `false` where none of its rows may be stored.
fn fold(
    rows: &mut Rows,
    (request, ticker, interval): (&StorageRequest, &Ticker, Interval),
    source: &dyn MarketDataSource,
    batch: &BarBatch,
    mut beside: Extras,
) -> bool {
    let (bars, values) = batch.ordered(ticker);
    if refusal(&bars, values, batch.bars.len()).is_some() {
        return false;
    }
    let (outside, _) = take_prepost(ticker, &mut beside);
    let provenance = provenance(source, &beside);
    let of = (request, ticker, interval);
    let sides = sides(of, &beside, &provenance, outside.frame);
    let bars = (request.clone(), bars.frame, provenance.clone());
    for (request, newer, provenance) in sides.chain([bars]) {
        if newer.is_empty() {
            continue;
        }
        match rows.get_mut(&request) {
            Some((older, known)) => {
                *older = frame::merge(older, &newer).frame;
                *known = provenance;
            }
            None => {
                rows.insert(request, (newer, provenance));
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Asked, FetchJob, Window};

    fn recorded(mark: Option<&str>, left: Option<&str>) -> Recorded {
        Recorded {
            job: FetchJob {
                ticker: "AAPL".parse().unwrap(),
                interval: Interval::D1,
                window: Window::default(),
                asked: Asked::Incremental,
                mark: mark.map(str::to_owned),
                known: None,
                basis: None,
                now: "2025-11-21T01:00:00Z".parse().unwrap(),
            },
            left: left.map(str::to_owned),
            answers: Vec::new(),
        }
    }

    #[test]
    fn answers_count_back_to_the_first_that_another_one_followed() {
        let chain = [
            recorded(None, Some("1")),
            recorded(Some("1"), Some("2")),
            // What came between is not there.
            recorded(Some("3"), Some("4")),
            // A question without a new mark.
            recorded(Some("4"), Some("4")),
            recorded(Some("4"), Some("5")),
        ];

        assert_eq!(unbroken(&chain, Some("5")), 2);
        assert_eq!(unbroken(&chain[..2], Some("2")), 0);
        assert_eq!(unbroken(&chain, Some("6")), 5, "the newest is not there");
        assert_eq!(unbroken(&chain, None), 5);
    }
}
