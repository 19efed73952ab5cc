//! How long downloads are kept.
//!
//! Promises: days go whole, the oldest first, and never one of which a record is not done: downloads that were not
//! consolidated stay, however old and large they are.

use chrono::NaiveDate;

use super::keeper::Keeper;
use super::{Contents, Head, Shelf, Vault, VaultError, VaultFile};

/// How long downloads are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days that are kept, today included; all when `None`.
    pub days: Option<u32>,
    /// Bytes that a shelf may have; any number when `None`.
    pub bytes: Option<u64>,
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Days.
    pub days: usize,
    /// Bytes.
    pub bytes: u64,
}

/// Forgets the days of a shelf that need not be kept any longer. `is_done` tells of a record outside of packs whether it was
/// consolidated.
///
/// # Errors
/// When the lock was lost or the disk refuses.
pub fn forget(
    keeper: &mut Keeper<'_>,
    shelf: &Shelf,
    (retention, today): (Retention, NaiveDate),
    is_done: &dyn Fn(NaiveDate, &Head) -> bool,
) -> Result<Forgotten, VaultError> {
    keeper.close();
    let (vault, held) = (&keeper.vault, keeper.held);
    let sizes = vault.day_sizes(shelf)?;
    let mut left: u64 = sizes.iter().map(|(_, _, bytes)| bytes).sum();
    let oldest = retention.days.and_then(|days| {
        let before = chrono::Days::new(u64::from(days).saturating_sub(1));
        today.checked_sub_days(before)
    });
    let mut forgotten = Forgotten::default();
    for (day, files, bytes) in sizes {
        let is_old = oldest.is_some_and(|oldest| day < oldest);
        let is_beyond = retention.bytes.is_some_and(|most| left > most);
        // The days of which files still come are kept whatever their size is.
        let is_over = day < today;
        if !(is_over && (is_old || is_beyond))
            || !is_day_done(vault, shelf, (day, &files), is_done)?
        {
            continue;
        }
        held.confirm()?;
        for file in &files {
            vault.fs.remove_file(&vault.path(shelf, day, file))?;
        }
        left -= bytes;
        forgotten.days += 1;
        forgotten.bytes += bytes;
    }
    if forgotten.days > 0 {
        vault.fs.sync_dir(&vault.folder(shelf))?;
    }
    Ok(forgotten)
}

/// Tells whether all of a day was consolidated: a pack was, when it was written. What is damaged in a part or cut off is
/// nothing that could be.
fn is_day_done(
    vault: &Vault<'_>,
    shelf: &Shelf,
    (day, files): (NaiveDate, &[VaultFile]),
    is_done: &dyn Fn(NaiveDate, &Head) -> bool,
) -> Result<bool, VaultError> {
    for part in files.iter().filter(|file| **file != VaultFile::Pack) {
        let contents = vault.read(shelf, day, part)?;
        let mut heads = contents.iter().flat_map(Contents::heads);
        if !heads.all(|head| is_done(day, head)) {
            return Ok(false);
        }
    }
    Ok(true)
}
