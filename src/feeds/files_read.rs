//! The files that the run of a feed has read, several downloads of one name among them.

use super::Extent;
use super::arrival::FileRead;
use crate::source::posttrade::BadLine;

/// What was read of files, in the order in which they were read.
#[derive(Debug, Default)]
pub(super) struct FilesRead(Vec<FileRead>);

impl FilesRead {
    /// Adds a file, without the lines of it that are no trades.
    pub(super) fn add(&mut self, read: FileRead) {
        self.0.push(FileRead {
            bad: Vec::new(),
            ..read
        });
    }

    /// Tells whether all of a file was read before that comes out of the vault in part: of two downloads there the one that broke off
    /// may be the second.
    pub(super) fn has_whole(&self, read: &FileRead) -> bool {
        let is_whole =
            |other: &FileRead| other.name == read.name && other.extent == Some(Extent::Whole);
        read.extent != Some(Extent::Whole) && read.from_vault && self.0.iter().any(is_whole)
    }

    /// Has a file stand for earlier bytes of it that broke off or were not understood, since it is what the feed means: they count as cut
    /// from now on if it is whole. Returns whether there are any.
    pub(super) fn supersede(&mut self, read: &FileRead) -> bool {
        let is_earlier =
            |earlier: &FileRead| earlier.name == read.name && earlier.extent != Some(Extent::Whole);
        let mut is_any = false;
        for earlier in self.0.iter_mut().filter(|earlier| is_earlier(earlier)) {
            is_any = true;
            if read.extent == Some(Extent::Whole) {
                earlier.extent = Some(Extent::Cut);
            }
        }
        is_any
    }

    /// Takes all of them out.
    pub(super) fn take(&mut self) -> Vec<FileRead> {
        std::mem::take(&mut self.0)
    }
}

/// Returns bad lines with their places, for a person to look at.
pub(super) fn bad_lines(bad: &[BadLine]) -> String {
    let lines = bad.iter().map(|bad| {
        let text = String::from_utf8_lossy(&bad.bytes);
        format!(
            "line {} at byte {}: {}\n{text}\n",
            bad.line, bad.offset, bad.reason
        )
    });
    lines.collect()
}
