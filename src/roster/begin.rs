//! Making a workspace, or adding to one.
//!
//! Promises: a ticker that cannot be stored is refused before anything is written; the layout of new series is chosen before the
//! tickers are there that they are of.

use chrono::NaiveDate;

use super::intervals::begin_intervals;
use super::{Change, RosterError, Unspelled, add, change_toggle, save, unspelled};
use crate::catalog::Catalog;
use crate::config::ToggleScope;
use crate::lock::LockGuard;
use crate::model::{Interval, Ticker, Venue};
use crate::workspace::Workspace;

/// What a workspace keeps from its beginning, or from now on.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'b> {
    /// The venue of the tickers.
    pub venue: &'b Venue,
    /// The tickers.
    pub tickers: &'b [Ticker],
    /// The intervals; daily bars where none was ever chosen.
    pub intervals: &'b [Interval],
    /// Whether new series of the venue are kept in monthly partitions.
    pub is_partitioned: bool,
    /// The day on which tickers are added.
    pub today: NaiveDate,
}

/// Writes down what is kept, and returns how many tickers were new, and one that cannot be stored in some intervals, as
/// `unspelled` does. `found` is the registry; `None` where there is none yet.
///
/// # Errors
/// When the layout of new series cannot be chosen, or cannot hold a ticker; when the lock is lost or something cannot be written.
pub fn begin<'b>(
    workspace: &mut Workspace<'_>,
    held: &LockGuard<'_>,
    (catalog, is_new): (&mut Catalog, bool),
    beginning: Beginning<'b>,
) -> Result<(usize, Unspelled<'b>), RosterError> {
    let Beginning { venue, tickers, .. } = beginning;
    if beginning.is_partitioned {
        let scope = ToggleScope::Source(venue.clone());
        change_toggle(workspace, held, &scope, Change::Enable)?;
    }
    let unspelled = unspelled(workspace, venue, tickers)?;
    begin_intervals(workspace.fs(), held, beginning.intervals)?;
    let added = add(catalog, venue, tickers, beginning.today);
    if is_new || catalog.is_changed() {
        save(workspace.fs(), held, catalog)?;
    }
    Ok((added, unspelled))
}
