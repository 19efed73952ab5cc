//! Where an export may go: nowhere where barkeep keeps what is its own, and over nothing that was not given up.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::ui::words::quoted;
use crate::cli::{Exit, Failure, Shell};
use crate::export::Draft;
use crate::layout::OWN_FOLDERS;
use crate::sys::Kind;
use crate::sys::atomic::parent;

/// How the names of flat folders of bars begin.
const FLAT: &str = "stocks_";

/// Endings of documents of a workspace, and of settings.
const DOCUMENTS: [&str; 2] = ["json", "toml"];

/// Returns where a file that somebody named would stand, links resolved.
pub(in crate::cli::commands) fn target(
    shell: &Shell<'_>,
    typed: &Path,
    may_replace: bool,
) -> Result<PathBuf, Failure> {
    let fs = &*shell.world.fs;
    let shown = typed.display();
    let typed_in_full = shell.typed(typed);
    let Some(name) = typed_in_full.file_name() else {
        return Err(Failure::usage(format!("{shown} is no name of a file")));
    };
    let dir = parent(&typed_in_full);
    if fs.metadata(dir)?.is_none() {
        let dir = dir.display();
        return Err(Failure::usage(format!("there is no folder {dir}")));
    }
    let target = fs.resolve(dir)?.join(name);
    refuse_own(shell, &target)?;
    match fs.metadata(&target)?.map(|found| found.kind) {
        None => {}
        Some(Kind::File) if may_replace => {}
        Some(Kind::File) => {
            return Err(
                Failure::usage(format!("{shown} is there already")).hint("replace it: --force")
            );
        }
        Some(Kind::Dir | Kind::Link | Kind::Other) => {
            let message = format!("{shown} is no file, and is not replaced");
            return Err(Failure::new(Exit::Usage, message));
        }
    }
    Ok(target)
}

/// Writes a file that is in memory as a whole.
pub(in crate::cli::commands) fn save(
    shell: &Shell<'_>,
    target: &Path,
    bytes: &[u8],
) -> Result<(), Failure> {
    let mut draft = Draft::begin(&*shell.world.fs, target)?;
    let unsaid = draft.unsaid();
    draft.write_all(bytes).map_err(|error| {
        let told = unsaid.take().map(Failure::from);
        told.unwrap_or_else(|| Failure::new(Exit::Failed, error))
    })?;
    Ok(draft.keep()?)
}

fn refuse_own(shell: &Shell<'_>, target: &Path) -> Result<(), Failure> {
    let fs = &*shell.world.fs;
    let refused = |what: &str| {
        Err(Failure::usage(format!(
            "{} lies in {what}, which is barkeep's own",
            target.display()
        )))
    };
    for own in OWN_FOLDERS {
        let folder = shell.root().join(own);
        // It may be a link to another disk.
        let folder = match fs.metadata(&folder)? {
            Some(_) => fs.resolve(&folder)?,
            None => folder,
        };
        if target.starts_with(&folder) {
            return refused(&quoted(own));
        }
    }
    let Ok(within) = target.strip_prefix(shell.root()) else {
        return Ok(());
    };
    let first = within.iter().next().unwrap_or_default().to_string_lossy();
    let is_deeper = within.iter().count() > 1;
    let is_document = target
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(|ending| DOCUMENTS.contains(&ending));
    if is_deeper && first.starts_with(FLAT) {
        return refused(&quoted(&first));
    }
    if !is_deeper && (is_document || first.starts_with('.')) {
        return Err(
            Failure::usage(format!("{first} may be a document of the workspace"))
                .hint("choose another name, or another folder"),
        );
    }
    Ok(())
}
