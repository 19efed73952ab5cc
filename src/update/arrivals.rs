//! What becomes of one answer of a source.
//!
//! Promises: every answer is counted; its rows are staged, and what cannot be stored is kept in quarantine. Each venue
//! has a staged run of its own, begun with its first rows.
//! Leaves to others: asking (`fetch`), bringing staged rows into the tree (`consolidate`).

use crate::answers::{Answer, AnswerNotes, FetchedRows, KeptAnswers, is_known, other_security};
use crate::backlog::GapNote;
use crate::catalog::Wanted;
use crate::frame::Displaced;
use crate::model::{StorageRequest, Venue};
use crate::observe::Event;
use crate::source::{Asked, CutShort};
use crate::storage::{Open, RowsToStage, StagedRun};

use super::UpdateError;
use super::planned::VenueJob;
use super::run::Run;
use crate::ingest::{Checked, FailureKind, SourceNote, SourceNotes, Unknown};

/// What one venue has brought so far.
pub(super) struct Arrivals<'l> {
    /// How many jobs have no answer yet.
    pub(super) left: usize,
    /// The rows that were staged; none until the first of them came.
    pub(super) run: Option<StagedRun<'l, Open>>,
    /// What the source wants to see again.
    pub(super) notes: SourceNotes,
    /// Series that have nothing new but what came along with that. Until it is durable they count as not asked for.
    pub(super) checked: Vec<Checked>,
    /// Where answers are kept as they were received; `None` where they are not.
    pub(super) kept: Option<KeptAnswers<'l>>,
}

