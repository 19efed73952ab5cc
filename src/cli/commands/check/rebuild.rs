//! `check --rebuild`: makes the records of all series anew, from what lies there.

use std::time::Duration;

use serde_json::json;

use super::super::registration;
use super::{CheckArgs, Outcome, print};
use crate::audit::Findings;
use crate::catalog::Catalog;
use crate::cli::ui::progress::Progress;
use crate::cli::{Exit, Failure, Shell};
use crate::inventory::{self, Asked, Rebuilt};
use crate::model::StorageRequest;
use crate::model::words::{count, some_of};
use crate::workspace::Workspace;

/// How many series are named to people.
const MOST_NAMED: usize = 10;

/// Makes the records anew.
pub(super) fn run(
    (args, asked): (&CheckArgs, &Asked),
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    shell: &Shell<'_>,
) -> Result<Exit, Failure> {
    let held = registration::lock(workspace, shell, "check --rebuild", Duration::ZERO)?;
    let progress = Progress::new(shell, args.json);
    let session = workspace.session(&held, &progress);
    let rebuilt = inventory::rebuild(workspace, session, catalog, asked);
    progress.end();
    let rebuilt = rebuilt?;
    held.release()?;
    if rebuilt.is_stopped {
        return Ok(shell.interrupted().unwrap_or(Exit::Failed));
    }
    Ok(tell(args, rebuilt, shell))
}

fn tell(args: &CheckArgs, rebuilt: Rebuilt, shell: &Shell<'_>) -> Exit {
    let Rebuilt {
        series: recorded,
        files,
        changed,
        gone,
        flawed,
        troubles,
        retired,
        ..
    } = rebuilt;
    let mut found = Findings::default();
    for one in flawed {
        found.add_flawed(one);
    }
    for (request, error) in troubles {
        found.add_trouble(request, error);
    }
    let outcome = Outcome::of(found);
    print::troubles(&outcome, shell);
    if args.json {
        shell.json(&json!({
            "series": recorded,
            "files": files,
            "changed": changed,
            "gone": gone,
            "put_away": retired.iter().map(|one| shell.shown(&one.folder).to_string()).collect::<Vec<_>>(),
            "without_record": outcome.found.damaged.len() + outcome.troubles.len(),
        }));
    }
    let of = |requests: &[StorageRequest]| {
        let named: Vec<String> = requests.iter().map(ToString::to_string).collect();
        some_of(&named, MOST_NAMED)
    };
    if !changed.is_empty() {
        shell.note(&format!(
            "The record said something else of {}: {}.",
            count(changed.len(), "series", "series"),
            of(&changed)
        ));
    }
    if !gone.is_empty() {
        shell.note(&format!(
            "No file is there any more of {}: {}.",
            count(gone.len(), "series", "series"),
            of(&gone)
        ));
    }
    for one in &retired {
        let (path, folder) = (shell.shown(&one.path), shell.shown(&one.folder));
        shell.warning(&format!(
            "{path} is damaged and is kept in {folder}; what it told of past values is not known any more"
        ));
    }
    shell.note(&format!(
        "Recorded {} of {}.",
        count(files, "file", "files"),
        count(recorded, "series", "series")
    ));
    outcome.exit()
}
