//! Opening files so that nothing but a regular file is read, written or waited for.
//!
//! Promises: a pipe, socket or device in the place of a file is an error that says so, at once: without `O_NONBLOCK` the
//! open of a pipe that nobody writes to never returns, and no signal ends it. What is opened is what is looked at.
#![expect(
    clippy::disallowed_methods,
    reason = "this file is part of the door to the file system"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Gid, Uid};

use super::access::{Access, Rights, irregular};
use super::fs::Kind;

/// Never wait, and never make a terminal this program's own.
const NOT_WAITING: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

/// A regular file that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    /// Its length as it was opened.
    pub(super) len: u64,
}

impl Opened {
    /// Reads from where the file stands to its end, which is not before `rest` bytes.
    pub(super) fn read(self, rest: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // What a damaged disk says of a length is no reason to fail before a byte is read.
        let _hint = bytes.try_reserve_exact(usize::try_from(rest).unwrap_or(usize::MAX));
        // Through `take`, since a file alone would be asked for its length and place once more.
        self.file.take(u64::MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Opens a file to be read; a link is followed. One that leads nowhere is no absent file: its rows may come back.
pub(super) fn to_read(path: &Path) -> io::Result<Opened> {
    let is_link = || fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink());
    match regular(OpenOptions::new().read(true), path, NOT_WAITING) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_link() => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a link that leads nowhere",
        )),
        opened => opened,
    }
}

/// Opens a file to be appended to or locked, making it if needed; a link is not followed.
pub(super) fn to_add(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let options = options.create(true).truncate(false).mode(0o666);
    Ok(regular(options, path, NOT_WAITING | OFlags::NOFOLLOW)?.file)
}

/// Opens a folder to be synced.
pub(super) fn folder(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(bits(OFlags::DIRECTORY))
        .open(path)
}

/// Whether a new file has the rights that it was to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// It has.
    All,
    /// The system refused some of them.
    Refused,
}

/// Makes a file that must not exist yet, with the rights that it will have in the end.
pub(super) fn to_create(path: &Path, access: Access) -> io::Result<(File, Given)> {
    let wanted = match access {
        Access::Fresh | Access::Limited(_) => None,
        Access::Kept(rights) => Some(rights),
        Access::Within(rights) => Some(Rights {
            mode: (rights.mode | 0o600) & 0o666 & !umask(),
            ..rights
        }),
    };
    // Its own user's alone until it has the right group: who has opened a file goes on reading it.
    let mode = match (wanted, access) {
        (Some(rights), _) => rights.mode & 0o700,
        (None, Access::Limited(mode)) => (mode | 0o600) & 0o666,
        (None, _) => 0o666,
    };
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .custom_flags(bits(OFlags::NOFOLLOW))
        .open(path)?;
    let given = match (wanted, access) {
        (None, _) => Given::All,
        (Some(wanted), Access::Kept(_)) => give(&file, wanted)?,
        // A copy elsewhere only has to keep strangers out, and fewer rights do so as well.
        (Some(wanted), _) => give(&file, wanted).map(|_fewer| Given::All)?,
    };
    Ok((file, given))
}

/// Gives a new file its rights. What the system refuses leaves it with fewer, never with more, and is no reason to lose
/// what will be written to it.
fn give(file: &File, wanted: Rights) -> io::Result<Given> {
    let made = file.metadata()?;
    let is_owner = made.uid() == wanted.owner;
    let mut mode = wanted.mode;
    let mut given = if is_owner || made.uid() == 0 {
        Given::All
    } else {
        Given::Refused
    };
    if !is_owner || made.gid() != wanted.group {
        // Only root may give a file away.
        let is_root = made.uid() == 0;
        let owner = (!is_owner && is_root).then(|| Uid::from_raw(wanted.owner));
        let group = Some(Gid::from_raw(wanted.group));
        let is_given = rustix::fs::fchown(file, owner, group).is_ok();
        if !is_given {
            given = Given::Refused;
        }
        if !is_given && made.gid() != wanted.group {
            mode = wanted.without_group().mode;
        }
    }
    if made.mode() & 0o7777 != mode {
        // A disk without modes refuses, and has the same for all files.
        if rustix::fs::fchmod(file, Mode::from_raw_mode(mode)).is_err() {
            given = Given::Refused;
        }
    }
    Ok(given)
}

/// Returns the umask. It is asked for without being set, since other threads make files meanwhile.
fn umask() -> u32 {
    static UMASK: OnceLock<u32> = OnceLock::new();
    *UMASK.get_or_init(|| {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let found = status
            .lines()
            .find_map(|line| u32::from_str_radix(line.strip_prefix("Umask:")?.trim(), 8).ok());
        // Where nobody can say, a private file becomes no less private.
        found.unwrap_or(0o077)
    })
}

fn regular(options: &mut OpenOptions, path: &Path, flags: OFlags) -> io::Result<Opened> {
    let file = match options.custom_flags(bits(flags)).open(path) {
        Err(error)
            if error.kind() == io::ErrorKind::WouldBlock && fs::metadata(path)?.is_file() =>
        {
            // Another program has a lease on it, as a file server does, and gives it back now: that is worth a wait.
            options
                .custom_flags(bits(flags.difference(OFlags::NONBLOCK)))
                .open(path)?
        }
        Err(error) => return Err(explained(path, flags, error)),
        Ok(file) => file,
    };
    let meta = file.metadata()?;
    match kind_of(meta.file_type()) {
        Kind::File => Ok(Opened {
            file,
            len: meta.len(),
        }),
        other => Err(irregular(other)),
    }
}

/// Says what stands there, if that is why it cannot be opened.
fn explained(path: &Path, flags: OFlags, error: io::Error) -> io::Error {
    let found = if flags.contains(OFlags::NOFOLLOW) {
        fs::symlink_metadata(path)
    } else {
        fs::metadata(path)
    };
    match found.map(|meta| kind_of(meta.file_type())) {
        Ok(kind @ (Kind::Link | Kind::Other)) => irregular(kind),
        _ => error,
    }
}

pub(super) fn kind_of(kind: fs::FileType) -> Kind {
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Dir
    } else if kind.is_symlink() {
        Kind::Link
    } else {
        Kind::Other
    }
}

fn bits(flags: OFlags) -> i32 {
    i32::try_from(flags.bits()).unwrap_or_default()
}
