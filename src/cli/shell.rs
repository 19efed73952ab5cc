//! What every command gets: the world, a printer, the parsed environment, and where the workspace is.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use clap::CommandFactory;

use super::args::{CommandLine, GlobalArgs};
use super::failure::Failure;
use super::ui::Printer;
use super::ui::located::Elsewhere;
use super::{Exit, World};
use crate::config::EnvVars;
use crate::storage::QuarantineRecord;
use crate::sys::{Clock, FsResult, ReplayClock};
use crate::workspace::Surroundings;

/// What every command gets.
#[derive(Debug)]
pub(super) struct Shell<'w> {
    pub(super) world: &'w World,
    pub(super) printer: &'w Printer,
    /// Where the workspace is, with the environment, and the world's clock or one that stands still at `BARKEEP_NOW`.
    pub(super) around: Surroundings,
}

impl<'w> Shell<'w> {
    /// Looks at the environment and finds the workspace.
    pub(super) fn new(
        world: &'w World,
        printer: &'w Printer,
        global: &GlobalArgs,
    ) -> Result<Self, Failure> {
        let env = EnvVars::from(&world.variables)?;
        let clock: Arc<dyn Clock> = match env.now {
            Some(now) => Arc::new(ReplayClock {
                now,
                waits: Arc::clone(&world.clock),
            }),
            None => Arc::clone(&world.clock),
        };
        let chosen = global.workspace.as_ref().or(env.workspace.as_ref());
        let named = chosen.map_or_else(
            || world.current_dir.clone(),
            |dir| world.current_dir.join(dir),
        );
        let around = Surroundings {
            root: resolved(world, &named)?,
            fs: Arc::clone(&world.fs),
            clock,
            waits: Arc::clone(&world.clock),
            host: Arc::clone(&world.host),
            stop: world.shutdown.clone(),
            env,
        };
        let shell = Self {
            world,
            printer,
            around,
        };
        shell.lead();
        Ok(shell)
    }

    /// Has the commands of messages lead to the workspace.
    fn lead(&self) {
        let stands_in = resolved(self.world, &self.world.current_dir);
        let is_there = stands_in.is_ok_and(|dir| dir == self.around.root);
        let elsewhere = || {
            let line = CommandLine::command();
            let names = line.get_subcommands().map(clap::Command::get_name);
            let root = self.around.root.display().to_string();
            Elsewhere::new(&root, names.map(str::to_owned).collect())
        };
        self.printer.lead((!is_there).then(elsewhere));
    }

    /// Returns the shell of another workspace.
    pub(super) fn at(&self, dir: &Path) -> Result<Self, Failure> {
        let shell = Self {
            world: self.world,
            printer: self.printer,
            around: Surroundings {
                root: resolved(self.world, dir)?,
                ..self.around.clone()
            },
        };
        shell.lead();
        Ok(shell)
    }

    /// Returns the signal that asks the program to end, if one did.
    pub(super) fn interrupted(&self) -> Option<Exit> {
        self.around.stop.signal().map(Exit::Interrupted)
    }

    /// Returns a failure with the exit of the signal that brought it about, if one did.
    pub(super) fn stopped(&self, mut failure: Failure) -> Failure {
        failure.exit = self.interrupted().unwrap_or(failure.exit);
        failure
    }

    /// Returns a path that the user typed, relative to the current directory.
    pub(super) fn typed(&self, path: &Path) -> PathBuf {
        self.world.current_dir.join(path)
    }

    /// Returns the workspace, absolute; it need not be there.
    pub(super) fn root(&self) -> &Path {
        &self.around.root
    }

    /// Returns a path as it is shown: relative to the workspace where it lies in it.
    pub(super) fn shown<'p>(&self, path: &'p Path) -> std::path::Display<'p> {
        path.strip_prefix(self.root()).unwrap_or(path).display()
    }

    /// Says where something was put away.
    pub(super) fn tell_kept(&self, record: &QuarantineRecord) {
        let (path, folder) = (self.shown(&record.path), self.shown(&record.folder));
        let reason = &record.reason;
        self.warning(&format!("{path} is kept in {folder}: {reason}."));
    }

    /// Names files that are none of a series, though they lie among its files.
    pub(super) fn tell_misplaced(&self, paths: &[PathBuf]) {
        for path in paths {
            self.warning(&format!("{}.", self.misplaced(path)));
        }
    }

    /// Says of a file that it is none of a series, though it lies among its files.
    pub(super) fn misplaced(&self, path: &Path) -> String {
        let path = self.shown(path);
        format!(
            "{path} is misplaced: it is no file of the series that it lies beside, and was not read"
        )
    }

    /// Returns the day that tickers.json records.
    pub(super) fn today(&self) -> NaiveDate {
        self.around.clock.today()
    }

    /// Tells whether somebody is there to answer.
    pub(super) fn may_ask(&self, is_non_interactive: bool) -> bool {
        let terminals = self.world.terminals;
        terminals.stdin
            && terminals.stderr
            && !is_non_interactive
            && !self.around.env.is_non_interactive
    }

    /// Asks a question whose answer is no unless somebody says yes.
    pub(super) fn asks(&self, question: &str) -> bool {
        self.printer.question(&format!("{question} [y/N]"));
        let answer = self.world.answer().unwrap_or_default().to_lowercase();
        answer == "y" || answer == "yes"
    }

    /// Asks as `asks`.
    pub(super) fn confirm(&self, question: &str, undone: &str) -> Result<(), Failure> {
        if self.asks(question) {
            Ok(())
        } else {
            Err(Failure::new(Exit::Failed, undone))
        }
    }

    /// Refuses what takes a yes where nobody can give one.
    pub(super) fn refuse_unconfirmed(
        &self,
        what: &str,
        is_yes: bool,
        is_non_interactive: bool,
    ) -> Result<(), Failure> {
        if is_yes || self.may_ask(is_non_interactive) {
            return Ok(());
        }
        Err(Failure::usage(format!("{what} has to be confirmed")).hint("say --yes"))
    }
}

/// Whoever has a shell prints by it.
impl Deref for Shell<'_> {
    type Target = Printer;

    fn deref(&self) -> &Printer {
        self.printer
    }
}

/// Links are resolved once, here, so that every later path is the real one.
fn resolved(world: &World, dir: &Path) -> FsResult<PathBuf> {
    match world.fs.metadata(dir)? {
        Some(_) => world.fs.resolve(dir),
        None => Ok(dir.to_owned()),
    }
}
