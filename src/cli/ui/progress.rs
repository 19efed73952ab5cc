//! How far a run is: a bar on a terminal, a line a minute elsewhere, JSON lines for machines.
//!
//! Promises: nothing is drawn in the first quarter of a second, so that short runs stay quiet. Every event is
//! logged, whatever is drawn. Drawing never fails and never waits.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::words::{count, duration, grouped};
use super::{Printer, json as pieces};
use crate::cli::shell::Shell;
use crate::observe::{Event, Observer};
use crate::sys::Stopwatch;

const QUIET_SECONDS: f64 = 0.25;
const LINE_SECONDS: f64 = 60.0;
const STYLE: &str = "{msg} {wide_bar} {pos}/{len} {per_sec} {eta} left";

/// How progress looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Bar,
    Lines,
    Json,
    Nothing,
}

/// Draws the events of a run.
pub(in crate::cli) struct Progress<'p> {
    printer: &'p Printer,
    look: Look,
    phase: Mutex<Phase>,
}

/// One stretch of work with a known length.
struct Phase {
    act: &'static str,
    done: usize,
    of: usize,
    last: String,
    begun: Stopwatch,
    drawn: Option<Stopwatch>,
    bar: Option<ProgressBar>,
}

impl<'p> Progress<'p> {
    /// Returns the progress that fits the shell.
    pub(in crate::cli) fn new(shell: &Shell<'p>, is_json: bool) -> Self {
        let look = if is_json {
            Look::Json
        } else if shell.printer.is_quiet() {
            Look::Nothing
        } else if shell.world.terminals.stderr {
            Look::Bar
        } else {
            Look::Lines
        };
        Self {
            printer: shell.printer,
            look,
            phase: Mutex::new(Phase::new("", 0)),
        }
    }

    /// Prints a message between two draws.
    pub(in crate::cli) fn note(&self, sentence: &str) {
        tracing::info!("{sentence}");
        if self.look == Look::Json {
            return self
                .printer
                .json(&json!({ "event": "note", "text": sentence }));
        }
        self.phase().suspended(|| self.printer.note(sentence));
    }

    /// Removes the bar.
    pub(in crate::cli) fn end(&self) {
        if let Some(bar) = self.phase().bar.take() {
            bar.finish_and_clear();
        }
    }

    fn phase(&self) -> std::sync::MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, act: &'static str, of: usize) {
        self.end();
        *self.phase() = Phase::new(act, of);
    }

    fn advance(&self, steps: usize, last: String) {
        let mut phase = self.phase();
        phase.done += steps;
        phase.last = last;
        match self.look {
            Look::Bar => phase.draw(),
            Look::Lines => {
                if let Some(line) = phase.line() {
                    self.printer.note(&line);
                }
            }
            Look::Json | Look::Nothing => {}
        }
    }

    fn print_json(&self, event: &Event) {
        let is_wanted = !self.printer.is_quiet()
            || matches!(event, Event::Committed { .. } | Event::Moved { .. });
        if self.look == Look::Json && is_wanted {
            self.printer.json(&as_json(event));
        }
    }
}

impl Phase {
    fn new(act: &'static str, of: usize) -> Self {
        Self {
            act,
            done: 0,
            of,
            last: String::new(),
            begun: Stopwatch::start(),
            drawn: None,
            bar: None,
        }
    }

    fn draw(&mut self) {
        if self.begun.seconds() < QUIET_SECONDS {
            return;
        }
        let length = u64::try_from(self.of).unwrap_or_default();
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
            // The template is checked by a test.
            bar.set_style(
                ProgressStyle::with_template(STYLE)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar
        });
        bar.set_message(format!("{} {}", self.act, self.last));
        bar.set_position(u64::try_from(self.done).unwrap_or_default());
    }

    /// Returns the line that is due, if one is.
    fn line(&mut self) -> Option<String> {
        let is_due = self.drawn.unwrap_or(self.begun).seconds() >= LINE_SECONDS;
        if !is_due || self.done >= self.of {
            return None;
        }
        self.drawn = Some(Stopwatch::start());
        #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
        let (done, left) = (self.done.max(1) as f64, (self.of - self.done) as f64);
        let seconds = self.begun.seconds();
        Some(format!(
            "{} {} of {}, {:.1} a second, about {} left, last {}.",
            self.act,
            grouped(self.done),
            count(self.of, "series", "series"),
            done / seconds,
            duration(seconds / done * left),
            self.last,
        ))
    }

    fn suspended(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Observer for Progress<'_> {
    fn observe(&self, event: Event) {
        match &event {
            Event::Warning(text) => tracing::warn!("{text}"),
            Event::Fetched { .. } | Event::Committed { .. } | Event::Moved { .. } => {
                tracing::debug!(?event);
            }
            _ => tracing::info!(?event),
        }
        self.print_json(&event);
        match event {
            Event::FetchPlanned { series } => self.begin("Fetching", series),
            Event::ConsolidationPlanned { series, .. } => self.begin("Storing", series),
            Event::MovePlanned { tickers, .. } => self.begin("Moving", tickers),
            Event::Fetched { request, .. } | Event::Moved { request, .. } => {
                self.advance(1, request.series.to_string());
            }
            Event::Committed { request, partition } => {
                self.advance(0, format!("{} {partition}", request.series));
            }
            _ if self.look == Look::Json => {}
            Event::Resuming { run, files } => {
                let with = match files {
                    0 => String::new(),
                    files => format!(" with {}", count(files, "staged fetch", "staged fetches")),
                };
                self.note(&format!(
                    "Finishing run {run}, which was interrupted{with}."
                ));
            }
            Event::Warning(text) => {
                self.phase()
                    .suspended(|| self.printer.warning(&format!("{text}.")));
            }
            Event::Note(text) => self.note(&format!("{text}.")),
        }
    }
}

fn as_json(event: &Event) -> Value {
    match event {
        Event::Resuming { run, files } => {
            json!({ "event": "resuming", "run": run, "files": files })
        }
        Event::FetchPlanned { series } => json!({ "event": "fetch_planned", "series": series }),
        Event::Fetched { request, rows } => {
            let mut facts = pieces::event("fetched", request);
            facts.insert("rows".to_owned(), json!(rows));
            Value::Object(facts)
        }
        Event::ConsolidationPlanned { venue, series } => {
            json!({ "event": "consolidation_planned", "venue": venue.to_string(), "series": series })
        }
        Event::Committed { request, partition } => {
            let mut facts = pieces::event("committed", request);
            facts.insert("partition".to_owned(), json!(partition.to_string()));
            Value::Object(facts)
        }
        Event::MovePlanned {
            venue,
            interval,
            tickers,
        } => {
            json!({ "event": "move_planned", "venue": venue.to_string(), "interval": interval.as_str(), "tickers": tickers })
        }
        Event::Moved { request, rows } => {
            let mut facts = pieces::event("moved", request);
            facts.insert("rows".to_owned(), json!(rows));
            Value::Object(facts)
        }
        Event::Warning(text) => json!({ "event": "warning", "text": text }),
        Event::Note(text) => json!({ "event": "note", "text": text }),
    }
}

impl fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("look", &self.look)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_of_the_bar_is_valid() {
        assert!(ProgressStyle::with_template(STYLE).is_ok());
    }
}
