//! The trades of the predecessor, taken over once: days in its columns get those of today, and what only its months have joins
//! the days.
//!
//! Promises: a tree has one schema as soon as the first update of its feed has begun. Each day is committed with the rows that it
//! had, its old file kept in quarantine; a crash between two groups leaves some days to the next start. The months stay where they
//! are, untouched. Rows of another day than that of their file, which the predecessor named by the day of the download, go where they
//! belong first (`renewal`). The mark that all is done saves work, and no result depends on it.
//! Leaves to others: what a file of the predecessor means (`codec`), what of it nobody can read (`check` names it).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::frame::{self, Frame, Profile};
use crate::model::{Dataset, Feed, PartitionKey, Provenance, Series, StorageRequest, Venue};
use crate::storage::{
    Custody, OlderDays, OlderTrades, Open, PutAway, Quarantine, Replaced, RowsToStage, Sealed,
    StagedRun, StorageError, StorageInterface,
};
use crate::sys::atomic::{TempNames, create_dirs, parent, replace};
use crate::workspace::{Session, View};

use super::consolidate::{Consolidation, SourceNotes};
use super::renewal::Renewal;
use super::{IngestError, Registry, RunReport};

/// Days of one group: bounds the space that it takes in staging.
const GROUP_DAYS: usize = 64;

/// A feed whose trades of the predecessor are taken over.
struct TakeOver<'t, 'l> {
    view: View<'l>,
    session: Session<'l>,
    venue: &'t Venue,
    feed: &'t Feed,
    request: &'t StorageRequest,
    report: &'t mut RunReport,
}

/// Takes over what the predecessor stored of a feed, before its first new trades are merged. Does nothing for other series, and
/// for a feed of which all is taken over.
///
/// What cannot be taken over is told in the report and tried again next time.
///
/// # Errors
/// When the disk refuses or the lock is lost. Each day is then as the predecessor wrote it, or as it is written today.
pub fn take_over_trades(
    view: View<'_>,
    session: Session<'_>,
    registry: &mut Registry,
    request: &StorageRequest,
    report: &mut RunReport,
) -> Result<(), IngestError> {
    let (Some(venue), Series::Trades { feed }) = (&request.venue, &request.series) else {
        return Ok(());
    };
    if !view.data_root(registry.catalog()).is_there() {
        return Ok(());
    }
    let mut taking = TakeOver {
        view,
        session,
        venue,
        feed,
        request,
        report,
    };
    let mark = taking.mark();
    if session.fs.metadata(&mark)?.is_some() {
        return Ok(());
    }
    let told = taking.report.warnings.len();
    taking.renew_days()?;
    taking.add_months(registry)?;
    let is_complete = taking.report.warnings.len() == told && !session.stop.is_raised();
    if is_complete {
        create_dirs(session.fs, &session.places.root, parent(&mark))?;
        let temps = TempNames::of(session.runs.next());
        replace(session.fs, &temps, &mark, b"taken over\n")?;
    }
    Ok(())
}

