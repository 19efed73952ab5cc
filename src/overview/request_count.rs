//! The count of the requests of a workspace, which is kept between two runs.
//!
//! Promises: the count is replaced whole, under the run lock; a damaged one begins again. After a crash the requests of that run
//! are missing from it, and nothing else is.

use std::path::PathBuf;

use chrono::NaiveDate;

use super::request_log::{RequestLog, RequestWeek};
use crate::catalog::Catalog;
use crate::layout::Places;
use crate::model::Venue;
use crate::sys::atomic::{self, TempNames};
use crate::sys::{Fs, FsResult};
use crate::workspace::{View, Workspace};

const COUNT: &str = "requests.json";

/// The count of the requests of a workspace, on a day in UTC.
#[derive(Clone, Copy, Debug)]
pub struct RequestCount<'u> {
    fs: &'u dyn Fs,
    places: &'u Places,
    today: NaiveDate,
}

impl<'u> RequestCount<'u> {
    /// Returns the count of a workspace, today.
    pub fn of(workspace: &'u Workspace<'_>) -> Self {
        Self {
            fs: workspace.fs(),
            places: &workspace.places,
            today: workspace.clock().now().date_naive(),
        }
    }

    /// Returns where it is kept.
    pub fn path(&self) -> PathBuf {
        self.places.state.join(COUNT)
    }

    /// Returns what was counted, and whether it could not be understood.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> FsResult<(RequestLog, bool)> {
        let found = self.fs.read(&self.path())?;
        let log = found.as_deref().map(RequestLog::parse);
        let is_damaged = matches!(log, Some(None));
        Ok((log.flatten().unwrap_or_default(), is_damaged))
    }

    /// Returns what the venues with a source were sent within a week, without a run. What is wrong with the file was told when the
    /// run was counted.
    pub fn read_weeks(&self, catalog: &Catalog, view: View<'_>) -> Vec<RequestWeek> {
        let (log, _) = self.read().unwrap_or_default();
        let sources = view.sources.iter();
        self.weeks(&log, catalog, sources.map(|source| (source.venue(), 0)))
    }

    /// Adds the requests of a run and keeps the count. Sources that ask no server leave no file.
    ///
    /// # Errors
    /// When the file cannot be replaced.
    pub fn add<'v>(
        &self,
        log: &mut RequestLog,
        sent: impl Iterator<Item = (&'v Venue, u64)>,
        temps: &TempNames,
    ) -> FsResult<()> {
        let mut is_news = false;
        for (venue, requests) in sent.filter(|(_, requests)| *requests > 0) {
            log.note(venue, self.today, requests);
            is_news = true;
        }
        if is_news {
            let path = self.path();
            atomic::create_dirs(self.fs, &self.places.root, atomic::parent(&path))?;
            atomic::replace(self.fs, temps, &path, log.text().as_bytes())?;
        }
        Ok(())
    }

    /// Returns the venues that were sent something within a week; with each comes what it was sent in this run.
    pub fn weeks<'v>(
        &self,
        log: &RequestLog,
        catalog: &Catalog,
        venues: impl Iterator<Item = (&'v Venue, u64)>,
    ) -> Vec<RequestWeek> {
        let first = RequestLog::first_day(self.today);
        let week = |(venue, sent): (&Venue, u64)| RequestWeek {
            venue: venue.clone(),
            sent,
            in_week: log.in_week(venue, self.today),
            tickers: catalog.checked_since(venue, first),
        };
        venues.map(week).filter(|week| week.in_week > 0).collect()
    }
}
