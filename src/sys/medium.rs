//! What the system knows of a disk and of its own copies of files: asked by descriptor and path, without opening anything.

use std::io::{self, IoSliceMut};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{Advice, StatFs};
use rustix::io::{Errno, ReadWriteFlags};

use super::fs::{FsError, FsKind, FsResult, Medium};

const EXT4: u64 = 0xEF53;
const XFS: u64 = 0x5846_5342;
const BTRFS: u64 = 0x9123_683E;
const NFS: u64 = 0x6969;
const SMB: [u64; 3] = [0xFF53_4D42, 0xFE53_4D42, 0x517B];

/// How often a file's pages are dropped: while the system still holds one for itself, dropping does nothing.
const DROP_TRIES: usize = 4;

/// Drops a file's pages from memory, and looks whether a read would now have to wait for the disk.
pub(super) fn drop_pages(file: impl AsFd) -> io::Result<Medium> {
    for _ in 0..DROP_TRIES {
        if rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).is_err() {
            break;
        }
        let mut first = [0];
        let probe = &mut [IoSliceMut::new(&mut first)];
        match rustix::io::preadv2(&file, probe, 0, ReadWriteFlags::NOWAIT) {
            Err(Errno::AGAIN) => return Ok(Medium::Disk),
            // In memory still: what is being written cannot be dropped, so wait until it is. That it could not be written
            // is told here and perhaps nowhere else.
            Ok(1..) => rustix::fs::fdatasync(&file)?,
            // Empty, or a disk of which nobody can ask this.
            _ => break,
        }
    }
    Ok(Medium::Cache)
}

/// Tells whether one `syncfs` makes everything on the disk of `path` durable: where it is known to.
pub(super) fn has_barrier(path: &Path) -> FsResult<bool> {
    Ok(matches!(magic(&statfs(path)?), EXT4 | XFS | BTRFS))
}

/// Tells what kind of file system holds `path`.
pub(super) fn kind_of_disk(path: &Path) -> FsResult<FsKind> {
    let found = magic(&statfs(path)?);
    Ok(if found == NFS || SMB.contains(&found) {
        FsKind::Network
    } else {
        FsKind::Local
    })
}

fn statfs(path: &Path) -> FsResult<StatFs> {
    rustix::fs::statfs(path)
        .map_err(|error| FsError::at("examine the file system of", path)(error.into()))
}

#[expect(
    clippy::cast_sign_loss,
    reason = "f_type is a bit pattern of the kernel's choosing"
)]
fn magic(found: &StatFs) -> u64 {
    found.f_type as u64 & 0xFFFF_FFFF
}
