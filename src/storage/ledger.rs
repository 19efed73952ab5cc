//! The revision ledger: every stored value that was replaced by another one, for ever.
//!
//! One line of JSON for each value: when, which row, which column, old and new. The ledger of a series is a file
//! of the same group as the rows, so there is no revision without its line and no line without its revision.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::frame::{Cell, Column, KindOf, Profile, Revision, Texts, Values};
use crate::layout::{PartitionPathBuilder, Places};
use crate::model::{StorageRequest, time};
use crate::sys::Fs;

use super::{Document, StorageError};

/// Returns the ledger of a series with `revisions` added.
///
/// # Errors
/// When the request has no venue, or the ledger cannot be read.
pub(super) fn extended_ledger(
    fs: &dyn Fs,
    places: &Places,
    request: &StorageRequest,
    revisions: &[Revision],
    now: DateTime<Utc>,
) -> Result<Document, StorageError> {
    let path = path(fs, places, request)?;
    let old = fs.read(&path)?;
    let mut text = old.clone().unwrap_or_default();
    for revision in revisions {
        let line = json!({
            "at": now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            "date": time::naive(revision.time).format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
            "field": revision.field,
            "old": value(&revision.old),
            "new": value(&revision.new),
        });
        text.extend_from_slice(line.to_string().as_bytes());
        text.push(b'\n');
    }
    Ok(Document::new(path, old.as_deref(), text))
}

/// One replaced value, as the ledger has it.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerLine {
    /// When the value was replaced, RFC 3339.
    pub at: String,
    /// The stamp of the row.
    pub date: String,
    /// The column.
    pub field: String,
    /// What was stored; JSON, since `NaN` is text and a missing value is null.
    pub old: Value,
    /// What replaced it.
    pub new: Value,
}

impl LedgerLine {
    /// Returns the revision that the line tells of; `None` when it is none of a row of this profile.
    pub fn revision(&self, profile: &Profile) -> Option<Revision> {
        let spec = profile.columns.get(profile.position(&self.field)?)?;
        Some(Revision {
            time: time::parse(&self.date)?,
            field: spec.name,
            old: column(spec.kind, &self.old)?,
            new: column(spec.kind, &self.new)?,
        })
    }
}

/// The ledger of one series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// The file.
    pub path: PathBuf,
    /// Its lines, oldest first.
    pub lines: Vec<LedgerLine>,
    /// The numbers of lines that cannot be understood, from 1.
    pub damaged: Vec<usize>,
}

/// Reads the ledger of a series; `None` when nothing of it was ever replaced.
///
/// # Errors
/// When the request has no venue, or the file cannot be read.
pub fn read_ledger(
    fs: &dyn Fs,
    places: &Places,
    request: &StorageRequest,
) -> Result<Option<Ledger>, StorageError> {
    let path = path(fs, places, request)?;
    let Some(bytes) = fs.read(&path)? else {
        return Ok(None);
    };
    let mut ledger = Ledger {
        path,
        ..Ledger::default()
    };
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty()) {
        match parsed(line) {
            Some(line) => ledger.lines.push(line),
            None => ledger.damaged.push(at + 1),
        }
    }
    Ok(Some(ledger))
}

fn parsed(line: &[u8]) -> Option<LedgerLine> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let text = |key: &str| Some(line.get(key)?.as_str()?.to_owned());
    Some(LedgerLine {
        at: text("at")?,
        date: text("date")?,
        field: text("field")?,
        old: line.get("old")?.clone(),
        new: line.get("new")?.clone(),
    })
}

/// Returns where the ledger of a series is: under an earlier spelling of its ticker, if it was begun there.
fn path(fs: &dyn Fs, places: &Places, request: &StorageRequest) -> Result<PathBuf, StorageError> {
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

/// JSON has no NaN: it is written as text, which no number is.
fn value(column: &Column) -> Value {
    match column.cell(0) {
        Cell::Null => Value::Null,
        Cell::Text(text) => json!(text),
        Cell::Int(number) => json!(number),
        Cell::Float(number) if number.is_finite() => json!(number),
        Cell::Float(number) => json!(number.to_string()),
        Cell::Time(nanos) => json!(time::naive(nanos).to_string()),
        Cell::Flag(flag) => json!(flag),
    }
}

/// Reads what `value` wrote.
fn column(kind: KindOf, value: &Value) -> Option<Column> {
    if value.is_null() {
        return Some(Column::nulls(kind, 1));
    }
    Some(match kind {
        KindOf::Text => Column::Text(Texts::same(Some(value.as_str()?.into()), 1)),
        KindOf::Int => Column::Int(Values::whole(vec![value.as_i64()?])),
        KindOf::Float => {
            let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
            Column::Float(Values::whole(vec![number?]))
        }
        KindOf::Time => Column::Time(Values::whole(vec![time::parse(value.as_str()?)?])),
        KindOf::Flag => Column::Flag(Values::whole(vec![value.as_bool()?])),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;
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
                at: String::new(),
                date: "2026-06-01T09:30:00".to_owned(),
                field: "close".to_owned(),
                old: value(&float(old)),
                new: value(&float(new)),
            };

            let revision = line.revision(profile).unwrap();

            assert_eq!(revision.old.cell(0), float(old).cell(0));
            assert_eq!(revision.new.cell(0), float(new).cell(0));
            assert_eq!(revision.time, time::parse("2026-06-01T09:30:00").unwrap());
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
            Frame::prove(profile, columns).frame
        };
        let first = rows(1.0).merge(&rows(2.0));
        let second = first.frame.merge(&rows(3.0));
        let revisions = [first.revisions, second.revisions].concat();

        assert_eq!(second.frame.before(&revisions), rows(1.0));
    }
}
