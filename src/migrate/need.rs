//! Whether the disk has what a migration needs at its worst moment.

use std::path::{Path, PathBuf};

use super::{
    Choices, Estimate, LegacyFiles, MigrateError, PlannedInterval, Proofs, Sides, estimate,
};
use crate::sys::{Fs, Space};

/// What is to be left beside the estimate, in percent of it and in bytes.
const MARGIN_PERCENT: u64 = 15;
const MARGIN_BYTES: u64 = 16 << 20;

/// What all chosen intervals need at the worst moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Bytes beside what is there now.
    pub bytes: u64,
    /// Names beside what is there now.
    pub inodes: u64,
}

/// What a disk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Bytes that are missing, if any.
    pub bytes: Option<u64>,
    /// Names that are missing, if any.
    pub inodes: Option<u64>,
}

impl Need {
    /// Returns what intervals need that are migrated one after the other. Legacy files that are removed after each make
    /// room for the next.
    pub fn of(estimates: &[Estimate], removes_legacy: bool) -> Self {
        let mut need = Self::default();
        let (mut bytes, mut inodes) = (0_i128, 0_i128);
        for estimate in estimates {
            bytes += i128::from(estimate.bytes);
            inodes += i128::from(estimate.inodes);
            need.bytes = need.bytes.max(u64::try_from(bytes).unwrap_or(0));
            need.inodes = need.inodes.max(u64::try_from(inodes).unwrap_or(0));
            if removes_legacy {
                bytes -= i128::from(estimate.legacy_bytes);
                inodes -= estimate.tickers as i128;
            }
        }
        need
    }

    /// Returns what is missing on the disk of the data root; `None` when there is enough.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn missing(self, fs: &dyn Fs, data: &Path) -> Result<Option<Missing>, MigrateError> {
        let space = fs.space(data)?;
        let with_margin = |need: u64| need.saturating_add(need / 100 * MARGIN_PERCENT);
        let bytes = match self.bytes {
            0 => 0,
            bytes => with_margin(bytes).saturating_add(MARGIN_BYTES),
        };
        let missing = Missing {
            bytes: bytes.checked_sub(space.bytes).filter(|more| *more > 0),
            inodes: space
                .inodes
                .and_then(|free| with_margin(self.inodes).checked_sub(free))
                .filter(|more| *more > 0),
        };
        Ok((missing.bytes.is_some() || missing.inodes.is_some()).then_some(missing))
    }
}

/// What a migration takes, and what the disk has for it.
#[derive(Clone, Debug)]
pub struct Means {
    /// What each interval needs.
    pub estimates: Vec<Estimate>,
    /// What all of them need.
    pub need: Need,
    /// A folder on the disk.
    pub at: PathBuf,
    /// What is free there.
    pub free: Space,
    /// What of the need is missing.
    pub missing: Option<Missing>,
}

/// Measures what intervals need; `is_exact` builds the months of every ticker rather than of some.
///
/// # Errors
/// When the disk cannot be asked, or a journal of proofs is damaged.
pub fn measure(
    sides: Sides<'_>,
    chosen: &[PlannedInterval],
    choices: impl Fn(&PlannedInterval) -> Choices,
    legacy: LegacyFiles,
    is_exact: bool,
) -> Result<Means, MigrateError> {
    let mut estimates = Vec::new();
    for planned in chosen {
        let proofs = Proofs::load(sides.fs, sides.places, &planned.tuple)?;
        let (choices, tuple) = (choices(planned), &planned.tuple);
        estimates.push(estimate(sides, &choices, tuple, &proofs, is_exact)?);
    }
    let need = Need::of(&estimates, legacy == LegacyFiles::Go);
    let at = space_at(sides)?;
    Ok(Means {
        missing: need.missing(sides.fs, &at)?,
        free: sides.fs.space(&at)?,
        estimates,
        need,
        at,
    })
}

/// Returns where space is needed.
pub(super) fn space_at(sides: Sides<'_>) -> Result<PathBuf, MigrateError> {
    let data = &sides.places.data;
    let is_there = sides.fs.metadata(data)?.is_some();
    Ok(if is_there {
        data.clone()
    } else {
        sides.places.root.clone()
    })
}
