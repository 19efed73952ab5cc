//! From the errors of the rooms to what a user sees: an exit code, a chain of causes, hints.
//!
//! Promises: the only place that knows which error has which exit code, and the only one that gives hints; a hint
//! is there only if something can be done. `anyhow` is used here and nowhere else.

mod message;
mod of_migrate;
mod of_roster;

pub(super) use message::Failure;

use std::path::Path;

use super::Exit;
use super::ui::troubles::why_nothing_is_stored;
use super::ui::words;
use crate::audit::AuditError;
use crate::catalog::{CatalogError, LAST_GOOD_FILE, TICKERS_FILE, Unusable};
use crate::config::{ConfigError, EnvError};
use crate::cycle::CycleError;
use crate::document::DocumentError;
use crate::export::ExportError;
use crate::ingest::IngestError;
use crate::inventory::InventoryError;
use crate::ledger::{LedgerError, Unknown};
use crate::lock::LockError;
use crate::mirror::MirrorError;
use crate::overview::SurveyError;
use crate::query::QueryError;
use crate::storage::{StorageError, WayOut};
use crate::sys::{FsError, Signal};
use crate::update::UpdateError;
use crate::vault::VaultError;
use crate::workspace::{DataAbsent, DataRoot, ReadError, WorkspaceError};

/// Makes failures of the errors of rooms: what they pass on is what its own room makes of it, and each other one has its exit.
macro_rules! failures {
    ($($error:ident { $($passed:ident),* } $($own:pat => $exit:expr),*;)*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                match error {
                    $($error::$passed(error) => error.into(),)*
                    $(error @ $own => Self::of($exit, error),)*
                }
            }
        })*
    };
}

failures! {
    AuditError { Inventory, Ingest, Catalog, Vault } AuditError::Shut { .. } => Exit::Failed;
    IngestError { Storage, Catalog, Fs };
    QueryError { Read, Inventory, Storage, Workspace, Fs }
        QueryError::NotAMultiple { .. } | QueryError::WithoutPolars => Exit::Usage,
        QueryError::Unjoined { .. } => Exit::Failed;
    SurveyError { Workspace, Update };
    VaultError { Fs, Lock } VaultError::Name(_) | VaultError::Newer { .. } => Exit::Failed;
    WorkspaceError { Config, Catalog, Fs }
        WorkspaceError::NotInitialised { .. } => Exit::NotInitialised,
        WorkspaceError::Source { .. } => Exit::Failed,
        WorkspaceError::Proxy(_) => Exit::Usage;
}

impl From<EnvError> for Failure {
    fn from(error: EnvError) -> Self {
        Self::of(Exit::Usage, error)
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        Self::of(Exit::Failed, error)
    }
}

impl From<Unusable> for Failure {
    fn from(error: Unusable) -> Self {
        Self::of(Exit::Damaged, error)
    }
}

fn exit_of_fs(error: &FsError) -> Exit {
    if error.is_out_of_space() {
        Exit::NoSpace
    } else {
        Exit::Failed
    }
}

