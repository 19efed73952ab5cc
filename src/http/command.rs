//! One request by a command of the user's, where the built-in client is not let in.
//!
//! The command is run without a shell. `{url}` in an argument stands for the address; without it the address is the
//! last argument. Standard output is the body. A line `barkeep-status: 404` at the end of standard error gives the
//! status, which is 200 otherwise; an exit code other than 0 means that the server was not reached, and the last
//! line of standard error says why.

use std::time::Duration;

use super::{HttpAnswer, HttpError};
use crate::sys::Shutdown;
use crate::sys::command::{self, Bounds, CommandError, Output};

const PLACEHOLDER: &str = "{url}";
const STATUS: &str = "barkeep-status:";

/// Runs the command for an address.
pub(super) fn exchange(
    command: &[String],
    url: &str,
    timeout: Duration,
    limit: u64,
    stop: &Shutdown,
) -> Result<HttpAnswer, HttpError> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(HttpError::Command {
            reason: "it is empty".to_owned(),
        });
    };
    let bounds = Bounds { timeout, limit };
    let arguments = with_url(arguments, url);
    let output = command::run(program, &arguments, bounds, stop).map_err(|error| match error {
        CommandError::Start { .. } => HttpError::Command {
            reason: error.to_string(),
        },
        CommandError::Timeout(after) => HttpError::Timeout { after },
        CommandError::TooLarge(limit) => HttpError::TooLarge { limit },
        CommandError::Stopped => HttpError::Stopped,
    })?;
    answer(output, program)
}

fn with_url(arguments: &[String], url: &str) -> Vec<String> {
    let mut filled: Vec<String> = arguments
        .iter()
        .map(|argument| argument.replace(PLACEHOLDER, url))
        .collect();
    if filled == arguments {
        filled.push(url.to_owned());
    }
    filled
}

fn answer(output: Output, program: &str) -> Result<HttpAnswer, HttpError> {
    let lines = output.stderr.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    if output.code != Some(0) {
        let how = output
            .code
            .map_or("was ended by a signal".to_owned(), |code| {
                format!("ended with exit code {code}")
            });
        // curl writes a status of 000 after its complaint.
        let why = lines.iter().rfind(|line| !line.starts_with(STATUS));
        let why = why.map(|line| format!(": {line}")).unwrap_or_default();
        return Err(HttpError::Transport {
            reason: format!("{program} {how}{why}"),
        });
    }
    let status = match lines.last().and_then(|line| line.strip_prefix(STATUS)) {
        None => 200,
        Some(text) => status(text).ok_or_else(|| HttpError::Command {
            reason: format!("`{STATUS}{text}` is no status between 100 and 599"),
        })?,
    };
    Ok(HttpAnswer {
        status,
        body: output.stdout,
        ..HttpAnswer::default()
    })
}

fn status(text: &str) -> Option<u16> {
    let status = text.trim().parse().ok()?;
    (100..600).contains(&status).then_some(status)
}
