//! Reads many series ahead of what is written of them, a few stretches at a time.

use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::thread;

use rayon::prelude::*;

use crate::inventory::interval_of;
use crate::model::{Interval, StorageRequest};
use crate::storage::{HeldFile, Layout, StorageError, Stored};
use crate::workspace::{ReadError, Reading};

/// What was read of a series, or of a stretch of it; `None` when nothing of it is stored.
type Read = Result<Option<Stored>, ReadError>;

/// The fewest rows that are worth a stretch of their own: a few MiB.
const STRETCH_ROWS: u64 = 1 << 15;

/// In which pieces series are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pieces {
    /// Each as a whole.
    Series,
    /// Those of minutes some months at a time.
    Months,
}

/// What is read at once.
enum Stretch {
    Whole,
    /// Some months, which are held already, and what is misplaced beside them.
    Months(Vec<HeldFile>, Vec<PathBuf>),
}

/// Hands the rows of each series to `take`, in the order of the list and of time, until it refuses. At most two lots of
/// `side_by_side` pieces are in memory.
///
/// # Errors
/// Those of `take`.
pub fn each_piece<E>(
    reading: Reading<'_, '_>,
    series: &[StorageRequest],
    (pieces, side_by_side): (Pieces, usize),
    mut take: impl FnMut(&StorageRequest, Read) -> Result<(), E>,
) -> Result<(), E> {
    thread::scope(|scope| {
        let (hand_over, handed) = sync_channel(0);
        scope.spawn(move || {
            // Nobody takes any more where one is not taken.
            let give = |lot: Vec<_>| {
                let mut read = read_all(reading, lot).into_iter();
                read.all(|one| hand_over.send(one).is_ok())
            };
            let mut lot = Vec::new();
            for request in series {
                for stretch in stretches(reading, request, pieces) {
                    lot.push((request, stretch));
                    if lot.len() >= side_by_side && !give(std::mem::take(&mut lot)) {
                        return;
                    }
                }
            }
            give(lot);
        });
        // Left at the first refusal, which ends the other thread.
        handed
            .into_iter()
            .try_for_each(|(request, read)| take(request, read))
    })
}

/// Reads pieces side by side, and returns them in their order.
fn read_all<'s>(
    reading: Reading<'_, '_>,
    lot: Vec<(&'s StorageRequest, Stretch)>,
) -> Vec<(&'s StorageRequest, Read)> {
    let read = |(request, stretch)| (request, read(reading, request, stretch));
    lot.into_par_iter().map(read).collect()
}

fn read(reading: Reading<'_, '_>, request: &StorageRequest, stretch: Stretch) -> Read {
    match stretch {
        Stretch::Whole => Ok(reading.read(request)?.map(|found| found.stored)),
        Stretch::Months(files, misplaced) => {
            let store = &reading.workspace.stores.partitioned;
            let stored = HeldFile::rows(store, request, files)?;
            Ok(Some(Stored {
                misplaced,
                ..stored
            }))
        }
    }
}

/// Returns the stretches of a series, in the order of time.
fn stretches(reading: Reading<'_, '_>, request: &StorageRequest, pieces: Pieces) -> Vec<Stretch> {
    let minutes = interval_of(&request.series).and_then(Interval::minutes);
    let is_long = minutes.is_some_and(|minutes| minutes <= 30);
    if pieces == Pieces::Series || !is_long {
        return vec![Stretch::Whole];
    }
    // What goes wrong here goes wrong again when the whole series is read, and is told then.
    months(reading, request)
        .ok()
        .flatten()
        .unwrap_or_else(|| vec![Stretch::Whole])
}

fn months(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
) -> Result<Option<Vec<Stretch>>, StorageError> {
    let workspace = reading.workspace;
    let layout = workspace.route(reading.catalog, request)?.route.layout;
    if layout != Layout::Partitioned {
        return Ok(None);
    }
    // All of them are read at once, and their rows made when it is their turn: between two months the series may change.
    let (files, mut misplaced) = HeldFile::of(&workspace.stores.partitioned, request)?;
    let holds: Vec<_> = files.iter().map(|file| file.holds).collect();
    let Some(groups) = groups(&holds) else {
        return Ok(None);
    };
    let mut files = files.into_iter();
    let stretch = |count| {
        let months = files.by_ref().take(count).collect();
        Stretch::Months(months, std::mem::take(&mut misplaced))
    };
    Ok(Some(groups.into_iter().map(stretch).collect()))
}

/// Groups files that follow one another, and returns how many are in each group; `None` where one of them is damaged, or two may
/// overlap, so that they have to be merged.
fn groups(files: &[Option<(u64, (i64, i64))>]) -> Option<Vec<usize>> {
    let mut groups = Vec::new();
    let (mut rows, mut end) = (STRETCH_ROWS, i64::MIN);
    for file in files {
        let (more, (first, last)) = (*file)?;
        if first <= end {
            return None;
        }
        end = last;
        if rows >= STRETCH_ROWS {
            groups.push(0);
            rows = 0;
        }
        rows += more;
        *groups.last_mut()? += 1;
    }
    Some(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_together_until_they_are_worth_it() {
        let files = [
            Some((10_000, (0, 9))),
            Some((25_000, (10, 19))),
            Some((40_000, (20, 29))),
            Some((5, (30, 39))),
        ];

        assert_eq!(groups(&files), Some(vec![2, 1, 1]));
    }

    #[test]
    fn files_that_may_overlap_or_are_damaged_are_read_as_a_whole() {
        let first = Some((10, (0, 9)));

        assert_eq!(groups(&[first, Some((10, (9, 19)))]), None);
        assert_eq!(groups(&[first, None]), None);
    }
}
