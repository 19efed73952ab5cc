//! The records of all series of a venue as of one group, so that nobody need read what came before it.
//!
//! Promises: records are the same with it and without it. It is believed only where a file of the ledger ends with its group;
//! anybody may drop it. Form: sealed JSON lines, `docs/format.md`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::line::{named, written_name};
use super::log::append;
use super::names::{Numbered, names};
use super::records::Records;
use super::written::{FORM, Written};
use super::{LedgerError, Line, SeriesRecord};
use crate::layout::Places;
use crate::model::{StorageRequest, Venue, sealed};
use crate::sys::Fs;
use crate::sys::atomic::{TempNames, replace};

const NAME: &str = "records.jsonl";

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    form: u32,
    /// The number of the last group that is in it.
    through: u32,
    /// When the first group was committed, RFC 3339.
    begun: String,
}

/// What was known after a group.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) through: u32,
    pub(super) begun: DateTime<Utc>,
    pub(super) series: BTreeMap<StorageRequest, SeriesRecord>,
}

/// Files of the ledger behind it that nobody minds to read.
const FEW_BYTES: u64 = 64 << 10;

/// How many times its own length the files behind it may have: so much is rewritten for what a reader is spared.
const MOST_TIMES: u64 = 4;

/// Tells whether what comes after it takes a reader much longer than it does itself.
pub(super) fn is_due(fs: &dyn Fs, places: &Places, venue: &Venue) -> Result<bool, LedgerError> {
    let bytes = fs.read(&path(places, venue))?.unwrap_or_default();
    let through = header(&bytes).map_or(0, |header| header.through);
    let files = names(fs, places, venue)?;
    let (through, length) = if ends_with(&files, through) {
        (through, u64::try_from(bytes.len()).unwrap_or(u64::MAX))
    } else {
        (0, 0)
    };
    let mut behind = 0;
    for (path, numbers) in &files {
        if *numbers.end() > through {
            behind += fs.metadata(path)?.map_or(0, |meta| meta.len);
        }
    }
    Ok(behind > FEW_BYTES.saturating_add(length.saturating_mul(MOST_TIMES)))
}

/// Tells whether a file ends with a group: a merged one that reaches beyond it could not be read in part.
fn ends_with(files: &[Numbered], group: u32) -> bool {
    files.iter().any(|(_, numbers)| *numbers.end() == group)
}

fn header(bytes: &[u8]) -> Option<Header> {
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let header: Header = serde_json::from_slice(line).ok()?;
    (header.form == FORM).then_some(header)
}

fn path(places: &Places, venue: &Venue) -> PathBuf {
    places.ledger(venue).join(NAME)
}

/// Reads it, of one series or of all; `None` when there is none that can be used.
pub(super) fn read(
    fs: &dyn Fs,
    places: &Places,
    venue: &Venue,
    only: Option<&StorageRequest>,
) -> Result<Option<Base>, LedgerError> {
    let Some(bytes) = fs.read(&path(places, venue))? else {
        return Ok(None);
    };
    let Some(base) = parsed(venue, &bytes, only) else {
        return Ok(None);
    };
    let is_believed = ends_with(&names(fs, places, venue)?, base.through);
    Ok(is_believed.then_some(base))
}

fn parsed(venue: &Venue, bytes: &[u8], only: Option<&StorageRequest>) -> Option<Base> {
    let body = sealed::unseal(bytes).ok()?;
    let header = header(body)?;
    let begun = DateTime::parse_from_rfc3339(&header.begun).ok()?;
    let mut base = Base {
        through: header.through,
        begun: begun.with_timezone(&Utc),
        series: BTreeMap::new(),
    };
    let name = only.map(written_name);
    let is_meant = |line: &&[u8]| name.is_none() || named(line) == name.as_deref();
    for line in body.split(|byte| *byte == b'\n').skip(1).filter(is_meant) {
        let written = serde_json::from_slice::<Written<'_>>(line).ok()?;
        let Line::Found(series, record) = Line::read(venue, &written)? else {
            return None;
        };
        base.series.insert(series, record);
    }
    Some(base)
}

/// Writes what is known after a group, unless a file of the ledger cannot be understood.
pub(super) fn write(
    fs: &dyn Fs,
    places: &Places,
    venue: &Venue,
    temps: &TempNames,
    (through, records): (u32, Records),
) -> Result<(), LedgerError> {
    let (Some(begun), true) = (records.begun, records.damaged.is_empty()) else {
        return Ok(());
    };
    let path = path(places, venue);
    let mut body = Vec::new();
    let header = Header {
        form: FORM,
        through,
        begun: begun.to_rfc3339_opts(SecondsFormat::Micros, true),
    };
    append(&mut body, &path, &header)?;
    for (series, record) in records.series {
        append(&mut body, &path, &Line::Found(series, record).written())?;
    }
    Ok(replace(fs, temps, &path, &sealed::seal(body))?)
}
