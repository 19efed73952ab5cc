//! `barkeep man`: the manual, from the same definitions as `--help`.

use std::fmt::Write as _;

use clap::{Args, Command, CommandFactory, ValueEnum};

use crate::cli::args::CommandLine;
use crate::cli::{Exit, Failure, Shell};
use crate::sys::FsError;

/// Lines are broken here, whatever terminal the manual is printed on.
const WIDTH: usize = 100;

/// Options of `man`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ManArgs {
    /// The form
    #[arg(long, value_enum, default_value_t)]
    format: ManFormat,
}

/// The form of the manual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ManFormat {
    /// A page for man(1).
    #[default]
    Roff,
    /// `docs/cli.md`.
    Markdown,
}

/// Runs `man`.
pub(in crate::cli) fn run(args: &ManArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let command = CommandLine::command()
        .term_width(WIDTH)
        .max_term_width(WIDTH);
    let text = match args.format {
        ManFormat::Markdown => markdown(command),
        ManFormat::Roff => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command)
                .render(&mut page)
                .map_err(FsError::at("render", "the manual".as_ref()))?;
            String::from_utf8_lossy(&page).into_owned()
        }
    };
    shell.text(&text);
    Ok(Exit::Ok)
}

fn markdown(mut command: Command) -> String {
    command.build();
    let mut text = String::from(
        "# Command line\n\nMade by `barkeep man --format markdown`; a test keeps it current.\n",
    );
    let mut path = Vec::new();
    section(&mut command, &mut path, &mut text);
    text
}

fn section(command: &mut Command, path: &mut Vec<String>, text: &mut String) {
    path.push(command.get_name().to_owned());
    let help = command.render_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _in_memory = write!(
        text,
        "\n## {}\n\n```text\n{}\n```\n",
        path.join(" "),
        lines.join("\n").trim_end()
    );
    for inner in command
        .get_subcommands_mut()
        .filter(|inner| !inner.is_hide_set() && inner.get_name() != "help")
    {
        section(inner, path, text);
    }
    path.pop();
}
