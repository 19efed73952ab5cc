//! What becomes of what comes from a feed: kept, staged, consolidated, made into bars, marked. All of it on the writing thread.
//!
//! Promises: a download is in the vault before its trades are taken in; where the vault takes no files, trades are staged. That
//! bars are due is written down before the trades that they are of can be stored, and that a file was read after they are.
//! Trades that cannot be stored leave no mark: their files are read once more by the next run.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::arrival::{Arrival, FileRead, Held, Listed, Published};
use super::bars::Bars;
use super::files_read::{FilesRead, bad_lines};
use super::tidy::{is_of_place, tidy};
use super::{FeedRunError, FeedTask, Marks, silence};
use crate::frame::Frame;
use crate::ingest::{
    Consolidation, FailureKind, FileFailure, Registry, RunReport, SourceNotes, take_over_trades,
};
use crate::model::{Provenance, Venue};
use crate::observe::Event;
use crate::source::posttrade::{FileName, Listing};
use crate::storage::{Open, RowsToStage, StagedRun};
use crate::sys::atomic::TempNames;
use crate::vault::Keeper;
use crate::workspace::{Session, View};

/// Trades that a run has in memory before it stores them: a busy day of a large feed. Further ones are staged.
const MOST_HELD: usize = 1 << 19;

/// The run of one feed.
#[derive(Debug)]
pub struct FeedRun<'l> {
    pub(super) task: FeedTask<'l>,
    pub(super) session: Session<'l>,
    keeper: Keeper<'l>,
    pub(super) temps: TempNames,
    pub(super) marks: Marks,
    staged: Option<StagedRun<'l, Open>>,
    /// Whether the vault has every download that trades came of, so that these need not be staged.
    is_in_vault: bool,
    /// Trades in memory.
    held_rows: usize,
    pub(super) read: FilesRead,
    /// Files that were asked for in vain.
    pub(super) turned_away: BTreeSet<FileName>,
    pub(super) listed: Option<Listed>,
    /// Whether the feed was asked in vain what it has.
    is_unanswered: bool,
    pub(super) held: Held,
    /// Files that were asked for.
    files_done: usize,
}

