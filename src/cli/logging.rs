//! The log: for whoever wants to know what was done, as opposed to the messages for whoever waits.
//!
//! Promises: without an option and without `BARKEEP_LOG` nothing is logged and nothing is set up.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;

use super::args::{GlobalArgs, LogFormat};
use super::failure::Failure;
use super::shell::Shell;
use super::world::Sink;
use crate::export;
use crate::sys::OsFs;

/// Starts the log if one is wanted.
pub(super) fn start(global: &GlobalArgs, shell: &Shell<'_>) -> Result<(), Failure> {
    let wanted = match (&shell.around.env.log, global.verbose, global.log_level) {
        (Some(filter), _, _) => filter.as_str(),
        (None, true, _) => "debug",
        (None, false, Some(level)) => level,
        (None, false, None) if global.log_file.is_some() => "info",
        (None, false, None) => return Ok(()),
    };
    let filter = EnvFilter::try_new(wanted)
        .map_err(|error| Failure::usage(format!("BARKEEP_LOG cannot be used: {error}")))?;
    let sink: Sink = match &global.log_file {
        Some(path) => {
            let path = shell.typed(path);
            // A log is added to whatever is there.
            export::refuse_document(&OsFs, shell.root(), &path)?;
            Arc::new(Mutex::new(OsFs.append(&path)?))
        }
        None => Arc::clone(&shell.world.stderr),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(move || Line(Arc::clone(&sink)));
    // A second log in one process, as in tests, is not wanted: the first one goes on.
    let _is_first = match global.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    Ok(())
}

struct Line(Sink);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written must not stop the work, nor be complained about on the same stream.
        let _lost: io::Result<()> = sink.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
