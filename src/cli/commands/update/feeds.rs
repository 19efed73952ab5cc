//! What a run would have of feeds, for `--dry-run`.

use serde_json::{Value, json};

use crate::cli::Exit;
use crate::cli::ui::Printer;
use crate::cli::ui::table::Columns;
use crate::model::words::count;
use crate::update::FilesOfFeed;

/// Rows of the table: minutes are many.
const MOST_ROWS: usize = 20;

/// Prints it.
pub(super) fn print(wanted: &[FilesOfFeed], printer: &Printer) {
    for FilesOfFeed { venue, files } in wanted {
        match files {
            Err(reason) => printer.error(&format!("error: {venue}: {reason}")),
            Ok(files) => {
                if !files.is_empty() {
                    Columns::of(files.get(..MOST_ROWS).unwrap_or(files))
                        .text("file", |one| &one.file)
                        .text("why", |one| one.why)
                        .text("forgotten", |one| &one.forgotten)
                        .print(printer);
                }
                let all = count(files.len(), "file", "files");
                printer.note(&format!(
                    "{venue}: {all} to begin with; what they hold decides what else is needed."
                ));
            }
        }
    }
}

/// Returns it as one document.
pub(super) fn json(wanted: &[FilesOfFeed]) -> Value {
    let files = wanted.iter().flat_map(|feed| &feed.files).flatten();
    json!(files.collect::<Vec<_>>())
}

/// Returns the exit that feeds which did not answer ask for.
pub(super) fn exit(wanted: &[FilesOfFeed]) -> Exit {
    let is_silent = wanted.iter().any(|feed| feed.files.is_err());
    Exit::SourceDown.when(is_silent)
}