impl<'l> FeedRun<'l> {
    /// Begins the run of a feed. What stopped runs kept is made durable, since after a kill it may exist in memory only.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn begin(task: FeedTask<'l>, session: Session<'l>) -> Result<Self, FeedRunError> {
        let Session {
            fs, held, places, ..
        } = session;
        let id = session.runs.next();
        let keeper = Keeper::of(fs, held, &places.vault(), id.clone());
        keeper.secure(&task.shelf)?;
        Ok(Self {
            marks: Marks::of(places, task.feed.venue()),
            temps: TempNames::of(id),
            task,
            session,
            keeper,
            staged: None,
            is_in_vault: true,
            held_rows: 0,
            read: FilesRead::default(),
            turned_away: BTreeSet::new(),
            listed: None,
            is_unanswered: false,
            held: Held::default(),
            files_done: 0,
        })
    }

    /// Returns what fetching takes.
    pub fn task(&self) -> &FeedTask<'l> {
        &self.task
    }

    pub(super) fn venue(&self) -> &'l Venue {
        self.task.feed.venue()
    }

    /// Takes in what came. Whether it was the last is told.
    ///
    /// # Errors
    /// When the disk refuses or the lock is lost.
    pub fn take(&mut self, arrival: Arrival, report: &mut RunReport) -> Result<bool, FeedRunError> {
        match arrival {
            Arrival::Listed(listed) => self.note_listed(listed, report),
            Arrival::Planned(more) => self.session.observer.observe(Event::FilesPlanned {
                venue: self.venue().clone(),
                files: self.files_done + more,
            }),
            Arrival::Downloaded { name, at, bytes } => {
                self.keep(&name, at, &bytes, report)?;
                self.tell_done(name.to_string());
            }
            Arrival::Trades {
                day,
                published,
                rows,
            } => self.stage((day, published), rows)?,
            Arrival::Read(read) => self.note_read(read, report)?,
            Arrival::Failed(failure, body) => {
                let asked_for = failure.file.clone();
                self.fail(failure, body.as_deref(), report)?;
                if let Some(file) = asked_for {
                    self.tell_done(file);
                }
            }
            Arrival::Over(held) => {
                self.held = held;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn tell_done(&mut self, file: String) {
        self.files_done += 1;
        let venue = self.venue().clone();
        self.session
            .observer
            .observe(Event::FileDone { venue, file });
    }

    fn note_listed(&mut self, listed: Listed, report: &mut RunReport) {
        let Listing {
            unknown, counted, ..
        } = &listed.listing;
        let venue = self.venue();
        let feed = report.feed_at(venue);
        feed.is_heard = true;
        feed.listed = listed.listing.files.len();
        if let Some(first) = unknown.first() {
            let listed_names = match unknown.len() {
                1 => "1 name that is none".to_owned(),
                many => format!("{many} names that are none"),
            };
            let told = format!("the feed lists {listed_names} of its files, such as {first}");
            if listed.listing.files.is_empty() {
                // Another feed, or files under new names: nothing can be had, which is no success.
                feed.failures.push(FileFailure {
                    file: None,
                    reason: told,
                    kind: FailureKind::Malformed,
                });
            } else {
                report.warnings.push(format!("{venue}: {told}"));
            }
        }
        if let Some(counted) = counted {
            report.warnings.push(format!(
                "{venue}: the feed says that it has {counted} files and lists another number of them"
            ));
        }
        self.listed = Some(listed);
    }

    /// Keeps a download. A vault that takes no files keeps nobody from collecting.
    fn keep(
        &mut self,
        name: &FileName,
        at: DateTime<Utc>,
        bytes: &[u8],
        report: &mut RunReport,
    ) -> Result<(), FeedRunError> {
        let feed = report.feed_at(self.venue());
        feed.downloaded += 1;
        feed.bytes += bytes.len() as u64;
        let place = (&self.task.shelf, name.span.day());
        match self.keeper.keep(place, &name.to_string(), at, bytes) {
            Ok(_) => Ok(()),
            Err(error) if is_of_place(&error) => {
                self.is_in_vault = false;
                feed.failures.push(FileFailure {
                    file: Some(name.to_string()),
                    reason: format!("it is not kept in the vault: {error}"),
                    kind: FailureKind::Disk,
                });
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes trades in. What the vault has can be read once more, so that they need not be written twice.
    fn stage(
        &mut self,
        (day, published): (NaiveDate, Published),
        rows: Frame,
    ) -> Result<(), FeedRunError> {
        let fs = self.session.fs;
        // From here on a stopped run may store them, and then nobody else knows of the bars.
        self.marks
            .change(fs, day, |marks| marks.is_bars_due = true)?;
        self.marks.save(fs, &self.temps)?;
        let run = self.session.staged(&mut self.staged)?;
        let request = self.task.trades.clone();
        let provenance = Provenance::of_trades(self.task.feed.venue());
        let is_held = self.is_in_vault && self.held_rows + rows.len() <= MOST_HELD;
        if is_held {
            self.held_rows += rows.len();
        }
        let take_in = |run: &mut StagedRun<'l, Open>| {
            if is_held {
                return run.hold(request, rows, provenance);
            }
            let rows = RowsToStage::encode(request, &rows, &provenance)?;
            rows.map_or(Ok(()), |rows| run.stage(&rows))
        };
        Ok(match published {
            Published::WithMinute => take_in(run),
            Published::WithDay => run.last(take_in),
        }?)
    }

    fn note_read(&mut self, read: FileRead, report: &mut RunReport) -> Result<(), FeedRunError> {
        let feed = report.feed_at(self.venue());
        feed.from_vault += usize::from(read.from_vault);
        feed.lines += read.lines;
        feed.bad_lines += read.bad_lines;
        for (venue, trades) in &read.elsewhere {
            *feed.elsewhere.entry(Arc::clone(venue)).or_default() += trades;
        }
        self.supersede(&read, report);
        let feed = report.feed_at(self.venue());
        if let (Some(trouble), false) = (&read.trouble, self.read.has_whole(&read)) {
            feed.failures.push(FileFailure {
                file: Some(read.name.to_string()),
                reason: trouble.clone(),
                kind: FailureKind::Malformed,
            });
        }
        if read.bad_lines > 0 {
            let count = read.bad_lines;
            let are = if count == 1 {
                "is no trade"
            } else {
                "are no trades"
            };
            let reason = format!("{count} of its lines {are}; all others are stored");
            let name = format!("{}.bad.txt", read.name);
            self.put_away(&name, bad_lines(&read.bad).as_bytes(), &reason, report)?;
        }
        self.read.add(read);
        Ok(())
    }

    /// Takes back what was told of earlier bytes of a file that nobody understood or that broke off: the newer ones are what the
    /// feed means.
    fn supersede(&mut self, read: &FileRead, report: &mut RunReport) {
        if self.read.supersede(read) {
            let name = read.name.to_string();
            let failures = &mut report.feed_at(self.venue()).failures;
            failures.retain(|failure| {
                failure.kind != FailureKind::Malformed || failure.file.as_deref() != Some(&*name)
            });
        }
    }

    fn fail(
        &mut self,
        failure: FileFailure,
        body: Option<&[u8]>,
        report: &mut RunReport,
    ) -> Result<(), FeedRunError> {
        if let Some(body) = body {
            let name = failure.file.as_deref().unwrap_or("answer");
            self.put_away(name, body, &failure.reason, report)?;
        }
        let file = failure
            .file
            .as_ref()
            .filter(|_| failure.kind == FailureKind::Source);
        let name = file.and_then(|file| file.parse::<FileName>().ok());
        self.turned_away.extend(name);
        self.is_unanswered |= failure.file.is_none();
        report.feed_at(self.venue()).failures.push(failure);
        Ok(())
    }

    fn put_away(
        &self,
        name: &str,
        bytes: &[u8],
        reason: &str,
        report: &mut RunReport,
    ) -> Result<(), FeedRunError> {
        let kept = self
            .session
            .put_away(&self.task.trades, name, bytes, reason)?;
        report.kept.push(kept);
        Ok(())
    }

    /// Stores what came, makes bars of the days that it is of, and marks what was read.
    ///
    /// # Errors
    /// When the disk refuses or the lock is lost. What is not marked is done once more by the next run.
    pub fn finish(
        mut self,
        view: View<'l>,
        registry: &mut Registry,
        report: &mut RunReport,
    ) -> Result<(), FeedRunError> {
        let Some(waiting) = self.store(view, registry, report)? else {
            return Ok(());
        };
        self.complete(&waiting, view, registry, report)
    }

    /// Does the rest of it once trades are stored, except those of the days that wait.
    ///
    /// # Errors
    /// As `finish`.
    pub(super) fn complete(
        mut self,
        waiting: &BTreeSet<NaiveDate>,
        view: View<'l>,
        registry: &mut Registry,
        report: &mut RunReport,
    ) -> Result<(), FeedRunError> {
        let fs = self.session.fs;
        let mut due = self.marks.days_due(fs)?;
        due.retain(|day| !waiting.contains(day));
        let made = if self.may_make_bars(report)? {
            Bars {
                task: &self.task,
                view,
                session: self.session,
                asked: self.listed.as_ref().map(|listed| listed.at),
            }
            .make(&due, registry, report)?
        } else {
            BTreeSet::new()
        };
        for day in &made {
            self.marks
                .change(fs, *day, |marks| marks.is_bars_due = false)?;
        }
        self.marks.save(fs, &self.temps)?;
        if !waiting.is_empty() {
            // What of these days was had is known once they are stored.
            return Ok(());
        }
        if self.is_unanswered {
            let now = self.session.clock.now();
            self.marks.note_begun(fs, &self.temps, now)?;
        }
        if let Some(listed) = self.listed.take() {
            let mut silent = silence::silent_days(
                &mut self.marks,
                fs,
                &listed,
                &self.task.feed.spec().calendar,
            )?;
            silent.retain(|day| self.task.is_wanted(*day));
            self.remember(&listed, report)?;
            let lost = self.tell_losses(listed.at)?;
            let feed = report.feed_at(self.venue());
            feed.silent = silent;
            feed.lost = lost;
        }
        tidy(
            &mut self.keeper,
            &mut self.marks,
            (&self.task, self.session),
            report,
        )
    }

    /// Stores what came and marks what was read; bars are due then. Returns the days of which not all is stored; `None` where nobody
    /// can say which days those are.
    ///
    /// # Errors
    /// As `finish`.
    pub(super) fn store(
        &mut self,
        view: View<'l>,
        registry: &mut Registry,
        report: &mut RunReport,
    ) -> Result<Option<BTreeSet<NaiveDate>>, FeedRunError> {
        let trades = self.task.trades.clone();
        take_over_trades(view, self.session, registry, &trades, report)?;
        let waiting = self.consolidate(view, registry, report)?;
        let waiting = waiting.filter(|_| report.data.is_there());
        if let Some(waiting) = &waiting {
            self.mark_read(waiting)?;
        }
        Ok(waiting)
    }

    /// Stores what is staged, and returns the days of which it is not; `None` where nobody can say which days those are.
    fn consolidate(
        &mut self,
        view: View<'l>,
        registry: &mut Registry,
        report: &mut RunReport,
    ) -> Result<Option<BTreeSet<NaiveDate>>, FeedRunError> {
        let Some(run) = self.staged.take() else {
            return Ok(Some(BTreeSet::new()));
        };
        let staged = run.len();
        let sealed = run.seal()?;
        if !report.data.is_there() {
            report.withheld += staged;
            sealed.finish()?;
            return Ok(None);
        }
        let failed_before = report.at(self.venue()).tickers.failed;
        let waiting_before = report.feed_at(self.venue()).waiting.clone();
        Consolidation {
            view,
            session: self.session,
            registry,
            notes: &SourceNotes::new(),
            report,
        }
        .finish(sealed)?;
        let failed = report.at(self.venue()).tickers.failed - failed_before;
        let waiting = &report.feed_at(self.venue()).waiting - &waiting_before;
        // Trades are stored day by day. It may have ended between two of them.
        let are_known = waiting.len() == failed && !self.session.stop.is_raised();
        Ok(are_known.then_some(waiting))
    }
}