impl From<FsError> for Failure {
    fn from(error: FsError) -> Self {
        Self::of(exit_of_fs(&error), error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let exit = match &error {
            ConfigError::Document(document) => exit_of_document(document),
            ConfigError::Fs(error) => exit_of_fs(error),
            ConfigError::Environment(_) => Exit::Usage,
            ConfigError::Settings { .. } => Exit::Damaged,
        };
        Self::of(exit, error)
    }
}

fn exit_of_document(error: &DocumentError) -> Exit {
    match error {
        DocumentError::Unreadable(error) => exit_of_fs(error),
        DocumentError::TooLarge { .. } => Exit::Failed,
        _ => Exit::Damaged,
    }
}

/// Returns the command that makes the last good generation the registry again.
fn copied(last_good: &Path) -> String {
    let quoted = |path: &Path| words::quoted(&path.display().to_string());
    let registry = last_good.with_file_name(TICKERS_FILE);
    format!("cp {} {}", quoted(last_good), quoted(&registry))
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        let (exit, hint) = match &error {
            CatalogError::Document { source, last_good } => {
                let copied = last_good.as_deref().map(copied);
                let hint = copied.map(|copied| {
                    format!("repair the file, or copy the last good generation over it: {copied}")
                });
                (exit_of_document(source), hint)
            }
            CatalogError::Gone { last_good, .. } => {
                let copied = copied(last_good);
                let hint = format!("put it back: {copied}; to begin anew, remove {LAST_GOOD_FILE}");
                (Exit::NotInitialised, Some(hint))
            }
            CatalogError::UnknownInterval { path, .. } => {
                let hint = format!("remove the name from {}", path.display());
                (Exit::Damaged, Some(hint))
            }
            CatalogError::Fs(error) => (exit_of_fs(error), None),
        };
        let failure = Self::of(exit, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let exit = match &error {
            LockError::File(error) => exit_of_fs(error),
            LockError::NetworkDisk { .. } | LockError::Absent { .. } => Exit::Failed,
            LockError::WrongKey { .. } => Exit::Usage,
            // Nobody is told the signal here; whoever waits for the lock says which one it was.
            LockError::Stopped { .. } => Exit::Interrupted(Signal::Interrupt),
            _ => Exit::Locked,
        };
        let mut hints = Vec::new();
        if error.is_contention() {
            hints.push("run again later, or have it wait: barkeep update --wait 600".to_owned());
        }
        if let Some(key) = error.key() {
            hints.push(format!(
                "if nothing is at work there any more: barkeep cleanup --break-lock {key}"
            ));
        }
        if matches!(error, LockError::NetworkDisk { .. }) {
            hints.push(
                "if only this host works on it, set `allow_network_filesystem = true` below \
                 `[workspace]` in barkeep.toml"
                    .to_owned(),
            );
        }
        hints.into_iter().fold(Self::of(exit, error), Self::hint)
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Fs(error) => error.into(),
            StorageError::Lock(error) => error.into(),
            StorageError::Foreign { way_out, .. } => {
                Self::of(Exit::Damaged, error).hint(match way_out {
                    WayOut::StoreAnew => AS_DOCUMENTED,
                    WayOut::PutInPlace => IN_ITS_PLACE,
                    WayOut::Rename => BY_ITS_NAME,
                })
            }
            // What a file holds and what its place says must agree.
            StorageError::Refused { .. } => Self::of(Exit::Mismatch, error),
            StorageError::DamagedJournal { .. } => Self::of(Exit::Damaged, error),
            StorageError::Staging { .. } => Self::of(Exit::Failed, error).hint(
                "a folder that is missing there is made anew on the right disk: move the link or the file away, or unmount it",
            ),
            StorageError::LegacyName { .. } => Self::of(Exit::Failed, error).hint(IN_PARTITIONS),
            error => Self::of(Exit::Failed, error),
        }
    }
}

/// What helps with a file that is whole and cannot be held.
const AS_DOCUMENTED: &str = "the file is whole and stays where it is: store it anew with the columns and types of \
                             docs/format.md, or move it away";

/// What helps with a link, pipe or device.
const IN_ITS_PLACE: &str = "nothing was read or changed: put the file or folder that it leads to in its place, or move it away";

/// What helps with a file that nobody reads under its name.
const BY_ITS_NAME: &str = "nothing was read or changed: if its rows are those of the series, give it the name that docs/format.md \
                           says, or else move it away";

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        StorageError::from(error).into()
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let exit = match &error {
            ReadError::Unknown { unknown, .. } => match unknown {
                Unknown::Ledger { .. } | Unknown::Kept { .. } => Exit::Damaged,
                _ => Exit::Failed,
            },
            ReadError::Damaged { .. } | ReadError::DamagedExtra { .. } => Exit::Damaged,
            ReadError::Storage(_)
            | ReadError::Unadjustable { .. }
            | ReadError::WithoutTicker { .. } => Exit::Failed,
        };
        match error {
            ReadError::Storage(error) => error.into(),
            error => Self::of(exit, error),
        }
    }
}

/// Returns the failure of a command that rows that cannot be found, or stored, keep from its work.
pub(super) fn nothing_stored(data: &DataRoot) -> Failure {
    let (message, hint) = why_nothing_is_stored(data).unwrap_or_default();
    Failure::new(Exit::Failed, message).hint(format!("{hint}, then run again"))
}

