//! Reads the series of an export ahead of the one that is written, a few at a time.

use std::sync::mpsc::sync_channel;
use std::thread;

use rayon::prelude::*;

use crate::cli::failure::Failure;
use crate::model::StorageRequest;
use crate::storage::Stored;
use crate::workspace::Reading;

/// What was read of a series; `None` when nothing of it is stored.
pub(super) type Read = Result<Option<Stored>, Failure>;

/// Hands the rows of each series to `take`, in the order of the list, until it refuses. At most two lots of `side_by_side`
/// series are in memory.
///
/// # Errors
/// Those of `take`.
pub(super) fn each(
    reading: Reading<'_, '_>,
    series: &[StorageRequest],
    side_by_side: usize,
    mut take: impl FnMut(&StorageRequest, Read) -> Result<(), Failure>,
) -> Result<(), Failure> {
    thread::scope(|scope| {
        let (hand_over, handed) = sync_channel(0);
        scope.spawn(move || {
            for lot in series.chunks(side_by_side.max(1)) {
                let read = lot.par_iter().map(|request| {
                    let found = reading.read(request).map_err(Failure::from);
                    (request, found.map(|found| found.map(|found| found.stored)))
                });
                for one in read.collect::<Vec<_>>() {
                    // Nobody takes any more.
                    if hand_over.send(one).is_err() {
                        return;
                    }
                }
            }
        });
        // Left at the first refusal, which ends the other thread.
        handed
            .into_iter()
            .try_for_each(|(request, read)| take(request, read))
    })
}
