//! Leaving the outcome of a run where a monitoring system finds it.
//!
//! Promises: the file is replaced whole, and trouble with it is told and changes nothing of the run.

use std::path::Path;

use serde_json::{Value, json};

use super::Update;
use crate::cli::commands::status;
use crate::cli::failure::Failure;
use crate::cli::ui::metrics::{Outcome, render};
use crate::cli::ui::summary::Finished;
use crate::model::RunId;
use crate::sys::atomic::{self, TempNames};
use crate::sys::{Fs, FsResult};

/// Where the counters of a workspace are kept between two runs.
const COUNTERS: &str = "metrics.json";

impl Update<'_> {
    /// Writes the metrics file, if somebody named one. The run lock is held.
    pub(super) fn tell_metrics(&self, finished: &Finished) {
        let settings = self.workspace.config.settings();
        let named = self.args.metrics_file.as_ref();
        let Some(path) = named.or(settings.metrics_file.value.as_ref()) else {
            return;
        };
        let path = self.shell.root.join(path);
        if let Err(failure) = self.write_metrics(&path, finished) {
            let path = path.display();
            self.shell.printer.warning(&format!(
                "The metrics file {path} could not be written: {}",
                failure.text()
            ));
        }
    }

    fn write_metrics(&self, path: &Path, finished: &Finished) -> Result<(), Failure> {
        let fs = &*self.shell.world.fs;
        let temps = TempNames::of(RunId::new(self.shell.clock.now(), 0, 0));
        let rows = finished.report.rows();
        let stored = u64::try_from(rows.added + rows.changed).unwrap_or_default();
        let counters = self.workspace.places.state.join(COUNTERS);
        let bars_total = self.counted(fs, &counters)? + stored;
        let series = status::survey(self.workspace, self.shell)?;
        let text = render(&Outcome {
            now: self.shell.clock.now(),
            seconds: finished.total_seconds,
            exit: finished.exit,
            bars_total,
            series: &series,
        });
        let kept = json!({ "bars_written_total": bars_total }).to_string();
        atomic::create_dirs(fs, &self.shell.root, &self.workspace.places.state)?;
        atomic::replace(fs, &temps, &counters, kept.as_bytes())?;
        Ok(atomic::replace(fs, &temps, path, text.as_bytes())?)
    }

    /// Returns how many bars earlier runs stored. A damaged counter begins again: a counter may do that.
    fn counted(&self, fs: &dyn Fs, path: &Path) -> FsResult<u64> {
        let Some(bytes) = fs.read(path)? else {
            return Ok(0);
        };
        let kept: Option<Value> = serde_json::from_slice(&bytes).ok();
        let counted = kept.and_then(|kept| kept.get("bars_written_total")?.as_u64());
        if counted.is_none() {
            let path = path.display();
            self.shell
                .printer
                .warning(&format!("{path} is damaged; its counters begin again."));
        }
        Ok(counted.unwrap_or_default())
    }
}
