//! What a user sees of an error of `migrate`.

use super::{Failure, exit_of_document};
use crate::cli::Exit;
use crate::migrate::{ChooseError, MarkError, MigrateError};

/// What helps with a plan that cannot be used.
const NEW_PLAN: &str = "repair it, or put a new one in its place, which keeps a copy and every proof: \
                        barkeep partition-migrate init --all-found --force";

impl From<MigrateError> for Failure {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Storage(error) => error.into(),
            MigrateError::Fs(error) => error.into(),
            MigrateError::Lock(error) => error.into(),
            MigrateError::Config(error) => error.into(),
            MigrateError::Catalog(error) => error.into(),
            MigrateError::Document(error) => {
                Self::of(exit_of_document(&error), error).hint(NEW_PLAN)
            }
            MigrateError::Plan { .. } => Self::of(Exit::Failed, error).hint(NEW_PLAN),
            MigrateError::TooWide {
                ref venue,
                interval,
            } => {
                let hint = format!(
                    "to have it so anyhow, name {interval} in `partition_intervals` of {venue} in barkeep.toml"
                );
                Self::of(Exit::Usage, error).hint(hint)
            }
            MigrateError::NoLegacyFiles { .. } | MigrateError::OfOthers { .. } => {
                Self::of(Exit::Failed, error)
                    .hint("barkeep partition-migrate init --all-found plans what is there")
            }
            MigrateError::Outside { .. } => Self::of(Exit::Failed, error)
                .hint("move them there: barkeep partition-migrate init --all-found --adopt --force"),
            MigrateError::OtherDisk { .. } => Self::of(Exit::Failed, error)
                .hint("mount the disk as `data` itself, or link `data` to it"),
            MigrateError::Changed { .. } => Self::of(Exit::Mismatch, error),
            MigrateError::Record { .. } => Self::of(Exit::Damaged, error)
                .hint("restore it from a backup: it is what vouches for removed legacy files")
                .hint(
                    "where every legacy file is there still, move the whole folder of records away and migrate again",
                ),
        }
    }
}

impl From<ChooseError> for Failure {
    fn from(error: ChooseError) -> Self {
        Self::of(Exit::Usage, error)
    }
}

impl From<MarkError> for Failure {
    fn from(error: MarkError) -> Self {
        let is_help_needed = error == MarkError::Nothing;
        let failure = Self::of(Exit::Usage, error);
        if is_help_needed {
            failure.hint("see --help")
        } else {
            failure
        }
    }
}
