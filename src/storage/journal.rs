//! The journal of one group commit: which staged file goes where, sealed by its own checksum.
//!
//! Promises: a journal is either whole or refused; there is no half. Its presence under its final name, durable,
//! is the commit point of the group. Paths in it are relative to the workspace and checked when it is read. One of a
//! later form is told from a damaged one.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::layout::{Places, parse_series_name, series_name};
use crate::model::{Digest, sealed};

use super::StorageError;
use super::unit::Unit;

/// Since form 2 each entry names its series. Form 1 is still understood.
const VERSION: u32 = 2;
const WITHOUT_SERIES: u32 = 1;

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
    /// To what it belongs.
    pub(super) unit: Unit,
}

/// As much of a journal as every form of it has.
#[derive(Deserialize)]
struct Form {
    version: u32,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    series: Option<String>,
}

/// Why a journal gives no entries.
#[derive(Debug, PartialEq, Eq)]
enum Unusable {
    Newer(u32),
    Damaged(String),
}

impl From<String> for Unusable {
    fn from(reason: String) -> Self {
        Self::Damaged(reason)
    }
}

/// Returns the bytes of a journal.
pub(super) fn to_bytes<'e>(root: &Path, entries: impl IntoIterator<Item = &'e Entry>) -> Vec<u8> {
    let relative = |path: &Path| {
        path.strip_prefix(root)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned()
    };
    let lines = entries.into_iter().map(|entry| Line {
        staged: relative(&entry.staged),
        target: relative(&entry.target),
        old: entry.old.map(|digest| digest.to_string()),
        new: entry.new.to_string(),
        series: entry.unit.request().map(series_name),
    });
    let entries: Vec<Line> = lines.collect();
    let document = Document {
        version: VERSION,
        count: entries.len(),
        entries,
    };
    sealed::seal(serde_json::to_vec(&document).unwrap_or_default())
}

/// Returns the entries of a journal.
///
/// # Errors
/// `NewerJournal` when a later barkeep wrote it; `DamagedJournal` when it is torn or edited, or names a path outside the
/// workspace.
pub(super) fn from_bytes(
    places: &Places,
    path: &Path,
    bytes: &[u8],
) -> Result<Vec<Entry>, StorageError> {
    let path = path.to_owned();
    parse(places, bytes).map_err(|unusable| match unusable {
        Unusable::Newer(version) => StorageError::NewerJournal { path, version },
        Unusable::Damaged(reason) => StorageError::DamagedJournal { path, reason },
    })
}

fn parse(places: &Places, bytes: &[u8]) -> Result<Vec<Entry>, Unusable> {
    let body = sealed::unseal(bytes).map_err(str::to_owned)?;
    let form: Form = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if form.version > VERSION {
        return Err(Unusable::Newer(form.version));
    }
    let document: Document = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if document.version < WITHOUT_SERIES || document.count != document.entries.len() {
        return Err(Unusable::Damaged(format!(
            "version {} with {} entries is not understood",
            document.version, document.count
        )));
    }
    let entry = |line: Line| Ok(entry(places, document.version, &line)?);
    document.entries.into_iter().map(entry).collect()
}

fn entry(places: &Places, version: u32, line: &Line) -> Result<Entry, String> {
    let inside = |text: &str| {
        let path = Path::new(text);
        let is_inside = path
            .components()
            .all(|component| matches!(component, Component::Normal(_)));
        if is_inside && !text.is_empty() {
            Ok(places.root.join(path))
        } else {
            Err(format!("{text} leaves the workspace"))
        }
    };
    let digest = |text: &str| text.parse::<Digest>().map_err(|error| error.to_string());
    let target = inside(&line.target)?;
    let unit = match &line.series {
        Some(name) => {
            let series = parse_series_name(name);
            Unit::Series(series.ok_or_else(|| format!("{name} is no series"))?)
        }
        None if version == WITHOUT_SERIES => Unit::of_place(places, &target),
        None => Unit::Document,
    };
    Ok(Entry {
        staged: inside(&line.staged)?,
        target,
        old: line.old.as_deref().map(digest).transpose()?,
        new: digest(&line.new)?,
        unit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places::of(Path::new("/ws"), false)
    }

    fn series() -> Unit {
        let request = parse_series_name("us/demo/stocks_1d/ticker=A").unwrap();
        Unit::Series(request)
    }

    fn sample() -> Vec<Entry> {
        let entry = |n: u8, target: &str, unit: Unit| Entry {
            staged: PathBuf::from(format!("/ws/partition-staging/r/new/{n}")),
            target: PathBuf::from(target),
            old: (n == 1).then(|| Digest::of(b"old")),
            new: Digest::of(&[n]),
            unit,
        };
        let month = "/ws/data/us/demo/stocks_1d/ticker=A/year=2024/month=01/data.parquet";
        let ledger = "/ws/state/revisions/us/demo/stocks_1d/ticker=A.jsonl";
        vec![
            entry(0, month, series()),
            entry(1, ledger, series()),
            entry(2, "/ws/tickers.json", Unit::Document),
        ]
    }

    fn parse_at_root(bytes: &[u8]) -> Result<Vec<Entry>, Unusable> {
        parse(&places(), bytes)
    }

    #[test]
    fn a_journal_round_trips() {
        let bytes = to_bytes(Path::new("/ws"), &sample());

        assert_eq!(parse_at_root(&bytes), Ok(sample()));
    }

    /// As the builds before form 2 wrote it.
    #[test]
    fn the_series_of_an_older_journal_are_known_by_their_places() {
        let bytes = to_bytes(Path::new("/ws"), &sample());
        let body = std::str::from_utf8(sealed::unseal(&bytes).unwrap()).unwrap();
        let older = body
            .replace("\"version\":2", "\"version\":1")
            .replace(",\"series\":\"us/demo/stocks_1d/ticker=A\"", "");
        assert!(!older.contains("series\":"), "{older}");

        let parsed = parse_at_root(&sealed::seal(older.into_bytes()));

        assert_eq!(parsed, Ok(sample()));
    }

    #[test]
    fn a_journal_of_a_later_form_is_not_damaged() {
        for body in [
            r#"{"version":3}"#,
            r#"{"version":9,"groups":[{}],"count":"x"}"#,
        ] {
            let parsed = parse_at_root(&sealed::seal(body.as_bytes().to_vec()));

            assert!(matches!(parsed, Err(Unusable::Newer(3 | 9))), "{parsed:?}");
        }
        for body in [
            r#"{"version":0,"count":0,"entries":[]}"#,
            r#"{"count":0,"entries":[]}"#,
        ] {
            let parsed = parse_at_root(&sealed::seal(body.as_bytes().to_vec()));

            assert!(matches!(parsed, Err(Unusable::Damaged(_))), "{parsed:?}");
        }
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_refused() {
        let bytes = to_bytes(Path::new("/ws"), &sample());
        let is_damaged = |bytes: &[u8]| matches!(parse_at_root(bytes), Err(Unusable::Damaged(_)));

        for length in 0..bytes.len() {
            assert!(is_damaged(&bytes[..length]), "cut to {length}");
        }
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(is_damaged(&flipped), "bit {at}");
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
                series: None,
            };
            assert!(entry(&places(), VERSION, &line).is_err(), "{path}");
        }
    }
}
