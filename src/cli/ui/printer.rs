//! The only way to standard output and standard error.
//!
//! Promises: writing never panics and never stops the work. A reader that went away (`| head`) ends the output
//! in silence; any other failure of standard output is remembered and ends in an error, since data was lost.
//! Failures of standard error are ignored: there is nobody left to tell.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::located::Elsewhere;
use super::table;
use crate::cli::world::{Sink, World};

/// Whether messages that are neither errors nor data are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) enum Chatter {
    /// They are.
    #[default]
    Talkative,
    /// They are not.
    Quiet,
}

/// Prints.
pub(in crate::cli) struct Printer {
    stdout: Sink,
    stderr: Sink,
    chatter: Chatter,
    /// How many letters a line of standard output may have; `None` where nobody breaks it.
    width: Option<usize>,
    is_closed: AtomicBool,
    broken: Mutex<Option<io::Error>>,
    elsewhere: Mutex<Option<Elsewhere>>,
}

impl Printer {
    /// Returns the printer of a world.
    pub(in crate::cli) fn new(world: &World, chatter: Chatter) -> Self {
        Self {
            stdout: world.stdout.clone(),
            stderr: world.stderr.clone(),
            chatter,
            width: world.terminals.width(),
            is_closed: AtomicBool::new(false),
            broken: Mutex::default(),
            elsewhere: Mutex::default(),
        }
    }

    /// Sees to it that commands in messages lead to a workspace in which the reader's shell does not stand; `None` where it
    /// does.
    pub(in crate::cli) fn lead(&self, elsewhere: Option<Elsewhere>) {
        let known = self.elsewhere.lock();
        *known.unwrap_or_else(PoisonError::into_inner) = elsewhere;
    }

    /// Returns a message whose commands can be pasted as they stand.
    pub(in crate::cli) fn located(&self, text: &str) -> String {
        let elsewhere = self.elsewhere.lock();
        let elsewhere = elsewhere.unwrap_or_else(PoisonError::into_inner);
        match &*elsewhere {
            Some(elsewhere) => elsewhere.located(text),
            None => text.to_owned(),
        }
    }

    /// Tells whether only errors and data are wanted.
    pub(in crate::cli) fn is_quiet(&self) -> bool {
        self.chatter == Chatter::Quiet
    }

    /// Returns how many letters a line of standard output may have; `None` where nobody breaks it.
    pub(in crate::cli) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Prints a line of data.
    pub(in crate::cli) fn line(&self, text: &str) {
        self.write_out(format!("{text}\n").as_bytes());
    }

    /// Prints a table; the columns at `numbers` stand to the right. On a terminal that is too narrow, a block for each row.
    pub(in crate::cli) fn table(
        &self,
        header: &[&str],
        rows: &[impl AsRef<[String]>],
        numbers: &[usize],
    ) {
        self.line(&table::within(self.width, header, rows, numbers));
    }

    /// Prints data as it is.
    pub(in crate::cli) fn text(&self, text: &str) {
        self.write_out(text.as_bytes());
    }

    /// Prints a JSON document or event on a line of its own.
    pub(in crate::cli) fn json(&self, value: &impl Serialize) {
        self.line(&self.document(value));
    }

    /// Prints a JSON document of an error.
    pub(in crate::cli) fn json_error(&self, value: &impl Serialize) {
        self.write_err(&format!("{}\n", self.document(value)));
    }

    fn document(&self, value: &impl Serialize) -> String {
        let elsewhere = self.elsewhere.lock();
        let elsewhere = elsewhere.unwrap_or_else(PoisonError::into_inner);
        match &*elsewhere {
            None => serde_json::to_string(value).unwrap_or_default(),
            Some(elsewhere) => elsewhere.document(value),
        }
    }

    /// Prints a message unless silence was asked for.
    pub(in crate::cli) fn note(&self, sentence: &str) {
        if !self.is_quiet() {
            self.write_err(&format!("{}\n", self.located(sentence)));
        }
    }

    /// Prints a message about something that is wrong and does not stop the work.
    pub(in crate::cli) fn warning(&self, sentence: &str) {
        if !self.is_quiet() {
            self.write_err(&format!("warning: {}\n", self.located(sentence)));
        }
    }

    /// Prints what must be seen even when silence was asked for.
    pub(in crate::cli) fn error(&self, text: &str) {
        self.write_err(&format!("{}\n", self.located(text)));
    }

    /// Prints a question without ending the line.
    pub(in crate::cli) fn question(&self, text: &str) {
        self.write_err(&format!("{text} "));
    }

    /// Returns standard output as a buffered writer, for data of many rows.
    pub(in crate::cli) fn rows(&self) -> BufWriter<Rows<'_>> {
        BufWriter::with_capacity(1 << 16, Rows(self))
    }

    /// Tells whether nobody reads standard output any more.
    pub(in crate::cli) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Returns why data could not be printed, if so; a reader that went away is no reason.
    pub(in crate::cli) fn broken(&self) -> Option<io::Error> {
        self.broken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn write_out(&self, bytes: &[u8]) {
        if self.is_closed() {
            return;
        }
        let mut stdout = self.stdout.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            self.is_closed.store(true, Ordering::Relaxed);
            if error.kind() != ErrorKind::BrokenPipe {
                *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        }
    }

    fn write_err(&self, text: &str) {
        let mut stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let _nobody_to_tell: io::Result<()> = stderr
            .write_all(text.as_bytes())
            .and_then(|()| stderr.flush());
    }
}

impl std::fmt::Debug for Printer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Printer")
            .field("chatter", &self.chatter)
            .finish_non_exhaustive()
    }
}

/// Standard output as a writer that never fails.
#[derive(Debug)]
pub(in crate::cli) struct Rows<'p>(&'p Printer);

impl Write for Rows<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_out(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
