//! Whether a file could be renamed to a place: asked of the system, without changing anything.
//!
//! Promises: what is refused here would have been refused by the rename, or by syncing the directory after it. The opposite
//! does not hold: a place may turn bad between the question and the rename, so whoever renames has to live with a refusal
//! all the same.

use std::io;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, FileType, Statx, StatxAttributes, StatxFlags};
use rustix::io::Errno;

use super::fs::{FsError, FsResult, Kind};

/// Asks whether a file of the directory `from` could be renamed to `name` in the directory `dir`, and tells what has that
/// name now.
pub(super) fn probe(from: &Path, dir: &Path, name: &str) -> FsResult<Option<Kind>> {
    let refused = |errno: Errno| FsError::at("write to", dir)(errno.into());
    // With the rights of the process as they are in effect; this also answers for disks and folders that are read-only.
    let wanted = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    match rustix::fs::accessat(CWD, dir, wanted, AtFlags::EACCESS) {
        // Old kernels and some sandboxes cannot be asked; the rename itself then says so.
        Ok(()) | Err(Errno::NOSYS | Errno::INVAL | Errno::OPNOTSUPP) => {}
        Err(errno) => return Err(refused(errno)),
    }
    let (here, there) = (look(from)?, look(dir)?);
    if !is_one_disk(&here, &there) {
        return Err(refused(Errno::XDEV));
    }
    if there.stx_attributes.contains(StatxAttributes::IMMUTABLE) {
        return Err(refused(Errno::PERM));
    }
    let path = dir.join(name);
    let found = match statx(&path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => found,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(FsError::at("examine", &path)(errno.into())),
    };
    // What may only grow cannot be replaced either, nor can anything in a directory that may only grow.
    let is_fixed = |of: &Statx| {
        let fixed = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
        of.stx_attributes.intersects(fixed)
    };
    let mode = rustix::fs::Mode::from_raw_mode(u32::from(there.stx_mode));
    let is_others = mode.contains(rustix::fs::Mode::SVTX) && {
        let me = rustix::process::geteuid();
        let owners = [found.stx_uid, there.stx_uid];
        !me.is_root() && !owners.contains(&me.as_raw())
    };
    if is_fixed(&found) || is_fixed(&there) || is_others {
        return Err(FsError::at("replace", &path)(Errno::PERM.into()));
    }
    Ok(Some(kind(found.stx_mode)))
}

/// Tells whether a rename can go from one directory to another: on the same file system, and seen through the same mount,
/// since the system renames between two mounts of one disk no more than between two disks.
pub(super) fn same_disk(a: &Path, b: &Path) -> FsResult<bool> {
    Ok(is_one_disk(&look(a)?, &look(b)?))
}

fn is_one_disk(a: &Statx, b: &Statx) -> bool {
    let device = |of: &Statx| (of.stx_dev_major, of.stx_dev_minor);
    let mount =
        |of: &Statx| (of.stx_mask & StatxFlags::MNT_ID.bits() != 0).then_some(of.stx_mnt_id);
    device(a) == device(b) && mount(a) == mount(b)
}

fn look(path: &Path) -> FsResult<Statx> {
    statx(path, AtFlags::empty()).map_err(|errno| FsError::at("examine", path)(errno.into()))
}

fn statx(path: &Path, flags: AtFlags) -> Result<Statx, Errno> {
    let wanted = StatxFlags::TYPE | StatxFlags::MODE | StatxFlags::UID | StatxFlags::MNT_ID;
    rustix::fs::statx(CWD, path, flags, wanted)
}

fn kind(mode: u16) -> Kind {
    match FileType::from_raw_mode(u32::from(mode)) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Dir,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    }
}

/// Tells whether an error is one of a place: the system refuses this name or this directory, and may well take another one.
/// A disk that fails or is full is none of these, nor is a process that may open no more files.
pub(super) fn is_of_place(error: &io::Error) -> bool {
    let Some(errno) = Errno::from_io_error(error) else {
        // What the door itself refuses: a name that stands for something else than a regular file or a folder.
        return matches!(
            error.kind(),
            io::ErrorKind::InvalidInput
                | io::ErrorKind::IsADirectory
                | io::ErrorKind::NotADirectory
        );
    };
    matches!(
        errno,
        Errno::ACCESS
            | Errno::PERM
            | Errno::ROFS
            | Errno::NOTDIR
            | Errno::ISDIR
            | Errno::NOENT
            | Errno::EXIST
            | Errno::LOOP
            | Errno::XDEV
            | Errno::NAMETOOLONG
            | Errno::NOTEMPTY
            | Errno::BUSY
            | Errno::TXTBSY
            | Errno::MLINK
            | Errno::INVAL
            | Errno::ILSEQ
    )
}
