//! The names of what one process stages and writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::model::RunId;
use crate::sys::Clock;

/// Gives names to the runs of one process, each once.
#[derive(Debug)]
pub struct RunNames {
    clock: Arc<dyn Clock>,
    nonce: u32,
    given: AtomicU32,
}

impl RunNames {
    /// Returns the names of a process; `nonce` tells the processes of one second apart.
    pub fn new(clock: Arc<dyn Clock>, nonce: u32) -> Self {
        Self {
            clock,
            nonce,
            given: AtomicU32::new(0),
        }
    }

    /// Returns the next name.
    pub fn next(&self) -> RunId {
        self.named(self.nonce)
    }

    /// Returns a name as if another process had given it: what is staged under it goes before what this process stages.
    pub fn next_of_others(&self) -> RunId {
        self.named(self.nonce.wrapping_add(1))
    }

    fn named(&self, nonce: u32) -> RunId {
        let count = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        RunId::new(self.clock.now(), nonce, count)
    }
}
