//! Where an export may go: nowhere where barkeep keeps what is its own, and over nothing that was not given up.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Draft, ExportError, IfTaken};
use crate::layout::OWN_FOLDERS;
use crate::model::Unclear;
use crate::model::words::quoted;
use crate::sys::atomic::parent;
use crate::sys::{Fs, FsError, FsResult, Kind};

/// How the names of flat folders of bars begin.
const FLAT: &str = "stocks_";

/// Endings of documents of a workspace, and of settings.
const DOCUMENTS: [&str; 2] = ["json", "toml"];

/// Where a file goes that somebody named.
#[derive(Debug)]
pub struct Target {
    /// As it was typed.
    shown: PathBuf,
    /// Links resolved.
    path: PathBuf,
    if_taken: IfTaken,
}

/// A workspace, and the folder of its mirrors with those of the venues in it.
type Around<'a> = (&'a Path, (&'a Path, &'a [PathBuf]));

/// Returns where a file that somebody named would stand; `from` is where relative names begin.
///
/// # Errors
/// `Unclear` when it may not stand there; when the file system does not say.
pub fn target(
    fs: &dyn Fs,
    around: Around<'_>,
    (from, typed): (&Path, &Path),
    may_replace: bool,
) -> Result<Target, ExportError> {
    let refused = |message: String| Err(Unclear::words(message).into());
    let (shown, in_full) = (typed.display(), from.join(typed));
    let Some(name) = in_full.file_name() else {
        return refused(format!("{shown} is no name of a file"));
    };
    let dir = parent(&in_full);
    if fs.metadata(dir)?.is_none() {
        return refused(format!("there is no folder {}", dir.display()));
    }
    let path = fs.resolve(dir)?.join(name);
    refuse_own(fs, around, &path)?;
    match fs.metadata(&path)?.map(|found| found.kind) {
        None => {}
        Some(Kind::File) if may_replace => {}
        Some(Kind::File) => return Err(taken(typed)),
        Some(Kind::Dir | Kind::Link | Kind::Other) => {
            return refused(format!("{shown} is no file, and is not replaced"));
        }
    }
    Ok(Target {
        shown: typed.to_owned(),
        path,
        if_taken: if may_replace {
            IfTaken::Replace
        } else {
            IfTaken::Refuse
        },
    })
}

fn taken(shown: &Path) -> ExportError {
    let unclear = Unclear::words(format!("{} is there already", shown.display()));
    unclear.hint("replace it: --force").into()
}

impl Target {
    /// Returns the path, links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins the file.
    ///
    /// # Errors
    /// As `Draft::begin`.
    pub fn draft<'f>(&self, fs: &'f dyn Fs) -> FsResult<Draft<'f>> {
        Draft::begin(fs, &self.path, self.if_taken)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// As `Draft::keep`; `Unclear` when the name is taken by now.
    pub fn keep(&self, draft: Draft<'_>) -> Result<(), ExportError> {
        draft.keep().map_err(|error| {
            if error.is_taken() {
                taken(&self.shown)
            } else {
                error.into()
            }
        })
    }

    /// Writes a file that is in memory as a whole.
    ///
    /// # Errors
    /// As `draft` and `keep`.
    pub fn save(&self, fs: &dyn Fs, bytes: &[u8]) -> Result<(), ExportError> {
        let mut draft = self.draft(fs)?;
        let unsaid = draft.unsaid();
        draft.write_all(bytes).map_err(|error| {
            let said = unsaid.take();
            said.unwrap_or_else(|| FsError::at("write", &self.path)(error))
        })?;
        self.keep(draft)
    }
}

fn refuse_own(fs: &dyn Fs, around: Around<'_>, target: &Path) -> Result<(), ExportError> {
    let (root, _) = around;
    for (name, folder) in own_folders(fs, around)? {
        if target.starts_with(&folder) {
            let (target, what) = (target.display(), quoted(&name));
            let message = format!("{target} lies in {what}, which is barkeep's own");
            return Err(Unclear::words(message).into());
        }
    }
    refuse_name_of_document(root, target)
}

/// Refuses a path at which a workspace may have a document, wherever links lead.
///
/// # Errors
/// `Unclear` when it may.
pub fn refuse_document(fs: &dyn Fs, root: &Path, path: &Path) -> Result<(), ExportError> {
    refuse_name_of_document(root, &real(fs, path))
}

fn refuse_name_of_document(root: &Path, target: &Path) -> Result<(), ExportError> {
    let Ok(within) = target.strip_prefix(root) else {
        return Ok(());
    };
    let first = within.iter().next().unwrap_or_default().to_string_lossy();
    let is_alone = within.iter().count() == 1;
    let is_document = target
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(|ending| DOCUMENTS.contains(&ending));
    if is_alone && (is_document || first.starts_with('.')) {
        let unclear = Unclear::words(format!("{first} may be a document of the workspace"));
        let unclear = unclear.hint("choose another name, or another folder");
        return Err(unclear.into());
    }
    Ok(())
}

/// Returns the folders of what barkeep keeps, by the names that people know, each where it really lies: any of them, and any
/// tree of the data, may be a link to another disk.
fn own_folders(
    fs: &dyn Fs,
    (root, (mirrors, of_venues)): Around<'_>,
) -> FsResult<Vec<(String, PathBuf)>> {
    let mut own: Vec<(String, PathBuf)> = Vec::new();
    for name in OWN_FOLDERS {
        own.push((name.to_owned(), real(fs, &root.join(name))));
    }
    for entry in fs.list(root)?.unwrap_or_default() {
        if entry.name.starts_with(FLAT) && entry.kind != Kind::File {
            own.push((entry.name.clone(), real(fs, &root.join(entry.name))));
        }
    }
    for above in ["data", "data/legacy"] {
        for entry in fs.list(&root.join(above))?.unwrap_or_default() {
            if entry.kind == Kind::Link {
                let name = format!("{above}/{}", entry.name);
                own.push((name, real(fs, &root.join(above).join(entry.name))));
            }
        }
    }
    let mirrors = real(fs, mirrors);
    let shown = mirrors.display().to_string();
    if root.starts_with(&mirrors) {
        // Beside the mirrors there is the workspace then.
        own.extend(of_venues.iter().map(|of| (shown.clone(), real(fs, of))));
    } else {
        own.push((shown, mirrors));
    }
    Ok(own)
}

/// Returns where a path really leads, as far as that can be told.
fn real(fs: &dyn Fs, path: &Path) -> PathBuf {
    match (fs.resolve(path), path.file_name()) {
        (Ok(resolved), _) => resolved,
        (Err(_), Some(name)) => real(fs, parent(path)).join(name),
        (Err(_), None) => path.to_owned(),
    }
}
