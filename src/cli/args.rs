//! The command line: options that every command takes, and the commands.
//!
//! Promises: values have their final types when parsing is over; what makes no sense ends in exit 2 before anything
//! is looked at. Each command keeps its own options beside what it does, in `commands`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use super::commands::{
    calendar, chart, check, cleanup, complete, completions, config_show, demo, export, init,
    intervals, list, man, mirror, partition_migrate, partition_toggle, predecessor, report,
    revisions, show, status, tickers, update, views,
};
use crate::frame::Adjust;
use crate::model::CalendarSpan;

/// Collects market bars and keeps them as Parquet files that survive crashes.
#[derive(Debug, Parser)]
#[command(name = "barkeep", bin_name = "barkeep", version, max_term_width = 100, color = clap::ColorChoice::Never)]
pub(super) struct CommandLine {
    #[command(flatten)]
    pub(super) global: GlobalArgs,
    /// The predecessor's place for `update --limits`
    #[arg(
        long = "limits",
        id = "limits_before",
        hide = true,
        num_args = 2,
        value_names = ["REQUESTS", "SECONDS"]
    )]
    pub(super) limits: Option<Vec<f64>>,
    /// Whether output is for machines.
    #[arg(skip)]
    pub(super) is_json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

impl CommandLine {
    /// Parses arguments, those of the predecessor's scripts among them.
    pub(super) fn of(args: &[std::ffi::OsString]) -> Result<Self, clap::Error> {
        let mut line = predecessor::with_twins(Self::command());
        let matches = line.try_get_matches_from_mut(args)?;
        let parsed = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut line))?;
        Ok(Self {
            is_json: asks_for_json(&matches),
            ..parsed
        })
    }
}

/// Tells whether the innermost command is asked for a document.
fn asks_for_json(matches: &ArgMatches) -> bool {
    if let Some((_, inner)) = matches.subcommand() {
        return asks_for_json(inner);
    }
    let switch = matches.try_get_one::<bool>("json").ok().flatten();
    let format = matches.try_get_one::<show::Format>("format").ok().flatten();
    switch == Some(&true) || format == Some(&show::Format::Json)
}

/// Options that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct GlobalArgs {
    #[arg(
        short = 'C',
        long,
        aliases = ["wrk-dir", "base-dir"],
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
    /// The predecessor's option: how much is logged
    #[arg(
        long,
        value_name = "LEVEL",
        value_parser = log_level(),
        ignore_case = true,
        global = true,
        hide = true
    )]
    pub(super) log_level: Option<&'static str>,
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

/// Returns the parser of an option that takes one of some words, each with its help and with what it stands for.
pub(super) fn among<T, const N: usize>(
    words: [(&'static str, &'static str, T); N],
) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    let possible = words.map(|(word, help, _)| match help {
        "" => PossibleValue::new(word),
        help => PossibleValue::new(word).help(help),
    });
    PossibleValuesParser::new(possible).try_map(move |typed| {
        let is_it = |(word, ..): &&(&str, &str, T)| word.eq_ignore_ascii_case(&typed);
        let found = words.iter().find(is_it);
        found.map(|(.., meant)| *meant).ok_or("no such word")
    })
}

/// How much is logged, by the predecessor's names and by those of `BARKEEP_LOG`.
fn log_level() -> impl TypedValueParser<Value = &'static str> {
    among([
        ("trace", "", "trace"),
        ("debug", "", "debug"),
        ("info", "", "info"),
        ("success", "", "info"),
        ("warning", "", "warn"),
        ("error", "", "error"),
        ("critical", "", "error"),
    ])
}

