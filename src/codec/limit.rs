//! How much memory one file may take.

use super::CodecError;

/// How many bytes of memory the rows of one file may take, with its own bytes and its largest page. A small file can claim
/// very many rows, and an allocation that fails ends the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimit(pub u64);

impl MemoryLimit {
    /// No limit, for what this process itself has just had in memory.
    pub const NONE: Self = Self(u64::MAX);

    pub(super) fn exceeded(self, what: &str) -> CodecError {
        CodecError::foreign(format!(
            "{what} would take more than the {} bytes of memory that a file may take (max_file_memory)",
            self.0
        ))
    }
}

impl Default for MemoryLimit {
    /// 1 GiB: some 13 million bars, or the minutes of a currency since 2000.
    fn default() -> Self {
        Self(1 << 30)
    }
}
