//! Whether a file could take its place, asked before it joins a group.
//!
//! Promises: a place below a link, a file in the way, a folder without rights, a read-only or immutable one, and one on
//! another disk are refused before anything of their series changes, so that they cost that series and no other.
//! Where the data root as a whole takes no file, that is told before anything is fetched, so that a run collects first.
//! Leaves to others: a place that turns bad after it was asked for (`into_place`).

use std::path::Path;

use crate::layout::Places;
use crate::sys::atomic::parent;
use crate::sys::{Fs, FsError, Kind};

use super::StorageError;
use super::area::Area;
use super::spelled::{Spelled, SpelledPaths};

/// A directory on the way to targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RealDir {
    /// A folder, and the group that its setgid bit hands down.
    Folder { group: Option<u32> },
    /// The data root, which may be a link.
    Link,
}

/// A name that is asked for where nobody will have it.
const ANY_NAME: &str = ".partition-staging";

/// What was found out of the places of one group.
#[derive(Debug, Default)]
pub(super) struct Probed {
    /// Directories on the way to targets that are known to be no links.
    real_dirs: Spelled<RealDir>,
    /// Names on the way to targets that nobody has, and below which a file can be brought.
    vacant: SpelledPaths,
}

impl Probed {
    /// Makes sure that a file of the run could be renamed to `target`.
    pub(super) fn probe_file(
        &mut self,
        area: &Area<'_>,
        target: &Path,
    ) -> Result<(), StorageError> {
        self.probe(area, target, Kind::File)
    }

    /// Makes sure that a folder of the run could be renamed to `target`.
    pub(super) fn probe_folder(
        &mut self,
        area: &Area<'_>,
        target: &Path,
    ) -> Result<(), StorageError> {
        self.probe(area, target, Kind::Dir)
    }

    /// Tells whether a path is known not to be there. What is below a name that nobody has is as free as that name.
    pub(super) fn is_vacant(&self, path: &Path) -> bool {
        path.ancestors().any(|name| self.vacant.contains(name))
    }

    /// Returns what is known of a directory.
    pub(super) fn real_dir(&self, dir: &Path) -> Option<RealDir> {
        self.real_dirs.get(dir).copied()
    }

    fn probe(&mut self, area: &Area<'_>, target: &Path, wanted: Kind) -> Result<(), StorageError> {
        if self.is_vacant(target) {
            return Ok(());
        }
        // The first name on the way that is not there, or the target itself.
        let mut name = target;
        while !self.is_real_dir(area, parent(name))? {
            name = parent(name);
        }
        let from = if area.is_under_barrier(target) {
            &area.places.staging
        } else {
            &area.places.root
        };
        let last = name.file_name().unwrap_or_default().to_string_lossy();
        match area.fs.probe(from, parent(name), &last)? {
            None => {
                if name != target {
                    self.vacant.add(name);
                }
                Ok(())
            }
            Some(found) if found == wanted && name == target => Ok(()),
            Some(found) => Err(StorageError::Place {
                path: target.to_owned(),
                reason: format!("{} stands in the way", named(found)),
            }),
        }
    }

    /// Tells whether a directory is there; no link on the way to it counts as one, but for the data root.
    fn is_real_dir(&mut self, area: &Area<'_>, dir: &Path) -> Result<bool, StorageError> {
        let places = area.places;
        if dir == places.root || self.real_dirs.contains(dir) {
            return Ok(true);
        }
        let refused = || StorageError::NotADirectory {
            path: dir.to_owned(),
        };
        if !dir.starts_with(&places.root) {
            return Err(refused());
        }
        if !self.is_real_dir(area, parent(dir))? {
            return Ok(false);
        }
        let Some(meta) = area.fs.metadata(dir)? else {
            return Ok(false);
        };
        let found = match meta.kind {
            Kind::Dir => RealDir::Folder {
                group: meta.has_setgid.then_some(meta.rights.group),
            },
            Kind::Link if dir == places.data => RealDir::Link,
            Kind::Link | Kind::File | Kind::Other => return Err(refused()),
        };
        self.real_dirs.put(dir, found);
        Ok(true)
    }
}

fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "a file",
        Kind::Dir => "a folder",
        Kind::Link => "a link",
        Kind::Other => "a device, pipe or socket",
    }
}

/// Makes sure that runs can be staged, and that files can be renamed from there to where they belong. To be asked before
/// anything is fetched.
///
/// # Errors
/// `Staging` with the folder that is in the way.
pub fn check_staging(fs: &dyn Fs, places: &Places) -> Result<(), StorageError> {
    let refuse = |path: &Path, reason: String| StorageError::Staging {
        path: path.to_owned(),
        reason,
    };
    let of_data = places.data_staging.iter();
    let of_data = of_data.map(|staging| (staging, &places.data));
    for (staging, home) in [(&places.home_staging, &places.root)]
        .into_iter()
        .chain(of_data)
    {
        let kind = fs.metadata(staging)?.map(|meta| meta.kind);
        match kind {
            // Made when it is needed.
            None if *staging != places.staging => continue,
            None if fs.metadata(home)?.is_none() => continue,
            None => {
                let asked = fs.probe(home, home, ANY_NAME);
                asked.map_err(|error| refuse(staging, error.reason()))?;
                continue;
            }
            Some(Kind::Dir | Kind::Link) => {}
            Some(other) => {
                return Err(refuse(
                    staging,
                    format!("{} stands in its place", named(other)),
                ));
            }
        }
        match fs.same_device(staging, home) {
            Ok(true) => {}
            Ok(false) => {
                let reason = "it lies on another disk than where its files belong, and no file can be renamed between the two";
                return Err(refuse(staging, reason.to_owned()));
            }
            Err(error) => return Err(refuse(staging, error.reason())),
        }
        let asked = fs.probe(staging, staging, ANY_NAME);
        asked.map_err(|error| refuse(staging, error.reason()))?;
    }
    Ok(())
}

/// Folders below the data root with names of their own: market, source, tree and ticker.
const LEVELS: usize = 4;

/// Returns why the data root takes no file, when all of it has turned read-only or is not ours to change. `None` also
/// where it is not there, and where something else is wrong, which whoever writes there is told.
pub(super) fn refusal(fs: &dyn Fs, places: &Places) -> Option<FsError> {
    let Places { data, staging, .. } = places;
    let own = places.data_staging.as_ref()?;
    let is_own_there = match fs.metadata(own) {
        Ok(found) => found.is_some(),
        Err(error) => return Some(error).filter(FsError::is_refusal),
    };
    if is_own_there {
        // What is staged there could not be taken away, once it is merged.
        return refusal_at(fs, own, own);
    }
    // A disk of its own is asked by itself: nothing can be renamed there from the workspace.
    let from = if staging == own { data } else { &places.root };
    let refusal = refusal_at(fs, from, data)?;
    // The rights of the topmost folder say nothing of those below it; but a run needs a folder of its own there.
    let takes_nothing = staging == own || !takes_below(fs, &places.root, data, LEVELS);
    takes_nothing.then_some(refusal)
}

fn refusal_at(fs: &dyn Fs, from: &Path, dir: &Path) -> Option<FsError> {
    let asked = fs.probe(from, dir, ANY_NAME);
    asked.err().filter(FsError::is_refusal)
}

/// Tells whether a folder below `dir` takes files. One that cannot be asked is asked by whoever writes there.
fn takes_below(fs: &dyn Fs, from: &Path, dir: &Path, levels: usize) -> bool {
    let entries = fs.list(dir).ok().flatten().unwrap_or_default();
    let dirs = entries.iter().filter(|entry| entry.kind == Kind::Dir);
    dirs.map(|entry| dir.join(&entry.name)).any(|dir| {
        let refused = fs.probe(from, &dir, ANY_NAME).err();
        refused.is_none_or(|error| !error.is_of_place())
            || (levels > 1 && takes_below(fs, from, &dir, levels - 1))
    })
}
