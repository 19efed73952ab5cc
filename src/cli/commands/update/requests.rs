//! Counting the requests of a run, and those of the last days with them.
//!
//! Promises: the count is replaced whole, under the run lock. Trouble with it is told and changes nothing of the run; a
//! damaged count begins again. After a crash the requests of that run are missing from it, and nothing else is.

use std::path::{Path, PathBuf};

use crate::catalog::Catalog;
use crate::cli::commands::registration;
use crate::cli::shell::Shell;
use crate::ingest::RunReport;
use crate::lock::LockGuard;
use crate::model::Venue;
use crate::sys::FsResult;
use crate::sys::atomic;
use crate::update::{RequestLog, RequestWeek};
use crate::workspace::Workspace;

/// Where the count of a workspace is kept between two runs.
const COUNT: &str = "requests.json";

/// The count of the requests of a workspace.
pub(super) struct RequestCount<'u> {
    pub(super) shell: &'u Shell<'u>,
    pub(super) workspace: &'u Workspace<'u>,
}

impl RequestCount<'_> {
    /// Adds the requests of a run to those of the last days, and returns both by venue.
    pub(super) fn add(
        &self,
        report: &RunReport,
        catalog: &Catalog,
        held: &LockGuard<'_>,
    ) -> Vec<RequestWeek> {
        let today = self.shell.around.clock.now().date_naive();
        let path = self.path();
        let counted = self.noted(&path).and_then(|mut log| {
            let sent = report.venues.iter().filter(|venue| venue.requests > 0);
            let mut is_news = false;
            for venue in sent {
                log.note(&venue.venue, today, venue.requests);
                is_news = true;
            }
            // Sources that ask no server leave no file.
            if is_news {
                let fs = &*self.shell.world.fs;
                atomic::create_dirs(fs, self.shell.root(), atomic::parent(&path))?;
                let temps = registration::temps(held);
                atomic::replace(fs, &temps, &path, log.text().as_bytes())?;
            }
            Ok(log)
        });
        let venues = report
            .venues
            .iter()
            .map(|venue| (&venue.venue, venue.requests));
        match counted {
            Ok(log) => self.weeks(&log, catalog, venues),
            Err(error) => {
                let path = path.display();
                let text = format!("the requests are not counted in {path}: {error}.");
                self.shell.printer.warning(&text);
                Vec::new()
            }
        }
    }

    /// Returns what was counted, without a run.
    pub(super) fn read(&self, catalog: &Catalog) -> Vec<RequestWeek> {
        let sources = &self.workspace.view().sources;
        let venues = sources.iter().map(|source| (source.venue(), 0));
        // What is wrong with the file was told when the run was counted.
        let bytes = self.shell.world.fs.read(&self.path());
        let log = bytes.ok().flatten();
        let log = log.and_then(|bytes| RequestLog::parse(&bytes));
        self.weeks(&log.unwrap_or_default(), catalog, venues)
    }

    fn path(&self) -> PathBuf {
        self.workspace.places.state.join(COUNT)
    }

    /// Returns the venues that were sent something within a week.
    fn weeks<'v>(
        &self,
        log: &RequestLog,
        catalog: &Catalog,
        venues: impl Iterator<Item = (&'v Venue, u64)>,
    ) -> Vec<RequestWeek> {
        let today = self.shell.around.clock.now().date_naive();
        let first = RequestLog::first_day(today);
        let week = |(venue, sent): (&Venue, u64)| RequestWeek {
            venue: venue.clone(),
            sent,
            in_week: log.in_week(venue, today),
            tickers: catalog.checked_since(venue, first),
        };
        venues.map(week).filter(|week| week.in_week > 0).collect()
    }

    fn noted(&self, path: &Path) -> FsResult<RequestLog> {
        let Some(bytes) = self.shell.world.fs.read(path)? else {
            return Ok(RequestLog::default());
        };
        Ok(RequestLog::parse(&bytes).unwrap_or_else(|| {
            let path = path.display();
            let text = format!("{path} is damaged; the count of requests begins again.");
            self.shell.printer.warning(&text);
            RequestLog::default()
        }))
    }
}
