//! Writing down what lies there: a portion after each run, until all series have a record, or all at once.
//!
//! Promises: under the run lock only. Records that a commit wrote are left as they are by a portion; `rebuild` makes all of them
//! anew from the files. What is damaged or foreign gets no record. The mark saves work, and no result depends on it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;

use super::compare::{is_outdated, lost_months, record_of};
use super::known::damaged;
use super::{Asked, Flawed, InventoryError, known};
use crate::catalog::Catalog;
use crate::layout::{parse_series_name, series_name};
use crate::ledger::{Line, SeriesRecord, read_records, write_down};
use crate::model::{Series, StorageRequest, Venue, sealed, time};
use crate::observe::{Event, Work};
use crate::storage::{QuarantineRecord, StorageError, leftover_runs};
use crate::sys::atomic::{TempNames, create_dirs, parent, replace};
use crate::sys::{FsResult, Stopwatch};
use crate::workspace::{FoundSeries, Session, Workspace};

/// The file, below `state`, that says up to which series portions came.
pub const RECORDED: &str = "recorded";
/// How it begins when there is nothing left on a day. A month that is lost and fetched again is known by halves only, so on the
/// next day somebody looks again.
const ALL: &str = "all";
/// How many series one file of the ledger speaks of.
const MOST_LINES: usize = 16 << 10;

/// How much is looked at after a run, so that nobody waits for it.
#[derive(Clone, Copy, Debug)]
pub struct Portion {
    /// Files.
    pub files: u64,
    /// Seconds, looked at between two series.
    pub seconds: f64,
}

/// What a portion wrote down.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// Series that have a record now.
    pub series: u64,
    /// Their files.
    pub files: u64,
    /// Whether no series is left.
    pub is_complete: bool,
}

/// What rebuilding the records wrote down.
#[derive(Debug, Default)]
pub struct Rebuilt {
    /// Series that have a record now.
    pub series: u64,
    /// Their files.
    pub files: u64,
    /// Series whose record said something else.
    pub changed: Vec<StorageRequest>,
    /// Series that had a record and have no file any more. They have no record now.
    pub gone: Vec<StorageRequest>,
    /// Series that have a file of which nobody knows what it holds, and so no new record.
    pub flawed: Vec<Flawed>,
    /// Series that could not be looked at.
    pub troubles: Vec<(StorageRequest, StorageError)>,
    /// Files of the ledger that were torn or edited, and where they are now. What they told of the past is gone with them, and
    /// whoever asks for it is told so.
    pub retired: Vec<QuarantineRecord>,
    /// Whether it was stopped. Nothing was written then.
    pub is_stopped: bool,
}

/// Writes down what lies of some series that have no record, beginning where the last portion ended.
///
/// # Errors
/// When folders or records cannot be read or written. What cannot be read of a series costs that series.
pub fn note_portion(
    workspace: &Workspace<'_>,
    session: Session<'_>,
    catalog: &Catalog,
    portion: Portion,
) -> Result<Noted, InventoryError> {
    let Some(after) = begin(session)? else {
        return Ok(Noted {
            is_complete: true,
            ..Noted::default()
        });
    };
    let watch = Stopwatch::start();
    let known = known(workspace, catalog, &Asked::default())?;
    let mut noted = Noted::default();
    let mut lines = Lines::new();
    let mut last = None;
    let records = known.records;
    // What was lost may have come back.
    let doubtful = records.iter().filter(|(_, record)| !record.is_exact());
    let mut open: Vec<StorageRequest> = doubtful.map(|(request, _)| request.clone()).collect();
    open.extend(known.unrecorded);
    open.sort();
    let open = open.into_iter();
    let mut open = open.filter(|request| Some(request) > after.as_ref());
    let mut looked = 0;
    noted.is_complete = loop {
        let is_over = looked >= portion.files || watch.seconds() >= portion.seconds;
        if is_over || session.stop.is_raised() {
            break false;
        }
        let Some(request) = open.next() else {
            break true;
        };
        // What cannot be looked at is named by whoever reads it, and by `check`.
        let found = workspace.files_of(catalog, &request).ok().flatten();
        looked += found.as_ref().map_or(1, |found| found.files.len() as u64);
        let is_wanted = |found: &&FoundSeries| match records.get(&request) {
            Some(known) => is_outdated(known, found),
            None => true,
        };
        if let Some(record) = found.as_ref().filter(is_wanted).and_then(record_of) {
            noted.series += 1;
            noted.files += record.files;
            add(&mut lines, Line::Found(request.clone(), record));
        }
        last = Some(request);
    };
    write(session, lines)?;
    let mark = match (noted.is_complete, last) {
        (true, _) => all(session),
        (false, Some(last)) => format!("{}\n", series_name(&last)),
        (false, None) => return Ok(noted),
    };
    remember(session, mark.as_bytes())?;
    Ok(noted)
}

