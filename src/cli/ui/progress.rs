//! How far a run is: a bar on a terminal, a line a minute elsewhere, JSON lines for machines.
//!
//! Promises: nothing is drawn in the first quarter of a second, so that short runs stay quiet. Every event is
//! logged, whatever is drawn. Drawing never fails and never waits.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::Printer;
use crate::cli::shell::Shell;
use crate::model::words::{count, duration, grouped};
use crate::model::{Series, Venue};
use crate::observe::{Event, Observer, Stretch, Stretches, Work};
use crate::sys::Stopwatch;

const QUIET_SECONDS: f64 = 0.25;
const LINE_SECONDS: f64 = 60.0;
const STYLE: &str = "{msg} {wide_bar} {prefix}";

/// How progress looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Bar,
    Lines,
    Json,
    Nothing,
}

/// Draws the events of a run. The bar goes with it, also when a run ends by an error.
pub(in crate::cli) struct Progress<'p> {
    printer: &'p Printer,
    look: Look,
    drawing: Mutex<Drawing>,
}

/// What is drawn.
struct Drawing {
    stretches: Stretches,
    /// Since the last step of any of them.
    since: Stopwatch,
    /// Since the last file of any feed: while a feed keeps to its budget, sources are asked.
    since_file: Stopwatch,
    /// Since the last line, or the beginning.
    drawn: Stopwatch,
    bar: Option<ProgressBar>,
}

impl<'p> Progress<'p> {
    /// Returns the progress that fits the shell.
    pub(in crate::cli) fn new(shell: &Shell<'p>, is_json: bool) -> Self {
        let look = if is_json {
            Look::Json
        } else if shell.is_quiet() {
            Look::Nothing
        } else if shell.world.terminals.stderr {
            Look::Bar
        } else {
            Look::Lines
        };
        Self {
            printer: shell.printer,
            look,
            drawing: Mutex::new(Drawing {
                stretches: Stretches::default(),
                since: Stopwatch::start(),
                since_file: Stopwatch::start(),
                drawn: Stopwatch::start(),
                bar: None,
            }),
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
        self.drawing().suspended(|| self.printer.note(sentence));
    }

    /// Removes the bar.
    pub(in crate::cli) fn end(&self) {
        if let Some(bar) = self.drawing().bar.take() {
            bar.finish_and_clear();
        }
    }

    fn drawing(&self) -> std::sync::MutexGuard<'_, Drawing> {
        self.drawing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, work: Work, of: usize) {
        let mut drawing = self.drawing();
        drawing.since = Stopwatch::start();
        drawing.stretches.begin(work, of);
    }

    fn plan_files(&self, venue: Venue, files: usize) {
        let mut drawing = self.drawing();
        if drawing.stretches.plan_files(venue, files) {
            drawing.since_file = Stopwatch::start();
        }
    }

    fn step(&self, work: Work, last: &str) {
        let mut drawing = self.drawing();
        let since = match work {
            Work::Download => &mut drawing.since_file,
            _ => &mut drawing.since,
        };
        let seconds = since.seconds();
        *since = Stopwatch::start();
        let is_due = drawing.drawn.seconds();
        let Some(stretch) = drawing.stretches.step(work, seconds) else {
            return;
        };
        match self.look {
            Look::Bar if is_due >= QUIET_SECONDS => drawing.draw(&stretch, last),
            Look::Lines if is_due >= LINE_SECONDS && !stretch.is_over() => {
                drawing.drawn = Stopwatch::start();
                self.printer.note(&sentence(&stretch, last));
            }
            Look::Bar | Look::Lines | Look::Json | Look::Nothing => {}
        }
    }

