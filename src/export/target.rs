//! Where an export may go: nowhere where barkeep keeps what is its own, and over nothing that was not given up.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::ExportError;
use crate::layout::OWN_FOLDERS;
use crate::model::Unclear;
use crate::model::words::quoted;
use crate::sys::atomic::parent;
use crate::sys::{Fs, FsResult, Kind};

/// How the names of flat folders of bars begin.
const FLAT: &str = "stocks_";

/// Endings of documents of a workspace, and of settings.
const DOCUMENTS: [&str; 2] = ["json", "toml"];

/// Returns where a file that somebody named would stand, links resolved; `root` is the workspace, and `from` where relative names
/// begin.
///
/// # Errors
/// `Unclear` when it may not stand there; when the file system does not say.
pub fn target(
    fs: &dyn Fs,
    root: &Path,
    (from, typed): (&Path, &Path),
    may_replace: bool,
) -> Result<PathBuf, ExportError> {
    let refused = |message: String| Err(Unclear::words(message).into());
    let (shown, in_full) = (typed.display(), from.join(typed));
    let Some(name) = in_full.file_name() else {
        return refused(format!("{shown} is no name of a file"));
    };
    let dir = parent(&in_full);
    if fs.metadata(dir)?.is_none() {
        return refused(format!("there is no folder {}", dir.display()));
    }
    let target = fs.resolve(dir)?.join(name);
    refuse_own(fs, root, &target)?;
    match fs.metadata(&target)?.map(|found| found.kind) {
        None => Ok(target),
        Some(Kind::File) if may_replace => Ok(target),
        Some(Kind::File) => {
            let unclear = Unclear::words(format!("{shown} is there already"));
            Err(unclear.hint("replace it: --force").into())
        }
        Some(Kind::Dir | Kind::Link | Kind::Other) => {
            refused(format!("{shown} is no file, and is not replaced"))
        }
    }
}

fn refuse_own(fs: &dyn Fs, root: &Path, target: &Path) -> Result<(), ExportError> {
    let refused = |what: &str| {
        let (target, what) = (target.display(), quoted(what));
        let message = format!("{target} lies in {what}, which is barkeep's own");
        Err(Unclear::words(message).into())
    };
    for own in OWN_FOLDERS {
        if target.starts_with(resolved(fs, root.join(own))?) {
            return refused(own);
        }
    }
    let Ok(within) = target.strip_prefix(root) else {
        return Ok(());
    };
    let first = within.iter().next().unwrap_or_default().to_string_lossy();
    let is_deeper = within.iter().count() > 1;
    let is_document = target
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(|ending| DOCUMENTS.contains(&ending));
    if is_deeper && first.starts_with(FLAT) {
        return refused(&first);
    }
    if !is_deeper && (is_document || first.starts_with('.')) {
        let unclear = Unclear::words(format!("{first} may be a document of the workspace"));
        let unclear = unclear.hint("choose another name, or another folder");
        return Err(unclear.into());
    }
    Ok(())
}

/// A folder may be a link to another disk.
fn resolved(fs: &dyn Fs, folder: PathBuf) -> FsResult<PathBuf> {
    match fs.metadata(&folder)? {
        Some(_) => fs.resolve(&folder),
        None => Ok(folder),
    }
}