impl<'l> Run<'_, 'l> {
    /// Takes one answer in: rows are staged, everything else is reported. What cannot be put into quarantine costs its own
    /// ticker, which is asked for again.
    pub(super) fn take(
        &mut self,
        of: VenueJob<'_>,
        answer: Answer,
        arrived: &mut Arrivals<'l>,
    ) -> Result<(), UpdateError> {
        match self.take_in(of, answer, arrived) {
            Err(UpdateError::Storage(error))
                if error.is_of_place_below(&self.session.places.quarantine) =>
            {
                self.fail(of, error.to_string(), FailureKind::Disk);
                Ok(())
            }
            done => done,
        }
    }

    fn take_in(
        &mut self,
        of: VenueJob<'_>,
        answer: Answer,
        arrived: &mut Arrivals<'l>,
    ) -> Result<(), UpdateError> {
        let rows = match &answer {
            Answer::Rows(fetched) => fetched.count,
            _ => 0,
        };
        let request = of.request();
        self.session.observer.observe(Event::Fetched {
            request: request.clone(),
            rows,
        });
        match answer {
            Answer::Rows(fetched) => self.stage(of, *fetched, arrived)?,
            Answer::UpToDate => {
                self.report.at(of.venue).tickers.empty += 1;
                let job = of.job;
                let checked = Checked {
                    ticker: job.ticker.clone(),
                    interval: job.interval,
                    mark: None,
                    missing: job.missing.filter(|_| job.asked == Asked::Incremental),
                    newest_bytes: job.newest_bytes.filter(|_| job.missing.is_none()),
                };
                self.note_checked(of.venue, checked);
            }
            Answer::Nothing(aside) => self.take_nothing(of, *aside, arrived)?,
            Answer::Unknown => {
                let report = self.report.at(of.venue);
                report.tickers.unknown += 1;
                report.unknown.push(Unknown {
                    ticker: of.job.ticker.clone(),
                    interval: of.job.interval,
                });
            }
            Answer::Failed { reason, kind, body } => {
                if let Some(body) = body {
                    self.keep(&request, "answer", &body, &reason)?;
                }
                if kind == FailureKind::Source {
                    let note = GapNote::of_refusal(&of.job.ticker, of.job.interval);
                    self.learn(of.venue, note);
                }
                self.fail(of, reason, kind);
            }
            Answer::Stopped => {}
        }
        Ok(())
    }

    fn stage(
        &mut self,
        of: VenueJob<'_>,
        fetched: FetchedRows,
        arrived: &mut Arrivals<'l>,
    ) -> Result<(), UpdateError> {
        let request = of.request();
        self.keep_duplicates(of, &fetched.notes.duplicates)?;
        if !self.is_same(of, &fetched.notes, Some(&fetched.rows))? {
            return Ok(());
        }
        // Bars last: after a crash between the two they are missing and asked for again, with all that comes along.
        let sides = fetched.notes.rows.iter().chain([&fetched.rows]);
        let staged = self.stage_all(arrived, &sides.collect::<Vec<_>>());
        if !self.is_staged(of, staged)? {
            return Ok(());
        }
        self.note_heard(of, &fetched.notes)?;
        self.learn_heard(of, &fetched.notes);
        let cut_short = fetched.notes.beside.cut_short.as_ref();
        if cut_short.is_some_and(|cut| cut.body.is_none()) {
            self.learn(
                of.venue,
                GapNote::of_refusal(&of.job.ticker, of.job.interval),
            );
        }
        let AnswerNotes { mark, beside, .. } = fetched.notes;
        let history = match of.job.asked {
            Asked::Incremental => Wanted::Known,
            // A window that a person chose settles nothing of what lies around it.
            Asked::Explicit if beside.unseen.is_empty() => Wanted::AsBefore,
            Asked::Explicit => Wanted::Whole,
        };
        let note = SourceNote {
            mark,
            missing: of.job.missing,
            is_covering: of.job.is_covered_by(&beside),
            newest_bytes: of.job.newest_bytes,
            provisional: beside.provisional,
            history,
        };
        arrived.notes.insert(request, note);
        Ok(())
    }

    /// Tells whether the rows of an answer are staged. A name that the disk does not take costs its own ticker, which is asked
    /// for again.
    fn is_staged(
        &mut self,
        of: VenueJob<'_>,
        staged: Result<(), UpdateError>,
    ) -> Result<bool, UpdateError> {
        match staged {
            Ok(()) => Ok(true),
            Err(UpdateError::Storage(error)) if error.is_of_place() => {
                self.fail(of, error.to_string(), FailureKind::Disk);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Stages what one answer brought. If the data root has turned read-only since the run began, that is in another run,
    /// in the workspace: what was fetched may not be there to be fetched again.
    fn stage_all(
        &mut self,
        arrived: &mut Arrivals<'l>,
        sides: &[&RowsToStage],
    ) -> Result<(), UpdateError> {
        let staged = self.stage_in_run(arrived, sides);
        match staged {
            Err(error) if self.has_shut(&error) => {
                // What it has already is found by the next run.
                let left = arrived.run.take();
                self.report.withheld += left.map_or(0, |run| run.len());
                self.stage_in_run(arrived, sides)
            }
            staged => staged,
        }
    }

    fn stage_in_run(
        &mut self,
        arrived: &mut Arrivals<'l>,
        sides: &[&RowsToStage],
    ) -> Result<(), UpdateError> {
        let run = self.session.staged(&mut arrived.run)?;
        Ok(sides.iter().try_for_each(|rows| run.stage(rows))?)
    }

    /// Takes in an answer without bars, which may have events all the same.
    fn take_nothing(
        &mut self,
        of: VenueJob<'_>,
        aside: AnswerNotes,
        arrived: &mut Arrivals<'l>,
    ) -> Result<(), UpdateError> {
        self.keep_duplicates(of, &aside.duplicates)?;
        // What is left of a symbol without any row says nothing of who it is, and has to be asked again.
        let who = (&of.job.ticker, of.venue);
        let says_who = !aside.rows.is_empty();
        if says_who && !self.is_same(of, &aside, None)? {
            return Ok(());
        }
        let is_certain = says_who || is_known(self.registry.catalog(), who, &aside);
        if !aside.rows.is_empty() {
            let staged = self.stage_all(arrived, &aside.rows.iter().collect::<Vec<_>>());
            if !self.is_staged(of, staged)? {
                return Ok(());
            }
        }
        self.note_heard(of, &aside)?;
        self.report.at(of.venue).tickers.empty += 1;
        self.learn_heard(of, &aside);
        let checked = Checked {
            ticker: of.job.ticker.clone(),
            interval: of.job.interval,
            mark: aside.mark.filter(|_| is_certain),
            missing: of
                .job
                .missing
                .filter(|_| of.job.is_covered_by(&aside.beside)),
            // Of a file that lacks rows nobody may say that it is the one that was left.
            newest_bytes: of.job.newest_bytes.filter(|_| of.job.missing.is_none()),
        };
        if aside.rows.is_empty() {
            self.note_checked(of.venue, checked);
        } else {
            arrived.checked.push(checked);
        }
        Ok(())
    }

    /// Takes in what an answer says of the days of a series.
    fn learn_heard(&mut self, of: VenueJob<'_>, aside: &AnswerNotes) {
        let heard = aside.heard(of.job.has_rows || of.job.known.is_some());
        let note = GapNote::of_answer(&of.job.ticker, of.job.interval, heard);
        self.learn(of.venue, note);
    }

    /// Reports what a person should know of an answer in which the source knew the series.
    fn note_heard(&mut self, of: VenueJob<'_>, aside: &AnswerNotes) -> Result<(), UpdateError> {
        self.report_aside(of, aside)?;
        let report = self.report.at(of.venue);
        report.heard += 1;
        report.rounded_volumes += aside.values.rounded_volumes;
        report.not_finite += aside.values.not_finite;
        Ok(())
    }

    /// Tells whether the ticker is who it was. If not, its rows are put away, so that they never join the history of another
    /// security; what came along comes again, since no mark is kept.
    fn is_same(
        &mut self,
        of: VenueJob<'_>,
        aside: &AnswerNotes,
        rows: Option<&RowsToStage>,
    ) -> Result<bool, UpdateError> {
        let (catalog, warnings) = (self.registry.catalog_mut(), &mut self.report.warnings);
        let (who, today) = ((&of.job.ticker, of.venue), self.options.today);
        let Some(reason) = other_security(catalog, who, today, aside, warnings) else {
            return Ok(true);
        };
        if let Some(rows) = rows {
            let request = of.request();
            self.keep(&request, "rows.parquet", rows.bytes(), &reason)?;
        }
        self.fail(of, reason, FailureKind::Refused);
        Ok(false)
    }

    /// Reports what a person should know of an answer. What came instead of its end is kept.
    fn report_aside(&mut self, of: VenueJob<'_>, aside: &AnswerNotes) -> Result<(), UpdateError> {
        let beside = &aside.beside;
        let request = of.request();
        let series = (&of.job.ticker, of.venue, of.job.interval);
        let is_news = beside
            .lost
            .is_none_or(|days| !self.are_known_lost(series, days));
        let warnings = aside.warnings(&request, is_news);
        self.report.warnings.extend(warnings);
        if let Some(CutShort { reason, body }) = &beside.cut_short {
            let mut kind = FailureKind::Source;
            if let Some(body) = body {
                self.keep(&request, "answer", body, reason)?;
                kind = FailureKind::Malformed;
            }
            let reason = format!("{reason}; what came before is stored");
            self.fail(of, reason, kind);
        }
        Ok(())
    }

    /// Reports that a job failed.
    fn fail(&mut self, of: VenueJob<'_>, reason: String, kind: FailureKind) {
        let failed = (&of.job.ticker, of.job.interval);
        self.report.fail(of.venue, failed, reason, kind);
    }

    /// Two different rows of one answer share a timestamp: one is stored, the other is kept beside the tree.
    fn keep_duplicates(
        &mut self,
        of: VenueJob<'_>,
        duplicates: &[Displaced],
    ) -> Result<(), UpdateError> {
        let request = of.request();
        let reason = match duplicates.len() {
            0 => return Ok(()),
            1 => "1 row shares its timestamp with another row of the same answer".to_owned(),
            many => {
                format!("{many} rows share their timestamps with other rows of the same answer")
            }
        };
        let text = format!("{duplicates:#?}");
        self.keep(&request, "rows.txt", text.as_bytes(), &reason)?;
        self.report.warnings.push(format!("{request}: {reason}"));
        Ok(())
    }

    /// Keeps what cannot be stored beside the tree.
    fn keep(
        &mut self,
        request: &StorageRequest,
        name: &str,
        bytes: &[u8],
        reason: &str,
    ) -> Result<(), UpdateError> {
        let kept = self.session.put_away(request, name, bytes, reason)?;
        self.report.kept.push(kept);
        Ok(())
    }

    /// Records that the source was asked and had nothing new.
    pub(super) fn note_checked(&mut self, venue: &Venue, checked: Checked) {
        let (registry, report) = (&mut *self.registry, &mut self.report);
        checked.record(venue, registry, report, self.options.today);
    }
}