/// What helps a symbol that the legacy layout cannot spell.
const IN_PARTITIONS: &str = "partitions can hold it: barkeep partition-toggle";

impl From<DataAbsent> for Failure {
    fn from(_: DataAbsent) -> Self {
        nothing_stored(&DataRoot::Absent)
    }
}

impl From<InventoryError> for Failure {
    fn from(error: InventoryError) -> Self {
        match error {
            InventoryError::Fs(error) => error.into(),
            InventoryError::Ledger(error) => error.into(),
            InventoryError::Lock(error) => error.into(),
            InventoryError::Storage(error) => error.into(),
            InventoryError::Workspace(error) => error.into(),
            InventoryError::DataAbsent(absent) => absent.into(),
            InventoryError::Unfinished { runs } => {
                let are = words::count(runs, "interrupted run is", "interrupted runs are");
                Self::new(Exit::Failed, format!("{are} not finished yet"))
                    .hint("finish them first: barkeep cleanup")
            }
        }
    }
}

impl From<MirrorError> for Failure {
    fn from(error: MirrorError) -> Self {
        match error {
            MirrorError::Fs(error) => error.into(),
            MirrorError::Ledger(error) => error.into(),
            MirrorError::Inventory(error) => error.into(),
            MirrorError::Storage(error) => error.into(),
            MirrorError::Damaged { .. } => Self::of(Exit::Damaged, error)
                .hint("make it anew: barkeep mirror"),
            MirrorError::LastCopy { .. } => Self::of(Exit::Usage, error).hint(
                "put it back: barkeep check --repair; or lose it: barkeep mirror --full --yes",
            ),
            MirrorError::Doubtful { .. } => Self::of(Exit::Damaged, error).hint(
                "put back what others have: barkeep check --repair; then lose it: barkeep mirror --full --yes",
            ),
            MirrorError::Foreign { .. } => Self::of(Exit::Failed, error).hint(
                "give each workspace a place of its own by `mirror_path` in barkeep.toml, or delete that mirror",
            ),
            MirrorError::AmongData { .. } => Self::of(Exit::Usage, error)
                .hint("set `mirror_path` in barkeep.toml to another folder"),
            MirrorError::Busy { .. } => Self::of(Exit::Locked, error),
            MirrorError::Newer { .. }
            | MirrorError::Encode { .. }
            | MirrorError::Unreadable { .. } => Self::of(Exit::Failed, error),
        }
    }
}

impl From<CycleError> for Failure {
    fn from(error: CycleError) -> Self {
        match error {
            CycleError::Workspace(error) => error.into(),
            CycleError::Catalog(error) => error.into(),
            CycleError::Unusable(error) => error.into(),
            CycleError::Storage(error) => error.into(),
            CycleError::Inventory(error) => error.into(),
            CycleError::Ingest(error) => error.into(),
            CycleError::Update(error) => error.into(),
            CycleError::Lock(error) => error.into(),
            CycleError::Fs(error) => error.into(),
            CycleError::NoSpace {
                what,
                found,
                needed,
                ..
            } => {
                let missing = needed.saturating_sub(found);
                let amount = match what {
                    "bytes" => words::size(missing),
                    _ => format!("{missing} {what}"),
                };
                Self::of(Exit::NoSpace, error).hint(format!("free {amount}, then run again"))
            }
            CycleError::WithoutRegistry => Self::of(Exit::NotInitialised, error),
            CycleError::Strangers(_) => Self::of(Exit::Failed, error),
        }
    }
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::Storage(error) => error.into(),
            UpdateError::Catalog(error) => error.into(),
            UpdateError::Fs(error) => error.into(),
            UpdateError::Vault(error) => error.into(),
            UpdateError::UnknownVenue { .. } => Self::of(Exit::Usage, error).hint(
                "`barkeep config show` lists the sources; describe another one in barkeep.toml",
            ),
            UpdateError::NoTickers { ref venue } => {
                let hint = format!("add one, such as: barkeep tickers add AAPL --venue {venue}");
                Self::of(Exit::Usage, error).hint(hint)
            }
        }
    }
}
