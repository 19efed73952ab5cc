//! The ledgers of venues for whoever asks about many series: each is read once, and looked up by series.
//!
//! Promises: what is told is what the ledger said when it was read first. For a process under the run lock, or one that looks
//! at a moment, that is what it says. Leaves to others: what a series was (`before`).

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};

use super::log::Log;
use super::{Group, History, LedgerError, Line, rows_out};
use crate::frame::{Frame, Profile};
use crate::layout::Places;
use crate::model::{StorageRequest, Venue};
use crate::sys::{Fs, locked};

/// Where a line stands in a ledger that was read.
#[derive(Clone, Debug)]
pub(super) struct LineAt {
    pub(super) file: usize,
    pub(super) bytes: Range<usize>,
    /// The number of the line in its file, from 1.
    pub(super) number: usize,
    /// Its group, by its place among all of them.
    pub(super) group: usize,
}

/// Where the lines of each series stand, by the name of the series as the lines have it.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) groups: Vec<Group>,
    pub(super) lines: HashMap<Vec<u8>, Vec<LineAt>>,
}

/// The ledger of one venue.
#[derive(Debug)]
struct Known {
    log: Log,
    index: Index,
}

/// The ledgers of venues, each read when it is asked for first.
#[derive(Debug, Default)]
pub struct Ledgers {
    /// Where reading begins; `None` at the first group.
    since: Option<DateTime<Utc>>,
    known: Mutex<BTreeMap<Venue, Arc<Known>>>,
}

impl Ledgers {
    /// Returns ledgers of which the groups from a moment on are read, and some before it: enough for whoever asks about rows that
    /// nobody could have stored before it.
    pub fn since(moment: DateTime<Utc>) -> Self {
        Self {
            since: Some(moment),
            ..Self::default()
        }
    }

