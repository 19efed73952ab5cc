//! Who may use a file that is about to be made.
//!
//! Promises: decided once, from what lies there, before the file exists; there is no call that changes the rights of a
//! file afterwards, so at no moment is a file more readable than it will be in the end. A file that is replaced keeps
//! its mode, owner and group; what is made from a private file is private, too; anything else is as the umask says.
//! Leaves to others: which files something is made from.

use std::io;
use std::path::Path;

use super::fs::{Fs, FsError, FsResult, Kind};

const LINK: &str = "it is a link, and barkeep follows none here";

/// Mode, owner and group of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The permission bits.
    pub mode: u32,
    /// The user.
    pub owner: u32,
    /// The group.
    pub group: u32,
}

impl Rights {
    /// Returns these rights without what `other` does not grant to the same people. The owner, who makes both, keeps
    /// its own.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        let limit = if self.group == other.group {
            other
        } else {
            other.without_group()
        };
        Self {
            mode: self.mode & (limit.mode | 0o7700),
            ..self
        }
    }

    /// Returns these rights for a file of another group, whose members are strangers here.
    #[must_use]
    pub fn without_group(self) -> Self {
        let strangers = self.mode & 0o007;
        Self {
            mode: self.mode & !0o070 | (self.mode & (strangers << 3)),
            ..self
        }
    }

    /// Returns the rights of a folder as those of a file in it that grants everything.
    fn for_passing(self) -> Self {
        let classes = [0o100, 0o010, 0o001].into_iter();
        let mode = classes.filter(|class| self.mode & class != 0);
        Self {
            mode: mode.map(|class| class * 7).sum(),
            ..self
        }
    }

    /// Returns what two files that are to become one both grant; the first one's owner and group.
    #[must_use]
    pub fn of_both(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        match (first, second) {
            (Some(first), Some(second)) => Some(first.within(second)),
            (first, second) => first.or(second),
        }
    }
}

/// Who may use a file that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever the umask lets.
    Fresh,
    /// Whoever the umask lets, and nobody whom these rights keep out.
    Within(Rights),
    /// Whoever the umask or the default ACL of its folder lets, and nobody whom this mode keeps out; its group is that which
    /// its folder hands down.
    Limited(u32),
    /// Exactly these rights: it takes the place of a file that has them.
    Kept(Rights),
}

impl Access {
    /// Returns the access of a file that will have the name `path`, and that is made from files which grant `origin`.
    ///
    /// # Errors
    /// When something else than a regular file has the name: it is not replaced. When it cannot be examined.
    pub fn at(fs: &dyn Fs, path: &Path, origin: Option<Rights>) -> FsResult<Self> {
        let Some(found) = fs.metadata(path)? else {
            return Ok(origin.map_or(Self::Fresh, Self::Within));
        };
        refuse_unless_file(path, found.kind)?;
        Ok(Self::Kept(match origin {
            Some(origin) => found.rights.within(origin),
            None => found.rights,
        }))
    }
}

/// Returns who may use a file, for copies of it that will lie in another folder: what it grants itself, to those who get
/// through to it. `None` when there is no such file.
///
/// # Errors
/// When it cannot be examined.
pub fn rights_of(fs: &dyn Fs, path: &Path) -> FsResult<Option<Rights>> {
    let Some(found) = fs.metadata(path)? else {
        return Ok(None);
    };
    let folder = fs.metadata(super::atomic::parent(path))?;
    let passing = folder.filter(|folder| folder.kind == Kind::Dir);
    Ok(Some(match passing {
        Some(folder) => found.rights.within(folder.rights.for_passing()),
        None => found.rights,
    }))
}

/// Refuses a file whose name stands for something else.
///
/// # Errors
/// When `kind` is none of a regular file.
pub fn refuse_unless_file(path: &Path, kind: Kind) -> FsResult<()> {
    if kind == Kind::File {
        return Ok(());
    }
    Err(FsError::at("use", path)(irregular(kind)))
}

/// Tells whether there is a folder: barkeep makes real ones, and follows no link in their place.
///
/// # Errors
/// When its name stands for something else, or it cannot be examined.
pub fn is_dir(fs: &dyn Fs, path: &Path) -> FsResult<bool> {
    let what = match fs.metadata(path)?.map(|found| found.kind) {
        None => return Ok(false),
        Some(Kind::Dir) => return Ok(true),
        Some(Kind::Link) => LINK,
        Some(Kind::File | Kind::Other) => "it is no folder",
    };
    let error = io::Error::new(io::ErrorKind::NotADirectory, what);
    Err(FsError::at("use", path)(error))
}

/// Returns why something is not used as a file.
pub(super) fn irregular(kind: Kind) -> io::Error {
    let what = match kind {
        Kind::Dir => return io::Error::from(io::ErrorKind::IsADirectory),
        Kind::Link => LINK,
        Kind::File | Kind::Other => "it is a pipe, socket or device and no regular file",
    };
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(mode: u32, group: u32) -> Rights {
        Rights {
            mode,
            owner: 1,
            group,
        }
    }

    #[test]
    fn what_is_made_from_two_files_is_for_those_who_may_read_both() {
        for (first, second, both) in [
            (0o644, 0o600, 0o600),
            (0o600, 0o644, 0o600),
            (0o664, 0o644, 0o644),
            (0o640, 0o604, 0o600),
            // The owner can go on with its own file.
            (0o644, 0o444, 0o644),
            (0o640, 0o000, 0o600),
        ] {
            let found = rights(first, 7).within(rights(second, 7));
            assert_eq!(found, rights(both, 7), "{first:o} {second:o}");
        }
    }

    #[test]
    fn members_of_another_group_are_strangers() {
        for (first, second, both) in [
            (0o640, 0o640, 0o600),
            (0o644, 0o640, 0o600),
            (0o644, 0o644, 0o644),
            (0o664, 0o664, 0o644),
        ] {
            let found = rights(first, 7).within(rights(second, 8));
            assert_eq!(found, rights(both, 7), "{first:o} {second:o}");
        }
    }
}
