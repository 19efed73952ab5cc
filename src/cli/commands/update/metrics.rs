//! Leaving the outcome of a run where a monitoring system finds it.
//!
//! Promises: the file is replaced whole after every run, also one that could not begin once the settings were read.
//! Trouble with it is told before the run and after it, changes nothing of what is stored, and is no success: whoever
//! watches the file would go on reading an old one. Counters change under the run lock only.

use std::path::{Path, PathBuf};

use super::UpdateArgs;
use crate::cli::ui::summary::Finished;
use crate::cli::{Exit, Shell};
use crate::lock::LockGuard;
use crate::overview::{
    self, Ended, bars_counted, count_bars, counters_path, no_metrics, obstacle_to_metrics,
};
use crate::sys::atomic::{self, TempNames};
use crate::sys::{Fs, FsResult};
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
        let path = self.path.as_ref();
        if let Some(obstacle) = path.and_then(|path| obstacle_to_metrics(self.fs(), path)) {
            let text = format!("The metrics will not be written: {obstacle}.");
            self.shell.warning(&text);
        }
    }

    /// Adds what a run stored to what earlier runs did; returns what the shell has to hear of it.
    pub(super) fn count_bars(&self, finished: &Finished, held: &LockGuard<'_>) -> Exit {
        if self.path.is_none() {
            return Exit::Ok;
        }
        let mut rows = finished.report.rows();
        rows += finished.leftovers.rows;
        let stored = u64::try_from(rows.added + rows.changed).unwrap_or_default();
        let places = &self.workspace.places;
        let count = |before| count_bars(self.fs(), places, &held.temps(), before + stored);
        let counted = self.bars_counted().and_then(count);
        self.tell_trouble(&counters_path(places), counted)
    }

    /// Writes the file; returns what the shell has to hear of it.
    pub(super) fn write(&self, exit: Exit, seconds: f64) -> Exit {
        let Some(path) = &self.path else {
            return Exit::Ok;
        };
        if let Ok(Some(other)) = no_metrics(self.fs(), path) {
            let text = format!("error: the metrics are not written: {other}");
            self.shell.error(&text);
            return Exit::Failed;
        }
        let written = self.bars_counted().and_then(|bars_total| {
            let ended = Ended {
                seconds,
                exit_code: exit.code(),
                bars_total,
            };
            let text = overview::metrics(self.workspace, ended);
            let temps = TempNames::of(self.workspace.runs.next());
            atomic::replace(self.fs(), &temps, path, text.as_bytes())
        });
        self.tell_trouble(path, written)
    }

    fn fs(&self) -> &dyn Fs {
        &*self.shell.world.fs
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
        let counted = bars_counted(self.fs(), places)?;
        if counted.is_damaged {
            let path = counters_path(places);
            let text = format!("{} is damaged; its counters begin again.", path.display());
            self.shell.warning(&text);
        }
        Ok(counted.bars)
    }
}
