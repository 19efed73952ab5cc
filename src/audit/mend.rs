//! A repair as a whole: what can be taken out and put back, and doing what of it still holds.
//!
//! Promises: looking takes no lock and changes nothing. What is decided is decided again under the run lock: a row that has changed
//! since it was shown stays.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::repair::{agreed, plan, unmet};
use super::{AuditError, DamagedFile, RepairPlan, Restore, Subject};
use crate::catalog::Catalog;
use crate::ingest::{self, LeftoverReport, Registry, Returned, TakenOut};
use crate::inventory::{Asked, InventoryError};
use crate::model::StorageRequest;
use crate::workspace::{Session, Workspace};

/// A question about what can be repaired.
#[derive(Clone, Copy, Debug)]
pub struct Repair<'r> {
    /// The workspace.
    pub workspace: &'r Workspace<'r>,
    /// Which series are meant.
    pub asked: &'r Asked,
    /// Those of them that may have bars.
    pub subjects: &'r [Subject],
    /// Days of which a person says that they had no session.
    pub without_session: &'r BTreeSet<NaiveDate>,
    /// Whether a person says that the disk is there where no row lies at all.
    pub accepts_missing: bool,
}

/// What can be done.
#[derive(Debug, Default)]
pub struct Repairable {
    /// What can be taken out.
    pub out: RepairPlan,
    /// What can be put back.
    pub restore: Restore,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Repaired {
    /// What was taken out.
    pub taken: TakenOut,
    /// What was put back.
    pub returned: Returned,
    /// What stopped runs had left.
    pub leftovers: LeftoverReport,
    /// Rows that were shown, and have changed or could not go any more.
    pub outdated: usize,
    /// Rows that were shown, and were out or back when it was their turn, by series: a stopped repair is finished first.
    pub before: Vec<(StorageRequest, usize)>,
}

impl Repairable {
    /// Tells whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.out.series.is_empty() && self.restore.rows() == 0
    }
}

impl Repaired {
    /// Tells whether some of what was to be done was not.
    pub fn is_partial(&self) -> bool {
        !self.taken.failures.is_empty()
            || !self.taken.left.is_empty()
            || !self.returned.failures.is_empty()
            || !self.returned.left.is_empty()
            || !self.leftovers.failures.is_empty()
            || self.outdated > 0
    }

    /// Tells whether a damaged file is one of those that were put back.
    pub fn mends(&self, shown: &Repairable, file: &DamagedFile) -> bool {
        let of = (&file.request, file.partition);
        let returned = self.returned.series.iter().chain(&self.before);
        let returned = returned.map(|(request, _)| request).collect();
        shown.restore.mends(&returned, of)
    }
}

impl Repair<'_> {
    /// Plans what can be done.
    ///
    /// # Errors
    /// `DataAbsent` where nothing lies; when nobody can say which mirrors or series there are.
    pub fn plan(&self, catalog: &Catalog) -> Result<Repairable, AuditError> {
        self.refuse_absent(catalog)?;
        let out = self.plan_out(catalog, self.subjects);
        let restore = Restore::find(self.workspace, catalog, self.asked)?;
        Ok(Repairable { out, restore })
    }

    fn refuse_absent(&self, catalog: &Catalog) -> Result<(), AuditError> {
        if !self.accepts_missing {
            let absent = self.workspace.view().data_root(catalog).refuse_absent();
            absent.map_err(InventoryError::from)?;
        }
        Ok(())
    }

    fn plan_out(&self, catalog: &Catalog, subjects: &[Subject]) -> RepairPlan {
        let around = (self.workspace, catalog);
        plan(subjects, around, self.without_session)
    }

    /// Does what was shown, as far as it is still so, once what stopped runs left is finished.
    ///
    /// # Errors
    /// `Shut` when the data root takes no files; when the disk refuses, or the lock is lost.
    pub fn carry_out(
        &self,
        session: Session<'_>,
        shown: &Repairable,
    ) -> Result<Repaired, AuditError> {
        let workspace = self.workspace;
        let mut registry = Registry::load_or_empty(session.fs, &session.places.root)?;
        let mut done = Repaired {
            leftovers: ingest::finish_leftovers(workspace.view(), session, &mut registry)?,
            ..Repaired::default()
        };
        if let Some(reason) = done.leftovers.data.refusal() {
            let reason = reason.to_owned();
            return Err(AuditError::Shut { reason });
        }
        self.refuse_absent(registry.catalog())?;
        let of_shown = shown.out.series.iter();
        let of_shown: BTreeSet<_> = of_shown
            .map(|one| one.take.request.series.ticker())
            .collect();
        let is_shown = |subject: &&Subject| of_shown.contains(&Some(&subject.ticker));
        let again: Vec<Subject> = self.subjects.iter().filter(is_shown).cloned().collect();
        let now = self.plan_out(registry.catalog(), &again);
        let agreed = agreed(&shown.out.series, now.series);
        let around = (workspace, registry.catalog());
        let unmet = unmet(&shown.out.series, &agreed, around);
        (done.outdated, done.before) = (unmet.outdated, unmet.before);
        let stores = &workspace.stores;
        ingest::take_out(stores, session, &mut registry, &agreed, &mut done.taken)?;
        let catalog = registry.catalog();
        let (around, of) = ((workspace, session), (catalog, self.asked));
        let unmet = shown.restore.put_back(around, of, &mut done.returned)?;
        done.outdated += unmet.outdated;
        done.before.extend(unmet.before);
        Ok(done)
    }
}
