//! The part of `check --repair` that puts rows back which the tree has lost and a mirror has still.
//!
//! Promises: as `repair`: nothing comes that was not shown, and what is decided is decided again under the run lock.

use serde_json::{Value, json};

use super::CheckArgs;
use crate::catalog::Catalog;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::json::about;
use crate::cli::ui::words::count;
use crate::ingest::{self, PutBack, Registry, Returned};
use crate::mirror::{self, LastCopies, LastCopy, Proof};
use crate::model::{PartitionKey, StorageRequest};
use crate::workspace::{Session, Workspace};

/// What can be put back, and what cannot.
#[derive(Debug, Default)]
pub(super) struct Restore {
    pub(super) found: LastCopies,
    /// Mirrors that could not be read.
    unread: Vec<String>,
}

/// Looks what mirrors have still.
pub(super) fn find(
    args: &CheckArgs,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
) -> Result<Restore, Failure> {
    let (found, unread) = mirror::all_last_copies(workspace, catalog, &args.asked())?;
    Ok(Restore { found, unread })
}

/// Puts back what was shown, as far as it is still so, and returns how many rows are not. Has the mirrors see it.
pub(super) fn put_back(
    args: &CheckArgs,
    (workspace, session): (&Workspace<'_>, Session<'_>),
    registry: &Registry,
    (shown, done): (&Restore, &mut Returned),
) -> Result<usize, Failure> {
    let catalog = registry.catalog();
    let now = find(args, workspace, catalog)?.found.copies;
    let agreed = now
        .into_iter()
        .filter(|copy| shown.found.copies.contains(copy));
    let agreed: Vec<PutBack> = agreed
        .map(|copy| PutBack {
            request: copy.request,
            rows: copy.rows,
            provenance: copy.provenance,
        })
        .collect();
    let outdated = shown.rows() - agreed.iter().map(|one| one.rows.len()).sum::<usize>();
    ingest::put_back(workspace.view(), session, catalog, &agreed, done)?;
    if !done.series.is_empty() {
        let told = mirror::refresh_all(workspace, catalog);
        done.warnings.extend(told);
    }
    Ok(outdated)
}

impl Restore {
    pub(super) fn rows(&self) -> usize {
        self.found.copies.iter().map(|copy| copy.rows.len()).sum()
    }

    /// Tells whether every mirror could be looked into.
    pub(super) fn is_read(&self) -> bool {
        self.unread.is_empty()
    }

    pub(super) fn series(&self) -> usize {
        self.found.copies.len()
    }

    /// Tells whether a damaged file is one of those that were put back.
    pub(super) fn mends(
        &self,
        done: &Returned,
        (request, partition): (&StorageRequest, PartitionKey),
    ) -> bool {
        let is_it = |copy: &&LastCopy| {
            copy.request == *request
                && (partition == PartitionKey::Whole || copy.partitions.contains_key(&partition))
        };
        self.found.copies.iter().any(|copy| is_it(&copy))
            && done.series.iter().any(|(returned, _)| returned == request)
    }

    /// Prints a table of what comes back, and what cannot.
    pub(super) fn print(&self, shell: &Shell<'_>) {
        let mut rows: Vec<[String; 5]> = Vec::new();
        for copy in &self.found.copies {
            let venue = copy.request.venue.as_ref().map(ToString::to_string);
            for (partition, part) in copy.rows.split() {
                rows.push([
                    venue.clone().unwrap_or_default(),
                    copy.request.series.to_string(),
                    partition.to_string(),
                    part.len().to_string(),
                    copy.partitions
                        .get(&partition)
                        .map(|proof| words(*proof))
                        .unwrap_or_default(),
                ]);
            }
        }
        if !rows.is_empty() {
            let header = ["venue", "series", "lost", "rows", "copy in the mirror"];
            shell.table(&header, &rows, &[3]);
        }
        for (request, reason) in &self.found.refused {
            shell.warning(&format!(
                "What the mirror has still of {request} cannot be put back: {reason}."
            ));
        }
        for unread in &self.unread {
            shell.warning(&format!("{unread}."));
        }
    }

    /// Says what was put back, or would be; `None` where there is nothing.
    pub(super) fn summary(&self, is_plan: bool, done: &Returned) -> Option<String> {
        if self.found.copies.is_empty() {
            return None;
        }
        let all = |number: usize| count(number, "series", "series");
        Some(if is_plan {
            let (rows, of) = (count(self.rows(), "row", "rows"), all(self.series()));
            format!("{rows} of {of} would be put back from the mirror.")
        } else {
            let rows: usize = done.series.iter().map(|(_, rows)| rows).sum();
            let rows = count(rows, "row was", "rows were");
            format!(
                "{rows} put back into {} from the mirror.",
                all(done.series.len())
            )
        })
    }

    /// Returns the same for machines.
    pub(super) fn document(&self) -> (Vec<Value>, Vec<Value>) {
        let copies = self.found.copies.iter().flat_map(|copy| {
            let parts = copy.rows.split().into_iter();
            parts.map(move |(partition, part)| {
                let proof = copy.partitions.get(&partition);
                about(
                    &copy.request,
                    json!({
                        "partition": partition.to_string(),
                        "rows": part.len(),
                        "copy": proof.map(|proof| word(*proof)),
                    }),
                )
            })
        });
        let refused = self.found.refused.iter();
        let refused = refused.map(|(request, reason)| about(request, json!({ "reason": reason })));
        let unread = self.unread.iter().map(|reason| json!({ "reason": reason }));
        (copies.collect(), refused.chain(unread).collect())
    }
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
            let rows = count(usize::try_from(rows).unwrap_or(usize::MAX), "row", "rows");
            format!("older: the lost file had {rows}")
        }
        Proof::Unproven => "nothing was recorded to compare it with".to_owned(),
    }
}
