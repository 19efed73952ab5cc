//! Leaving the outcome of a run where a monitoring system finds it.
//!
//! Promises: the file is replaced whole after every run, also one that could not begin once the settings were read.
//! Trouble with it is told and changes nothing of the run. Counters change under the run lock only.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Update;
use crate::cli::Exit;
use crate::cli::commands::{registration, status};
use crate::cli::ui::metrics::{Outcome, render};
use crate::cli::ui::summary::Finished;
use crate::lock::LockGuard;
use crate::model::RunId;
use crate::sys::FsResult;
use crate::sys::atomic::{self, TempNames};

/// Where the counters of a workspace are kept between two runs.
const COUNTERS: &str = "metrics.json";
const BARS: &str = "bars_written_total";

impl Update<'_> {
    /// Returns the metrics file, if somebody named one.
    fn metrics_file(&self) -> Option<PathBuf> {
        let settings = self.workspace.config.settings();
        let configured = settings.metrics_file.value.as_ref();
        let typed = self.args.metrics_file.as_ref();
        typed
            .map(|path| self.shell.typed(path))
            .or_else(|| configured.map(|path| self.shell.root.join(path)))
    }

    /// Adds what a run stored to what earlier runs did.
    pub(super) fn count_bars(&self, finished: &Finished, held: &LockGuard<'_>) {
        if self.metrics_file().is_none() {
            return;
        }
        let mut rows = finished.report.rows();
        rows += finished.leftovers.rows;
        let stored = u64::try_from(rows.added + rows.changed).unwrap_or_default();
        let path = self.counters();
        let counted = self.bars_counted().and_then(|before| {
            let kept = json!({ BARS: before + stored }).to_string();
            let fs = &*self.shell.world.fs;
            atomic::create_dirs(fs, &self.shell.root, atomic::parent(&path))?;
            atomic::replace(fs, &registration::temps(held), &path, kept.as_bytes())
        });
        self.tell_trouble(&path, counted);
    }

    /// Writes the metrics file, if somebody named one.
    pub(super) fn tell_metrics(&self, exit: Exit, seconds: f64) {
        let Some(path) = self.metrics_file() else {
            return;
        };
        let now = self.shell.clock.now();
        // What a damaged registry knows cannot be told; that it is damaged is the exit code.
        let catalog = status::registry(self.workspace, self.shell);
        let (standing, requests) = match &catalog {
            Ok(catalog) => (
                status::survey(self.workspace, self.shell, catalog).unwrap_or_default(),
                self.requests_counted(catalog),
            ),
            Err(_) => Default::default(),
        };
        let written = self.bars_counted().and_then(|bars_total| {
            let text = render(&Outcome {
                now,
                seconds,
                exit,
                bars_total,
                series: &standing.series,
                unserved: &standing.unserved,
                requests: &requests,
            });
            let temps = TempNames::of(RunId::new(now, self.shell.nonce(), u32::MAX));
            atomic::replace(&*self.shell.world.fs, &temps, &path, text.as_bytes())
        });
        self.tell_trouble(&path, written);
    }

    fn tell_trouble(&self, path: &Path, written: FsResult<()>) {
        if let Err(error) = written {
            let path = path.display();
            let text = format!("error: the metrics in {path} are not up to date: {error}");
            self.shell.printer.error(&text);
        }
    }

    fn counters(&self) -> PathBuf {
        self.workspace.places.state.join(COUNTERS)
    }

    /// Returns how many bars all runs stored. A damaged counter begins again: a counter may do that.
    fn bars_counted(&self) -> FsResult<u64> {
        let path = self.counters();
        let Some(bytes) = self.shell.world.fs.read(&path)? else {
            return Ok(0);
        };
        let kept: Option<Value> = serde_json::from_slice(&bytes).ok();
        let counted = kept.and_then(|kept| kept.get(BARS)?.as_u64());
        if counted.is_none() {
            let path = path.display();
            self.shell
                .printer
                .warning(&format!("{path} is damaged; its counters begin again."));
        }
        Ok(counted.unwrap_or_default())
    }
}
