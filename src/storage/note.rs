//! The lines of a group in the ledger.
//!
//! Promises: each file of a series that joins a group has its line in a ledger that is a file of the same group; older rows
//! that a line does not tell are in a file beside it, which is one too. Leaves to others: what the lines say (`ledger`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::ledger::{FileLine, Line, Past, group_file};
use crate::model::{PartitionKey, StorageRequest, Venue};
use crate::sys::{Fs, Rights, rights_of};

use super::area::Area;
use super::kept::kept_file;
use super::waiting::Waiting;
use super::{Custody, Document, Prepared, PreparedFile, QuarantineRecord, Replaced, StorageError};

/// How many replaced values of one file are listed at most, if they take more than the older file, which is kept then.
const MOST_LISTED: usize = 512;

/// What a replaced value takes in a line, about.
const VALUE_BYTES: usize = 64;

/// What the ledger says of the group that is being built.
#[derive(Debug, Default)]
pub(super) struct Notes {
    lines: BTreeMap<Venue, Vec<Line>>,
    /// When its last series joined.
    at: Option<DateTime<Utc>>,
    /// What the files grant whose values are in the lines.
    rights: Option<Rights>,
    /// Series of which the group has the first files. Of a series that joins in several parts only the first line begins it.
    begun: BTreeSet<StorageRequest>,
    /// How many groups the run has had.
    groups: usize,
}

impl Notes {
    /// Forgets a group that is not committed.
    pub(super) fn forget_group(&mut self) {
        self.lines.clear();
        self.begun.clear();
        (self.at, self.rights) = (None, None);
    }

    /// Notes what joins the group.
    pub(super) fn note(
        &mut self,
        fs: &dyn Fs,
        prepared: &Prepared,
        custody: &Custody<'_, '_>,
        cases: &[(PartitionKey, QuarantineRecord)],
    ) -> Result<(), StorageError> {
        let Some(venue) = prepared.request.venue.as_ref() else {
            return Ok(());
        };
        if prepared.files.is_empty() {
            return Ok(());
        }
        let begins = prepared.is_new && !self.begun.contains(&prepared.request);
        let mut rights = self.rights;
        let mut lines = Vec::with_capacity(prepared.files.len());
        for file in &prepared.files {
            let past = past(prepared, file, custody, cases);
            if let Past::Changed(changes) | Past::Copied(changes) = &past
                && changes.takes_away()
            {
                let of_file = rights_of(fs, &file.target)?;
                rights = Rights::of_both(Rights::of_both(rights, prepared.origin), of_file);
            }
            lines.push(Line::File(Box::new(FileLine {
                series: prepared.request.clone(),
                partition: file.partition,
                begins: begins && lines.is_empty(),
                old: file.change.old,
                was: file.change.was,
                new: file.change.new,
                span: file.change.span.clone(),
                facts: file.change.facts,
                past,
            })));
        }
        let of_venue = self.lines.entry(venue.clone()).or_default();
        of_venue.extend(lines);
        self.at = self.at.max(Some(custody.at));
        self.rights = rights;
        self.begun.extend(begins.then(|| prepared.request.clone()));
        Ok(())
    }

    /// Hands out the ledgers of the group, under names that no journal has taken.
    pub(super) fn take_ledgers(
        &mut self,
        area: &Area<'_>,
        waiting: &Waiting,
    ) -> Result<Vec<Document>, StorageError> {
        let lines = std::mem::take(&mut self.lines);
        self.begun.clear();
        let at = self.at.take().unwrap_or_default();
        let rights = self.rights.take();
        let mut ledgers = Vec::with_capacity(lines.len());
        for (venue, lines) in lines {
            let ledger = loop {
                self.groups += 1;
                let group = (area.id(), self.groups);
                let (path, bytes) = group_file(area.fs, area.places, &venue, group, at, &lines)?;
                // A group that this run could not bring to its place has this name already.
                if waiting.refuse_listed(&path).is_ok() {
                    break Document::new(path, None, bytes);
                }
            };
            ledgers.push(ledger.from_file(rights));
        }
        Ok(ledgers)
    }
}

/// Returns the files that are kept because too many of their values are replaced to list them.
pub(super) fn keepsakes(
    area: &Area<'_>,
    prepared: &Prepared,
    custody: &Custody<'_, '_>,
) -> Result<Vec<Document>, StorageError> {
    let mut kept = Vec::new();
    let Some(venue) = &prepared.request.venue else {
        return Ok(kept);
    };
    for file in &prepared.files {
        let (Some(name), Some(bytes)) = (kept_name(prepared, file, custody), &file.replaced) else {
            continue;
        };
        let path = area.places.ledger(venue).join(name);
        // Its name says what is in it.
        if area.fs.metadata(&path)?.is_none() {
            let rights = rights_of(area.fs, &file.target)?;
            let rights = Rights::of_both(prepared.origin, rights);
            kept.push(Document::new(path, None, bytes.to_vec()).from_file(rights));
        }
    }
    Ok(kept)
}

/// Returns the name that the older file has beside the ledger, if it is kept there.
fn kept_name(
    prepared: &Prepared,
    file: &PreparedFile,
    custody: &Custody<'_, '_>,
) -> Option<String> {
    let bytes = file.replaced.as_ref()?;
    let changes = &file.change.rows;
    let values = changes.replaced.len();
    let is_moved = prepared.factor.is_some() && values > 0;
    let is_long = values > MOST_LISTED && values.saturating_mul(VALUE_BYTES) > bytes.len();
    let is_kept =
        custody.replaced == Replaced::Noted && changes.removed.is_none() && (is_moved || is_long);
    is_kept.then(|| kept_file(bytes))
}

fn past(
    prepared: &Prepared,
    file: &PreparedFile,
    custody: &Custody<'_, '_>,
    cases: &[(PartitionKey, QuarantineRecord)],
) -> Past {
    match custody.replaced {
        Replaced::Known => return Past::Moved,
        Replaced::Copied => return Past::Copied(file.change.rows.clone()),
        Replaced::Noted => {}
    }
    if let Some(file) = kept_name(prepared, file, custody) {
        let factor = prepared.factor;
        return Past::Kept { file, factor };
    }
    let mut damaged = prepared.damaged.iter();
    if damaged.any(|damage| damage.partition == file.partition) {
        let mut cases = cases.iter();
        let case = cases.find(|(partition, _)| *partition == file.partition);
        // Without a case its bytes were deleted, as the user chose.
        let case = case.map(|(_, record)| record.case()).unwrap_or_default();
        return Past::Damaged { case };
    }
    Past::Changed(file.change.rows.clone())
}
