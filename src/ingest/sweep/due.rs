//! When the whole workspace is swept: in the first run of a day, after its report, so that nobody waits for it.
//!
//! Which day that was is in `state/swept`; where nothing is there, it is due. Whoever takes over the lock of a dead run, and a
//! run that fails, removes the mark.

use std::path::PathBuf;

use chrono::NaiveDate;

use crate::layout::Places;
use crate::sys::atomic::{create_dirs, replace};
use crate::sys::{Fs, FsResult};
use crate::workspace::Session;

/// Tells whether everything is to be swept today.
pub fn is_due(fs: &dyn Fs, places: &Places, today: NaiveDate) -> bool {
    let found = fs.read(&mark(places));
    let is_today = |bytes: Vec<u8>| bytes == line(today).as_bytes();
    // What cannot be read says nothing.
    !found.ok().flatten().is_some_and(is_today)
}

/// Notes, durably, that everything was swept today.
///
/// # Errors
/// When the mark cannot be written.
pub fn remember(session: Session<'_>, today: NaiveDate) -> FsResult<()> {
    let Session { fs, places, .. } = session;
    create_dirs(fs, &places.root, &places.state)?;
    let temps = session.held.temps();
    replace(fs, &temps, &mark(places), line(today).as_bytes())
}

/// Sees to it that the next update sweeps everything.
///
/// # Errors
/// When the mark cannot be removed.
pub fn forget(fs: &dyn Fs, places: &Places) -> FsResult<()> {
    if fs.remove_file(&mark(places))? {
        fs.sync_dir(&places.state)?;
    }
    Ok(())
}

/// The day of the last sweep of everything.
fn mark(places: &Places) -> PathBuf {
    places.state.join("swept")
}

fn line(today: NaiveDate) -> String {
    format!("{today}\n")
}
