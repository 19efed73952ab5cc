//! `barkeep partition-migrate`: from one file per ticker to monthly partitions and back.

mod choose;
mod estimate_report;
mod init;
mod mark;
mod migrate;
mod migrate_args;
mod open;
mod report;
mod rollback;
mod status;
mod verify;

use clap::Subcommand;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;

/// What to do with a migration.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum MigrateCommand {
    /// Plan which intervals are migrated
    Init(init::InitArgs),
    /// Show how far each interval is, and what to type next
    Status(status::StatusArgs),
    /// Write into the plan by hand; this verifies nothing
    Mark(mark::MarkArgs),
    /// Copy legacy files into monthly partitions, prove them equal, and switch
    Migrate(migrate_args::MigrateArgs),
    /// Compare legacy files and partitions, and change nothing
    Verify(verify::VerifyArgs),
    /// Bring the rows back into legacy files, and switch back
    Rollback(rollback::RollbackArgs),
}

impl MigrateCommand {
    /// Returns what the command does, to follow "cannot".
    pub(in crate::cli) fn act(&self) -> &'static str {
        match self {
            Self::Init(_) => "plan the migration",
            Self::Status(_) => "show the migration",
            Self::Mark(_) => "change the plan",
            Self::Migrate(_) => "migrate",
            Self::Verify(_) => "verify",
            Self::Rollback(_) => "roll back",
        }
    }
}

/// Runs `partition-migrate`.
pub(in crate::cli) fn run(command: &MigrateCommand, shell: &Shell<'_>) -> Result<Exit, Failure> {
    match command {
        MigrateCommand::Init(args) => init::run(args, shell),
        MigrateCommand::Status(args) => status::run(args, shell),
        MigrateCommand::Mark(args) => mark::run(args, shell),
        MigrateCommand::Migrate(args) => migrate::run(args, shell),
        MigrateCommand::Verify(args) => verify::run(args, shell),
        MigrateCommand::Rollback(args) => rollback::run(args, shell),
    }
}
