//! Rows that are taken out of series, on a person's word only.
//!
//! Promises: at every moment and after every crash either all rows of a series that were asked for are there, or they are out,
//! in quarantine and in the ledger; tickers.json is committed with them. A month that is left without a row is thrown away
//! after that. A series that cannot be changed stays as it is and costs no other one.
//! Leaves to others: which rows (`check`), showing them and asking (`cli`).

use std::path::PathBuf;

use chrono::NaiveDate;

use crate::frame::Frame;
use crate::model::{PartitionKey, Series, StorageRequest, time};
use crate::storage::{InPieces, Layout, QuarantineRecord, StorageError, Stores, Unwanted, Without};
use crate::workspace::Session;

use super::by_hand::{ByHand, HandWork, reason_left};
use super::{IngestError, Registry};

/// What is to be taken out of one series.
#[derive(Clone, Debug)]
pub struct TakeOut {
    /// The series.
    pub request: StorageRequest,
    /// Where its rows lie.
    pub layout: Layout,
    /// The rows, and why each.
    pub unwanted: Unwanted,
    /// The day of the newest row that stays; `None` when none does.
    pub newest: Option<NaiveDate>,
}

/// What was taken out.
#[derive(Debug, Default)]
pub struct TakenOut {
    /// The rows of each series that are out.
    pub series: Vec<(StorageRequest, Frame)>,
    /// Files without a row that were thrown away.
    pub emptied: Vec<PathBuf>,
    /// The files in which the rows are kept.
    pub kept: Vec<QuarantineRecord>,
    /// Series that stay as they are, and why.
    pub failures: Vec<(StorageRequest, StorageError)>,
    /// Series whose files are in a journal, for the next run, and why.
    pub left: Vec<(StorageRequest, String)>,
    /// Things that a person should know.
    pub warnings: Vec<String>,
    /// Whether the run was asked to stop before the end.
    pub is_cut_short: bool,
}

/// A series whose files are in the group that is being built.
struct Pending<'t> {
    asked: &'t TakeOut,
    removed: Frame,
    emptied: Vec<PathBuf>,
    /// The last of the files that were written, with its length.
    last_file: Option<(PartitionKey, u64)>,
}

/// Takes rows out of series.
///
/// # Errors
/// When the disk refuses or the lock is lost. What was committed stays so; all else is as it was. What is done by then is added
/// to `done`.
pub fn take_out(
    stores: &Stores,
    session: Session<'_>,
    registry: &mut Registry,
    asked: &[TakeOut],
    done: &mut TakenOut,
) -> Result<(), IngestError> {
    let mut removal = Removal {
        stores,
        registry,
        groups: ByHand::begin(session)?,
        done,
    };
    let taken = removal.carry_out(asked);
    removal.groups.end(taken)
}

struct Removal<'r, 'l> {
    stores: &'r Stores,
    registry: &'r mut Registry,
    groups: ByHand<'l>,
    done: &'r mut TakenOut,
}

impl<'t, 'l> HandWork<'t, 'l> for Removal<'_, 'l> {
    type Asked = TakeOut;
    type Pending = Pending<'t>;

    fn groups(&mut self) -> &mut ByHand<'l> {
        &mut self.groups
    }

    fn note_failure(&mut self, asked: &'t TakeOut, error: StorageError) {
        self.done.failures.push((asked.request.clone(), error));
    }

    fn note_stop(&mut self) {
        self.done.is_cut_short = true;
    }

    fn join(&mut self, asked: &'t TakeOut) -> Result<Option<Pending<'t>>, StorageError> {
        let TakeOut {
            request,
            layout,
            unwanted,
            ..
        } = asked;
        self.groups.run.refuse_unfinished(request)?;
        let without = self.stores.prepare_without(request, *layout, unwanted)?;
        if without.is_nothing() {
            return Ok(None);
        }
        let Without {
            prepared,
            removed,
            emptied,
        } = without;
        self.groups.put(&prepared, &mut self.done.kept)?;
        let files = prepared.files.iter();
        let lengths = files.map(|file| (file.partition, file.bytes.len() as u64));
        Ok(Some(Pending {
            asked,
            removed,
            emptied,
            last_file: lengths.max_by_key(|(partition, _)| *partition),
        }))
    }

    /// Commits the group with the registry entries of its series, then throws away the files that are left without a row.
    fn commit(&mut self, pending: Vec<Pending<'t>>) -> Result<(), IngestError> {
        if pending.is_empty() {
            return Ok(());
        }
        let fs = self.groups.session.fs;
        self.registry.refresh(fs)?;
        for series in &pending {
            self.record(series);
        }
        let documents = self.registry.documents(fs)?;
        let mut files = documents.iter();
        files.try_for_each(|file| self.groups.run.put_document(file))?;
        let left = self.groups.commit(&mut self.done.warnings)?;
        self.registry.committed(&documents);
        let mut emptied = Vec::new();
        for series in pending {
            let request = series.asked.request.clone();
            if let Some(reason) = reason_left(&left, &request) {
                self.done.left.push((request, reason));
                continue;
            }
            emptied.extend(series.emptied);
            self.done.series.push((request, series.removed));
        }
        // A crash before this leaves files without rows, which harm nobody and which the next repair takes away.
        match self.groups.run.trash(&emptied, InPieces::Refused) {
            Err(error) if error.is_of_place() => self.done.warnings.push(error.to_string()),
            thrown => {
                thrown?;
                self.done.emptied.extend(emptied);
            }
        }
        Ok(())
    }
}

impl Removal<'_, '_> {
    /// Makes the registry know what is left, so that nobody takes the rows for lost and asks for them again.
    fn record(&mut self, series: &Pending<'_>) {
        let TakeOut {
            request, newest, ..
        } = series.asked;
        let (Some(venue), Series::Bars { ticker, interval }) = (&request.venue, &request.series)
        else {
            return;
        };
        let catalog = self.registry.catalog_mut();
        let Some(known) = catalog.last_data_date(ticker, venue, *interval) else {
            return;
        };
        let last_removed = series.removed.span().map(|(_, last)| time::day(last));
        if newest.is_none_or(|newest| newest < known) {
            // Rows beyond those that went are missing for another reason, which planning tells.
            if last_removed >= Some(known) {
                catalog.set_back(ticker, venue, *interval, *newest);
            }
            return;
        }
        let of_newest = |(partition, _): &(PartitionKey, u64)| {
            let days = partition.days();
            days.is_none_or(|(first, last)| (first..=last).contains(&known))
        };
        if let Some((_, bytes)) = series.last_file.filter(of_newest) {
            catalog.record_newest_bytes(ticker, venue, *interval, bytes);
        }
    }
}
