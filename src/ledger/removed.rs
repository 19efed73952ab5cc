//! Rows that were taken out of a series and are out still.

use super::{FileLine, History, Line, Past};
use crate::frame::{self, Frame, Profile, RowKey};

/// Returns the rows that were taken out of a series and that nobody has stored again since.
pub fn rows_out(history: &History, profile: &'static Profile) -> Frame {
    let lines = history.lines.iter().map(|(_, line)| ((), line));
    let parts = rows_out_by_line(lines);
    let mut out = Frame::empty(profile);
    // Rows of before the series came into being in another way are none of it any more.
    let of_it = parts
        .into_iter()
        .filter(|((), rows)| profile.joins(rows.profile()));
    for ((), rows) in of_it {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{RowChanges, Trade, rows_of_trades};
    use crate::ledger::FileState;
    use crate::model::{Digest, Fingerprint};

    fn trades(ids: &[&str]) -> Frame {
        let trade = |id: &&str| Trade {
            trans_id: (*id).into(),
            modification_flag: "-".into(),
            ..Trade::default()
        };
        let trades: Vec<Trade> = ids.iter().map(trade).collect();
        rows_of_trades(&trades).frame
    }

    fn line(old: Option<u64>, ids: &[&str], changes: RowChanges) -> Line {
        let state = |rows| {
            let digest = Digest::of(b"");
            FileState::new(Fingerprint { rows, digest }, 100)
        };
        let now = trades(ids);
        Line::File(Box::new(FileLine {
            series: crate::layout::parse_series_name("de/xetra/trades/venue=DETR").unwrap(),
            partition: "1970-01-01".parse().unwrap(),
            begins: false,
            old: old.map(state),
            was: None,
            new: state(now.len() as u64),
            span: now.key_span(),
            facts: None,
            past: Past::Changed(changes),
        }))
    }

    fn out_after(lines: &[Line]) -> Vec<(usize, usize)> {
        let parts = rows_out_by_line(lines.iter().enumerate());
        let counts = parts.into_iter().map(|(at, rows)| (at, rows.len()));
        counts.collect()
    }

    fn taken_out(ids: &[&str]) -> RowChanges {
        RowChanges {
            removed: Some((trades(ids), "somebody said so".to_owned())),
            ..RowChanges::default()
        }
    }

    fn added(ids: &[&str]) -> RowChanges {
        let key = |id: &&str| {
            let key = trades(&[id]).key(0);
            (key.clone(), key)
        };
        RowChanges {
            added: ids.iter().map(key).collect(),
            ..RowChanges::default()
        }
    }

    /// All of them are of one moment.
    #[test]
    fn a_row_that_comes_again_takes_no_other_one_of_its_moment_with_it() {
        let both = line(Some(3), &["c"], taken_out(&["a", "b"]));
        let again = line(Some(1), &["b", "c"], added(&["b"]));
        let once_more = line(Some(2), &["c"], taken_out(&["b"]));

        assert_eq!(out_after(std::slice::from_ref(&both)), [(0, 2)]);
        assert_eq!(out_after(&[both.clone(), again.clone()]), [(0, 1)]);
        assert_eq!(out_after(&[both, again, once_more]), [(0, 1), (2, 1)]);
    }

    #[test]
    fn a_row_that_a_new_file_begins_or_ends_with_is_back() {
        let all = line(Some(2), &[], taken_out(&["a", "b"]));
        let begins = line(None, &["a", "c"], RowChanges::default());

        assert_eq!(out_after(&[all, begins]), [(0, 1)]);
    }
}
