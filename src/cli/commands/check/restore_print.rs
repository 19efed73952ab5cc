//! What `check --repair` would put back of what mirrors have still, and has put back.

use serde_json::{Value, json};

use crate::audit::{LostFile, Restore};
use crate::cli::shell::Shell;
use crate::cli::ui::json::about;
use crate::cli::ui::table::Columns;
use crate::ingest::Returned;
use crate::mirror::Proof;
use crate::model::words::count;

/// Prints a table of what comes back, and what cannot.
pub(super) fn table(restore: &Restore, shell: &Shell<'_>) {
    let files = restore.files();
    if !files.is_empty() {
        let venue = |file: &LostFile<'_>| file.request.venue.as_ref().map(ToString::to_string);
        let copy = |file: &LostFile<'_>| file.proof.map(|proof| proof.to_string());
        Columns::of(&files)
            .text("venue", |file| venue(file).unwrap_or_default())
            .text("series", |file| &file.request.series)
            .text("lost", |file| file.partition)
            .number("rows", |file| file.rows)
            .text("copy in the mirror", |file| copy(file).unwrap_or_default())
            .print(shell);
    }
    for (request, reason) in &restore.found.refused {
        shell.warning(&format!(
            "What the mirror has still of {request} cannot be put back: {reason}."
        ));
    }
    for unread in &restore.unread {
        shell.warning(&format!("{unread}."));
    }
}

/// Says what was put back, or would be; `None` where there is nothing.
pub(super) fn summary(restore: &Restore, is_plan: bool, done: &Returned) -> Option<String> {
    if restore.rows() == 0 {
        return None;
    }
    let all = |number: usize| count(number, "series", "series");
    Some(if is_plan {
        let (rows, of) = (count(restore.rows(), "row", "rows"), all(restore.series()));
        format!("{rows} of {of} would be put back from the mirror.")
    } else {
        let rows: usize = done.series.iter().map(|(_, rows)| rows).sum();
        let rows = count(rows, "row was", "rows were");
        format!(
            "{rows} put back into {} from the mirror.",
            all(done.series_count())
        )
    })
}

/// Returns the same for machines.
pub(super) fn document(restore: &Restore) -> (Vec<Value>, Vec<Value>) {
    let copies = restore.files().into_iter().map(|lost| {
        let told = json!({
            "partition": lost.partition,
            "rows": lost.rows,
            "copy": lost.proof.map(Proof::as_str),
        });
        about(lost.request, told)
    });
    let refused = restore.found.refused.iter();
    let refused = refused.map(|(request, reason)| about(request, json!({ "reason": reason })));
    let unread = restore
        .unread
        .iter()
        .map(|reason| json!({ "reason": reason }));
    (copies.collect(), refused.chain(unread).collect())
}
