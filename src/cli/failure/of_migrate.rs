//! What a user sees of an error of `migrate`.

use super::{Failure, Verdict, failures, of_document};
use crate::cli::Exit;
use crate::migrate::{ChooseError, MarkError, MigrateError};

/// What helps with a plan that cannot be used.
const NEW_PLAN: &str = "repair it, or put a new one in its place, which keeps a copy and every proof: \
                        barkeep partition-migrate init --all-found --force";

failures! {
    MigrateError { Storage, Fs, Lock, Config, Catalog }
        MigrateError::Document(ref error) => (of_document(error), [NEW_PLAN]),
        MigrateError::Plan { .. } => (Exit::Failed, [NEW_PLAN]),
        MigrateError::TooWide { ref venue, interval } => (Exit::Usage, [
            format!("to have it so anyhow, name {interval} in `partition_intervals` of {venue} in barkeep.toml"),
        ]),
        MigrateError::NoLegacyFiles { .. } | MigrateError::OfOthers { .. } => (Exit::Failed, [
            "barkeep partition-migrate init --all-found plans what is there",
        ]),
        MigrateError::Outside { .. } => (Exit::Failed, [
            "move them there: barkeep partition-migrate init --all-found --adopt --force",
        ]),
        MigrateError::OtherDisk { .. } => (Exit::Failed, ["mount the disk as `data` itself, or link `data` to it"]),
        MigrateError::Changed { .. } => Exit::Mismatch,
        MigrateError::Record { .. } => (Exit::Damaged, [
            "restore it from a backup: it is what vouches for removed legacy files",
            "where every legacy file is there still, move the whole folder of records away and migrate again",
        ]);
    ChooseError {} _ => Exit::Usage;
    MarkError {} ref error => (Exit::Usage, (*error == MarkError::Nothing).then_some("see --help"));
}
