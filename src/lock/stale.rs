//! Decides whether the owner of a lock can still be at work.
//!
//! Called by whoever holds the guard, and that settles locks which barkeep made: their owner would hold the guard if
//! it lived, whatever pid namespace or host name it had. Promises: a lock is called stale only when that is proven;
//! no age and no clock is a proof, except that a lock older than this boot outlived its owner.

use std::fmt;

use super::owner::Owner;
use crate::sys::{FsKind, Host};

/// What is known of a lock.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Its owner may be at work.
    Held(Owner),
    /// Nobody is at work any more.
    Stale {
        /// How that is known.
        because: Proof,
    },
    /// There is no owner to be judged.
    Unknown,
}

/// How it is known that nobody is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Its owner is a run of barkeep, which would hold the guard.
    GuardWasFree,
    /// It is older than the current boot of the host that it names, which is this one.
    OlderThanBoot,
    /// No process of this host has its pid.
    ProcessIsGone,
    /// A run of barkeep that was about to make the lock left its mark and got no further.
    NeverFinished,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GuardWasFree => "its run has ended without releasing it",
            Self::OlderThanBoot => "it was taken before the host was last booted",
            Self::ProcessIsGone => "its process is gone",
            Self::NeverFinished => "its run ended while it was taking the lock",
        })
    }
}

/// What lies in the lock directory.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A readable owner.
    Owned(Owner),
    /// No owner or an unreadable one.
    Ownerless {
        /// Who can have made it.
        maker: Maker,
    },
}

/// Who can have made a lock without an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// Barkeep: it left its mark beforehand, and the lock holds nothing that barkeep does not put there.
    Barkeep,
    /// Anybody.
    Anybody,
}

/// Judges a lock. Only the holder of the guard may act on the verdict.
pub fn judge(found: &Found, host: &dyn Host, disk: FsKind) -> Verdict {
    let owner = match found {
        // On a network disk neither the guard nor a pid says anything of other hosts.
        Found::Owned(owner) if disk == FsKind::Network => return Verdict::Held(owner.clone()),
        Found::Ownerless {
            maker: Maker::Barkeep,
        } if disk == FsKind::Local => return stale(Proof::NeverFinished),
        Found::Ownerless { .. } => return Verdict::Unknown,
        Found::Owned(owner) => owner,
    };
    if owner.token.is_some() {
        return stale(Proof::GuardWasFree);
    }
    let here = host.facts();
    if owner.host != here.host {
        return Verdict::Held(owner.clone());
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 have 22 bits to spare"
    )]
    let is_before_boot = here.booted_at.is_some_and(|boot| owner.ts < boot as f64);
    if is_before_boot {
        stale(Proof::OlderThanBoot)
    } else if host.is_alive(owner.pid) {
        Verdict::Held(owner.clone())
    } else {
        stale(Proof::ProcessIsGone)
    }
}

fn stale(because: Proof) -> Verdict {
    Verdict::Stale { because }
}
