//! Single rows of a frame, by their timestamps.

use super::Frame;

impl Frame {
    /// Returns the rows whose timestamps are wanted.
    #[must_use]
    pub fn at(&self, is_wanted: impl Fn(i64) -> bool) -> Self {
        let rows = self.times().enumerate();
        let rows = rows.filter(|(_, time)| is_wanted(*time));
        let rows: Vec<usize> = rows.map(|(row, _)| row).collect();
        self.take(&rows)
    }
}