    /// Returns the rows that were taken out of a series and that nobody has stored again since.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn rows_out(
        &self,
        fs: &dyn Fs,
        places: &Places,
        request: &StorageRequest,
        profile: &'static Profile,
    ) -> Result<Frame, LedgerError> {
        Ok(rows_out(&self.history(fs, places, request)?, profile))
    }

    /// Tells whether rows of a series were taken out at some time, without a look at what its lines say beside that.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn had_rows_taken_out(
        &self,
        fs: &dyn Fs,
        places: &Places,
        request: &StorageRequest,
    ) -> Result<bool, LedgerError> {
        let Some(venue) = &request.venue else {
            return Ok(false);
        };
        let Known { log, index } = &*self.of(fs, places, venue)?;
        let lines = index.lines.get(&super::line::written_name(request));
        let mut lines = lines.into_iter().flatten();
        Ok(lines.any(|at| log.may_take_out(at)))
    }

    /// Returns the lines of a series, oldest first, each with the number of its group among all groups of its venue that are read.
    /// Lines that cannot be understood are left out.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn lines(
        &self,
        fs: &dyn Fs,
        places: &Places,
        request: &StorageRequest,
    ) -> Result<Vec<(usize, Line)>, LedgerError> {
        let Some(venue) = &request.venue else {
            return Ok(Vec::new());
        };
        let Known { log, index } = &*self.of(fs, places, venue)?;
        let lines = index.lines.get(&super::line::written_name(request));
        let lines = lines.into_iter().flatten();
        Ok(lines
            .filter_map(|at| Some((at.group, log.line(at).ok()?)))
            .collect())
    }

    /// Returns what the ledger of its venue says of a series. What earlier builds recorded is not in it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn history(
        &self,
        fs: &dyn Fs,
        places: &Places,
        request: &StorageRequest,
    ) -> Result<History, LedgerError> {
        let Some(venue) = &request.venue else {
            return Ok(History::default());
        };
        let Known { log, index } = &*self.of(fs, places, venue)?;
        let mut history = History::begin(log);
        let name = super::line::written_name(request);
        for at in index.lines.get(&name).into_iter().flatten() {
            match (index.groups.get(at.group), log.line(at)) {
                (Some(group), Ok(line)) => history.push(group.at, line),
                (_, Err(damage)) => history.damaged.push(damage),
                (None, Ok(_)) => {}
            }
        }
        Ok(history)
    }

    fn of(&self, fs: &dyn Fs, places: &Places, venue: &Venue) -> Result<Arc<Known>, LedgerError> {
        let mut all = locked(&self.known);
        if let Some(known) = all.get(venue) {
            return Ok(Arc::clone(known));
        }
        let mut log = match self.since {
            Some(moment) => Log::read_since(fs, places, venue, moment)?,
            None => Log::read(fs, places, venue)?,
        };
        let index = log.index();
        let known = Arc::new(Known { log, index });
        all.insert(venue.clone(), Arc::clone(&known));
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ledger::{Line, SeriesRecord, group_file, read_history};
    use crate::model::RunId;
    use crate::sys::OsFs;
    use crate::sys::atomic::{TempNames, create_dirs, parent, replace};

    fn series(name: &str) -> StorageRequest {
        crate::layout::parse_series_name(&format!("us/demo/{name}")).unwrap()
    }

    /// One reads all lines of a venue, the other those of a series: nobody could tell them apart.
    #[test]
    fn a_ledger_that_is_looked_up_says_what_one_that_is_read_says() {
        let folder = tempfile::TempDir::new().unwrap();
        let places = Places::of(folder.path(), false);
        let venue: Venue = "us:demo".parse().unwrap();
        let names = [
            "stocks_1d/ticker=A",
            "stocks_1d/ticker=AA",
            "events/ticker=A%2FB",
        ];
        for second in 0..4 {
            let at = DateTime::from_timestamp(second, 0).unwrap();
            let run = RunId::new(at, 7, 1);
            let found = |name: &&str| Line::Found(series(name), SeriesRecord::nothing());
            let mut lines: Vec<Line> = names.iter().map(found).collect();
            lines.push(Line::Gone(series(
                names[usize::try_from(second).unwrap() % 3],
            )));
            let group = (&run, 1);
            let (path, bytes) = group_file(&OsFs, &places, &venue, group, at, &lines).unwrap();
            create_dirs(&OsFs, Path::new(folder.path()), parent(&path)).unwrap();
            replace(&OsFs, &TempNames::of(run), &path, &bytes).unwrap();
        }
        let ledgers = Ledgers::default();

        for name in names {
            let request = series(name);
            let read = read_history(&OsFs, &places, &request).unwrap();
            let looked_up = ledgers.history(&OsFs, &places, &request).unwrap();

            assert!(read.lines.len() >= 5, "{name}: {}", read.lines.len());
            assert_eq!(looked_up.lines, read.lines, "{name}");
        }
        let nobody = ledgers.history(&OsFs, &places, &series("stocks_1d/ticker=B"));
        assert!(nobody.unwrap().lines.is_empty());
    }

    /// Of four groups of one file each, a second apart.
    #[test]
    fn ledgers_since_a_moment_have_every_group_from_it_on() {
        let folder = tempfile::TempDir::new().unwrap();
        let places = Places::of(folder.path(), false);
        let venue: Venue = "us:demo".parse().unwrap();
        let request = series("stocks_1d/ticker=A");
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        for second in 0..4 {
            let run = RunId::new(at(second), 7, 1);
            let lines = [Line::Found(request.clone(), SeriesRecord::nothing())];
            let group = (&run, 1);
            let written = group_file(&OsFs, &places, &venue, group, at(second), &lines);
            let (path, bytes) = written.unwrap();
            create_dirs(&OsFs, Path::new(folder.path()), parent(&path)).unwrap();
            replace(&OsFs, &TempNames::of(run), &path, &bytes).unwrap();
        }
        let lines = |since| {
            let lines = Ledgers::since(at(since)).lines(&OsFs, &places, &request);
            lines.unwrap().len()
        };

        assert_eq!([0, 1, 2, 3, 9].map(lines), [4, 4, 3, 2, 1]);
    }
}
