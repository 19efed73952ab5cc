//! Series of which rows are known that are not stored: until these are back, or a person accepts that they are gone, every update
//! that asks for such a series says so.
//!
//! Promises: writes under the run lock only. What is back is written down as it is. What is missing is told of the series that are asked
//! about, and of each once that it has to be asked for again. Looking for each file of a series costs a question to the disk for each, and
//! opens those of a series of which one is gone. Leaves to others: what files hold that are there, which `look` holds against the records.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::compare::{Fault, Ranges, compare, is_outdated, record_of};
use super::note::{Lines, add, write};
use super::{InventoryError, Known};
use crate::catalog::Catalog;
use crate::ledger::{Line, SeriesRecord, read_record, read_records};
use crate::model::{Series, StorageRequest, Venue};
use crate::storage::StorageError;
use crate::workspace::{Session, Workspace};

/// Of so many series of a venue each record is sought by itself: it is found without the others being parsed.
const FEW: usize = 8;

/// What is looked for of a series of which nobody knows yet that rows are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookFor {
    /// Whether it is there, if it is one file.
    Series,
    /// Each of its files, by their names.
    Files,
}

/// A series of which rows are missing.
#[derive(Clone, Debug, PartialEq)]
pub struct LostRows {
    /// The series.
    pub request: StorageRequest,
    /// What is known of it.
    pub record: SeriesRecord,
    /// How many rows it has.
    pub there: u64,
    /// Of which partitions, as closed ranges that follow one another; empty where nobody knows.
    pub months: Ranges,
}

impl LostRows {
    /// Returns how many rows it has to have.
    pub fn known(&self) -> u64 {
        self.record.floor.unwrap_or(self.record.rows)
    }
}

/// Finds the series of some venues of which rows are missing, among those that `is_asked` names: those of which the ledger knows that
/// rows were written over or not found, and series of one file that is gone, or of any file. Others are not looked at, nor for their
/// one file those of which `is_there` tells that somebody has seen it.
///
/// # Errors
/// When records cannot be read or written. What cannot be looked at of a series is named by whoever reads it.
pub fn lost_rows<'v>(
    workspace: &Workspace<'_>,
    session: Session<'_>,
    catalog: &Catalog,
    venues: impl Iterator<Item = &'v Venue>,
    (is_asked, is_there): (
        impl Fn(&StorageRequest) -> bool,
        impl Fn(&StorageRequest) -> bool,
    ),
    look_for: LookFor,
) -> Result<Vec<LostRows>, InventoryError> {
    let Session { fs, places, .. } = session;
    let (mut lines, mut lost) = (Lines::new(), Vec::new());
    for venue in venues {
        let records = read_records(fs, places, venue)?.series;
        let asked = records.into_iter().filter(|(request, _)| is_asked(request));
        let is_seen = |(request, record): &(StorageRequest, SeriesRecord)| {
            look_for == LookFor::Series && record.is_exact() && is_there(request)
        };
        let asked: Vec<_> = asked.filter(|one| !is_seen(one)).collect();
        let looking = Looking {
            workspace,
            catalog,
            look_for,
        };
        let stand = asked
            .par_iter()
            .map(|(request, record)| looking.standing(request, record));
        let stand: Vec<Result<Standing, StorageError>> = stand.collect();
        for ((request, record), standing) in asked.into_iter().zip(stand) {
            match standing {
                Ok(Standing::Lost(there, months)) => lost.push(LostRows {
                    request,
                    record,
                    there,
                    months,
                }),
                Ok(Standing::Back(record)) => note(&mut lines, request, record),
                Ok(Standing::Well) | Err(_) => {}
            }
        }
    }
    write(session, lines)?;
    without_waiting(workspace, catalog, lost)
}

/// Finds the series of which rows are missing, among those that are known. A look: nothing is written down, and so no lock is taken.
///
/// # Errors
/// When nobody can say which rows wait. What cannot be looked at of a series is named by whoever reads it.
pub fn look_for_lost(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    known: &Known,
    look_for: LookFor,
) -> Result<Vec<LostRows>, InventoryError> {
    let looking = Looking {
        workspace,
        catalog,
        look_for,
    };
    let records = known.records.par_iter();
    let lost = records.filter_map(|(request, record)| looking.lost(request, record));
    without_waiting(workspace, catalog, lost.collect())
}

/// Finds those of some series of which rows are missing: each of their files is looked for.
///
/// # Errors
/// When records cannot be read, or nobody can say which rows wait. What cannot be looked at of a series is named by whoever reads it.
pub fn lost_among<'r>(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    series: impl Iterator<Item = &'r StorageRequest>,
) -> Result<Vec<LostRows>, InventoryError> {
    let mut by_venue: BTreeMap<&Venue, Vec<&StorageRequest>> = BTreeMap::new();
    for request in series {
        if let Some(venue) = &request.venue {
            by_venue.entry(venue).or_default().push(request);
        }
    }
    let mut known = Known::default();
    for (venue, series) in by_venue {
        let (fs, places) = (workspace.fs(), &workspace.places);
        if series.len() > FEW {
            let mut records = read_records(fs, places, venue)?.series;
            let records = series.iter().filter_map(|one| records.remove_entry(*one));
            known.records.extend(records);
            continue;
        }
        for request in series {
            let record = read_record(fs, places, request)?;
            let record = record.map(|record| (request.clone(), record));
            known.records.extend(record);
        }
    }
    look_for_lost(workspace, catalog, &known, LookFor::Files)
}

