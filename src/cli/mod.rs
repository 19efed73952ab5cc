//! The shell of the program: parse, connect the rooms, draw, and end with a code.
//!
//! Promises: `run` is the whole program as a function of arguments and a world, so that tests run it in-process. It
//! never panics: a panic below is caught and ends in exit 70.
//! Leaves to others: every decision about data. Nothing in here knows what a merge is.

mod args;
#[expect(
    clippy::struct_excessive_bools,
    reason = "options of commands are switches"
)]
mod commands;
mod exit;
mod failure;
mod logging;
mod outcome;
mod shell;
mod ui;
mod wiring;
mod world;

pub use exit::Exit;
pub use world::{Lookup, Sink, Terminals, World};

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;

use clap::error::ErrorKind;

use args::{Command, CommandLine};
use failure::Failure;
use shell::Shell;
use ui::Printer;
use ui::printer::Chatter;

/// Runs the program.
pub fn run(args: impl IntoIterator<Item = OsString>, world: &World) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    catch_unwind(AssertUnwindSafe(|| run_unguarded(&args, world)))
        .unwrap_or_else(|_| report_panic(world))
}

fn run_unguarded(args: &[OsString], world: &World) -> Exit {
    let line = match CommandLine::of(args) {
        Ok(line) => line,
        Err(error) => return refuse(&error, args, world),
    };
    let chatter = if line.global.quiet {
        Chatter::Quiet
    } else {
        Chatter::Talkative
    };
    let printer = Printer::new(world, chatter);
    let is_json = line.is_json;
    let act = line.command.act();
    let outcome = execute(&line, world, &printer).map_err(|failure| failure.during(act));
    let exit = match outcome {
        Ok(exit) => exit,
        Err(failure) => report(&failure, &printer, is_json),
    };
    match printer.broken() {
        None => exit,
        Some(error) => {
            let lost = crate::sys::FsError::at("write", "standard output".as_ref())(error);
            Exit::worst([
                exit,
                report(&Failure::from(lost).during(act), &printer, is_json),
            ])
        }
    }
}

fn execute(line: &CommandLine, world: &World, printer: &Printer) -> Result<Exit, Failure> {
    let shell = Shell::new(world, printer, &line.global)?;
    logging::start(&line.global, &shell)?;
    match &line.command {
        Command::Init(args) => commands::init::run(args, &shell),
        Command::Tickers(command) => commands::tickers::run(command, &shell),
        Command::Config(command) => commands::config_show::run(command, &shell),
        Command::PartitionMigrate(command) => commands::partition_migrate::run(command, &shell),
        Command::PartitionToggle(args) => commands::partition_toggle::run(args, &shell),
        Command::Update(args) => commands::update::run(&args.under(line.limits.clone()), &shell),
        Command::Intervals(command) => commands::intervals::run(command, &shell),
        Command::Show(args) => commands::show::run(args, &shell),
        Command::Chart(args) => commands::chart::run(args, &shell),
        Command::Views(args) => commands::views::run(args, &shell),
        Command::Report(args) => commands::report::run(args, &shell),
        Command::Export(args) => commands::export::run(args, &shell),
        Command::List(args) => commands::list::run(args, &shell),
        Command::Status(args) => commands::status::run(args, &shell),
        Command::Mirror(args) => commands::mirror::run(args, &shell),
        Command::Calendar(args) => commands::calendar::run(args, &shell),
        Command::Revisions(args) => commands::revisions::run(args, &shell),
        Command::Check(args) => commands::check::run(args, &shell),
        Command::Cleanup(args) => commands::cleanup::run(args, &shell),
        Command::Demo(args) => commands::demo::run(args, &shell),
        Command::Completions(args) => Ok(commands::completions::run(args, &shell)),
        Command::Man(args) => commands::man::run(args, &shell),
        Command::Complete(args) => Ok(commands::complete::run(args, &shell)),
        Command::Predecessor(command) => commands::predecessor::run(command, &shell),
    }
}

fn report(failure: &Failure, printer: &Printer, is_json: bool) -> Exit {
    failure.tell(printer, is_json);
    failure.exit
}

/// Help and version are answers, not errors, though they end the parsing as one.
fn refuse(error: &clap::Error, args: &[OsString], world: &World) -> Exit {
    let printer = Printer::new(world, Chatter::Talkative);
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            printer.text(&text);
            Exit::Ok
        }
        _ if args.iter().any(|arg| arg == "--json") => {
            let message = text.trim().strip_prefix("error: ").unwrap_or(&text);
            report(&Failure::usage(message), &printer, true)
        }
        _ => {
            printer.error(text.trim_end());
            Exit::Usage
        }
    }
}

fn report_panic(world: &World) -> Exit {
    let what = world
        .last_panic
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let failure = Failure::new(Exit::Internal, "barkeep met a bug in itself and stopped")
        .hint("stored data is safe; the next run continues")
        .hint(format!(
            "report this: barkeep {}, {}",
            env!("CARGO_PKG_VERSION"),
            what.unwrap_or_else(|| "a panic without a message".to_owned())
        ));
    report(&failure, &Printer::new(world, Chatter::Talkative), false)
}
