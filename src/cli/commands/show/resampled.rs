//! Bars as coarser ones, for `--resample`.

use crate::catalog::Catalog;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::model::{Interval, StorageRequest};
use crate::storage::Stored;
use crate::workspace::Workspace;

/// Puts coarser bars in the place of stored ones.
///
/// # Errors
/// When the stored bars do not fill the coarser ones, or this program was built without what makes them.
pub(super) fn resampled(
    (workspace, catalog): (&Workspace<'_>, &Catalog),
    shell: &Shell<'_>,
    request: &StorageRequest,
    (from, to): (Interval, Interval),
    stored: &mut Stored,
) -> Result<(), Failure> {
    if !from.fills(to) {
        return Err(Failure::usage(format!(
            "bars of {from} cannot be joined to bars of {to}"
        )));
    }
    made((workspace, catalog), shell, request, (from, to), stored)
}

#[cfg(feature = "polars")]
fn made(
    (workspace, catalog): (&Workspace<'_>, &Catalog),
    shell: &Shell<'_>,
    request: &StorageRequest,
    (from, to): (Interval, Interval),
    stored: &mut Stored,
) -> Result<(), Failure> {
    use crate::calendar::WallClock;
    use crate::model::time;
    use crate::resample::coarser;
    use crate::workspace::gap_calendar;

    let zone = stored.provenance.timezone.as_deref();
    let calendar = gap_calendar(workspace, request, catalog, zone).calendar;
    let coarse = coarser(&stored.frame, from, to, &calendar)
        .map_err(|error| Failure::new(crate::cli::Exit::Failed, format!("{request}: {error}")))?;
    let now = shell.around.clock.now().naive_utc();
    let now = zone
        .and_then(WallClock::of)
        .zip(time::nanos(now))
        .map(|(mut clock, now)| clock.shows(now));
    if let Some(bar) = now.and_then(|now| coarse.provisional(now)) {
        let bar = time::naive(bar);
        shell
            .printer
            .note(&format!("The bar of {bar} is not over yet."));
    }
    stored.frame = coarse.frame;
    Ok(())
}

#[cfg(not(feature = "polars"))]
fn made(
    _: (&Workspace<'_>, &Catalog),
    _: &Shell<'_>,
    _: &StorageRequest,
    _: (Interval, Interval),
    _: &mut Stored,
) -> Result<(), Failure> {
    Err(Failure::usage(
        "this barkeep was built without polars, which `--resample` needs",
    ))
}
