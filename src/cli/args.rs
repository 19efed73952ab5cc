//! The command line: options that every command takes, and the commands.
//!
//! Promises: values have their final types when parsing is over; what makes no sense ends in exit 2 before anything
//! is looked at. Each command keeps its own options beside what it does, in `commands`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::commands::{
    calendar, check, cleanup, completions, config_show, demo, init, list, man, not_founds,
    partition_migrate, partition_toggle, revisions, run_lock, show, status, tickers, update,
};
use crate::model::time;

/// Collects market bars and keeps them as Parquet files that survive crashes.
#[derive(Debug, Parser)]
#[command(name = "barkeep", bin_name = "barkeep", version, max_term_width = 100, color = clap::ColorChoice::Never)]
#[command(disable_help_subcommand = true)]
pub(super) struct CommandLine {
    #[command(flatten)]
    pub(super) global: GlobalArgs,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct GlobalArgs {
    #[arg(
        short = 'C',
        long,
        alias = "wrk-dir",
        value_name = "DIR",
        global = true
    )]
    #[arg(help = "The workspace [env: BARKEEP_WORKSPACE] [default: the current directory]")]
    pub(super) workspace: Option<PathBuf>,
    /// Print only errors and data
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Log what is done to standard error
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// How the log is written
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        global = true
    )]
    pub(super) log_format: LogFormat,
    /// Append the log to a file instead
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) log_file: Option<PathBuf>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// One line of text for each entry.
    #[default]
    Text,
    /// One JSON object for each entry.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a workspace, or add to one
    Init(init::InitArgs),
    /// Add, import, remove and list tickers
    #[command(subcommand)]
    Tickers(tickers::TickersCommand),
    /// Show the settings
    #[command(subcommand)]
    Config(config_show::ConfigCommand),
    /// Move legacy files into monthly partitions, with proof, and back
    #[command(subcommand)]
    PartitionMigrate(partition_migrate::MigrateCommand),
    /// Choose whether new series are kept in monthly partitions
    PartitionToggle(partition_toggle::ToggleArgs),
    /// Fetch what is new and store it
    #[command(alias = "update-data")]
    Update(update::UpdateArgs),
    /// Print stored bars
    Show(show::ShowArgs),
    /// List what is stored, without opening it
    List(list::ListArgs),
    /// Show what is known, what is open, and what will be lost when
    Status(status::StatusArgs),
    /// Print the sessions of an exchange
    Calendar(calendar::CalendarArgs),
    /// Print which stored values were replaced
    Revisions(revisions::RevisionsArgs),
    /// Look for prices that contradict each other, and for files gone or changed
    Check(check::CheckArgs),
    /// Finish interrupted runs and remove what they left
    Cleanup(cleanup::CleanupArgs),
    /// Try everything out in a folder of its own, without a network
    Demo(demo::DemoArgs),
    /// Print completions for a shell
    #[command(hide = true)]
    Completions(completions::CompletionsArgs),
    /// Print the manual
    #[command(hide = true)]
    Man(man::ManArgs),
    /// The predecessor's name for `tickers confirm`
    #[command(hide = true)]
    ConfirmNotFounds(not_founds::NotFoundsArgs),
    /// The predecessor's name for `tickers reparse`
    #[command(hide = true)]
    ReparseNotFounds(not_founds::NotFoundsArgs),
    /// The names that the predecessor had for `cleanup`
    #[command(hide = true, subcommand)]
    RunLock(run_lock::RunLockCommand),
}

impl Command {
    /// Tells whether output is for machines.
    pub(super) fn is_json(&self) -> bool {
        match self {
            Self::Tickers(command) => command.is_json(),
            Self::Config(command) => command.is_json(),
            Self::Update(args) => args.json,
            Self::Show(args) => args.format == show::Format::Json,
            Self::List(args) => args.json,
            Self::Status(args) => args.json,
            Self::Calendar(args) => args.json,
            Self::Revisions(args) => args.json,
            Self::PartitionMigrate(command) => command.is_json(),
            Self::Check(args) => args.json,
            Self::Cleanup(args) => args.json,
            _ => false,
        }
    }

    /// Returns what the command does, to follow "cannot".
    pub(super) fn act(&self) -> &'static str {
        match self {
            Self::Init(_) => "set up the workspace",
            Self::Tickers(tickers::TickersCommand::List(_)) => "list tickers",
            Self::Tickers(_) | Self::ConfirmNotFounds(_) | Self::ReparseNotFounds(_) => {
                "change tickers"
            }
            Self::Config(_) => "show the settings",
            Self::PartitionMigrate(command) => command.act(),
            Self::PartitionToggle(_) => "change the layout of new series",
            Self::Update(_) => "update",
            Self::Show(_) => "show bars",
            Self::List(_) => "list what is stored",
            Self::Status(_) => "show the status",
            Self::Calendar(_) => "print a calendar",
            Self::Revisions(_) => "show revisions",
            Self::Check(_) => "check",
            Self::Cleanup(_) | Self::RunLock(_) => "clean up",
            Self::Demo(_) => "show the demo",
            Self::Completions(_) => "print completions",
            Self::Man(_) => "print the manual",
        }
    }
}

/// Parses a day, alone or with a time, which does not count.
///
/// # Errors
/// When the text is no day that a bar can be stored under.
pub(super) fn day(text: &str) -> Result<NaiveDate, String> {
    let refused = || format!("`{text}` is not a day such as 2020-01-31");
    let day = match text.parse::<NaiveDate>() {
        Ok(day) => day,
        Err(_) => match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(moment) => moment.date_naive(),
            Err(_) => time::parse(text).map(time::day).ok_or_else(refused)?,
        },
    };
    let after = day.succ_opt().and_then(time::midnight);
    // Outside of these years a timestamp in nanoseconds does not fit, and the window would have no end.
    match (time::midnight(day), after) {
        (Some(_), Some(_)) => Ok(day),
        _ => Err(format!(
            "{day} is outside of the years that can be stored, 1678 to 2261"
        )),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_day_of_a_moment_counts() {
        let expected = NaiveDate::from_ymd_opt(2020, 1, 31);

        for text in [
            "2020-01-31",
            "2020-01-31T09:30",
            "2020-01-31T23:59:59.5",
            "2020-01-31T23:00:00-05:00",
        ] {
            assert_eq!(day(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "yesterday",
            "2020-02-30",
            "31.01.2020",
            "0001-01-01",
            "9999-12-31",
            "2020-01-31T25:00",
        ] {
            assert!(day(text).is_err(), "{text}");
        }
    }
}
