//! The run lock: one run at a time changes a workspace.
//!
//! Two locks in one. An advisory lock on `.run_lock.guard`, held for the whole run, decides between runs of barkeep:
//! the kernel releases it whatever ends the process. The directory `.run_lock` with its `owner.json` is what people
//! and the predecessor see, and what tells a next run that this one did not end well.
//! Promises: two guards of one workspace never exist at once; a dead run's lock is taken over without a human where
//! its death is proven, and never otherwise; no age and no clock decides. After a crash anywhere in here the next
//! `acquire` succeeds, and it reports a run that was not swept up after.
//! Leaves to others: what to sweep (`cleanup`), and asking the guard before each commit.

mod error;
mod guard;
mod names;
mod owner;
mod stale;
mod take;

use std::path::Path;
use std::time::Duration;

pub use error::LockError;
pub use guard::{LockGuard, TakenOver};
pub use owner::Owner;
pub use stale::{Found, Maker, Proof, Verdict, judge};

use crate::model::RunId;
use crate::sys::{Clock, FileLock, Fs, FsKind, Host, Shutdown};
use guard::move_aside;
use names::Names;
use owner::key_of;

/// How long a lock without an owner is given to name one, in steps.
const GRACE_STEPS: u32 = 20;
const GRACE_STEP: Duration = Duration::from_millis(100);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Whether a workspace may lie on a network file system, where no lock can be taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkDisks {
    /// No.
    #[default]
    Refused,
    /// Yes; the settings say so.
    Allowed,
}

/// The run lock of one workspace, not yet taken.
#[derive(Clone, Copy, Debug)]
pub struct GlobalRunLock<'w> {
    /// The file system.
    pub fs: &'w dyn Fs,
    /// The clock.
    pub clock: &'w dyn Clock,
    /// This host and process.
    pub host: &'w dyn Host,
    /// Ends waiting.
    pub stop: &'w Shutdown,
    /// What is locked.
    pub workspace: &'w Path,
    /// Whether it may lie on a network file system.
    pub network: NetworkDisks,
}

/// A lock that was looked at.
struct Judged {
    verdict: Verdict,
    key: String,
    owner: Option<Owner>,
}