/// Writes down anew what lies of series of which rows were gone, once the registry knows no more rows than lie there: after an
/// older backup was put back and the source was asked again, the sums of what was written before are not theirs any more.
///
/// # Errors
/// When the records cannot be written. What cannot be read of a series costs that series.
pub fn note_healed(
    workspace: &Workspace<'_>,
    session: Session<'_>,
    catalog: &Catalog,
    gone: &[StorageRequest],
) -> Result<(), InventoryError> {
    let mut lines = Lines::new();
    if gone.is_empty() {
        return Ok(());
    }
    let known = known(workspace, catalog, &Asked::default())?;
    for request in gone {
        let (Some(venue), Series::Bars { ticker, interval }) = (&request.venue, &request.series)
        else {
            continue;
        };
        let newest = catalog.last_data_date(ticker, venue, *interval);
        let found = workspace.files_of(catalog, request).ok().flatten();
        // Months that did not come back stay lost, and are named until a person says otherwise.
        let is_whole = |found: &&FoundSeries| {
            let known = known.records.get(request);
            known.is_none_or(|known| {
                let is_lost = !known.is_exact() && !is_outdated(known, found);
                !is_lost && lost_months(known, found).is_empty()
            })
        };
        let record = found.as_ref().filter(is_whole).and_then(record_of);
        if let Some(record) = record.filter(|record| record.last.map(time::day) >= newest) {
            add(&mut lines, Line::Found(request.clone(), record));
        }
    }
    write(session, lines)
}

/// Forgets all rows that are recorded, which are gone for good, and returns of how many series of feeds they were: these have no
/// entry in the registry.
///
/// # Errors
/// When records cannot be read or written.
pub fn give_up(workspace: &Workspace<'_>, session: Session<'_>) -> Result<usize, InventoryError> {
    let mut lines = Lines::new();
    let mut of_feeds = 0;
    for venue in workspace.venues()? {
        let records = read_records(session.fs, session.places, &venue)?.series;
        let is_feed = workspace.view().feed(&venue).is_some();
        for (request, _) in records.into_iter().filter(|(_, record)| record.rows > 0) {
            of_feeds += usize::from(is_feed);
            add(&mut lines, Line::Gone(request));
        }
    }
    write(session, lines)?;
    Ok(of_feeds)
}

/// Makes the records of the series that are asked about anew, from their files.
///
/// # Errors
/// When folders or records cannot be read or written.
pub fn rebuild(
    workspace: &Workspace<'_>,
    session: Session<'_>,
    catalog: &Catalog,
    asked: &Asked,
) -> Result<Rebuilt, InventoryError> {
    workspace.view().data_root(catalog).refuse_absent()?;
    let runs = leftover_runs(session.fs, session.places)?.len();
    if runs > 0 {
        return Err(InventoryError::Unfinished { runs });
    }
    let known = known(workspace, catalog, asked)?;
    let requests = known.unrecorded.iter().chain(known.records.keys());
    let mut requests: Vec<StorageRequest> = requests.cloned().collect();
    requests.sort();
    let series = requests.len();
    session.observer.observe(Event::CheckPlanned { series });
    let (mut rebuilt, mut lines) = (Rebuilt::default(), Lines::new());
    for some in requests.chunks(1024) {
        if session.stop.is_raised() {
            rebuilt.is_stopped = true;
            return Ok(rebuilt);
        }
        let found: Vec<(&StorageRequest, Result<Option<FoundSeries>, StorageError>)> = some
            .par_iter()
            .map(|request| {
                let found = workspace.files_of(catalog, request);
                let step = Event::Step {
                    work: Work::Check,
                    series: request.series.clone(),
                };
                session.observer.observe(step);
                (request, found)
            })
            .collect();
        for (request, found) in found {
            let line = rebuilt.take(request, found, known.records.get(request));
            if let Some(line) = line {
                add(&mut lines, line);
            }
        }
    }
    write(session, lines)?;
    if *asked == Asked::default() {
        rebuilt.retired = retire(session, &damaged(workspace, catalog)?)?;
    }
    Ok(rebuilt)
}

