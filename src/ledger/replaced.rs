//! Every stored value that was replaced, for ever: what the ledger says, and before it the ledgers of earlier builds.
//!
//! Earlier builds kept one file for each series, `state/revisions/…/ticker=<T>.jsonl`, with a line for each value. They are
//! read as they are and never written again.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::frame::{Profile, Revision, RowKey};
use crate::layout::{PartitionPathBuilder, Places};
use crate::model::{Interval, Series, StorageRequest, Ticker};
use crate::sys::Fs;

use super::{LedgerError, Line, Log, Past, values};

/// The column of a line that speaks of a whole file.
const EVERY_FIELD: &str = "*";

/// One replaced value, or a file of which so many were replaced that it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerLine {
    /// When the value was replaced.
    pub at: DateTime<Utc>,
    /// The key of the row; of a whole file, its partition.
    pub key: String,
    /// The column, or `*`.
    pub field: String,
    /// What was stored; JSON, since `NaN` is text and a missing value is null. Of a whole file, the file that is kept.
    pub old: Value,
    /// What replaced it. Of a whole file the factor, if there is one.
    pub new: Value,
}

impl LedgerLine {
    /// Returns the revision that the line tells of; `None` when it is none of a row of this profile.
    pub fn revision(&self, profile: &Profile) -> Option<Revision> {
        let spec = profile.columns.get(profile.position(&self.field)?)?;
        Some(Revision {
            key: RowKey::read(profile, &self.key).ok()?,
            field: spec.name,
            old: values::read(spec.kind, &self.old)?,
            new: values::read(spec.kind, &self.new)?,
        })
    }
}

/// What was replaced of one series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Oldest first.
    pub lines: Vec<LedgerLine>,
    /// Files that cannot be understood, or a line of them, and why.
    pub damaged: Vec<(PathBuf, String)>,
}

/// Returns the series of a ticker that may have a ledger: bars of a length, in the session and outside of it, or of all lengths with
/// what belongs to none.
pub fn recorded_series(ticker: &Ticker, interval: Option<Interval>) -> Vec<Series> {
    let ticker = || ticker.clone();
    let lengths = interval.map_or(Interval::ALL.to_vec(), |interval| vec![interval]);
    let mut series = Vec::new();
    for interval in lengths {
        let bars = Series::Bars {
            ticker: ticker(),
            interval,
        };
        let outside = interval.is_intraday().then(|| Series::Prepost {
            ticker: ticker(),
            interval,
        });
        series.extend([bars].into_iter().chain(outside));
    }
    if interval.is_none() {
        series.push(Series::Events { ticker: ticker() });
        series.push(Series::Auctions { ticker: ticker() });
    }
    series
}

/// Reads what was replaced of a series; `None` when nothing ever was.
///
/// # Errors
/// When the request has no venue, or a file cannot be read.
pub fn read_ledger(
    fs: &dyn Fs,
    places: &Places,
    request: &StorageRequest,
) -> Result<Option<Ledger>, LedgerError> {
    let Some(venue) = &request.venue else {
        return Ok(None);
    };
    let mut ledger = read_earlier(fs, places, request)?;
    let mut log = Log::read(fs, places, venue)?;
    log.for_each_of(request, |group, line| {
        if let Line::File(line) = line {
            let lines = lines_of(line.partition.to_string(), &line.past);
            ledger
                .lines
                .extend(lines.into_iter().map(|line| LedgerLine {
                    at: group.at,
                    ..line
                }));
        }
    });
    ledger.damaged.extend(log.damaged);
    Ok((!ledger.lines.is_empty() || !ledger.damaged.is_empty()).then_some(ledger))
}

fn lines_of(partition: String, past: &Past) -> Vec<LedgerLine> {
    match past {
        Past::Changed(changes) | Past::Copied(changes) => {
            let replaced = changes.replaced.iter();
            let line = |revision: &Revision| LedgerLine {
                at: DateTime::UNIX_EPOCH,
                key: revision.key.to_string(),
                field: revision.field.to_owned(),
                old: values::written(revision.old.cell(0)),
                new: values::written(revision.new.cell(0)),
            };
            replaced.map(line).collect()
        }
        Past::Kept { file, factor } => vec![LedgerLine {
            at: DateTime::UNIX_EPOCH,
            key: partition,
            field: EVERY_FIELD.to_owned(),
            old: json!(file),
            new: json!(factor),
        }],
        Past::Damaged { .. } | Past::Moved => Vec::new(),
    }
}

