//! What a folder hands down to whatever is made in it: its group, if it has the setgid bit, and its default ACL.
//!
//! Promises: the system itself hands them down, at the moment in which a file is made, so no file has other rights first.
//! What is made in one folder and renamed into another would have the wrong ones; so it is made in a folder that hands
//! down the same. What the system refuses is answered and no error: a file of another group is better than none.
//! Leaves to others: where such a folder is needed (`storage::berth`).

use std::io;
use std::path::Path;

use rustix::fs::{CWD, Gid, Mode, OFlags, Stat, XattrFlags};
use rustix::io::Errno;

use super::access::{Access, Rights};
use super::fs::{Fs, FsError, FsResult, Kind};

/// As much as the system lets an attribute have.
const MOST_BYTES: usize = 1 << 16;
const SETGID: u32 = 0o2000;

/// Which list of further users and groups a file or folder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acl {
    /// Who may use it.
    Own,
    /// Who may use what is made in it.
    Default,
}

impl Acl {
    fn name(self) -> &'static str {
        match self {
            Self::Own => "system.posix_acl_access",
            Self::Default => "system.posix_acl_default",
        }
    }
}

/// What a folder hands down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heritage {
    /// Its group, if it has the setgid bit; else a file has the group of whoever makes it.
    pub group: Option<u32>,
    /// Its default ACL, as the system writes it; it stands in for the umask.
    pub acl: Option<Vec<u8>>,
}

impl Heritage {
    /// Returns what a folder hands down; `None` when there is no folder. A link is followed: only the data root may be one.
    ///
    /// # Errors
    /// When it cannot be examined.
    pub fn of(fs: &dyn Fs, dir: &Path) -> FsResult<Option<Self>> {
        let (path, meta) = match fs.metadata(dir)? {
            Some(meta) if meta.kind == Kind::Link => {
                let path = fs.resolve(dir)?;
                let meta = fs.metadata(&path)?;
                (path, meta)
            }
            meta => (dir.to_owned(), meta),
        };
        let Some(meta) = meta.filter(|meta| meta.kind == Kind::Dir) else {
            return Ok(None);
        };
        Ok(Some(Self {
            group: meta.has_setgid.then_some(meta.rights.group),
            acl: fs.acl(&path, Acl::Default)?,
        }))
    }

    /// Returns who may use a new file in such a folder, which is made from files that grant `origin`. A group that the
    /// folder hands down, and whom its ACL names, are strangers to these files, unless it is their own group.
    pub fn access(&self, origin: Option<Rights>) -> Access {
        match (origin, self) {
            (None, _) => Access::Fresh,
            (
                Some(origin),
                Self {
                    group: None,
                    acl: None,
                },
            ) => Access::Within(origin),
            (
                Some(origin),
                Self {
                    group: Some(group),
                    acl: None,
                },
            ) if *group == origin.group => Access::Limited(origin.mode),
            (Some(origin), _) => Access::Limited(origin.without_group().mode),
        }
    }
}

/// Returns a list of further users and groups; `None` where there is none, or the disk knows of none.
pub(super) fn acl(path: &Path, which: Acl) -> FsResult<Option<Vec<u8>>> {
    read_acl(path, which).map_err(FsError::at("examine", path))
}

fn read_acl(path: &Path, which: Acl) -> io::Result<Option<Vec<u8>>> {
    // Most lists are short, and one call is enough.
    for most in [1 << 9, MOST_BYTES] {
        let mut bytes = vec![0; most];
        match rustix::fs::getxattr(path, which.name(), bytes.as_mut_slice()) {
            Ok(len) => {
                bytes.truncate(len);
                return Ok(Some(bytes).filter(|bytes| !bytes.is_empty()));
            }
            Err(Errno::RANGE) => {}
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        }
    }
    Err(Errno::RANGE.into())
}

/// Makes a folder that hands down `wanted`, or what the system lets it; returns what that is. It may be there already.
pub(super) fn create_dir(dir: &Path, wanted: &Heritage) -> FsResult<Heritage> {
    let at = |errno: Errno| FsError::at("create", dir)(errno.into());
    match rustix::fs::mkdir(dir, Mode::from_raw_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(at(errno)),
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(CWD, dir, flags, Mode::empty()).map_err(at)?;
    let look = || rustix::fs::fstat(&opened).map_err(at);
    let made = look()?;
    if let Some(group) = wanted.group
        && group != made.st_gid
    {
        let _refused = rustix::fs::fchown(&opened, None, Some(Gid::from_raw(group)));
    }
    let made = look()?;
    let has_bit = made.st_mode & SETGID != 0;
    let wants_bit = wanted.group == Some(made.st_gid);
    if has_bit != wants_bit {
        let mode = made.st_mode & 0o7777 ^ SETGID;
        let _refused = rustix::fs::fchmod(&opened, Mode::from_raw_mode(mode));
    }
    if acl(dir, Acl::Default)? != wanted.acl {
        let name = Acl::Default.name();
        let _refused = match &wanted.acl {
            Some(acl) => rustix::fs::fsetxattr(&opened, name, acl, XattrFlags::empty()),
            None => rustix::fs::fremovexattr(&opened, name),
        };
    }
    let Stat {
        st_mode, st_gid, ..
    } = look()?;
    Ok(Heritage {
        group: (st_mode & SETGID != 0).then_some(st_gid),
        acl: acl(dir, Acl::Default)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_a_private_file_keeps_out_is_kept_out_of_what_is_made_of_it() {
        let (own, others) = (Some(7), Some(8));
        let acl = Some(b"acl".to_vec());
        for (group, acl, origin, wanted) in [
            (own, None, 0o640, 0o640),
            (others, None, 0o640, 0o600),
            (others, None, 0o644, 0o644),
            (own, acl.clone(), 0o640, 0o600),
            (None, acl, 0o664, 0o644),
        ] {
            let heritage = Heritage { group, acl };
            let origin = Rights {
                mode: origin,
                owner: 1,
                group: 7,
            };

            let access = heritage.access(Some(origin));

            assert_eq!(access, Access::Limited(wanted), "{heritage:?} {origin:?}");
            assert_eq!(heritage.access(None), Access::Fresh);
        }
    }
}