impl<'w> GlobalRunLock<'w> {
    /// Takes the lock for `command`, taking over from a run that is proven dead.
    ///
    /// # Errors
    /// `Held`, `Unknown` or `Changed` when another run has it or may have it; `NetworkDisk`; a failed file operation.
    pub fn acquire(&self, command: &str) -> Result<LockGuard<'w>, LockError> {
        let names = Names::of(self.workspace);
        let disk = self.trusted_disk()?;
        let flock = self.take_guard(&names)?;
        let dead = self.pick_dead(&names, disk)?;
        let token = self.host.token();
        let mut guard = LockGuard {
            fs: self.fs,
            workspace: self.workspace,
            run: self.run_id(&token),
            took_over: self.taken_over(&names, dead.as_ref())?,
            is_swept: false,
            token,
            names,
            flock: Some(flock),
        };
        let outcome = self.take(&guard, dead.as_ref(), command);
        if let Err(error) = outcome {
            guard.abandon();
            return Err(error);
        }
        // What stays behind must not keep this run from its work; releasing tries again, and so does a later run.
        guard.is_swept = guard.names.sweep(self.fs).is_ok();
        Ok(guard)
    }

    /// Takes the lock, waiting up to `wait` for another run to release it.
    ///
    /// # Errors
    /// As `acquire`, once the time is over; `Stopped` when a stop is asked for meanwhile.
    pub fn acquire_waiting(
        &self,
        command: &str,
        wait: Duration,
    ) -> Result<LockGuard<'w>, LockError> {
        let mut left = wait;
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.acquire(command) {
                Err(error) if error.is_contention() && !left.is_zero() => error,
                outcome => return outcome,
            };
            if matches!(error, LockError::Unknown { .. }) {
                left = left.saturating_sub(GRACE_STEP * GRACE_STEPS);
            }
            // Pauses are counted, not timed: a clock that is set cannot shorten or lengthen them.
            let slice = pause.min(left);
            self.clock.sleep(slice, self.stop);
            if self.stop.is_raised() {
                return Err(LockError::Stopped {
                    path: Names::of(self.workspace).lock,
                });
            }
            left = left.saturating_sub(slice);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Says what is known of the lock without taking it; `None` when there is none.
    ///
    /// # Errors
    /// `Held` when a live run holds the guard; a failed file operation.
    pub fn examine(&self) -> Result<Option<Verdict>, LockError> {
        let names = Names::of(self.workspace);
        if self.fs.metadata(&names.lock)?.is_none() {
            return Ok(None);
        }
        let disk = self.fs.kind(self.workspace)?;
        let _flock = self.take_guard(&names)?;
        Ok(self.look(&names, disk)?.map(|judged| judged.verdict))
    }

    /// Says what is known of the lock without taking it, as a phrase.
    ///
    /// # Errors
    /// A failed file operation.
    pub fn describe(&self) -> Result<String, LockError> {
        Ok(match self.examine() {
            Ok(None) => "none".to_owned(),
            Ok(Some(Verdict::Held(owner))) => format!("held by {owner}"),
            Ok(Some(Verdict::Stale { because })) => format!("left behind, {because}"),
            Ok(Some(Verdict::Unknown)) => "there, and nobody knows whose it is".to_owned(),
            Err(LockError::Held { owner, .. }) => owner.map_or_else(
                || "held by a run that just begins or ends".to_owned(),
                |owner| format!("held by {owner}"),
            ),
            Err(error) => return Err(error),
        })
    }

    /// Moves away a lock that nobody can judge. `key` is what the error that refused it printed. The next run takes
    /// over from it.
    ///
    /// # Errors
    /// `Held` when a live run holds the guard; `WrongKey`, `Absent`, `Changed`; a failed file operation.
    pub fn break_lock(&self, key: &str) -> Result<Option<Owner>, LockError> {
        let names = Names::of(self.workspace);
        let disk = self.trusted_disk()?;
        let _flock = self.take_guard(&names)?;
        let path = || names.lock.clone();
        let judged = self
            .look(&names, disk)?
            .ok_or_else(|| LockError::Absent { path: path() })?;
        if judged.key != key {
            return Err(LockError::WrongKey {
                path: path(),
                given: key.to_owned(),
            });
        }
        let run = self.run_id(&self.host.token());
        move_aside(self.fs, &names, &names.stale(&run), key)?;
        self.fs.sync_dir(self.workspace)?;
        Ok(judged.owner)
    }

    fn trusted_disk(&self) -> Result<FsKind, LockError> {
        match self.fs.kind(self.workspace)? {
            FsKind::Network if self.network == NetworkDisks::Refused => {
                Err(LockError::NetworkDisk {
                    path: self.workspace.to_owned(),
                })
            }
            disk => Ok(disk),
        }
    }

    fn take_guard(&self, names: &Names) -> Result<Box<dyn FileLock>, LockError> {
        if let Some(flock) = self.fs.try_lock(&names.guard)? {
            return Ok(flock);
        }
        let bytes = Names::owner_bytes(self.fs, &names.lock)?;
        Err(LockError::Held {
            path: names.lock.clone(),
            owner: bytes.as_deref().and_then(Owner::parse).map(Box::new),
            key: None,
        })
    }

    /// Looks at the visible lock once.
    fn look(&self, names: &Names, disk: FsKind) -> Result<Option<Judged>, LockError> {
        if self.fs.metadata(&names.lock)?.is_none() {
            return Ok(None);
        }
        let bytes = Names::owner_bytes(self.fs, &names.lock)?;
        let owner = bytes.as_deref().and_then(Owner::parse);
        let found = match &owner {
            Some(owner) => Found::Owned(owner.clone()),
            None if bytes.is_none() && names.is_unfinished(self.fs)? => Found::Ownerless {
                maker: Maker::Barkeep,
            },
            None => Found::Ownerless {
                maker: Maker::Anybody,
            },
        };
        Ok(Some(Judged {
            verdict: judge(&found, self.host, disk),
            key: key_of(bytes.as_deref()),
            owner,
        }))
    }

    /// Returns the dead lock that is in the way, `None` when the way is free, and an error otherwise.
    fn pick_dead(&self, names: &Names, disk: FsKind) -> Result<Option<Judged>, LockError> {
        self.give_grace(names)?;
        let Some(judged) = self.look(names, disk)? else {
            return Ok(None);
        };
        let path = names.lock.clone();
        match judged.verdict {
            Verdict::Stale { .. } => Ok(Some(judged)),
            Verdict::Held(owner) => Err(LockError::Held {
                path,
                owner: Some(Box::new(owner)),
                key: Some(judged.key),
            }),
            Verdict::Unknown => Err(LockError::Unknown {
                path,
                key: judged.key,
            }),
        }
    }

    /// Waits for a lock without an owner to name one or to go.
    fn give_grace(&self, names: &Names) -> Result<(), LockError> {
        // The predecessor makes the directory first and names itself later, and releases in the opposite order.
        for _ in 0..GRACE_STEPS {
            if self.stop.is_raised() || self.fs.metadata(&names.lock)?.is_none() {
                break;
            }
            let bytes = Names::owner_bytes(self.fs, &names.lock)?;
            if bytes.as_deref().and_then(Owner::parse).is_some() {
                break;
            }
            self.clock.sleep(GRACE_STEP, self.stop);
        }
        Ok(())
    }

    fn taken_over(
        &self,
        names: &Names,
        dead: Option<&Judged>,
    ) -> Result<Option<TakenOver>, LockError> {
        if let Some(judged) = dead {
            return Ok(Some(TakenOver {
                owner: judged.owner.clone(),
                because: match judged.verdict {
                    Verdict::Stale { because } => Some(because),
                    Verdict::Held(_) | Verdict::Unknown => None,
                },
            }));
        }
        let unswept = names.unswept(self.fs)?;
        Ok(unswept.into_iter().next().map(|owner| TakenOver {
            owner,
            because: None,
        }))
    }

    fn run_id(&self, token: &str) -> RunId {
        let nonce = token
            .get(..8)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        RunId::new(self.clock.now(), nonce.unwrap_or_default(), 1)
    }
}
