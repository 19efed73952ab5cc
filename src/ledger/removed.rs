//! Rows that were taken out of a series and are out still.

use super::{FileLine, History, Line, Past};
use crate::frame::{self, Frame, Profile, RowKey};

/// Returns the rows that were taken out of a series and that nobody has stored again since.
pub fn rows_out(history: &History, profile: &'static Profile) -> Frame {
    let lines = history.lines.iter().map(|(_, line)| ((), line));
    let parts = rows_out_by_line(lines);
    let mut out = Frame::empty(profile);
    for ((), rows) in parts {
        out = frame::merge(&out, &rows).frame;
    }
    out
}

/// Returns the rows that were taken out by each line of a series and that nobody has stored again since, with what the line
/// came with. A row is in the answer once, with the last line that took it out.
pub fn rows_out_by_line<'h, T>(lines: impl Iterator<Item = (T, &'h Line)>) -> Vec<(T, Frame)> {
    let mut out: Vec<(T, Frame)> = Vec::new();
    for (with, line) in lines {
        let Some(line) = line.file() else { continue };
        let Past::Changed(changes) = &line.past else {
            continue;
        };
        let added = added(line, &changes.added);
        for (_, rows) in &mut out {
            *rows = without_added(rows, &added);
        }
        if let Some((removed, _)) = &changes.removed {
            for (_, rows) in &mut out {
                *rows = frame::without(rows, removed);
            }
            out.push((with, removed.clone()));
        }
        out.retain(|(_, rows)| !rows.is_empty());
    }
    out
}

/// Returns what of a file is known to be new. Of a file that begins, the ledger names the first and the last row.
fn added(line: &FileLine, ranges: &[(RowKey, RowKey)]) -> Vec<(RowKey, RowKey)> {
    let ends = line.span.iter().filter(|_| line.old.is_none());
    let ends = ends.flat_map(|(first, last)| [first, last]);
    let ends = ends.map(|key| (key.clone(), key.clone()));
    ranges.iter().cloned().chain(ends).collect()
}

fn without_added(out: &Frame, added: &[(RowKey, RowKey)]) -> Frame {
    let is_added = |row: &usize| {
        let key = out.key(*row);
        added
            .iter()
            .any(|(first, last)| (first..=last).contains(&&key))
    };
    let stay: Vec<usize> = (0..out.len()).filter(|row| !is_added(row)).collect();
    out.take(&stay)
}
