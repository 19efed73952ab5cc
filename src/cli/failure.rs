//! From the errors of the rooms to what a user sees: an exit code, a chain of causes, hints.
//!
//! Promises: the only place that knows which error has which exit code, and the only one that gives hints; a hint
//! is there only if something can be done. `anyhow` is used here and nowhere else.

mod message;
mod of_migrate;
mod of_roster;

pub(super) use message::Failure;

use std::error::Error;
use std::path::Path;

use super::Exit;
use super::ui::troubles::why_nothing_is_stored;
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
use crate::model::words;
use crate::model::{Amiss, Unclear};
use crate::overview::SurveyError;
use crate::query::QueryError;
use crate::storage::{StorageError, WayOut};
use crate::sys::{FsError, Signal};
use crate::update::UpdateError;
use crate::vault::VaultError;
use crate::workspace::{DataAbsent, DataRoot, ReadError, WorkspaceError};

/// What an error is to the shell: an exit, an exit with what to do about it, or another failure altogether.
trait Verdict<E> {
    /// Returns the failure that an error is.
    fn of(self, error: E) -> Failure;
}

impl<E: Error + Send + Sync + 'static> Verdict<E> for Exit {
    fn of(self, error: E) -> Failure {
        Failure::of(self, error)
    }
}

impl<E, H> Verdict<E> for (Exit, H)
where
    E: Error + Send + Sync + 'static,
    H: IntoIterator<Item: Into<String>>,
{
    fn of(self, error: E) -> Failure {
        let (exit, hints) = self;
        hints.into_iter().fold(exit.of(error), Failure::hint)
    }
}

impl<E> Verdict<E> for Failure {
    fn of(self, _: E) -> Failure {
        self
    }
}

/// Makes failures of the errors of rooms: what they pass on is what its own room makes of it, and each other one has its verdict.
macro_rules! failures {
    ($($error:ident { $($passed:ident),* } $($own:pat => $verdict:expr),*;)*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                match error {
                    $($error::$passed(error) => error.into(),)*
                    $($own => Verdict::of($verdict, error),)*
                }
            }
        })*
    };
}
use failures;

failures! {
    AuditError { Inventory, Ingest, Catalog, Vault } AuditError::Shut { .. } => Exit::Failed;
    CatalogError {} ref error => of_catalog(error);
    ConfigError {}
        ConfigError::Document(ref error) => of_document(error),
        ConfigError::Fs(ref error) => of_fs(error),
        ConfigError::Environment(_) => Exit::Usage,
        ConfigError::Settings { .. } => Exit::Damaged;
    CycleError { Unclear, Workspace, Catalog, Unusable, Storage, Inventory, Ingest, Update, Lock, Fs }
        CycleError::NoSpace { what, found, needed, .. } => (Exit::NoSpace, [freeing(what, needed.saturating_sub(found))]),
        CycleError::WithoutRegistry => Exit::NotInitialised;
    EnvError {} _ => Exit::Usage;
    ExportError { Unclear, Fs } ExportError::Refused { .. } | ExportError::TooFine { .. } => Exit::Failed;
    FsError {} ref error => of_fs(error);
    IngestError { Storage, Catalog, Fs };
    InventoryError { Unclear, Fs, Ledger, Lock, Storage, Workspace }
        InventoryError::DataAbsent(absent) => Failure::from(absent),
        InventoryError::Unfinished { runs } => unfinished(runs);
    LockError {} ref error => of_lock(error);
    MirrorError { Fs, Ledger, Inventory, Storage }
        MirrorError::Damaged { .. } => Exit::Damaged,
        MirrorError::LastCopy { .. } => (Exit::Usage, [
            "put it back: barkeep check --repair; or lose it: barkeep mirror --full --yes",
        ]),
        MirrorError::Doubtful { .. } => (Exit::Damaged, [
            "put back what others have: barkeep check --repair; then lose it: barkeep mirror --full --yes",
        ]),
        MirrorError::Foreign { .. } => (Exit::Failed, [
            "give each workspace a place of its own by `mirror_path` in barkeep.toml, or delete that mirror",
        ]),
        MirrorError::Copied { .. } => (Exit::Failed, [
            "give this workspace a place of its own by `mirror_path` in barkeep.toml",
        ]),
        MirrorError::AmongData { .. } => (Exit::Usage, ["set `mirror_path` in barkeep.toml to another folder"]),
        MirrorError::Busy { .. } => Exit::Locked,
        MirrorError::Newer { .. } | MirrorError::Encode { .. } | MirrorError::Unreadable { .. } => Exit::Failed;
    QueryError { Unclear, Read, Inventory, Storage, Workspace, Fs }
        QueryError::NotAMultiple { .. } | QueryError::WithoutPolars => Exit::Usage,
        QueryError::Unjoined { .. } => Exit::Failed;
    ReadError { Storage }
        ReadError::Unknown { unknown: Unknown::Ledger { .. } | Unknown::Kept { .. }, .. }
        | ReadError::Damaged { .. }
        | ReadError::DamagedExtra { .. } => Exit::Damaged,
        ReadError::Unknown { .. } | ReadError::Unadjustable { .. } | ReadError::WithoutTicker { .. } => Exit::Failed;
    StorageError { Fs, Lock }
        StorageError::Foreign { way_out, .. } => (Exit::Damaged, [match way_out {
            WayOut::StoreAnew => AS_DOCUMENTED,
            WayOut::PutInPlace => IN_ITS_PLACE,
            WayOut::Rename => BY_ITS_NAME,
        }]),
        // What a file holds and what its place says must agree.
        StorageError::Refused { .. } => Exit::Mismatch,
        StorageError::DamagedJournal { .. } => Exit::Damaged,
        StorageError::Staging { .. } => (Exit::Failed, [
            "a folder that is missing there is made anew on the right disk: move the link or the file away, or unmount it",
        ]),
        StorageError::LegacyName { .. } => (Exit::Failed, [IN_PARTITIONS]),
        _ => Exit::Failed;
    SurveyError { Fs, Inventory, Workspace, Update };
    Unclear {} ref error => of_words(error);
    Unusable {} _ => Exit::Damaged;
    UpdateError { Storage, Catalog, Fs, Vault }
        UpdateError::UnknownVenue { .. } => (Exit::Usage, [
            "`barkeep config show` lists the sources; describe another one in barkeep.toml",
        ]),
        UpdateError::NoTickers { ref venue } => (Exit::Usage, [
            format!("add one, such as: barkeep tickers add AAPL --venue {venue}"),
        ]);
    VaultError { Fs, Lock } VaultError::Name(_) | VaultError::Newer { .. } => Exit::Failed;
    WorkspaceError { Config, Catalog, Fs }
        WorkspaceError::NotInitialised { .. } => Exit::NotInitialised,
        WorkspaceError::Source { .. } => Exit::Failed,
        WorkspaceError::Proxy(_) => Exit::Usage;
}

