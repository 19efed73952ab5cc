//! What `check --repair` would put back of what mirrors have still, and has put back.

use serde_json::{Value, json};

use crate::audit::Restore;
use crate::cli::shell::Shell;
use crate::cli::ui::json::about;
use crate::ingest::Returned;
use crate::mirror::Proof;
use crate::model::words::count;
use crate::model::{PartitionKey, StorageRequest};

/// Rows of a file that come back.
struct Lost<'r> {
    request: &'r StorageRequest,
    partition: PartitionKey,
    rows: usize,
    proof: Option<Proof>,
}

fn lost(restore: &Restore) -> Vec<Lost<'_>> {
    let of_series = restore.found.copies.iter().flat_map(|copy| {
        let parts = copy.rows.split().into_iter();
        parts.map(|(partition, part)| Lost {
            request: &copy.request,
            partition,
            rows: part.len(),
            proof: copy.partitions.get(&partition).copied(),
        })
    });
    let of_trades = restore.days.iter().map(|day| Lost {
        request: &day.request,
        partition: PartitionKey::Day(day.day),
        rows: day.rows(),
        proof: Some(day.proof),
    });
    of_series.chain(of_trades).collect()
}

/// Prints a table of what comes back, and what cannot.
pub(super) fn table(restore: &Restore, shell: &Shell<'_>) {
    let rows = lost(restore).into_iter().map(|lost| {
        let venue = lost.request.venue.as_ref().map(ToString::to_string);
        [
            venue.unwrap_or_default(),
            lost.request.series.to_string(),
            lost.partition.to_string(),
            lost.rows.to_string(),
            lost.proof.map(words).unwrap_or_default(),
        ]
    });
    let rows: Vec<[String; 5]> = rows.collect();
    if !rows.is_empty() {
        let header = ["venue", "series", "lost", "rows", "copy in the mirror"];
        shell.table(&header, &rows, &[3]);
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
    let copies = lost(restore).into_iter().map(|lost| {
        let told = json!({
            "partition": lost.partition.to_string(),
            "rows": lost.rows,
            "copy": lost.proof.map(word),
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

fn word(proof: Proof) -> &'static str {
    match proof {
        Proof::AsRecorded => "as_recorded",
        Proof::Older(_) => "older",
        Proof::Unproven => "unproven",
    }
}

fn words(proof: Proof) -> String {
    match proof {
        Proof::AsRecorded => "as recorded".to_owned(),
        Proof::Older(rows) => {
            format!("older: the lost file had {}", count(rows, "row", "rows"))
        }
        Proof::Unproven => "nothing was recorded to compare it with".to_owned(),
    }
}
