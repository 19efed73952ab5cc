//! `barkeep completions`: what a shell needs to complete commands, options, and the words that they take.
//!
//! Promises: tickers, intervals and venues are those of the workspace that the line names, asked for at each key press by
//! `barkeep complete`. Names that are hidden from the help are hidden here.

use std::fmt::Write as _;

use clap::{Args, CommandFactory};
use clap_complete::Shell as Dialect;

use crate::cli::args::CommandLine;
use crate::cli::{Exit, Shell};

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
    clap_complete::generate(args.dialect, &mut shown(), "barkeep", &mut script);
    let script = String::from_utf8_lossy(&script);
    shell.text(&match args.dialect {
        Dialect::Bash => format!("{script}\n{BASH}"),
        Dialect::Zsh => zsh(&script),
        Dialect::Fish => fish(&script),
        _ => script.into_owned(),
    });
    Exit::Ok
}

/// Returns the command line without what its help does not show.
fn shown() -> clap::Command {
    let all = CommandLine::command();
    let arguments = all.get_arguments().filter(|arg| !arg.is_hide_set());
    let commands = all.get_subcommands().filter(|inner| !inner.is_hide_set());
    <clap::Command>::new("barkeep")
        .bin_name("barkeep")
        .version(env!("CARGO_PKG_VERSION"))
        .args(arguments.cloned())
        .subcommands(commands.cloned())
}

/// Words of the workspace come first; everything else is left to the function that was generated.
const BASH: &str = include_str!("completions/words.bash");

const ZSH: &str = include_str!("completions/words.zsh");

/// Gives the words of the workspace to the arguments that take them; the generated script offers files there.
fn zsh(script: &str) -> String {
    let mut text = script.replacen("_barkeep() {", &format!("{ZSH}_barkeep() {{"), 1);
    for (generated, what) in [
        (":TICKER:_default'", "tickers"),
        (":INTERVAL:_default'", "intervals"),
        (":MARKET:SOURCE:_default'", "venues"),
    ] {
        let name = what.trim_end_matches('s');
        text = text.replace(generated, &format!(":{name}:_barkeep_words {what}'"));
    }
    let of_place = |line: &str| {
        let is_place = |name: &str| {
            line.starts_with(&format!("'*::{name} -- "))
                || line.starts_with(&format!("':{name} -- "))
        };
        ["tickers", "ticker", "intervals", "venues"]
            .into_iter()
            .find(|name| is_place(name))
    };
    let lines = text.lines().map(|line| match of_place(line) {
        Some(name) => {
            let what = format!("{}s", name.trim_end_matches('s'));
            line.replace(":_default'", &format!(":_barkeep_words {what}'"))
        }
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

const FISH: &str = include_str!("completions/words.fish");

/// As for zsh; what stands in a place has no lines of its own yet.
fn fish(script: &str) -> String {
    let mut text = String::from(FISH);
    for line in script.lines() {
        let option = [
            (" -l ticker ", "tickers"),
            (" -l interval ", "intervals"),
            (" -l venue ", "venues"),
        ];
        let what = option
            .iter()
            .find(|(option, _)| line.contains(option) && line.ends_with(" -r"));
        text.push_str(line);
        if let Some((_, what)) = what {
            // Writing to a string does not fail.
            let _ = write!(text, " -f -a \"(__barkeep_words {what})\"");
        }
        text.push('\n');
    }
    for (command, what) in [
        ("__fish_barkeep_using_subcommand show", "tickers"),
        ("__fish_barkeep_using_subcommand list", "tickers"),
        ("__fish_barkeep_using_subcommand revisions", "tickers"),
        (
            "__fish_barkeep_using_subcommand tickers; and __fish_seen_subcommand_from remove accept",
            "tickers",
        ),
        (
            "__fish_barkeep_using_subcommand intervals; and __fish_seen_subcommand_from remove",
            "intervals",
        ),
        ("__fish_barkeep_using_subcommand check", "venues"),
    ] {
        let _ = writeln!(
            text,
            "complete -c barkeep -n \"{command}\" -f -a \"(__barkeep_words {what})\""
        );
    }
    text
}