    fn print_json(&self, event: &Event) {
        let is_wanted = !self.printer.is_quiet()
            || matches!(event, Event::Committed { .. } | Event::Moved { .. });
        if self.look == Look::Json
            && is_wanted
            && let Some(json) = as_json(event)
        {
            self.printer.json(&json);
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

impl Drawing {
    fn draw(&mut self, stretch: &Stretch, last: &str) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            // The template is checked by a test.
            bar.set_style(
                ProgressStyle::with_template(STYLE)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar
        });
        let (steps, all) = stretch.parts();
        bar.set_length(u64::try_from(all).unwrap_or_default());
        bar.set_message(format!("{} {last}", act(stretch.work)));
        bar.set_prefix(far(stretch));
        bar.set_position(u64::try_from(steps).unwrap_or_default());
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
            Event::Fetched { .. }
            | Event::FileDone { .. }
            | Event::Replayed { .. }
            | Event::Committed { .. }
            | Event::Moved { .. } => {
                tracing::debug!(?event);
            }
            Event::Step { .. } => {}
            _ => tracing::info!(?event),
        }
        self.print_json(&event);
        match event {
            Event::FetchPlanned { series } => self.begin(Work::Fetch, series),
            Event::ConsolidationPlanned { series, .. } => self.begin(Work::Store, series),
            Event::MovePlanned { tickers, .. } => self.begin(Work::Move, tickers),
            Event::CheckPlanned { series } => self.begin(Work::Check, series),
            Event::FilesPlanned { venue, files } => self.plan_files(venue, files),
            Event::FileDone { file, .. } => self.step(Work::Download, &file),
            Event::ReplayPlanned { days, .. } => self.begin(Work::Replay, days),
            Event::Replayed { day, .. } => self.step(Work::Replay, &day.to_string()),
            Event::Fetched { request, .. } => self.step(Work::Fetch, &name(&request.series)),
            Event::Step { work, series } => self.step(work, &name(&series)),
            // The steps of these are told apart.
            Event::Committed { .. } | Event::Moved { .. } => {}
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
                self.drawing()
                    .suspended(|| self.printer.warning(&format!("{text}.")));
            }
            Event::Note(text) => self.note(&format!("{text}.")),
        }
    }
}

/// Returns an event for machines. How far a run is they can count by what was done.
fn as_json(event: &Event) -> Option<Value> {
    match event {
        Event::Warning(text) => Some(json!({ "event": "warning", "text": text })),
        Event::Note(text) => Some(json!({ "event": "note", "text": text })),
        event => serde_json::to_value(event).ok(),
    }
}

impl fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("look", &self.look)
            .finish_non_exhaustive()
    }
}

/// Returns what a series is called beside a time that is left: the length of its bars would be read as a time.
fn name(series: &Series) -> String {
    let ticker = series.ticker().map(ToString::to_string);
    ticker.unwrap_or_else(|| series.to_string())
}

/// Returns how far a stretch is, to stand behind a bar.
fn far(stretch: &Stretch) -> String {
    let far = format!("{}/{}", grouped(stretch.done()), grouped(stretch.of));
    match stretch.left() {
        Some(left) => format!("{far}, about {} left", duration(left)),
        None => far,
    }
}

/// Returns how far a stretch is, as a sentence.
fn sentence(stretch: &Stretch, last: &str) -> String {
    let all = match stretch.work {
        Work::Download => count(stretch.of, "file", "files"),
        Work::Replay => count(stretch.of, "day", "days"),
        _ => count(stretch.of, "series", "series"),
    };
    let left = stretch.left();
    let left = left.map_or_else(String::new, |left| {
        format!(", about {} left", duration(left))
    });
    let (act, done) = (act(stretch.work), grouped(stretch.done()));
    format!("{act} {done} of {all}{left}, last {last}.")
}

fn act(work: Work) -> &'static str {
    match work {
        Work::Fetch => "Fetching",
        Work::Download => "Downloading",
        Work::Replay => "Making anew",
        Work::Store => "Storing",
        Work::Move => "Moving",
        Work::Check => "Checking",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is_is_told_in_what_is_done() {
        let mut stretch = Stretch::new(Work::Download, 1320);
        (0..66).for_each(|_| stretch.step(1.0));

        assert_eq!(far(&stretch), "66/1,320, about 20 min 54 s left");
        assert_eq!(
            sentence(&stretch, "A"),
            "Downloading 66 of 1,320 files, about 20 min 54 s left, last A."
        );
        assert_eq!(
            sentence(&Stretch::new(Work::Store, 2), "A"),
            "Storing 0 of 2 series, last A."
        );
    }
}
