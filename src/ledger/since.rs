//! What the ledger of a venue says that somebody has not read yet.
//!
//! Promises: every line behind a mark is in the answer, or the answer says that nobody knows which are new.

use super::names::names;
use super::{LedgerError, Line, Log};
use crate::layout::Places;
use crate::model::Venue;
use crate::sys::Fs;

/// How far somebody read a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The number of the last group.
    pub number: u32,
    /// Its name.
    pub group: String,
}

/// What a ledger says behind a mark.
#[derive(Debug, Default)]
pub struct Since {
    /// The lines, oldest first.
    pub lines: Vec<Line>,
    /// How far they reach; `None` where the ledger is empty.
    pub mark: Option<Mark>,
    /// Whether these are all lines behind the mark.
    pub is_known: bool,
}

/// Reads the lines of a ledger behind a mark; without one, only how far the ledger reaches.
///
/// # Errors
/// When a file cannot be read. Where one is damaged, nobody knows which lines are new.
pub fn read_since(
    fs: &dyn Fs,
    places: &Places,
    venue: &Venue,
    mark: Option<&Mark>,
) -> Result<Since, LedgerError> {
    let files = names(fs, places, venue)?;
    let number = files.iter().map(|(_, of)| *of.end()).max().unwrap_or(0);
    // The file that ends with the mark is read again, since it says the name of the group: another ledger may have its number.
    let from = mark.map_or(number, |mark| mark.number);
    let mut log = Log::read_after(fs, places, venue, from.saturating_sub(1))?;
    let mut since = Since {
        is_known: number == 0 && mark.is_none(),
        ..Since::default()
    };
    let mut is_behind = mark.is_none();
    log.for_each(|group, line| {
        let name = &group.name;
        if let Some(mark) = mark
            && !since.is_known
            && *name == mark.group
        {
            (is_behind, since.is_known) = (true, true);
        }
        if mark.is_some_and(|mark| is_behind && mark.group != *name) {
            since.lines.push(line);
        }
        since.mark = Some(Mark {
            number,
            group: name.clone(),
        });
    });
    since.is_known &= log.damaged.is_empty();
    Ok(since)
}
