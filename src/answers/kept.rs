//! Answers of a source in the vault, as they were received, where the settings say so.
//!
//! Promises: what was received is durable before the rows that were made of it are committed. A vault that takes no files keeps
//! nobody from collecting: that is told once a run.

use crate::model::Venue;
use crate::source::{Download, MarketDataSource, VaultSpec};
use crate::vault::{Keeper, Retention, Shelf, VaultError, forget};
use crate::workspace::Session;

/// The answers of one source.
#[derive(Debug)]
pub struct KeptAnswers<'l> {
    venue: Venue,
    keeper: Keeper<'l>,
    shelf: Shelf,
    spec: VaultSpec,
    session: Session<'l>,
    /// Whether the vault takes no files, which was told.
    is_shut: bool,
}

impl<'l> KeptAnswers<'l> {
    /// Returns where the answers of a source are kept; `None` where they are not.
    pub fn of(source: &dyn MarketDataSource, session: Session<'l>) -> Option<Self> {
        let Session {
            fs, held, places, ..
        } = session;
        let spec = source.vault()?;
        Some(Self {
            venue: source.venue().clone(),
            keeper: Keeper::of(fs, held, &places.vault(), session.runs.next()),
            shelf: Shelf::from(source.venue()),
            spec,
            session,
            is_shut: false,
        })
    }

    /// Does something as long as the vault takes files. Where it does not, that is told, and nothing more is done.
    fn unless_shut(
        &mut self,
        warnings: &mut Vec<String>,
        act: impl FnOnce(&mut Self) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        if self.is_shut {
            return Ok(());
        }
        match act(self) {
            Err(error) if error.is_of_place() => {
                self.is_shut = true;
                let venue = &self.venue;
                let text = format!("{venue}: its answers are not kept in the vault: {error}");
                warnings.push(text);
                Ok(())
            }
            done => done,
        }
    }

    /// Keeps what a job heard.
    ///
    /// # Errors
    /// When the lock is lost.
    pub fn keep(
        &mut self,
        downloads: &[Download],
        warnings: &mut Vec<String>,
    ) -> Result<(), VaultError> {
        let now = self.session.clock.now();
        self.unless_shut(warnings, |kept| {
            let place = (&kept.shelf, now.date_naive());
            let mut downloads = downloads.iter();
            downloads.try_for_each(|one| kept.keeper.add(place, &one.name, now, &one.bytes))
        })
    }

    /// Makes what was kept durable.
    ///
    /// # Errors
    /// As `keep`.
    pub fn settle(&mut self, warnings: &mut Vec<String>) -> Result<(), VaultError> {
        self.unless_shut(warnings, |kept| kept.keeper.settle())
    }

    /// Makes one pack of the parts of each day that is over, and forgets days that need not be kept.
    ///
    /// # Errors
    /// As `keep`; when a file cannot be read.
    pub fn tidy(&mut self, warnings: &mut Vec<String>) -> Result<(), VaultError> {
        self.unless_shut(warnings, Self::pack_and_forget)
    }

    fn pack_and_forget(&mut self) -> Result<(), VaultError> {
        let today = self.session.clock.now().date_naive();
        for day in self.keeper.vault().days(&self.shelf)?.into_keys() {
            if day < today {
                self.keeper.merge((&self.shelf, day), &|_| true)?;
            }
        }
        let retention = Retention {
            days: Some(self.spec.days),
            bytes: Some(self.spec.bytes),
        };
        // Nothing but a replay reads them: rows that did not come to be stored are asked for again.
        forget(
            &mut self.keeper,
            &self.shelf,
            (retention, today),
            &|_, _| true,
        )?;
        Ok(())
    }
}
