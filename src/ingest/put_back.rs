//! Rows that a series has lost and that somebody still has a copy of, on a person's word only.
//!
//! Promises: a series, of trades a day, gets all rows of its copy or none, in one group with their ledger lines; a damaged file in their place is
//! in quarantine before that. A row that is there is never changed, so doing it twice changes nothing. A series that cannot
//! take its rows costs no other one.
//! Leaves to others: which rows (`mirror`), showing them and asking (`cli`).

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::frame::{self, Frame};
use crate::ledger::{Ledgers, rows_out};
use crate::model::{Provenance, Series, StorageRequest};
use crate::storage::{Layout, Prepared, QuarantineRecord, StorageError};
use crate::workspace::{Session, View};

use super::IngestError;
use super::by_hand::{ByHand, HandWork, reason_left};

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
    /// How many rows each series got; of trades, each day.
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

/// Puts rows back into their series. The ledgers may be older than what was put back meanwhile into other files.
///
/// # Errors
/// When the disk refuses or the lock is lost. What was committed stays so; all else is as it was. What is done by then is added
/// to `done`.
pub fn put_back(
    view: View<'_>,
    session: Session<'_>,
    (catalog, ledgers): (&Catalog, &Ledgers),
    asked: &[PutBack],
    done: &mut Returned,
) -> Result<(), IngestError> {
    let mut restoring = Restoring {
        view,
        catalog,
        groups: ByHand::begin(session)?,
        ledgers,
        done,
    };
    let restored = restoring.carry_out(asked);
    restoring.groups.end(restored)
}

impl Returned {
    /// Counts the series that got rows.
    pub fn series_count(&self) -> usize {
        let series = self.series.iter().map(|(request, _)| request);
        series.collect::<BTreeSet<_>>().len()
    }
}

struct Restoring<'r, 'l> {
    view: View<'l>,
    catalog: &'r Catalog,
    groups: ByHand<'l>,
    ledgers: &'r Ledgers,
    done: &'r mut Returned,
}

impl Restoring<'_, '_> {
    /// Has the ledger not say of rows that a person took out that they came, too: they stood among those that come. Where an older
    /// copy lies in the place of a file, it says what was there before that.
    fn hold_against_ledger(
        &self,
        request: &StorageRequest,
        rows: &Frame,
        prepared: &mut Prepared,
    ) -> Result<(), StorageError> {
        let Session { fs, places, .. } = self.groups.session;
        let history = self.ledgers.history(fs, places, request)?;
        let out = rows_out(&history, rows.profile());
        for file in &mut prepared.files {
            let change = &mut file.change;
            change.rows.leave_out(rows, &out);
            let known = history.last_of(file.partition);
            change.was = known.filter(|known| change.old.is_some_and(|old| old != *known));
        }
        Ok(())
    }

    /// Returns what is stored where the rows go: of trades, of which no memory holds all, only of their days.
    fn stored(&self, layout: Layout, asked: &PutBack) -> Result<Option<Frame>, StorageError> {
        let PutBack { request, rows, .. } = asked;
        let stores = &self.view.stores;
        if !matches!(request.series, Series::Trades { .. }) {
            let stored = stores.of(layout).read(request)?;
            return Ok(stored.map(|stored| stored.frame));
        }
        let days = rows.partitions().into_keys().collect();
        let stored = stores.partitioned.read_alone(request, &days)?;
        Ok(Some(stored.frame))
    }
}

impl<'l> HandWork<'_, 'l> for Restoring<'_, 'l> {
    type Asked = PutBack;
    /// A series, and how many rows come.
    type Pending = (StorageRequest, usize);

    fn groups(&mut self) -> &mut ByHand<'l> {
        &mut self.groups
    }

    fn note_failure(&mut self, asked: &PutBack, error: StorageError) {
        self.done.failures.push((asked.request.clone(), error));
    }

    fn join(&mut self, asked: &PutBack) -> Result<Option<Self::Pending>, StorageError> {
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
        let missing = match self.stored(layout, asked)? {
            Some(there) => frame::without(rows, &there),
            None => rows.clone(),
        };
        let mut prepared = store.prepare(request, &missing, provenance)?;
        self.hold_against_ledger(request, &missing, &mut prepared)?;
        self.groups.put(&prepared, &mut self.done.kept)?;
        let rows = prepared.rows.added;
        Ok((rows > 0).then(|| (request.clone(), rows)))
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
