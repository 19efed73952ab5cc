//! `barkeep run-lock`: what the predecessor called `cleanup`.

use clap::Subcommand;

use super::cleanup::{self, CleanupArgs};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::wiring;
use crate::config::Overrides;

/// What to do with the lock.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(in crate::cli) enum RunLockCommand {
    /// Print who holds the run lock
    Status,
    /// The same as `barkeep cleanup`
    Cleanup {
        /// Accepted, since nothing is asked
        #[arg(long)]
        non_interactive: bool,
    },
}

/// Runs `run-lock`.
pub(in crate::cli) fn run(command: RunLockCommand, shell: &Shell<'_>) -> Result<Exit, Failure> {
    match command {
        RunLockCommand::Cleanup { .. } => cleanup::run(&CleanupArgs::default(), shell),
        RunLockCommand::Status => {
            let workspace = wiring::open(shell, &Overrides::default())?;
            shell.printer.line(&cleanup::describe_lock(&workspace)?);
            Ok(Exit::Ok)
        }
    }
}
