//! What rows were before stored values were replaced.

use super::{Column, Frame, Revision};

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

impl Column {
    /// Puts the first value of another column of the same kind into a row.
    fn put(&mut self, row: usize, value: &Self) {
        fn one<T: Clone>(values: &mut [Option<T>], row: usize, from: &[Option<T>]) {
            if let (Some(place), Some(value)) = (values.get_mut(row), from.first()) {
                place.clone_from(value);
            }
        }
        match (self, value) {
            (Self::Text(values), Self::Text(from)) => one(values, row, from),
            (Self::Int(values), Self::Int(from)) | (Self::Time(values), Self::Time(from)) => {
                one(values, row, from);
            }
            (Self::Float(values), Self::Float(from)) => one(values, row, from),
            (Self::Flag(values), Self::Flag(from)) => one(values, row, from),
            _ => {}
        }
    }
}
