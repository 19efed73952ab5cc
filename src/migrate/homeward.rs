//! Where the legacy files of a rollback have to stand in the end: where the predecessor looks for them.
//!
//! Promises: a file goes to its flat folder by one rename, or durably as a copy where that is another disk, and never over
//! a file that is there. Wherever a crash leaves it, it is read from there.

use std::path::{Path, PathBuf};

use super::adopt::{Moved, adopt, adoptables, carry, remove_if_empty};
use super::adoptions::Adoptions;
use super::{Failed, MigrateError, Mover, Refusal, RollbackReport, Sides, Survey, VenueInterval};
use crate::layout::LegacyPathBuilder;
use crate::model::Ticker;
use crate::storage::{self, StorageError, create_data_dirs};
use crate::sys::atomic::{create_dirs, parent};

/// Where legacy files go back to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Homes {
    /// Those that were adopted to the flat folder, the others to `data/legacy`.
    #[default]
    AsAdopted,
    /// All to the flat folder: an earlier build adopted them and did not write it down.
    Flat,
}

/// Which of the two folders is the home of each ticker of an interval.
#[derive(Debug)]
pub(super) struct Homeward {
    adoptions: Adoptions,
    is_flat: bool,
    paths: LegacyPathBuilder,
    tuple: VenueInterval,
    /// Whether the venue is the one that the flat folder is for; any other has one folder, of its own.
    is_shared: bool,
}

impl Homeward {
    pub(super) fn of(
        sides: Sides<'_>,
        tuple: &VenueInterval,
        homes: Homes,
    ) -> Result<Self, MigrateError> {
        let Sides { fs, places, .. } = sides;
        let adoptions = Adoptions::load(fs, places, tuple.interval)?;
        let is_shared = !sides
            .stores
            .legacy
            .places()
            .owners()
            .has_own_folder(&tuple.venue);
        Ok(Self {
            is_flat: is_shared && (homes == Homes::Flat || adoptions.is_all_flat()),
            is_shared,
            adoptions,
            paths: LegacyPathBuilder::new(&places.root),
            tuple: tuple.clone(),
        })
    }

    /// Tells whether the file of a ticker belongs into the flat folder.
    pub(super) fn is_flat(&self, ticker: &Ticker) -> bool {
        self.is_flat || (self.is_shared && self.adoptions.has(ticker))
    }

    /// Makes the folder that the legacy store writes new files to, and merges files that lie in several folders, so that
    /// nobody has two. Those that cannot be merged fail their ticker.
    pub(super) fn prepare(
        &self,
        mover: Mover<'_>,
        report: &mut RollbackReport,
    ) -> Result<(), MigrateError> {
        let Sides { fs, places, .. } = mover.sides;
        if !self.is_shared {
            return self.prepare_own(mover, report);
        }
        let mut twice = adoptables(mover.sides, std::slice::from_ref(&self.tuple))?;
        twice.retain(|adoptable| adoptable.is_taken && self.is_flat(&adoptable.ticker));
        if !twice.is_empty() {
            let adopted = adopt(mover, &twice)?;
            report.kept.extend(adopted.kept);
            for (path, reason) in adopted.refused {
                let of_path = twice.iter().find(|adoptable| adoptable.path == path);
                if let Some(ticker) = of_path.map(|adoptable| adoptable.ticker.clone()) {
                    let refusal = Refusal::Storage(StorageError::Place { path, reason });
                    report.failures.push(Failed { ticker, refusal });
                }
            }
        }
        let settled = self.paths.tree(self.tuple.interval);
        // The legacy store writes to this folder once it is there, whatever else lies in the workspace.
        if self.is_flat && fs.metadata(&settled)?.is_none() {
            create_dirs(fs, &places.root, &self.flat())?;
        } else {
            create_data_dirs(fs, places, &settled)?;
        }
        Ok(())
    }

    /// The same for a venue with a folder of its own: what older builds left in the shared ones moves there.
    fn prepare_own(
        &self,
        mover: Mover<'_>,
        report: &mut RollbackReport,
    ) -> Result<(), MigrateError> {
        let VenueInterval { venue, interval } = &self.tuple;
        let mut lodgers = Vec::new();
        for (ticker, _) in Survey::of(mover.sides, &self.tuple)?.tickers {
            lodgers.extend(storage::lodgers_of(
                mover.sides.stores.legacy.places(),
                &ticker,
                *interval,
            )?);
        }
        lodgers.retain(|lodger| lodger.request.venue.as_ref() == Some(venue));
        if lodgers.is_empty() {
            return Ok(());
        }
        let (done, kept) = mover.rehouse(&lodgers)?;
        report.kept.extend(kept);
        for (path, reason) in done.left {
            let of_path = lodgers.iter().find(|lodger| lodger.path == path);
            if let Some(ticker) = of_path.and_then(|lodger| lodger.request.series.ticker()) {
                let refusal = Refusal::Storage(StorageError::Place { path, reason });
                let ticker = ticker.clone();
                report.failures.push(Failed { ticker, refusal });
            }
        }
        Ok(())
    }

    /// Puts every file of the interval where it belongs. One that cannot be put there fails its ticker.
    pub(super) fn bring(
        &self,
        mover: Mover<'_>,
        report: &mut RollbackReport,
    ) -> Result<(), MigrateError> {
        if !self.is_shared {
            return Ok(());
        }
        let Sides { fs, places, .. } = mover.sides;
        let (flat, settled) = (self.flat(), self.paths.tree(self.tuple.interval));
        let mut wanted: Vec<(Ticker, PathBuf, PathBuf)> = Vec::new();
        for (ticker, _) in Survey::of(mover.sides, &self.tuple)?.tickers {
            let places = [&settled, &flat].map(|tree| self.paths.file_in(tree, &ticker));
            let [Some(from), Some(to)] = places else {
                continue;
            };
            if self.is_flat(&ticker) && fs.metadata(&from)?.is_some() {
                wanted.push((ticker, from, to));
            }
        }
        if !wanted.is_empty() {
            mover.held.confirm()?;
            create_dirs(fs, &places.root, &flat)?;
        }
        let mut renamed = false;
        for (ticker, from, to) in wanted {
            match bring_one(mover, &from, &to) {
                Ok(moved) => renamed |= moved == Moved::Renamed,
                // One bad folder costs the files in it.
                Err(MigrateError::Storage(error)) if error.is_of_place() => {
                    let refusal = Refusal::Storage(error);
                    report.failures.push(Failed { ticker, refusal });
                }
                Err(error) => return Err(error),
            }
        }
        if renamed {
            // First where they are, then where they are no longer.
            fs.sync_dir(&flat)?;
            fs.sync_dir(&settled)?;
        }
        if self.is_flat {
            remove_if_empty(fs, &settled)?;
            remove_if_empty(fs, parent(&settled))?;
        }
        Ok(())
    }

    fn flat(&self) -> PathBuf {
        self.paths.flat_tree(self.tuple.interval)
    }
}

fn bring_one(mover: Mover<'_>, from: &Path, to: &Path) -> Result<Moved, MigrateError> {
    if mover.sides.fs.metadata(to)?.is_some() {
        return Err(StorageError::Place {
            path: to.to_owned(),
            reason: "a file is there already".to_owned(),
        }
        .into());
    }
    match carry(mover, from, to) {
        Err(MigrateError::Fs(error)) => Err(StorageError::Fs(error).into()),
        carried => carried,
    }
}
