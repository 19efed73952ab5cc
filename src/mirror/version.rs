//! One state of a mirror: its files, and what of each series is in them.
//!
//! Promises: pure. The text of a state is whole or refused, and one of a later form is told from a damaged one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::{DayFile, Piece, Tier};
use crate::ledger::Mark;
use crate::model::{PartitionKey, sealed, time};

/// The newest form of a state that this barkeep knows.
pub(super) const FORM: u32 = 1;
/// The first line of the list of files.
pub(super) const LISTED: &str = "file\tfirst\tlast\tfrom\tto\trows\tbytes\n";

/// What of a series is in a mirror.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrored {
    /// How many rows its record had; 0 where nothing was recorded.
    pub rows: u64,
    /// The sum of the fingerprints of its files, as its record had it.
    pub sum: u64,
    /// Rows and sum of the record that it was held against last, where it is short of that: what is damaged or gone cannot be had.
    pub short_of: Option<(u64, u64)>,
    /// The fingerprint of its rows as a number, where they were read whole last.
    pub whole: Option<u64>,
    /// What told its file from others when it was read last, where nothing was recorded of it (`read`).
    pub seen: Option<u64>,
    /// The zone of its wall clock, by its IANA name.
    pub zone: Option<String>,
    /// Months, or days of trades, whose file is damaged, in quarantine or gone: the rows are those of the last good copy.
    pub kept: Vec<PartitionKey>,
    /// Months whose file was damaged or gone when the series was read first, and is still: the mirror has no rows of them.
    pub holes: Vec<PartitionKey>,
}

impl Mirrored {
    /// Returns those of the months without rows of which none came.
    pub(super) fn holes_beside(&self, came: &BTreeSet<PartitionKey>) -> Vec<PartitionKey> {
        let holes = self.holes.iter().copied();
        holes.filter(|at| !came.contains(at)).collect()
    }
}

/// One state of a mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number; the folder is named after it.
    pub number: u64,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// The workspace that made it.
    pub workspace: String,
    /// Whether its folder has all of its files; otherwise they are in `files` alone.
    pub is_linked: bool,
    /// How far the ledger was read for it; `None` where there was none.
    pub mark: Option<Mark>,
    /// Its files, by tier and ticker.
    pub pieces: Vec<Piece>,
    /// Its series, by ticker; of trades by feed.
    pub series: BTreeMap<Box<str>, Mirrored>,
}

/// Why the text of a state is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Newer(u32),
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
struct Header {
    form: u32,
    number: u64,
    /// RFC 3339.
    made: String,
    workspace: String,
    is_linked: bool,
    mark: Option<(u32, String)>,
    files: usize,
}

#[derive(Deserialize)]
struct Form {
    form: u32,
}

#[derive(Serialize, Deserialize)]
struct PieceLine {
    tier: usize,
    sha256: String,
    first: Box<str>,
    last: Box<str>,
    from: i64,
    to: i64,
    rows: u64,
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<DayLine>,
}

#[derive(Serialize, Deserialize)]
struct DayLine {
    feed: String,
    date: String,
    seen: u64,
}

#[derive(Serialize, Deserialize)]
struct SeriesLine {
    ticker: Box<str>,
    rows: u64,
    sum: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    short_of: Option<(u64, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    whole: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kept: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holes: Vec<String>,
}

impl Version {
    /// Returns the files that hold, or may hold, a ticker; all of them without one.
    pub fn files_of(&self, ticker: Option<&str>) -> impl Iterator<Item = &Piece> {
        let pieces = self.pieces.iter();
        pieces.filter(move |piece| ticker.is_none_or(|ticker| piece.reaches(ticker)))
    }

    /// Tells whether it has rows that its tree has lost.
    pub(super) fn has_last_copies(&self) -> bool {
        self.series.values().any(|state| !state.kept.is_empty())
    }

