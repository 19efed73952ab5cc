//! Rows that a series has lost and that somebody still has a copy of, on a person's word only.
//!
//! Promises: a series gets all rows of its copy or none, in one group with their ledger lines; a damaged file in their place is
//! in quarantine before that. A row that is there is never changed, so doing it twice changes nothing. A series that cannot
//! take its rows costs no other one.
//! Leaves to others: which rows (`mirror`), showing them and asking (`cli`).

use crate::catalog::Catalog;
use crate::frame::{self, Frame};
use crate::model::{Provenance, StorageRequest};
use crate::storage::{QuarantineRecord, StorageError};
use crate::workspace::{Session, View};

use super::IngestError;
use super::by_hand::{ByHand, is_of_series, reason_left};

/// Rows that are to be put back into one series.
#[derive(Clone, Debug)]
pub struct PutBack {
    /// The series.
    pub request: StorageRequest,
    /// The rows.
    pub rows: Frame,
    /// What they say of themselves.
    pub provenance: Provenance,
}

/// What was put back.
#[derive(Debug, Default)]
pub struct Returned {
    /// How many rows each series got.
    pub series: Vec<(StorageRequest, usize)>,
    /// Damaged files that made room, and what else was put away.
    pub kept: Vec<QuarantineRecord>,
    /// Series that stay as they are, and why.
    pub failures: Vec<(StorageRequest, StorageError)>,
    /// Series whose files are in a journal, for the next run, and why.
    pub left: Vec<(StorageRequest, String)>,
    /// Things that a person should know.
    pub warnings: Vec<String>,
}

/// Puts rows back into their series.
///
/// # Errors
/// When the disk refuses or the lock is lost. What was committed stays so; all else is as it was. What is done by then is added
/// to `done`.
pub fn put_back(
    view: View<'_>,
    session: Session<'_>,
    catalog: &Catalog,
    asked: &[PutBack],
    done: &mut Returned,
) -> Result<(), IngestError> {
    let mut restoring = Restoring {
        view,
        catalog,
        groups: ByHand::begin(session)?,
        done,
    };
    let restored = restoring.all(asked);
    restoring.groups.end(restored)
}

struct Restoring<'r, 'l> {
    view: View<'l>,
    catalog: &'r Catalog,
    groups: ByHand<'l>,
    done: &'r mut Returned,
}

impl Restoring<'_, '_> {
    fn all(&mut self, asked: &[PutBack]) -> Result<(), IngestError> {
        let mut pending = Vec::new();
        for one in asked {
            if self.groups.session.stop.is_raised() {
                break;
            }
            match self.join(one) {
                Ok(0) => {}
                Ok(rows) => pending.push((one.request.clone(), rows)),
                Err(error) if is_of_series(&error) => {
                    self.done.failures.push((one.request.clone(), error));
                }
                Err(error) => return Err(error.into()),
            }
            if self.groups.is_full() {
                self.commit(std::mem::take(&mut pending))?;
            }
        }
        self.commit(pending)
    }

    /// Puts the new files of a series into the group, and returns how many rows come.
    fn join(&mut self, asked: &PutBack) -> Result<usize, StorageError> {
        let PutBack {
            request,
            rows,
            provenance,
        } = asked;
        self.groups.run.refuse_unfinished(request)?;
        let venue = request.partitioned()?.venue;
        let facts = self
            .view
            .routing_facts(self.catalog, venue, &request.series);
        let layout = self.view.stores.route(request, facts)?.route.layout;
        let store = self.view.stores.of(layout);
        // Whatever is stored was stored later than the copy was made.
        let stored = store.read(request)?.map(|stored| stored.frame);
        let missing = stored.map_or_else(|| rows.clone(), |there| frame::without(rows, &there));
        let prepared = store.prepare(request, &missing, provenance)?;
        self.groups.put(&prepared, &mut self.done.kept)?;
        Ok(prepared.rows.added)
    }

    fn commit(&mut self, pending: Vec<(StorageRequest, usize)>) -> Result<(), IngestError> {
        if pending.is_empty() {
            return Ok(());
        }
        let left = self.groups.commit(&mut self.done.warnings)?;
        for (request, rows) in pending {
            match reason_left(&left, &request) {
                Some(reason) => self.done.left.push((request, reason)),
                None => self.done.series.push((request, rows)),
            }
        }
        Ok(())
    }
}
