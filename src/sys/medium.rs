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
/// Whatever a program serves: sshfs, glusterfs, s3fs, rclone, virtiofs. A local disk whose driver is a program (ntfs-3g,
/// exfat) has the same number, and is told apart by its block device.
const FUSE: u64 = 0x6573_5546;
/// File systems of several hosts, or of a host and its guests.
const OF_A_NETWORK: [u64; 21] = [
    0x6969,      // NFS
    0x517B,      // SMB
    0xFF53_4D42, // CIFS
    0xFE53_4D42, // SMB2 and SMB3
    0x564C,      // NCP
    0x5346_414F, // AFS
    0x6B41_4653, // AFS as the kernel has it
    0x7375_7245, // Coda
    0x00C3_6400, // Ceph
    0x0102_1997, // 9p
    0x0BD0_0BD0, // Lustre
    0x7461_636F, // OCFS2
    0x0116_1970, // GFS2
    0x4750_4653, // GPFS
    0x1983_0326, // BeeGFS
    0x2003_0528, // OrangeFS
    0xAAD7_AAEA, // PanFS
    0x6163_6673, // ACFS
    0xBACB_ACBC, // folders that VMware shares
    0x786F_4256, // those of VirtualBox
    0x7C7C_6673, // those of Parallels
];

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
    if found != FUSE {
        return Ok(kind_of(found, false));
    }
    let stat =
        rustix::fs::stat(path).map_err(|error| FsError::at("examine", path)(error.into()))?;
    // What has no block device behind it has the major number 0.
    Ok(kind_of(found, rustix::fs::major(stat.st_dev) != 0))
}

fn kind_of(magic: u64, has_block_device: bool) -> FsKind {
    if OF_A_NETWORK.contains(&magic) || (magic == FUSE && !has_block_device) {
        FsKind::Network
    } else {
        FsKind::Local
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_hosts_may_write_to_is_a_network_disk_and_what_one_host_has_is_not() {
        const TMPFS: u64 = 0x0102_1994;
        const OVERLAY: u64 = 0x794C_7630;
        const ZFS: u64 = 0x2FC1_2FC1;

        for magic in OF_A_NETWORK.into_iter().chain([FUSE]) {
            assert_eq!(kind_of(magic, false), FsKind::Network, "{magic:x}");
        }
        for magic in [EXT4, XFS, BTRFS, TMPFS, OVERLAY, ZFS] {
            assert_eq!(kind_of(magic, false), FsKind::Local, "{magic:x}");
        }
        assert_eq!(
            kind_of(FUSE, true),
            FsKind::Local,
            "a driver for a disk of this host"
        );
    }
}
