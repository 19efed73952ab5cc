//! A disk that loses power whenever a test likes.
//!
//! `SimFs` implements `sys::Fs` over a volatile tree and a list of changes that are not durable yet, in the strict
//! POSIX model: syncing a file makes its bytes durable, syncing a directory its entries, and of everything else any
//! subset may survive a power cut, un-synced bytes missing, zeroed or half there. `sweep` runs a piece of work into
//! every crash, double crash, kill and I/O error and judges what is found afterwards; `MutantFs` leaves steps out,
//! so that a test can show that the sweep would have noticed.
//! A folder can turn bad, as one without rights or on a read-only mount is. Harsher than any Linux file system. Follows no
//! links.

mod cut;
mod disk;
mod fault;
mod fs;
mod mutant;
mod simfs;
mod state;
mod sweep;
mod tree;

pub(crate) use fault::{BadFolder, Fault};
pub(crate) use mutant::{MutantFs, Op};
pub(crate) use simfs::SimFs;
pub(crate) use sweep::{Recover, SweepReport, sweep};