/// Puts away the files of ledgers that are torn or edited, now that nothing depends on them: they would be named for ever. One
/// that a later build wrote stays.
fn retire(
    session: Session<'_>,
    damaged: &[(PathBuf, String)],
) -> Result<Vec<QuarantineRecord>, InventoryError> {
    let run = session.runs.next();
    let quarantine = session.quarantine(&run);
    let mut retired = Vec::new();
    for (path, reason) in damaged {
        let Some(bytes) = session.fs.read(path)? else {
            continue;
        };
        if sealed::unseal(&bytes).is_ok() {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        retired.push(quarantine.keep(path, &name, &bytes, reason, None)?);
        session.fs.remove_file(path)?;
        session.fs.sync_dir(parent(path))?;
    }
    Ok(retired)
}

impl Rebuilt {
    fn take(
        &mut self,
        request: &StorageRequest,
        found: Result<Option<FoundSeries>, StorageError>,
        known: Option<&SeriesRecord>,
    ) -> Option<Line> {
        let found = match found {
            Ok(Some(found)) => found,
            Ok(None) => {
                known?;
                self.gone.push(request.clone());
                return Some(Line::Gone(request.clone()));
            }
            Err(error) => {
                self.troubles.push((request.clone(), error));
                return None;
            }
        };
        let Some(record) = record_of(&found) else {
            for file in found.files {
                if let Err(flaw) = file.holds {
                    self.flawed.push(Flawed {
                        request: request.clone(),
                        partition: file.partition,
                        path: file.path,
                        flaw,
                    });
                }
            }
            return None;
        };
        self.series += 1;
        self.files += record.files;
        if known.is_some_and(|known| *known != record) {
            self.changed.push(request.clone());
        }
        Some(Line::Found(request.clone(), record))
    }
}

/// The lines of each venue.
pub(super) type Lines = BTreeMap<Venue, Vec<Line>>;

pub(super) fn add(lines: &mut Lines, line: Line) {
    if let Some(venue) = line.series().venue.clone() {
        lines.entry(venue).or_default().push(line);
    }
}

/// Writes lines into the ledgers of their venues, durably. Each file is whole or not there.
pub(super) fn write(session: Session<'_>, lines: Lines) -> Result<(), InventoryError> {
    let Session { fs, places, .. } = session;
    for (venue, lines) in lines {
        for some in lines.chunks(MOST_LINES) {
            let (run, at) = (session.runs.next(), session.clock.now());
            write_down(fs, session.held, places, &venue, &run, at, some)?;
        }
    }
    Ok(())
}

fn all(session: Session<'_>) -> String {
    format!("{ALL} {}\n", session.clock.today())
}

/// Returns the series after which the next portion begins, or that it begins with the first one; `None` when nothing was left
/// today.
#[expect(clippy::option_option, reason = "nothing left is not the beginning")]
fn begin(session: Session<'_>) -> FsResult<Option<Option<StorageRequest>>> {
    let Session { fs, places, .. } = session;
    // Who removes the records wants new ones.
    let ledger = places.state.join("ledger");
    let has_records = fs.metadata(&ledger)?.is_some();
    let mark = fs.read(&places.state.join(RECORDED))?;
    Ok(match mark {
        Some(mark) if has_records && mark == all(session).as_bytes() => None,
        mark => Some(mark.and_then(|mark| {
            let name = String::from_utf8(mark).ok()?;
            parse_series_name(name.trim_end())
        })),
    })
}

fn remember(session: Session<'_>, mark: &[u8]) -> FsResult<()> {
    let Session { fs, places, .. } = session;
    create_dirs(fs, &places.root, &places.state)?;
    let temps = TempNames::of(session.runs.next());
    replace(fs, &temps, &places.state.join(RECORDED), mark)
}
