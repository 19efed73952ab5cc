//! What a run learned of a day, until all of it is stored and may be marked.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;

use super::DayMarks;
use super::FileMark;
use super::arrival::FileRead;
use crate::source::posttrade::HeldDay;

/// What a run learned of one day.
#[derive(Default)]
pub(super) struct DayNews {
    pub(super) read: Vec<FileRead>,
    pub(super) held: Option<HeldDay>,
    pub(super) listed: BTreeSet<NaiveDateTime>,
}

impl DayNews {
    /// Adds it to the marks of the day.
    pub(super) fn note_in(self, marks: &mut DayMarks) {
        for read in self.read {
            let Some(extent) = read.extent else { continue };
            let mark = FileMark {
                digest: read.digest.half(),
                extent,
                lines: read.lines,
            };
            marks.note(&read.name.to_string(), mark);
        }
        if let Some(held) = self.held {
            marks.held = held;
        }
        marks.listed.extend(self.listed);
    }
}
