//! The one door to the operating system: files, clock, signals, host facts.
//!
//! Promises: every error carries its operation and its path; whatever is written by `atomic` survives
//! power loss once it was reported. Nothing above this room calls `std::fs`, reads a clock or asks for a pid.
//! Leaves to others: what the bytes mean and who may write them (`lock`).

mod access;
pub mod atomic;
mod clock;
pub mod command;
mod fs;
mod heritage;
mod host;
mod medium;
mod mutex;
mod open;
mod os;
mod probe;
mod shutdown;

pub use access::{Access, Rights, is_dir, refuse_unless_file, rights_of};
pub use clock::{Clock, FixedClock, ReplayClock, Stopwatch, SystemClock};
pub use fs::{
    Barrier, Entry, FileLock, Fs, FsError, FsFile, FsKind, FsResult, Kind, Medium, Meta, Space,
};
pub use heritage::{Acl, Heritage};
pub use host::{Host, HostFacts, ThisHost, terminal_columns};
pub use mutex::locked;
pub use os::OsFs;
pub use shutdown::{Shutdown, Signal};