    /// Returns the state as sealed lines of JSON: a header, the files, the series.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut lines = vec![line(&Header {
            form: FORM,
            number: self.number,
            made: self.made.to_rfc3339_opts(SecondsFormat::Micros, true),
            workspace: self.workspace.clone(),
            is_linked: self.is_linked,
            mark: self.mark.clone().map(|mark| (mark.number, mark.group)),
            files: self.pieces.len(),
        })];
        lines.extend(self.pieces.iter().map(|piece| {
            line(&PieceLine {
                tier: Tier::ALL
                    .iter()
                    .position(|tier| *tier == piece.tier)
                    .unwrap_or(0),
                sha256: piece.digest.to_string(),
                first: piece.tickers.0.clone(),
                last: piece.tickers.1.clone(),
                from: piece.span.0,
                to: piece.span.1,
                rows: piece.rows,
                bytes: piece.bytes,
                day: piece.day.as_ref().map(|of| DayLine {
                    feed: of.feed.to_string(),
                    date: of.day.to_string(),
                    seen: of.seen,
                }),
            })
        }));
        lines.extend(self.series.iter().map(|(ticker, series)| {
            line(&SeriesLine {
                ticker: ticker.clone(),
                rows: series.rows,
                sum: series.sum,
                short_of: series.short_of,
                whole: series.whole,
                seen: series.seen,
                zone: series.zone.clone(),
                kept: series.kept.iter().map(ToString::to_string).collect(),
                holes: series.holes.iter().map(ToString::to_string).collect(),
            })
        }));
        sealed::seal(lines.join("\n").into_bytes())
    }

    /// Reads what `to_bytes` made.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        let first = bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        if let Ok(Form { form }) = serde_json::from_slice(first)
            && form > FORM
        {
            return Err(Refused::Newer(form));
        }
        let body = sealed::unseal(bytes).map_err(|reason| Refused::Damaged(reason.to_owned()))?;
        let odd = || Refused::Damaged("it is no state of a mirror".to_owned());
        let mut lines = body.split(|byte| *byte == b'\n');
        let header = lines.next().unwrap_or_default();
        let header: Header = serde_json::from_slice(header).map_err(|_| odd())?;
        let mut version = Self {
            number: header.number,
            made: header.made.parse().map_err(|_| odd())?,
            workspace: header.workspace,
            is_linked: header.is_linked,
            mark: header.mark.map(|(number, group)| Mark { number, group }),
            pieces: Vec::with_capacity(header.files),
            series: BTreeMap::new(),
        };
        for text in lines.by_ref().take(header.files) {
            version.pieces.push(piece(text).ok_or_else(odd)?);
        }
        for text in lines {
            let (ticker, series) = series(text).ok_or_else(odd)?;
            version.series.insert(ticker, series);
        }
        Ok(version)
    }

    /// Returns the list of files for readers: tab-separated, with a line of names, paths relative to the folder of the version.
    pub(super) fn listing(&self) -> String {
        let mut text = LISTED.to_owned();
        let folder = if self.is_linked { "" } else { "../files/" };
        for piece in &self.pieces {
            let moment = |nanos| time::naive(nanos).format("%Y-%m-%dT%H:%M:%S%.f");
            // Writing to a string does not fail; no ticker has a tab.
            let _ = writeln!(
                text,
                "{folder}{}\t{}\t{}\t{}\t{}\t{}\t{}",
                piece.file_name(),
                piece.tickers.0,
                piece.tickers.1,
                moment(piece.span.0),
                moment(piece.span.1),
                piece.rows,
                piece.bytes
            );
        }
        text
    }
}

fn line<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn piece(text: &[u8]) -> Option<Piece> {
    let line: PieceLine = serde_json::from_slice(text).ok()?;
    let tier = *Tier::ALL.get(line.tier)?;
    let day = match line.day {
        None => None,
        Some(of) => Some(DayFile {
            feed: of.feed.parse().ok()?,
            day: of.date.parse().ok()?,
            seen: of.seen,
        }),
    };
    if day.is_some() != (tier == Tier::Day) {
        return None;
    }
    Some(Piece {
        tier,
        day,
        digest: line.sha256.parse().ok()?,
        tickers: (line.first, line.last),
        span: (line.from, line.to),
        rows: line.rows,
        bytes: line.bytes,
    })
}

