//! `barkeep completions`: the completions of a shell, for packagers.

use clap::{Args, CommandFactory};
use clap_complete::Shell as Dialect;

use crate::cli::Exit;
use crate::cli::args::CommandLine;
use crate::cli::shell::Shell;

/// Options of `completions`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    dialect: Dialect,
}

/// Runs `completions`.
pub(in crate::cli) fn run(args: &CompletionsArgs, shell: &Shell<'_>) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(
        args.dialect,
        &mut CommandLine::command(),
        "barkeep",
        &mut script,
    );
    shell.printer.text(&String::from_utf8_lossy(&script));
    Exit::Ok
}