/// What prices are adjusted for.
pub(super) fn adjust() -> impl TypedValueParser<Value = Adjust> {
    among([
        ("splits", "Splits", Adjust::Splits),
        ("all", "Splits and dividends", Adjust::All),
    ])
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a workspace, or add to one
    Init(init::InitArgs),
    /// Add, import, remove and list tickers
    #[command(subcommand)]
    Tickers(tickers::TickersCommand),
    /// Add, remove and list the intervals that are kept
    #[command(subcommand)]
    Intervals(intervals::IntervalsCommand),
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
    /// Draw the bars of a ticker
    Chart(chart::ChartArgs),
    /// Write stored bars to a file for other programs
    Export(export::ExportArgs),
    /// Print a script that makes views of what is stored, for an engine that reads it
    Views(views::ViewsArgs),
    /// Write a page about everything that is kept
    Report(report::ReportArgs),
    /// List what is stored, without opening it
    List(list::ListArgs),
    /// Show what is known, what is open, and what will be lost when
    Status(status::StatusArgs),
    /// Make, check and find the copies that readers read faster
    Mirror(mirror::MirrorArgs),
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
    /// Print what a word of the command line may be, for completions
    #[command(hide = true)]
    Complete(complete::CompleteArgs),
    #[command(flatten)]
    Predecessor(predecessor::PredecessorCommand),
}

impl Command {
    /// Returns what the command does, to follow "cannot".
    pub(super) fn act(&self) -> &'static str {
        match self {
            Self::Init(_) => "set up the workspace",
            Self::Tickers(tickers::TickersCommand::List(_)) => "list tickers",
            Self::Tickers(_) => "change tickers",
            Self::Intervals(_) => "change intervals",
            Self::Config(_) => "show the settings",
            Self::PartitionMigrate(command) => command.act(),
            Self::PartitionToggle(_) => "change the layout of new series",
            Self::Update(_) => "update",
            Self::Show(_) => "show bars",
            Self::Chart(_) => "draw a chart",
            Self::Export(_) => "export",
            Self::Views(_) => "print views",
            Self::Report(_) => "write a report",
            Self::List(_) => "list what is stored",
            Self::Status(_) => "show the status",
            Self::Mirror(_) => "mirror",
            Self::Calendar(_) => "print a calendar",
            Self::Revisions(_) => "show revisions",
            Self::Check(_) => "check",
            Self::Cleanup(_) => "clean up",
            Self::Demo(_) => "show the demo",
            Self::Completions(_) => "print completions",
            Self::Man(_) => "print the manual",
            Self::Complete(_) => "complete a word",
            Self::Predecessor(command) => command.act(),
        }
    }
}

/// Parses a span of the calendar, or a moment with its zone, of which the day counts.
pub(super) fn day(text: &str) -> Result<CalendarSpan, String> {
    match chrono::DateTime::parse_from_rfc3339(text) {
        Ok(moment) => moment.date_naive().to_string().parse(),
        Err(_) => text.parse(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        predecessor::with_twins(CommandLine::command()).debug_assert();
    }

    #[test]
    fn what_is_a_ticker_is_called_so() {
        // A table of the tests, which holds each of them to mnemonics, finds them by this word.
        let whole = predecessor::with_twins(CommandLine::command());
        let mut open = vec![&whole];
        let mut found = 0;
        while let Some(command) = open.pop() {
            open.extend(command.get_subcommands());
            let is_ticker = |arg: &&clap::Arg| {
                arg.get_value_parser().type_id() == std::any::TypeId::of::<crate::model::Ticker>()
            };
            for arg in command.get_arguments().filter(is_ticker) {
                let names = arg.get_value_names().unwrap_or_default();
                assert_eq!(names, ["TICKER"], "{} {}", command.get_name(), arg.get_id());
                found += 1;
            }
        }
        assert!(found > 9, "{found}");
    }

    #[test]
    fn of_a_moment_with_a_zone_the_day_counts() {
        let expected = NaiveDate::from_ymd_opt(2020, 1, 31).map(CalendarSpan::Day);

        for text in [
            "2020-01-31",
            "2020-01-31T23:00:00-05:00",
            "2020-01-31T23:00:00Z",
        ] {
            assert_eq!(day(text).ok(), expected, "{text}");
        }
        assert!(day("9999-01-31T23:00:00Z").is_err());
    }
}