/// Leaves out what waits in staging or in a journal, which is not gone.
fn without_waiting(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    mut lost: Vec<LostRows>,
) -> Result<Vec<LostRows>, InventoryError> {
    if !lost.is_empty() {
        let view = workspace.view();
        let waiting = view.waiting(catalog, workspace.fs(), &workspace.places)?;
        lost.retain(|one| !waiting.contains(&one.request));
    }
    Ok(lost)
}

/// How the rows of a series stand.
enum Standing {
    Well,
    /// Rows that were missing are there again, and this is the record of all.
    Back(SeriesRecord),
    /// So many are there, and more were, in these partitions if anybody knows them.
    Lost(u64, Ranges),
}

/// A look at series.
#[derive(Clone, Copy)]
struct Looking<'l, 's> {
    workspace: &'l Workspace<'s>,
    catalog: &'l Catalog,
    look_for: LookFor,
}

impl Looking<'_, '_> {
    /// Says which rows of a series are missing; `None` where none is, and of what cannot be looked at.
    fn lost(self, request: &StorageRequest, record: &SeriesRecord) -> Option<LostRows> {
        match self.standing(request, record) {
            Ok(Standing::Lost(there, months)) => Some(LostRows {
                request: request.clone(),
                record: record.clone(),
                there,
                months,
            }),
            Ok(Standing::Back(_) | Standing::Well) | Err(_) => None,
        }
    }

    fn standing(
        self,
        request: &StorageRequest,
        record: &SeriesRecord,
    ) -> Result<Standing, StorageError> {
        let Self {
            workspace, catalog, ..
        } = self;
        if record.is_exact() {
            return self.of_known(request, record);
        }
        let Some(found) = workspace.files_of(catalog, request)? else {
            return Ok(Standing::Lost(0, Ranges::new()));
        };
        // Of a damaged file nobody knows how many rows it has: whoever reads it names it.
        let Some(lies) = record_of(&found) else {
            return Ok(Standing::Well);
        };
        Ok(if is_outdated(record, &found) {
            Standing::Back(lies)
        } else if record.floor.is_some_and(|floor| lies.rows < floor) {
            Standing::Lost(lies.rows, Ranges::new())
        } else {
            // As many as there have to be, in other files than are recorded: `look` names those.
            Standing::Well
        })
    }

    /// Says how a series stands of which nothing was known to be missing.
    fn of_known(
        self,
        request: &StorageRequest,
        record: &SeriesRecord,
    ) -> Result<Standing, StorageError> {
        let (workspace, catalog) = (self.workspace, self.catalog);
        if record.months.is_empty() {
            let is_gone = record.files > 0 && !workspace.route(catalog, request)?.has_rows;
            return Ok(if is_gone {
                Standing::Lost(0, Ranges::new())
            } else {
                Standing::Well
            });
        }
        let store = &workspace.stores.partitioned;
        if self.look_for == LookFor::Series || store.has_all(request, record.partitions())? {
            return Ok(Standing::Well);
        }
        let found = workspace.files_of(catalog, request)?;
        let faults = compare(record, found.as_ref());
        let files = found.iter().flat_map(|found| &found.files);
        let rows = files.filter_map(|file| Some(file.holds.as_ref().ok()?.rows.rows));
        let lost = faults.into_iter().find_map(|fault| match fault {
            Fault::Lost(months) => Some(months),
            Fault::Added(_) | Fault::Changed(_) => None,
        });
        Ok(lost.map_or(Standing::Well, |months| Standing::Lost(rows.sum(), months)))
    }
}

/// Writes down that the sources of these series were told to bring the missing rows again, so that they are told once.
///
/// # Errors
/// When the records cannot be written.
pub fn note_sought(session: Session<'_>, lost: &[LostRows]) -> Result<(), InventoryError> {
    let mut lines = Lines::new();
    for one in lost.iter().filter(|one| !one.record.is_sought) {
        let record = SeriesRecord {
            floor: Some(one.known()),
            is_sought: true,
            ..one.record.clone()
        };
        note(&mut lines, one.request.clone(), record);
    }
    write(session, lines)
}

/// Has a record written down. Of trades it would say that they begin anew, and bars were made of what is left of a day.
fn note(lines: &mut Lines, request: StorageRequest, record: SeriesRecord) {
    if !matches!(request.series, Series::Trades { .. }) {
        add(lines, Line::Found(request, record));
    }
}
