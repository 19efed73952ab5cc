//! Rows that were taken out of a series and are out still.

use super::{History, Line, Past};
use crate::frame::{self, Frame, Profile, RowKey};

/// Returns the rows that were taken out of a series and that nobody has stored again since.
pub fn rows_out(history: &History, profile: &'static Profile) -> Frame {
    let mut out = Frame::empty(profile);
    for (_, line) in &history.lines {
        let Line::File(line) = line else { continue };
        let Past::Changed(changes) = &line.past else {
            continue;
        };
        out = without_added(out, &changes.added);
        // Rows of before the series came into being in another way are none of it any more.
        if let Some((rows, _)) = &changes.removed
            && profile.joins(rows.profile())
        {
            out = frame::merge(&frame::without(&out, rows), rows).frame;
        }
    }
    out
}

fn without_added(out: Frame, added: &[(RowKey, RowKey)]) -> Frame {
    if out.is_empty() || added.is_empty() {
        return out;
    }
    let is_added = |row: usize| {
        let key = out.key(row);
        let mut ranges = added.iter();
        ranges.any(|(first, last)| (first..=last).contains(&&key))
    };
    let again: Vec<i64> = out
        .times()
        .enumerate()
        .filter(|(row, _)| is_added(*row))
        .map(|(_, time)| time)
        .collect();
    out.at(|time| !again.contains(&time))
}
