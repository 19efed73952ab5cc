//! Trades of a day as they were stored before the feed published them with other values.
//!
//! Promises: every version of every trade that the ledger knows, the newest first. A bar that was made of one of them is looked at
//! when the day is made again: of another instrument, or in another minute, nothing else names it.

use std::collections::BTreeSet;

use super::taken_out::TradesOfDay;
use crate::frame::{Frame, RowKey, before};
use crate::ledger::{FileLine, Line, Past, ReadKept};
use crate::model::PartitionKey;

/// Returns older versions of the trades of a day, each generation by itself, by the lines of the ledger, oldest first, that speak
/// of the trades of the feed.
///
/// # Errors
/// Why a file that is kept beside the ledger cannot be read.
pub(super) fn earlier<'l>(
    lines: impl DoubleEndedIterator<Item = &'l Line>,
    of: TradesOfDay<'_>,
    kept: &ReadKept<'_>,
) -> Result<Vec<Frame>, String> {
    let is_of_day = |line: &&FileLine| line.partition == PartitionKey::Day(of.day);
    let files = lines.rev().filter_map(|line| match line {
        Line::File(line) => Some(&**line),
        Line::Found(..) | Line::Gone(_) => None,
    });
    let files: Vec<&FileLine> = files.filter(is_of_day).collect();
    let keys: BTreeSet<&RowKey> = files.iter().flat_map(|line| replaced_by(line)).collect();
    let mut then = with_keys(of.stored, &keys);
    let mut versions = Vec::new();
    for line in files {
        match &line.past {
            Past::Changed(changes) if !changes.replaced.is_empty() => {
                then = before(&then, &changes.replaced);
                versions.push(with_keys(&then, &replaced_by(line).collect()));
            }
            Past::Kept { file, .. } => {
                let whole = kept(file)?;
                then = with_keys(&whole, &keys);
                versions.push(whole);
            }
            _ => {}
        }
    }
    Ok(versions)
}

/// Returns the keys of the rows of which a line names older values.
fn replaced_by(line: &FileLine) -> impl Iterator<Item = &RowKey> {
    let changes = match &line.past {
        Past::Changed(changes) => Some(changes),
        _ => None,
    };
    let replaced = changes.into_iter().flat_map(|changes| &changes.replaced);
    replaced.map(|revision| &revision.key)
}

fn with_keys(rows: &Frame, keys: &BTreeSet<&RowKey>) -> Frame {
    let found = keys.iter().filter_map(|key| rows.find(key));
    rows.take(&found.collect::<Vec<usize>>())
}
