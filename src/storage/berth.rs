//! Where the new form of a file is staged, so that it has the rights of a file of the folder that it will land in.
//!
//! Promises: a new file takes group and default ACL of the folder it lands in, and a new folder its setgid bit too, as if
//! it had been made there; a file that takes the place of another keeps what that one has. The system hands them down: files
//! are staged in a folder that hands down the same as the one where they land. What it refuses is noted and told.
//! Costs a question for each folder that gets new files, and none for files that replace others.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::sys::atomic::parent;
use crate::sys::{Access, Acl, Heritage, Rights};

use super::StorageError;
use super::area::Area;
use super::group::NEW;
use super::place::{Probed, RealDir};
use super::spelled::Spelled;
use super::whole_series::whole_root;

/// The folders of the run that hand down what some place does, by number.
const LIKE: &str = "like-";

/// A folder of a run, in which files come into being as they do in some place.
#[derive(Debug)]
struct Berth {
    /// The folder of the run that it lies in.
    home: PathBuf,
    dir: PathBuf,
    /// What the place hands down.
    wanted: Heritage,
    /// What the system lets this one hand down.
    given: Heritage,
    /// Whether that is something else.
    is_refused: bool,
}

/// What a file needs of the folder that it is made in.
#[derive(Debug)]
enum Wanted {
    /// All that it hands down.
    All(Heritage),
    /// Its default ACL or none: mode and group the file has by itself.
    Acl(Option<Vec<u8>>),
}

/// Where the new files of a run come into being, and what is known of what folders hand down.
#[derive(Debug, Default)]
pub(super) struct Berths {
    /// In the order in which they were made.
    made: Vec<Berth>,
    /// The folders in which the files of the group are staged.
    dirs: BTreeSet<PathBuf>,
    /// Folders of the tree.
    places: Spelled<Heritage>,
    /// Folders in which whole series are built, and that the tree has as well.
    whole: Spelled<Heritage>,
    /// Those of them that the system refused something.
    whole_refused: Vec<PathBuf>,
    /// Files and series that could not be given the owner, group or mode of those that they replace, or of the folder they
    /// land in.
    refused: Vec<PathBuf>,
    /// Where they will land.
    pub(super) probed: Probed,
}

impl Berths {
    /// Forgets what holds for one group only.
    pub(super) fn forget_group(&mut self) {
        self.made.clear();
        self.dirs.clear();
        self.places.clear();
    }

    /// Forgets what was found out of places, which may turn bad.
    pub(super) fn forget_places(&mut self) {
        self.probed = Probed::default();
    }