/// Reads what earlier builds recorded of a series.
///
/// # Errors
/// When the request has no venue, or the file cannot be read.
pub fn read_earlier(
    fs: &dyn Fs,
    places: &Places,
    request: &StorageRequest,
) -> Result<Ledger, LedgerError> {
    let mut ledger = Ledger::default();
    let path = path(fs, places, request)?;
    let Some(bytes) = fs.read(&path)? else {
        return Ok(ledger);
    };
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty()) {
        if let Some(line) = parsed(line) {
            ledger.lines.push(line);
        } else {
            let reason = format!("line {} cannot be understood", at + 1);
            ledger.damaged.push((path.clone(), reason));
        }
    }
    Ok(ledger)
}

fn parsed(line: &[u8]) -> Option<LedgerLine> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let text = |key: &str| Some(line.get(key)?.as_str()?.to_owned());
    let at = DateTime::parse_from_rfc3339(&text("at")?).ok()?;
    Some(LedgerLine {
        at: at.with_timezone(&Utc),
        key: text("date")?,
        field: text("field")?,
        old: line.get("old")?.clone(),
        new: line.get("new")?.clone(),
    })
}

/// Returns where an earlier build kept the ledger of a series: under an earlier spelling of its ticker, if it was begun there.
fn path(fs: &dyn Fs, places: &Places, request: &StorageRequest) -> Result<PathBuf, LedgerError> {
    let series = request.partitioned()?;
    let builder = PartitionPathBuilder::new(&places.state.join("revisions"));
    let ledger = |dir: PathBuf| {
        let mut path = dir.into_os_string();
        path.push(".jsonl");
        PathBuf::from(path)
    };
    for earlier in builder.earlier_series_dirs(series) {
        let path = ledger(earlier);
        if fs.metadata(&path)?.is_some() {
            return Ok(path);
        }
    }
    Ok(ledger(builder.series_dir(series)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;
    use crate::frame::{Column, Frame, Texts, Values};
    use crate::model::Dataset;

    #[test]
    fn a_line_gives_back_the_revision_it_was_written_for() {
        let profile = Profile::of(Dataset::Stocks);
        let float = |number: Option<f64>| Column::Float([number].into_iter().collect());
        for (old, new) in [
            (Some(1.5), Some(-0.0)),
            (None, Some(f64::NAN)),
            (Some(f64::INFINITY), None),
        ] {
            let line = LedgerLine {
                at: DateTime::UNIX_EPOCH,
                key: "2026-06-01T09:30:00".to_owned(),
                field: "close".to_owned(),
                old: values::written(float(old).cell(0)),
                new: values::written(float(new).cell(0)),
            };

            let revision = line.revision(profile).unwrap();

            assert_eq!(revision.old.cell(0), float(old).cell(0));
            assert_eq!(revision.new.cell(0), float(new).cell(0));
            assert_eq!(revision.key.to_string(), line.key);
        }
    }

    #[test]
    fn rows_are_what_they_were_before_their_revisions() {
        let profile = Profile::of(Dataset::Stocks);
        let rows = |close: f64| {
            let columns = vec![
                Column::Text(Texts::same(Some("A".into()), 1)),
                Column::Time(Values::whole(vec![0])),
                Column::Float(Values::whole(vec![1.0])),
                Column::Float(Values::whole(vec![1.0])),
                Column::Float(Values::whole(vec![1.0])),
                Column::Float(Values::whole(vec![close])),
                Column::Int(Values::whole(vec![1])),
                Column::Int(Values::nulls(1)),
            ];
            Frame::ordered(profile, columns).frame
        };
        let first = frame::merge(&rows(1.0), &rows(2.0));
        let second = frame::merge(&first.frame, &rows(3.0));
        let revisions = [first.revisions, second.revisions].concat();

        assert_eq!(frame::before(&second.frame, &revisions), rows(1.0));
    }
}
