//! Why the program stopped, and how that is told to people and machines.

use std::error::Error;
use std::fmt::Display;

use serde_json::{Value, json};

use crate::cli::Exit;
use crate::cli::ui::Printer;

/// Why the program stopped, and what that means to the shell.
#[derive(Debug)]
pub(in crate::cli) struct Failure {
    pub(in crate::cli) exit: Exit,
    error: anyhow::Error,
    hints: Vec<String>,
}

impl Failure {
    /// Returns a failure that is no error of a room.
    pub(in crate::cli) fn new(exit: Exit, message: impl Display) -> Self {
        Self {
            exit,
            error: anyhow::anyhow!("{message}"),
            hints: Vec::new(),
        }
    }

    /// Returns a failure of the command line.
    pub(in crate::cli) fn usage(message: impl Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(super) fn of(exit: Exit, error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            exit,
            error: anyhow::Error::new(error),
            hints: Vec::new(),
        }
    }

    /// Adds something to do about it.
    pub(in crate::cli) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says what could not be done. A command line that was not understood was not done at all.
    pub(in crate::cli) fn during(mut self, act: &str) -> Self {
        if self.exit != Exit::Usage {
            self.error = self.error.context(format!("cannot {act}"));
        }
        self
    }

    /// Returns the message and its causes, without those that only repeat what was said.
    fn messages(&self) -> Vec<String> {
        let mut messages: Vec<String> = Vec::new();
        for cause in self.error.chain() {
            let text = cause.to_string();
            // An I/O error ends in the number that the system knows it by.
            let core = text
                .split(" (os error")
                .next()
                .unwrap_or_default()
                .to_lowercase();
            if !messages
                .iter()
                .any(|said| said.to_lowercase().contains(&core))
            {
                messages.push(text);
            }
        }
        messages
    }

    /// Prints it, for people or for machines.
    pub(in crate::cli) fn tell(&self, printer: &Printer, is_json: bool) {
        if is_json {
            printer.json_error(&self.json());
        } else {
            printer.error(&self.text());
        }
    }

    /// Returns the lines for people.
    pub(in crate::cli) fn text(&self) -> String {
        let mut lines = Vec::new();
        for (at, message) in self.messages().into_iter().enumerate() {
            let label = if at == 0 { "error" } else { "  caused by" };
            lines.push(format!("{label}: {message}"));
        }
        lines.extend(self.hints.iter().map(|hint| format!("hint: {hint}")));
        lines.join("\n")
    }

    /// Returns the same for machines.
    pub(in crate::cli) fn json(&self) -> Value {
        let mut messages = self.messages().into_iter();
        json!({
            "event": "error",
            "exit": self.exit.code(),
            "error": messages.next(),
            "caused_by": messages.collect::<Vec<_>>(),
            "hints": self.hints,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::*;
    use crate::sys::FsError;

    #[test]
    fn a_chain_of_causes_says_nothing_twice() {
        let full = FsError::at("write", Path::new("x"))(io::Error::from_raw_os_error(28));

        let failure = Failure::from(full).during("update");

        assert_eq!(failure.exit, Exit::NoSpace);
        assert_eq!(
            failure.text(),
            "error: cannot update\n  caused by: cannot write x: no space left on device"
        );
    }

    #[test]
    fn a_usage_error_is_not_wrapped() {
        let failure = Failure::usage("the end is before the start")
            .hint("swap them")
            .during("update");

        assert_eq!(
            failure.text(),
            "error: the end is before the start\nhint: swap them"
        );
    }
}