fn series(text: &[u8]) -> Option<(Box<str>, Mirrored)> {
    let line: SeriesLine = serde_json::from_slice(text).ok()?;
    let months = |all: &[String]| -> Option<Vec<PartitionKey>> {
        all.iter().map(|key| key.parse().ok()).collect()
    };
    let series = Mirrored {
        rows: line.rows,
        sum: line.sum,
        short_of: line.short_of,
        whole: line.whole,
        seen: line.seen,
        zone: line.zone,
        kept: months(&line.kept)?,
        holes: months(&line.holes)?,
    };
    Some((line.ticker, series))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    fn version() -> Version {
        Version {
            number: 7,
            made: "2026-06-01T22:00:00Z".parse().unwrap(),
            workspace: "20260601T000000Z-00000007-1".to_owned(),
            is_linked: true,
            mark: Some(Mark {
                number: 42,
                group: "20260601T220000Z-00000007-1-1".to_owned(),
            }),
            pieces: vec![Piece {
                tier: Tier::Newest,
                digest: Digest::of(b"x"),
                tickers: ("A\"B".into(), "^Z".into()),
                span: (-5, i64::MAX),
                rows: 3,
                bytes: 99,
                day: None,
            }],
            series: BTreeMap::from([
                ("A\"B".into(), Mirrored::default()),
                (
                    "^Z".into(),
                    Mirrored {
                        rows: 2,
                        sum: u64::MAX,
                        short_of: Some((9, u64::MAX)),
                        whole: Some(5),
                        seen: Some(u64::MAX),
                        zone: Some("America/New_York".to_owned()),
                        kept: vec!["2026-05".parse().unwrap()],
                        holes: vec!["2026-04".parse().unwrap()],
                    },
                ),
            ]),
        }
    }

    /// A day of trades, of which there is no ticker.
    fn of_trades() -> Version {
        let piece = Piece {
            tier: Tier::Day,
            day: Some(DayFile {
                feed: "DETR".parse().unwrap(),
                day: "2026-11-20".parse().unwrap(),
                seen: u64::MAX,
            }),
            ..version().pieces.remove(0)
        };
        let kept = Mirrored {
            kept: vec!["2026-11-20".parse().unwrap()],
            ..Mirrored::default()
        };
        Version {
            pieces: vec![piece],
            series: BTreeMap::from([("DETR".into(), kept)]),
            ..version()
        }
    }

    #[test]
    fn a_state_reads_back_as_it_was_written() {
        for made in [
            version(),
            of_trades(),
            Version {
                pieces: Vec::new(),
                series: BTreeMap::new(),
                mark: None,
                is_linked: false,
                ..version()
            },
        ] {
            assert_eq!(Version::parse(&made.to_bytes()), Ok(made));
        }
    }

    #[test]
    fn a_state_that_was_cut_or_edited_is_damaged_and_a_later_form_is_not() {
        let whole = version().to_bytes();

        for length in 0..whole.len() {
            let parsed = Version::parse(&whole[..length]);
            assert!(matches!(parsed, Err(Refused::Damaged(_))), "{length}");
        }
        let text = String::from_utf8(whole).unwrap();
        let edited = text.replace("\"rows\":3", "\"rows\":4");
        assert!(matches!(
            Version::parse(edited.as_bytes()),
            Err(Refused::Damaged(_))
        ));
        let later = text.replace("\"form\":1", "\"form\":2");
        assert_eq!(Version::parse(later.as_bytes()), Err(Refused::Newer(2)));
    }

    #[test]
    fn the_list_for_readers_names_each_file_where_it_is() {
        let linked = version();
        let list = Version {
            is_linked: false,
            ..version()
        };
        let name = linked.pieces[0].file_name();

        let line = linked.listing().lines().nth(1).unwrap().to_owned();

        assert!(
            line.starts_with(&format!("{name}\tA\"B\t^Z\t1969-12-31T23:59:59")),
            "{line}"
        );
        assert!(line.ends_with("\t3\t99"), "{line}");
        assert!(list.listing().contains(&format!("../files/{name}\t")));
    }
}
