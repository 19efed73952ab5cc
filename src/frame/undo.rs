//! What rows were before stored values were replaced.

use super::{Frame, Revision};

impl Frame {
    /// Returns the rows as they were before `revisions`, which are given oldest first. A revision of a row that is not
    /// there changes nothing. Rows of one ticker only: a row is found by its timestamp.
    #[must_use]
    pub fn before(&self, revisions: &[Revision]) -> Self {
        let mut frame = self.clone();
        let times: Vec<i64> = self.times().collect();
        // The newest first, so that of two revisions of one value the older one has the last word.
        for revision in revisions.iter().rev() {
            let column = self.profile.position(revision.field);
            if let (Ok(row), Some(column)) = (times.binary_search(&revision.time), column)
                && let Some(column) = frame.columns.get_mut(column)
            {
                column.put(row, &revision.old);
            }
        }
        frame
    }
}