impl<'l> TakeOver<'_, 'l> {
    /// Returns the file that says that all is taken over.
    fn mark(&self) -> PathBuf {
        let Venue { market, source } = self.venue;
        let places = &self.session.places.state;
        let trades = places.join("trades").join(market.as_str());
        trades.join(source.as_str()).join(self.feed.as_str())
    }

    /// Writes days in the predecessor's columns anew.
    fn renew_days(&mut self) -> Result<(), IngestError> {
        let days = match self.days().all() {
            Ok(days) => days,
            Err(error) => return self.warn(error),
        };
        if days.is_empty() {
            return Ok(());
        }
        let Some(plan) = self.plan(days)? else {
            return Ok(());
        };
        let (session, id) = (self.session, self.session.runs.next());
        let quarantine = session.quarantine(&id);
        let run = StagedRun::<Open>::begin(session.fs, session.held, session.places, id)?;
        let mut run = run.seal()?;
        let mut done = BTreeSet::new();
        for group in plan.groups(GROUP_DAYS) {
            if session.stop.is_raised() {
                break;
            }
            match self.renew(&mut run, &quarantine, (&group, &plan), &done) {
                Ok(stored) => done.extend(stored),
                Err(error) => {
                    run.abandon_group();
                    return Err(error);
                }
            }
        }
        Ok(run.finish()?)
    }

    /// Looks for rows that lie in the files of other days; `None` when the run is to stop.
    fn plan(&mut self, days: Vec<PartitionKey>) -> Result<Option<Renewal>, IngestError> {
        let mut strays = Vec::new();
        for day in &days {
            if self.session.stop.is_raised() {
                return Ok(None);
            }
            match self.days().strays(*day) {
                Ok(found) => strays.push((*day, found)),
                // Told when it is to be renewed.
                Err(StorageError::Refused { .. } | StorageError::Foreign { .. }) => {}
                Err(error) => self.warn(error)?,
            }
        }
        Ok(Some(Renewal::of(days, strays)))
    }

    /// Writes days in one group, and returns those that are done.
    fn renew(
        &mut self,
        run: &mut StagedRun<'l, Sealed>,
        quarantine: &Quarantine<'_>,
        (days, plan): (&[PartitionKey], &Renewal),
        done: &BTreeSet<PartitionKey>,
    ) -> Result<Vec<PartitionKey>, IngestError> {
        let custody = Custody {
            quarantine,
            corrupt_files: self.session.corrupt_files,
            replaced: Replaced::Noted,
            at: self.session.clock.now(),
        };
        let provenance = Provenance::of_trades(self.venue);
        let mut stored = Vec::new();
        for day in days {
            let store = &self.view.stores.partitioned;
            if !plan.may_renew(*day, done) {
                let told = format!(
                    "{} is not taken over yet: its file of {day} has rows of another day, whose file cannot take them",
                    self.request
                );
                self.report.warnings.push(told);
                continue;
            }
            let more = plan.strays_of(*day);
            let prepared = if plan.is_older(*day) {
                self.days().renew((*day, &more), &provenance)
            } else {
                store.prepare(self.request, &more, &provenance)
            };
            let prepared = match prepared {
                // What is damaged is told and put away by whoever merges rows into it.
                Ok(prepared) if !prepared.damaged.is_empty() => continue,
                Ok(prepared) => prepared,
                Err(error) => {
                    self.warn(error)?;
                    continue;
                }
            };
            let mut aside = PutAway::default();
            let joined = run.put(&prepared, &custody, &mut aside);
            self.report.kept.extend(aside.into_records());
            match joined {
                Ok(()) => stored.push(*day),
                Err(error) => self.warn(error)?,
            }
        }
        let left = run.commit()?.left;
        if !left.is_empty() {
            stored.clear();
        }
        let left = left.iter().map(|left| {
            let target = left.target().display();
            format!("{target} waits: {}", left.reason)
        });
        self.report.warnings.extend(left);
        Ok(stored)
    }

    /// Stages what only the months have, and merges it into the days.
    fn add_months(&mut self, registry: &mut Registry) -> Result<(), IngestError> {
        let months = self.older().months(self.venue, self.feed)?;
        if months.is_empty() {
            return Ok(());
        }
        let session = self.session;
        let id = session.runs.next();
        let mut run = StagedRun::<Open>::begin(session.fs, session.held, session.places, id)?;
        for month in months {
            if session.stop.is_raised() {
                break;
            }
            match self.stage_month(&mut run, &month) {
                Err(IngestError::Storage(error)) => self.warn(error)?,
                outcome => outcome?,
            }
        }
        let consolidation = Consolidation {
            view: self.view,
            session,
            registry,
            notes: &SourceNotes::new(),
            report: self.report,
        };
        consolidation.finish(run.seal()?)
    }

    fn stage_month(&self, run: &mut StagedRun<'_, Open>, path: &Path) -> Result<(), IngestError> {
        let store = &self.view.stores.partitioned;
        // Groups of a month follow the days, so that each day is read about once.
        let mut known: Option<(PartitionKey, Frame)> = None;
        self.older().read_month(path, &mut |group| {
            for (day, rows) in group.frame.split() {
                let stored = match known.take() {
                    Some((known, stored)) if known == day => stored,
                    _ => {
                        let stored = store.read_some(self.request, &|key| key == day)?;
                        let nothing = || Frame::empty(Profile::of(Dataset::Trades));
                        stored.map_or_else(nothing, |stored| stored.frame)
                    }
                };
                let lacking = frame::without(&rows, &stored);
                known = Some((day, stored));
                let provenance = Provenance::of_trades(self.venue);
                let staged = RowsToStage::encode(self.request.clone(), &lacking, &provenance)?;
                staged.map_or(Ok(()), |staged| run.stage(&staged))?;
            }
            Ok(())
        })
    }

    fn days(&self) -> OlderDays<'_> {
        OlderDays {
            store: &self.view.stores.partitioned,
            request: self.request,
        }
    }

    fn older(&self) -> OlderTrades<'l> {
        OlderTrades::below(self.session.fs, &self.session.places.data)
    }

    /// Tells what could not be taken over, where it is no failure of the disk as a whole.
    fn warn(&mut self, error: StorageError) -> Result<(), IngestError> {
        let is_of_file = matches!(
            error,
            StorageError::Foreign { .. }
                | StorageError::Refused { .. }
                | StorageError::Encode { .. }
        );
        if !is_of_file && !error.is_of_place() {
            return Err(error.into());
        }
        self.report
            .warnings
            .push(format!("{} is not taken over yet: {error}", self.request));
        Ok(())
    }
}
