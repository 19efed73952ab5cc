//! The names that the predecessor had for commands, so that scripts which were written for it go on.
//!
//! Promises: the same arguments. What barkeep does at each is what the command of today's name does, and is said there.

use clap::{Arg, ArgAction, Subcommand};

use super::cleanup::{self, CleanupArgs};
use super::init::{self, InitArgs};
use super::intervals::{self, ChangeArgs};
use super::not_founds::{self, NotFoundsArgs};
use super::symbol_import::{self, ImportArgs};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::wiring;

/// The predecessor's commands that have other names today.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PredecessorCommand {
    /// The predecessor's name for `init`
    #[command(hide = true)]
    Initialize,
    /// The predecessor's name for `intervals add`
    #[command(hide = true)]
    AddInterval(ChangeArgs),
    /// The predecessor's name for `intervals remove`
    #[command(hide = true)]
    RemoveInterval(ChangeArgs),
    /// The predecessor's name for `tickers import --datahub`
    #[command(hide = true)]
    UpdateTickers,
    /// The predecessor's name for `tickers confirm`
    #[command(hide = true)]
    ConfirmNotFounds(NotFoundsArgs),
    /// The predecessor's name for `tickers reparse`
    #[command(hide = true)]
    ReparseNotFounds(NotFoundsArgs),
    /// The names that the predecessor had for `cleanup`
    #[command(hide = true, subcommand)]
    RunLock(RunLockCommand),
}

/// The switches of the predecessor's commands, by their fields, and the opposite that each of them had beside it: the last one
/// of the two on the line counts.
const TWINS: [(&[&str], &str, &str); 4] = [
    (&["update"], "save_not_founds", "no-save-not-founds"),
    (&["update"], "non_interactive", "no-non-interactive"),
    (
        &["run-lock", "cleanup"],
        "non_interactive",
        "no-non-interactive",
    ),
    (
        &["partition-migrate", "migrate"],
        "non_interactive",
        "no-non-interactive",
    ),
];

/// Adds the opposites of switches, which no help shows.
pub(in crate::cli) fn with_twins(line: clap::Command) -> clap::Command {
    TWINS.into_iter().fold(line, |line, (path, switch, twin)| {
        let twin = Arg::new(twin).long(twin).hide(true);
        let twin = twin.action(ArgAction::SetTrue).overrides_with(switch);
        added(line, path, twin)
    })
}

fn added(command: clap::Command, path: &[&'static str], arg: Arg) -> clap::Command {
    match path {
        [] => command.arg(arg),
        [name, rest @ ..] => command.mut_subcommand(name, |inner| added(inner, rest, arg)),
    }
}

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

impl PredecessorCommand {
    /// Returns what the command does, to follow "cannot".
    pub(in crate::cli) fn act(&self) -> &'static str {
        match self {
            Self::Initialize => "set up the workspace",
            Self::AddInterval(_) | Self::RemoveInterval(_) => "change intervals",
            Self::UpdateTickers | Self::ConfirmNotFounds(_) | Self::ReparseNotFounds(_) => {
                "change tickers"
            }
            Self::RunLock(_) => "clean up",
        }
    }
}

/// Runs a command by its earlier name.
pub(in crate::cli) fn run(
    command: &PredecessorCommand,
    shell: &Shell<'_>,
) -> Result<Exit, Failure> {
    match command {
        PredecessorCommand::Initialize => initialize(shell),
        PredecessorCommand::AddInterval(args) => intervals::add(args, shell),
        PredecessorCommand::RemoveInterval(args) => intervals::remove(args, shell),
        PredecessorCommand::UpdateTickers => symbol_import::run(&ImportArgs::datahub(), shell),
        PredecessorCommand::ConfirmNotFounds(args) => not_founds::confirm(args, shell),
        PredecessorCommand::ReparseNotFounds(args) => not_founds::reparse(args, shell),
        PredecessorCommand::RunLock(RunLockCommand::Cleanup { .. }) => {
            cleanup::run(&CleanupArgs::default(), shell)
        }
        PredecessorCommand::RunLock(RunLockCommand::Status) => {
            let workspace = wiring::open(shell)?;
            shell.line(&workspace.lock().describe()?);
            Ok(Exit::Ok)
        }
    }
}

/// The predecessor downloaded its lists here; what is downloaded today is asked for.
fn initialize(shell: &Shell<'_>) -> Result<Exit, Failure> {
    let exit = init::run(&InitArgs::default(), shell)?;
    shell.note("No list of tickers is downloaded by itself: barkeep tickers import --nasdaq");
    Ok(exit)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::cli::args::{Command, CommandLine};

    #[rstest]
    #[case(&["--save-not-founds"], (true, false))]
    #[case(&["--no-save-not-founds", "--no-non-interactive"], (false, false))]
    #[case(&["--save-not-founds", "--no-save-not-founds", "--non-interactive"], (false, true))]
    #[case(&["--no-save-not-founds", "--save-not-founds"], (true, false))]
    fn the_last_of_a_switch_and_its_opposite_counts(
        #[case] options: &[&str],
        #[case] expected: (bool, bool),
    ) {
        for name in ["update", "update-data"] {
            let words = [&["barkeep", name], options].concat();
            let words: Vec<_> = words.into_iter().map(Into::into).collect();

            let line = CommandLine::of(&words).unwrap();

            let Command::Update(args) = line.command else {
                panic!("{name} is no update");
            };
            assert_eq!((args.save_not_founds, args.non_interactive), expected);
        }
    }

    #[test]
    fn opposites_are_taken_wherever_the_predecessor_had_the_switch() {
        for words in [
            "barkeep run-lock cleanup --non-interactive --no-non-interactive",
            "barkeep partition-migrate migrate --all --no-non-interactive",
        ] {
            let words: Vec<_> = words.split(' ').map(Into::into).collect();

            assert!(CommandLine::of(&words).is_ok(), "{words:?}");
        }
    }
}
