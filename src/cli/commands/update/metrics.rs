//! Leaving the outcome of a run where a monitoring system finds it.
//!
//! Promises: the file is replaced whole after every run, also one that could not begin once the settings were read.
//! Trouble with it is told before the run and after it, changes nothing of what is stored, and is no success: whoever
//! watches the file would go on reading an old one. Counters change under the run lock only.

use std::path::{Path, PathBuf};

use super::UpdateArgs;
use crate::backlog::{self, FeedMinutes, Owed};
use crate::catalog::Catalog;
use crate::cli::commands::status;
use crate::cli::ui::summary::Finished;
use crate::cli::wiring::registry;
use crate::cli::{Exit, Shell};
use crate::gaps::read_books;
use crate::inventory::{self, Asked};
use crate::lock::LockGuard;
use crate::mirror;
use crate::overview::{
    Outcome, RequestCount, SeriesStatus, TEXTFILE_BEGINS, bars_counted, count_bars, counters_path,
    render,
};
use crate::sys::atomic::{self, TempNames};
use crate::sys::{Access, FsResult, is_dir};
use crate::workspace::Workspace;

/// The file of metrics, if somebody named one.
pub(super) struct MetricsFile<'u> {
    shell: &'u Shell<'u>,
    workspace: &'u Workspace<'u>,
    path: Option<PathBuf>,
}

impl<'u> MetricsFile<'u> {
    /// Returns the file that arguments or settings name.
    pub(super) fn of(
        args: &UpdateArgs,
        shell: &'u Shell<'u>,
        workspace: &'u Workspace<'u>,
    ) -> Self {
        let settings = workspace.config.settings();
        let configured = settings.metrics_file.value.as_ref();
        let typed = args.metrics_file.as_ref();
        let path = typed
            .map(|path| shell.typed(path))
            .or_else(|| configured.map(|path| shell.root().join(path)));
        Self {
            shell,
            workspace,
            path,
        }
    }

    /// Says at once that a file will not be written, as far as that can be seen. What is fetched is stored all the same.
    pub(super) fn foresee(&self) {
        let Some(path) = &self.path else {
            return;
        };
        let fs = &*self.shell.world.fs;
        let folder = atomic::parent(path);
        let foreseen = Access::at(fs, path, None)
            .and_then(|_| fs.resolve(folder))
            .and_then(|real| is_dir(fs, &real));
        let obstacle = match foreseen {
            Ok(_) => self.other(path).ok().flatten(),
            Err(error) => Some(error.to_string()),
        };
        if let Some(obstacle) = obstacle {
            let text = format!("The metrics will not be written: {obstacle}.");
            self.shell.warning(&text);
        }
    }

    /// Tells what lies in the place of the file, if it is none of metrics: a month, the registry, the settings, which is not
    /// overwritten for a slip of the hand.
    fn other(&self, path: &Path) -> FsResult<Option<String>> {
        let lies = self.shell.world.fs.read(path)?.unwrap_or_default();
        let is_other = !lies.is_empty() && !lies.starts_with(TEXTFILE_BEGINS.as_bytes());
        Ok(is_other.then(|| format!("{} is no file of metrics", path.display())))
    }

    /// Adds what a run stored to what earlier runs did; returns what the shell has to hear of it.
    pub(super) fn count_bars(&self, finished: &Finished, held: &LockGuard<'_>) -> Exit {
        if self.path.is_none() {
            return Exit::Ok;
        }
        let mut rows = finished.report.rows();
        rows += finished.leftovers.rows;
        let stored = u64::try_from(rows.added + rows.changed).unwrap_or_default();
        let (fs, places) = (&*self.shell.world.fs, &self.workspace.places);
        let counted = self
            .bars_counted()
            .and_then(|before| count_bars(fs, places, &held.temps(), before + stored));
        self.tell_trouble(&counters_path(places), counted)
    }

    /// Writes the file; returns what the shell has to hear of it.
    pub(super) fn write(&self, exit: Exit, seconds: f64) -> Exit {
        let Some(path) = &self.path else {
            return Exit::Ok;
        };
        if let Ok(Some(other)) = self.other(path) {
            let text = format!("error: the metrics are not written: {other}");
            self.shell.error(&text);
            return Exit::Failed;
        }
        let now = self.shell.around.clock.now();
        // What a damaged registry knows cannot be told; that it is damaged is the exit code.
        let catalog = registry(self.workspace, self.shell);
        let (standing, requests, known, lost) = match &catalog {
            Ok(catalog) => {
                let standing = status::survey(self.workspace, self.shell, catalog);
                let standing = standing.unwrap_or_default();
                let lost = self.lost(&standing.series, catalog);
                (
                    standing,
                    RequestCount::of(self.workspace).read_weeks(catalog, self.workspace.view()),
                    inventory::known(
                        self.workspace,
                        self.workspace.fs(),
                        catalog,
                        &Asked::default(),
                    )
                    .unwrap_or_default(),
                    lost,
                )
            }
            Err(_) => Default::default(),
        };
        let written = self.bars_counted().and_then(|bars_total| {
            let mirrors = mirror::standings(self.workspace, &known).into_iter();
            let mirrors: Vec<_> = mirrors
                .map(|(tree, found)| (tree, found.ok().flatten()))
                .collect();
            // What cannot be read was told by the run.
            let feeds = FeedMinutes::recent(
                self.workspace.view(),
                (self.workspace.fs(), &self.workspace.places),
                now,
            )
            .ok();
            let text = render(&Outcome {
                mirrors: &mirrors,
                feeds: feeds.as_ref(),
                now,
                seconds,
                exit_code: exit.code(),
                bars_total,
                series: &standing.series,
                unserved: &standing.unserved,
                requests: &requests,
                sizes: &inventory::sizes(&known),
                lost: &lost,
            });
            let temps = TempNames::of(self.workspace.runs.next());
            atomic::replace(&*self.shell.world.fs, &temps, path, text.as_bytes())
        });
        self.tell_trouble(path, written)
    }

    /// Returns how many sessions of each of the series were lost. What cannot be read was told by the run.
    fn lost(&self, series: &[SeriesStatus], catalog: &Catalog) -> Vec<usize> {
        let owed = Owed {
            view: self.workspace.view(),
            catalog,
            now: self.shell.around.clock.now(),
        };
        let (fs, places) = (&*self.shell.world.fs, &self.workspace.places);
        let of = |one: &SeriesStatus| {
            let (venue, interval) = (&one.venue, one.interval);
            let books = read_books(fs, places, [venue], &[interval]).unwrap_or_default();
            backlog::lost_sessions(&owed, &books, (venue, interval))
        };
        series.iter().map(of).collect()
    }

    fn tell_trouble(&self, path: &Path, written: FsResult<()>) -> Exit {
        let Err(error) = written else {
            return Exit::Ok;
        };
        let path = path.display();
        let text = format!("error: the metrics in {path} are not up to date: {error}");
        self.shell.error(&text);
        Exit::Failed
    }

    fn bars_counted(&self) -> FsResult<u64> {
        let places = &self.workspace.places;
        let counted = bars_counted(&*self.shell.world.fs, places)?;
        if counted.is_damaged {
            let path = counters_path(places);
            let text = format!("{} is damaged; its counters begin again.", path.display());
            self.shell.warning(&text);
        }
        Ok(counted.bars)
    }
}
