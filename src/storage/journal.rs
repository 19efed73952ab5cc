//! The journal of one group commit: which staged file goes where, sealed by its own checksum.
//!
//! Promises: a journal is either whole or refused; there is no half. Its presence under its final name, durable,
//! is the commit point of the group. Paths in it are relative to the workspace and checked when it is read.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::{Digest, sealed};

use super::StorageError;

const VERSION: u32 = 1;

/// The name of a sealed journal in its run's folder.
pub(super) const JOURNAL_NAME: &str = "journal";

/// One file of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The whole new file, staged.
    pub(super) staged: PathBuf,
    /// Where it goes.
    pub(super) target: PathBuf,
    /// The file that it replaces; `None` when there is none.
    pub(super) old: Option<Digest>,
    /// The new file.
    pub(super) new: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    count: usize,
    entries: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    staged: String,
    target: String,
    old: Option<String>,
    new: String,
}

/// Returns the bytes of a journal.
pub(super) fn to_bytes(root: &Path, entries: &[Entry]) -> Vec<u8> {
    let relative = |path: &Path| {
        path.strip_prefix(root)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned()
    };
    let lines = entries.iter().map(|entry| Line {
        staged: relative(&entry.staged),
        target: relative(&entry.target),
        old: entry.old.map(|digest| digest.to_string()),
        new: entry.new.to_string(),
    });
    let document = Document {
        version: VERSION,
        count: entries.len(),
        entries: lines.collect(),
    };
    sealed::seal(serde_json::to_vec(&document).unwrap_or_default())
}

/// Returns the entries of a journal.
///
/// # Errors
/// When it is torn, edited, of another version, or names a path outside the workspace.
pub(super) fn from_bytes(
    root: &Path,
    path: &Path,
    bytes: &[u8],
) -> Result<Vec<Entry>, StorageError> {
    parse(root, bytes).map_err(|reason| StorageError::DamagedJournal {
        path: path.to_owned(),
        reason,
    })
}

fn parse(root: &Path, bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let body = sealed::unseal(bytes)?;
    let document: Document = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if document.version != VERSION || document.count != document.entries.len() {
        return Err(format!(
            "version {} with {} entries is not understood",
            document.version, document.count
        ));
    }
    document
        .entries
        .into_iter()
        .map(|line| entry(root, &line))
        .collect()
}

fn entry(root: &Path, line: &Line) -> Result<Entry, String> {
    let inside = |text: &str| {
        let path = Path::new(text);
        let is_inside = path
            .components()
            .all(|component| matches!(component, Component::Normal(_)));
        if is_inside && !text.is_empty() {
            Ok(root.join(path))
        } else {
            Err(format!("{text} leaves the workspace"))
        }
    };
    let digest = |text: &str| text.parse::<Digest>().map_err(|error| error.to_string());
    Ok(Entry {
        staged: inside(&line.staged)?,
        target: inside(&line.target)?,
        old: line.old.as_deref().map(digest).transpose()?,
        new: digest(&line.new)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Entry> {
        let entry = |n: u8| Entry {
            staged: PathBuf::from(format!("/ws/partition-staging/r/new/{n}")),
            target: PathBuf::from(format!("/ws/data/{n}.parquet")),
            old: (n == 1).then(|| Digest::of(b"old")),
            new: Digest::of(&[n]),
        };
        vec![entry(0), entry(1)]
    }

    fn parse_at_root(bytes: &[u8]) -> Result<Vec<Entry>, String> {
        parse(Path::new("/ws"), bytes)
    }

    #[test]
    fn a_journal_round_trips() {
        let bytes = to_bytes(Path::new("/ws"), &sample());

        assert_eq!(parse_at_root(&bytes), Ok(sample()));
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_refused() {
        let bytes = to_bytes(Path::new("/ws"), &sample());

        for length in 0..bytes.len() {
            assert!(parse_at_root(&bytes[..length]).is_err(), "cut to {length}");
        }
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(parse_at_root(&flipped).is_err(), "bit {at}");
        }
    }

    #[test]
    fn a_journal_never_leads_out_of_the_workspace() {
        for path in ["../x", "/etc/passwd", "a/../../b", ""] {
            let line = Line {
                staged: "s".into(),
                target: path.into(),
                old: None,
                new: Digest::of(b"").to_string(),
            };
            assert!(entry(Path::new("/ws"), &line).is_err(), "{path}");
        }
    }
}
