//! Many files of a ledger as few: each group has a file of its own, and some of them become one.
//!
//! Promises: at every moment, and after every crash, each line is read exactly once: the merged file is durable before what
//! it covers is removed, and what it covers is not read beside it. A line is rewritten as often as its file doubles. What is
//! damaged is neither merged nor removed. Leaves to others: that nobody writes meanwhile (`storage`).

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::names::{Listing, listing, names};
use super::{LedgerError, base, read_records};
use crate::layout::Places;
use crate::lock::LockGuard;
use crate::model::{Venue, sealed};
use crate::sys::atomic::{TempNames, replace_from};
use crate::sys::{Fs, Kind, Rights, rights_of};

/// How long a merged file may become.
const MOST_BYTES: u64 = 64 << 20;

/// Tells whether more than `most` files of single groups lie in the ledger of a venue, or files that are in a merged one.
///
/// # Errors
/// When the folder cannot be listed.
pub fn is_merge_due(
    fs: &dyn Fs,
    places: &Places,
    venue: &Venue,
    most: usize,
) -> Result<bool, LedgerError> {
    let Listing { live, covered } = listing(fs, places, venue)?;
    let single = live.iter().filter(|(_, numbers)| is_single(numbers));
    Ok(!covered.is_empty() || single.count() > most)
}

/// Tells whether readers of all records would go through much of a ledger that was not summed up yet.
///
/// # Errors
/// When the folder cannot be listed.
pub fn is_sum_due(fs: &dyn Fs, places: &Places, venue: &Venue) -> Result<bool, LedgerError> {
    base::is_due(fs, places, venue)
}

/// Sums up a ledger, so that nobody need read all of it to know its records. The caller sees to it that no group waits for its commit
/// to be completed.
///
/// # Errors
/// When the lock was lost or the disk refuses.
pub fn sum_up(
    fs: &dyn Fs,
    held: &LockGuard<'_>,
    places: &Places,
    venue: &Venue,
    temps: &TempNames,
) -> Result<(), LedgerError> {
    held.confirm()?;
    let last = names(fs, places, venue)?;
    let Some(last) = last.iter().map(|(_, numbers)| *numbers.end()).max() else {
        return Ok(());
    };
    let records = read_records(fs, places, venue)?;
    base::write(fs, places, venue, temps, (last, records))
}

/// Merges the files of single groups, if there are more than `most`, and those of earlier merges that are not much longer.
/// The caller sees to it that no group waits
/// for its commit to be completed.
///
/// # Errors
/// When the lock was lost or the disk refuses. No line is lost.
pub fn merge_files(
    fs: &dyn Fs,
    held: &LockGuard<'_>,
    places: &Places,
    venue: &Venue,
    temps: &TempNames,
    most: usize,
) -> Result<(), LedgerError> {
    held.confirm()?;
    let taken = Taken::of(fs, &names(fs, places, venue)?)?;
    if taken.single > most
        && let (Some(first), Some(last)) = (taken.files.first(), taken.files.last())
        && first.1.start() < last.1.end()
    {
        let name = format!("{:08}-{:08}.jsonl", first.1.start(), last.1.end());
        let path = places.ledger(venue).join(name);
        // Before the file that an earlier base ends with becomes part of a longer one.
        let records = read_records(fs, places, venue)?;
        let bodies: Vec<&[u8]> = taken.bodies.iter().map(Vec::as_slice).collect();
        let bytes = sealed::seal(bodies.join(&b"\n"[..]));
        replace_from(fs, temps, &path, &bytes, taken.rights)?;
        base::write(fs, places, venue, temps, (*last.1.end(), records))?;
    }
    remove_covered(fs, places, venue)
}

fn is_single(numbers: &RangeInclusive<u32>) -> bool {
    numbers.start() == numbers.end()
}

/// The newest files, as many as become one.
#[derive(Default)]
struct Taken {
    /// Oldest first.
    files: Vec<(PathBuf, RangeInclusive<u32>)>,
    bodies: Vec<Vec<u8>>,
    single: usize,
    rights: Option<Rights>,
}

impl Taken {
    fn of(fs: &dyn Fs, files: &[(PathBuf, RangeInclusive<u32>)]) -> Result<Self, LedgerError> {
        let mut taken = Self::default();
        let mut total = 0;
        for (path, numbers) in files.iter().rev() {
            let length = fs.metadata(path)?.map_or(0, |meta| meta.len);
            let is_small = length <= total && total.saturating_add(length) <= MOST_BYTES;
            if !is_single(numbers) && !is_small {
                break;
            }
            let Some(bytes) = fs.read(path)? else { break };
            let Ok(body) = sealed::unseal(&bytes) else {
                break;
            };
            total += length;
            taken.single += usize::from(is_single(numbers));
            taken.rights = Rights::of_both(taken.rights, rights_of(fs, path)?);
            taken.bodies.push(body.to_vec());
            taken.files.push((path.clone(), numbers.clone()));
        }
        taken.files.reverse();
        taken.bodies.reverse();
        Ok(taken)
    }
}

/// Removes the files whose groups are in a merged file that can be read.
fn remove_covered(fs: &dyn Fs, places: &Places, venue: &Venue) -> Result<(), LedgerError> {
    let Listing { live, covered } = listing(fs, places, venue)?;
    if covered.is_empty() {
        return Ok(());
    }
    // A run that was killed may have merged them in memory only.
    fs.sync_dir(&places.ledger(venue))?;
    let mut is_changed = false;
    for (path, numbers) in &live {
        let is_part = |of: &RangeInclusive<u32>| {
            of != numbers && numbers.contains(of.start()) && numbers.contains(of.end())
        };
        let parts: Vec<&PathBuf> = covered
            .iter()
            .filter(|(_, of)| is_part(of))
            .map(|(path, _)| path)
            .collect();
        if parts.is_empty() {
            continue;
        }
        let bytes = fs.read(path)?.unwrap_or_default();
        if sealed::unseal(&bytes).is_err() {
            continue;
        }
        for part in parts {
            is_changed |= fs.remove_file(part)?;
        }
    }
    if is_changed {
        fs.sync_dir(&places.ledger(venue))?;
    }
    Ok(())
}

/// Returns the venues that have a ledger.
///
/// # Errors
/// When a folder cannot be listed.
pub fn venues(fs: &dyn Fs, places: &Places) -> Result<Vec<Venue>, LedgerError> {
    let ledgers = places.ledgers();
    let mut venues = Vec::new();
    let folders = |dir: &std::path::Path| -> Result<Vec<String>, LedgerError> {
        let entries = fs.list(dir)?.unwrap_or_default().into_iter();
        let dirs = entries.filter(|entry| entry.kind == Kind::Dir);
        Ok(dirs.map(|entry| entry.name).collect())
    };
    for market in folders(&ledgers)? {
        for source in folders(&ledgers.join(&market))? {
            venues.extend(format!("{market}:{source}").parse::<Venue>().ok());
        }
    }
    Ok(venues)
}