    /// Hands out the folders in which the files of the group are staged.
    pub(super) fn take_dirs(&mut self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut self.dirs)
    }

    /// Notes that a file or series does not have the rights that it should have.
    pub(super) fn note_refused(&mut self, target: &Path) {
        self.refused.push(target.to_owned());
    }

    /// Hands out what was noted since the last call.
    pub(super) fn take_refused(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.refused)
    }

    /// Returns the folder in which the new form of a file is made, and who may use it there.
    pub(super) fn berth(
        &mut self,
        area: &Area<'_>,
        target: &Path,
        origin: Option<Rights>,
    ) -> Result<(PathBuf, Access), StorageError> {
        let kept = match Access::at(area.fs, target, origin)? {
            kept @ Access::Kept(_) => Some(kept),
            Access::Fresh | Access::Within(_) | Access::Limited(_) => None,
        };
        let wanted = match kept {
            Some(_) => Wanted::Acl(self.acl_of_replaced(area, target)?),
            None => Wanted::All(self.heritage_of(area, parent(target))?),
        };
        let home = area.home_of(target).to_owned();
        if !self.dirs.contains(&home.join(NEW)) {
            self.make_new_dir(area, &home)?;
        }
        let berth = self.berth_like(area, home, wanted)?;
        let access = kept.unwrap_or_else(|| berth.given.access(origin));
        let found = (berth.dir.clone(), access);
        if berth.is_refused {
            self.note_refused(target);
        }
        Ok(found)
    }

    /// Makes the folder of the new files of a group, which hands down whatever the staging folder does.
    fn make_new_dir(&mut self, area: &Area<'_>, home: &Path) -> Result<(), StorageError> {
        let dir = home.join(NEW);
        area.make_own_dirs(&dir)?;
        let given = Heritage::of(area.fs, &dir)?.unwrap_or_default();
        self.dirs.insert(dir.clone());
        self.made.push(Berth {
            home: home.to_owned(),
            dir,
            wanted: given.clone(),
            given,
            is_refused: false,
        });
        Ok(())
    }

    /// Returns a folder of the run that hands down `wanted`, as far as the system lets it.
    fn berth_like(
        &mut self,
        area: &Area<'_>,
        home: PathBuf,
        wanted: Wanted,
    ) -> Result<&Berth, StorageError> {
        let berths = &mut self.made;
        let fits = |berth: &Berth| {
            berth.home == home
                && match &wanted {
                    Wanted::All(heritage) => berth.wanted == *heritage,
                    Wanted::Acl(acl) => berth.wanted.acl == *acl,
                }
        };
        let at = berths.iter().position(fits).unwrap_or(berths.len());
        if at == berths.len() {
            let wanted = match wanted {
                Wanted::All(heritage) => heritage,
                Wanted::Acl(acl) => Heritage { group: None, acl },
            };
            let dir = home.join(NEW).join(format!("{LIKE}{at}"));
            let given = area.fs.create_dir_like(&dir, &wanted)?;
            self.dirs.insert(dir.clone());
            berths.push(Berth {
                home,
                dir,
                is_refused: given != wanted,
                wanted,
                given,
            });
        }
        berths.get(at).ok_or(StorageError::NotADirectory {
            path: area.dir().to_owned(),
        })
    }

    /// Returns what a folder of the tree hands down, or if it is not there yet, the one that it will be made in.
    fn heritage_of(&mut self, area: &Area<'_>, dir: &Path) -> Result<Heritage, StorageError> {
        if let Some(known) = self.places.get(dir) {
            return Ok(known.clone());
        }
        let found = match self.heritage_at(area, dir)? {
            Some(found) => found,
            None if dir == area.places.root || dir == parent(dir) => Heritage::default(),
            None => self.heritage_of(area, parent(dir))?,
        };
        self.places.put(dir, found.clone());
        Ok(found)
    }

    /// Returns what a folder of the tree hands down; `None` when it is not there. What was found out when its place was
    /// probed is not asked again.
    fn heritage_at(&self, area: &Area<'_>, dir: &Path) -> Result<Option<Heritage>, StorageError> {
        if self.probed.is_vacant(dir) {
            return Ok(None);
        }
        if let Some(RealDir::Folder { group }) = self.probed.real_dir(dir) {
            return Ok(Some(Heritage {
                group,
                acl: area.fs.acl(dir, Acl::Default)?,
            }));
        }
        Ok(Heritage::of(area.fs, dir)?)
    }

    /// Returns the ACL that the new form of a file needs of its folder: if the file has one, that of the folder. Nothing is
    /// asked file by file where the folder of the tree has no default ACL: those of its files are taken to have none.
    fn acl_of_replaced(
        &mut self,
        area: &Area<'_>,
        target: &Path,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let mut tree = parent(target);
        while tree
            .file_name()
            .is_some_and(|name| name.to_string_lossy().contains('='))
        {
            tree = parent(tree);
        }
        let has_acl =
            self.heritage_of(area, tree)?.acl.is_some() && area.fs.acl(target, Acl::Own)?.is_some();
        if !has_acl {
            return Ok(None);
        }
        Ok(self.heritage_of(area, parent(target))?.acl)
    }

    /// Makes a folder in which a whole series is built: as the tree has it, so that what the series will stand in hands
    /// down the same here. What the tree has not got is made as it would be there: by the system, from the folder above.
    pub(super) fn make_whole_dir(
        &mut self,
        area: &Area<'_>,
        dir: &Path,
    ) -> Result<(), StorageError> {
        let root = whole_root(area);
        let below = dir.strip_prefix(&root).unwrap_or(Path::new(""));
        let is_root = below.as_os_str().is_empty();
        let above = if is_root {
            None
        } else {
            self.whole.get(parent(dir)).cloned()
        };
        if !is_root && (above.is_none() || self.whole.contains(dir)) {
            area.fs.create_dir(dir)?;
            return Ok(());
        }
        let wanted = if is_root {
            let data = area.places.data.clone();
            Some(self.heritage_of(area, &data)?)
        } else {
            self.heritage_at(area, &area.places.data.join(below))?
        };
        let given = match wanted {
            None => {
                area.fs.create_dir(dir)?;
                return Ok(());
            }
            Some(wanted) if above.as_ref() == Some(&wanted) => {
                area.fs.create_dir(dir)?;
                wanted
            }
            Some(wanted) => {
                let given = area.fs.create_dir_like(dir, &wanted)?;
                if given != wanted {
                    self.whole_refused.push(dir.to_owned());
                }
                given
            }
        };
        self.whole.put(dir, given);
        Ok(())
    }

    /// Returns who may use the files of a series that is built whole in the folder `staged`.
    pub(super) fn whole_access(&self, staged: &Path, origin: Option<Rights>) -> Access {
        let whole = &self.whole;
        let above = staged.ancestors().find_map(|dir| whole.get(dir));
        above.cloned().unwrap_or_default().access(origin)
    }

    /// Tells whether the system refused a folder in which a whole series is built what it was to hand down.
    pub(super) fn is_whole_refused(&self, staged: &Path) -> bool {
        let refused = &self.whole_refused;
        let mut above = staged.ancestors();
        let nearest = above.find(|dir| self.whole.contains(dir));
        nearest.is_some_and(|dir| refused.iter().any(|one| one == dir))
    }
}

/// Returns what a person should know of files that the system refused their owner, group, mode or ACL, as a sentence
/// without a period.
pub fn refused_rights(files: &[PathBuf]) -> Option<String> {
    let (first, more) = files.split_first()?;
    let first = first.display();
    let files = match more.len() {
        0 => first.to_string(),
        1 => format!("{first} and 1 more file"),
        more => format!("{first} and {more} more files"),
    };
    Some(format!(
        "the system refused to keep owner, group or mode of {files}, or to hand down those of the folder; the rows are stored all the same"
    ))
}
