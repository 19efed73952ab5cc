//! The form in which the ledger is written: one JSON object for each line, see `docs/format.md`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{PartitionKey, time};

use super::{FileState, SeriesRecord};

/// The form of ledgers that this build writes and understands.
pub(super) const FORM: u32 = 1;

/// What a line has in it that says why rows were taken out.
pub(super) const TAKES_OUT: &[u8] = b"\"why\":";

type Text<'t> = Cow<'t, str>;

/// Row, column, the value that was stored and the one that replaced it.
pub(super) type WrittenValue<'t> = (Text<'t>, Text<'t>, Value, Value);

/// Rows, bytes and the first half of the fingerprint of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WrittenState(u64, u64, String);

impl From<FileState> for WrittenState {
    fn from(state: FileState) -> Self {
        Self(state.rows, state.bytes, state.digest.to_string())
    }
}

impl WrittenState {
    pub(super) fn read(&self) -> Option<FileState> {
        Some(FileState {
            rows: self.0,
            bytes: self.1,
            digest: self.2.parse().ok()?,
        })
    }
}

/// The first line of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) form: u32,
    /// RFC 3339, UTC, to the microsecond.
    pub(super) at: String,
    /// The run and the number of the group in it.
    pub(super) group: String,
}

/// Every further line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Written<'t> {
    #[serde(borrow)]
    pub(super) series: Text<'t>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<Text<'t>>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) begins: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) old: Option<WrittenState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) was: Option<WrittenState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) new: Option<WrittenState>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) span: Option<Vec<Text<'t>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<Text<'t>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) basis: Option<Text<'t>>,
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    pub(super) added: Vec<Vec<Text<'t>>>,
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    pub(super) replaced: Vec<WrittenValue<'t>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) removed: Vec<Vec<Value>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<Text<'t>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<Text<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) factor: Option<f64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) damaged: Option<Text<'t>>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) moved: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) gone: bool,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) record: Option<WrittenRecord<'t>>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands in a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Written<'_> {
    pub(super) fn of(series: String) -> Self {
        Self {
            series: series.into(),
            ..Self::default()
        }
    }

    /// Tells whether it says what happened to single rows.
    pub(super) fn has_changes(&self) -> bool {
        !self.added.is_empty() || !self.replaced.is_empty() || self.why.is_some()
    }
}

/// A record of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WrittenRecord<'t> {
    #[serde(default, skip_serializing_if = "is_false")]
    legacy: bool,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    months: Vec<[Text<'t>; 2]>,
    files: u64,
    rows: u64,
    bytes: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    first: Option<Text<'t>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    last: Option<Text<'t>>,
    #[serde(borrow)]
    unit: Text<'t>,
    #[serde(borrow)]
    basis: Text<'t>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    floor: Option<u64>,
    #[serde(default, skip_serializing_if = "is_false")]
    sought: bool,
    /// Hexadecimal, since not every reader of JSON has whole numbers of 64 bits.
    #[serde(borrow)]
    sum: Text<'t>,
    /// Partitions and what each holds.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    latest: Vec<(Text<'t>, WrittenState)>,
}

impl From<&SeriesRecord> for WrittenRecord<'static> {
    fn from(record: &SeriesRecord) -> Self {
        let stamp = |nanos: i64| {
            let moment = time::naive(nanos).format("%Y-%m-%dT%H:%M:%S%.f");
            Text::from(moment.to_string())
        };
        let key = |key: PartitionKey| Text::from(key.to_string());
        Self {
            legacy: record.is_legacy,
            months: record
                .months
                .iter()
                .map(|(a, b)| [key(*a), key(*b)])
                .collect(),
            files: record.files,
            rows: record.rows,
            bytes: record.bytes,
            first: record.first.map(stamp),
            last: record.last.map(stamp),
            unit: record.unit.as_str().into(),
            basis: record.basis.as_str().into(),
            floor: record.floor,
            sought: record.is_sought,
            sum: format!("{:016x}", record.sum).into(),
            latest: record
                .latest
                .iter()
                .map(|(partition, state)| (key(*partition), (*state).into()))
                .collect(),
        }
    }
}

impl WrittenRecord<'_> {
    pub(super) fn read(&self) -> Option<SeriesRecord> {
        let months = self.months.iter();
        let months = months.map(|[a, b]| Some((a.parse().ok()?, b.parse().ok()?)));
        let stamp = |text: &Option<Text<'_>>| text.as_ref().map(|text| time::parse(text));
        let latest = self.latest.iter();
        let latest =
            latest.map(|(partition, state)| Some((partition.parse().ok()?, state.read()?)));
        // A text that is no moment is not one that is not known.
        let whole = |stamp: Option<Option<i64>>| match stamp {
            None => Some(None),
            Some(stamp) => stamp.map(Some),
        };
        Some(SeriesRecord {
            is_legacy: self.legacy,
            months: months.collect::<Option<_>>()?,
            files: self.files,
            rows: self.rows,
            bytes: self.bytes,
            first: whole(stamp(&self.first))?,
            last: whole(stamp(&self.last))?,
            unit: self.unit.parse().ok()?,
            basis: self.basis.parse().ok()?,
            floor: self.floor,
            is_sought: self.sought,
            sum: u64::from_str_radix(&self.sum, 16).ok()?,
            latest: latest.collect::<Option<_>>()?,
        })
    }
}
