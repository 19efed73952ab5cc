//! A host of a test's choosing.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use barkeep::sys::{Host, HostFacts};

/// A host with a name, a boot and some living processes. Its tokens count upwards.
#[derive(Debug)]
pub(crate) struct ScriptedHost {
    facts: HostFacts,
    living: BTreeSet<u32>,
    tokens: AtomicU64,
}

impl ScriptedHost {
    /// Returns a host with this name, booted at `booted_at`, on which only this process lives.
    pub(crate) fn named(name: &str, booted_at: i64) -> Self {
        Self {
            facts: HostFacts {
                pid: 4121,
                host: name.to_owned(),
                boot_id: Some("boot-1".to_owned()),
                booted_at: Some(booted_at),
            },
            living: BTreeSet::from([4121]),
            tokens: AtomicU64::new(1),
        }
    }

    /// Returns the host as a later process sees it, whose tokens are others.
    pub(crate) fn with_pid(mut self, pid: u32) -> Self {
        self.facts.pid = pid;
        self.living = BTreeSet::from([pid]);
        self.tokens = AtomicU64::new(Self::tokens_of(pid).start);
        self
    }

    /// Returns the numbers of which a process makes its tokens.
    pub(crate) fn tokens_of(pid: u32) -> Range<u64> {
        let first = u64::from(pid) * 16;
        first..first + 16
    }

    /// Adds a living process.
    pub(crate) fn with_process(mut self, pid: u32) -> Self {
        self.living.insert(pid);
        self
    }
}

impl Host for ScriptedHost {
    fn facts(&self) -> HostFacts {
        self.facts.clone()
    }

    fn is_alive(&self, pid: u32) -> bool {
        self.living.contains(&pid)
    }

    fn token(&self) -> String {
        let count = self.tokens.fetch_add(1, Ordering::Relaxed);
        // The first digits name the run, so they must differ, too.
        format!("{count:08x}{count:024x}")
    }
}