/// What helps with a file that is whole and cannot be held.
const AS_DOCUMENTED: &str = "the file is whole and stays where it is: store it anew with the columns and types of \
                             docs/format.md, or move it away";

/// What helps with a link, pipe or device.
const IN_ITS_PLACE: &str = "nothing was read or changed: put the file or folder that it leads to in its place, or move it away";

/// What helps with a file that nobody reads under its name.
const BY_ITS_NAME: &str = "nothing was read or changed: if its rows are those of the series, give it the name that docs/format.md \
                           says, or else move it away";

/// What helps a symbol that the legacy layout cannot spell.
const IN_PARTITIONS: &str = "partitions can hold it: barkeep partition-toggle";

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        StorageError::from(error).into()
    }
}

fn of_words(error: &Unclear) -> (Exit, Option<String>) {
    let exit = match error.amiss {
        Amiss::Words => Exit::Usage,
        Amiss::Rows => Exit::Failed,
    };
    (exit, error.hint.clone())
}

fn of_fs(error: &FsError) -> Exit {
    if error.is_out_of_space() {
        Exit::NoSpace
    } else {
        Exit::Failed
    }
}

fn of_document(error: &DocumentError) -> Exit {
    match error {
        DocumentError::Unreadable(error) => of_fs(error),
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

fn of_catalog(error: &CatalogError) -> (Exit, Option<String>) {
    match error {
        CatalogError::Document { source, last_good } => {
            let copied = last_good.as_deref().map(copied);
            let hint = copied.map(|copied| {
                format!("repair the file, or copy the last good generation over it: {copied}")
            });
            (of_document(source), hint)
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
        CatalogError::Fs(error) => (of_fs(error), None),
    }
}

fn of_lock(error: &LockError) -> (Exit, Vec<String>) {
    let exit = match error {
        LockError::File(error) => of_fs(error),
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
    (exit, hints)
}

fn freeing(what: &str, missing: u64) -> String {
    let amount = match what {
        "bytes" => words::size(missing),
        _ => format!("{missing} {what}"),
    };
    format!("free {amount}, then run again")
}

impl From<DataAbsent> for Failure {
    fn from(_: DataAbsent) -> Self {
        nothing_stored(&DataRoot::Absent)
    }
}

/// Returns the failure of a command that rows that cannot be found, or stored, keep from its work.
pub(super) fn nothing_stored(data: &DataRoot) -> Failure {
    let (message, hint) = why_nothing_is_stored(data).unwrap_or_default();
    Failure::new(Exit::Failed, message).hint(format!("{hint}, then run again"))
}

fn unfinished(runs: usize) -> Failure {
    let are = words::count(runs, "interrupted run is", "interrupted runs are");
    Failure::new(Exit::Failed, format!("{are} not finished yet"))
        .hint("finish them first: barkeep cleanup")
}
