//! Which intervals are kept.

use super::RosterError;
use crate::catalog::Intervals;
use crate::lock::LockGuard;
use crate::model::Interval;
use crate::sys::Fs;

/// Adds or removes intervals, and returns those that are kept then.
///
/// # Errors
/// When the list cannot be read or replaced, or the lock is lost.
pub fn change_intervals(
    fs: &dyn Fs,
    held: &LockGuard<'_>,
    intervals: &[Interval],
    change: fn(&mut Intervals, Interval) -> bool,
) -> Result<Intervals, RosterError> {
    let mut kept = Intervals::load(fs, held.workspace())?.unwrap_or_default();
    for interval in intervals {
        change(&mut kept, *interval);
    }
    save(fs, held, &kept)?;
    Ok(kept)
}

/// Adds the intervals of a workspace that is made or added to: daily bars where none was ever chosen.
///
/// # Errors
/// As `change_intervals`.
pub(super) fn begin_intervals(
    fs: &dyn Fs,
    held: &LockGuard<'_>,
    wanted: &[Interval],
) -> Result<(), RosterError> {
    let found = Intervals::load(fs, held.workspace())?.unwrap_or_default();
    let is_fresh = found.as_slice().is_empty() && wanted.is_empty();
    let wanted = if is_fresh { &[Interval::D1] } else { wanted };
    change_intervals(fs, held, wanted, Intervals::add)?;
    Ok(())
}

fn save(fs: &dyn Fs, held: &LockGuard<'_>, kept: &Intervals) -> Result<(), RosterError> {
    if !kept.is_changed() {
        return Ok(());
    }
    held.confirm()?;
    let (temps, bytes) = (held.temps(), kept.to_bytes());
    Ok(Intervals::save(fs, &temps, held.workspace(), &bytes)?)
}
