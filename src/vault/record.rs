//! One download as bytes: a line that says what it is and carries its own digest, the bytes, and a line end.
//!
//! Promises: pure. What was written reads back; a line of which any byte changed is no line. `docs/format.md` has the form.

use std::fmt::Write as _;
use std::ops::Range;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::model::Digest;

/// Begins each record.
pub(super) const MARK: &[u8] = b"download ";
/// No line is longer: a name has at most 512 bytes.
const MOST_LINE: usize = 1024;
const MOST_NAME: usize = 512;

/// What is known of a download beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it is called at its origin.
    pub name: String,
    /// When it was received.
    pub fetched_at: DateTime<Utc>,
    /// How many bytes it has.
    pub length: u64,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
}

/// One download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'b> {
    /// What it is.
    pub head: Head,
    /// The bytes as they were received.
    pub bytes: &'b [u8],
}

/// A name that no record can carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a download of the vault has a name of 1 to {MOST_NAME} bytes without blanks, and `{name}` is none"
)]
pub struct InvalidName {
    /// The name.
    pub name: String,
}

impl Head {
    /// Describes bytes that were received.
    ///
    /// # Errors
    /// When the name is empty, too long, or has blanks or control characters.
    pub fn of(name: &str, fetched_at: DateTime<Utc>, bytes: &[u8]) -> Result<Self, InvalidName> {
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control();
        if name.is_empty() || name.len() > MOST_NAME || !name.chars().all(is_plain) {
            return Err(InvalidName {
                name: name.to_owned(),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            fetched_at,
            length: bytes.len() as u64,
            digest: Digest::of(bytes),
        })
    }

    /// Returns the line, its end included.
    fn line(&self) -> String {
        let stamp = self.fetched_at.to_rfc3339_opts(SecondsFormat::Nanos, true);
        let Self {
            name,
            length,
            digest,
            ..
        } = self;
        let mut line = format!("download {length} {digest} {stamp} {name}");
        let seal = Digest::of(line.as_bytes());
        // Writing to a string cannot fail.
        let _written = writeln!(line, " {seal}");
        line
    }

    /// Reads the line that stands first in `bytes`, and returns how long it is; `None` where none stands, whole and unchanged.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        if !bytes.starts_with(MARK) {
            return None;
        }
        let within = bytes.get(..MOST_LINE.min(bytes.len()))?;
        let end = within.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(within.get(..end)?).ok()?;
        let (told, seal) = line.rsplit_once(' ')?;
        if Digest::of(told.as_bytes()).to_string() != seal {
            return None;
        }
        let mut words = told.split(' ').skip(1);
        let head = Self {
            length: words.next()?.parse().ok()?,
            digest: words.next()?.parse().ok()?,
            fetched_at: DateTime::parse_from_rfc3339(words.next()?).ok()?.into(),
            name: words.next()?.to_owned(),
        };
        Some((head, end + 1))
    }
}

impl Record<'_> {
    /// Returns the record as it stands in a file.
    pub(super) fn encode(&self) -> Vec<u8> {
        let line = self.head.line();
        let mut bytes = Vec::with_capacity(line.len() + self.bytes.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend_from_slice(self.bytes);
        bytes.push(b'\n');
        bytes
    }
}

/// Where the next whole line of a record begins at or after `from`.
pub(super) fn next_line(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = find(bytes.get(at..)?, MARK) {
        at += found;
        if bytes
            .get(at..)
            .is_some_and(|rest| Head::read(rest).is_some())
        {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

/// The bytes of a record within a file, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) head: Head,
    pub(super) range: Range<usize>,
}
