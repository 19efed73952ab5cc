//! Columns of a Parquet file of another writer, under the names that it gave them.
//!
//! Promises: the limits and the guards of `decode`; each column comes as what it is, so nothing is guessed or rounded.
//! Leaves to others: what the names mean.

use bytes::Bytes;
use parquet::basic::Type as PhysicalType;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};

use crate::frame::{Column, KindOf};
use crate::model::{TimeUnit, time};

use super::column_read::{self, Meaning, Tally};
use super::decode::{guarded, refuse_repeated};
use super::opened::Opened;
use super::types::{has_zone, is_date, is_plain, is_unsigned, unit_of_time};
use super::{CodecError, MemoryLimit};

/// Where pandas writes what it knows of a frame, as JSON.
const PANDAS: &str = "pandas";

/// What a file says of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The names, in the order of the file.
    pub columns: Vec<String>,
    /// Those whose times are instants.
    pub instants: Vec<String>,
    /// What pandas knows of the frame, if pandas wrote it.
    pub pandas: Option<String>,
}

/// What a timestamp of a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeKind {
    /// The reading of a clock.
    Wall,
    /// A moment everywhere.
    Instant,
    /// A day.
    Day,
}

/// A column as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedColumn {
    /// Its values.
    pub column: Column,
    /// What they are, where they are times.
    pub time: Option<TimeKind>,
}

/// Returns the names of the columns of a file.
///
/// # Errors
/// As `decode`.
pub fn names(bytes: &Bytes, limit: MemoryLimit) -> Result<Names, CodecError> {
    guarded(|| {
        let file = Opened::of(bytes, limit)?;
        refuse_repeated(file.columns())?;
        let facts = file.facts().key_value_metadata();
        let name = |column: &ColumnDescPtr| column.path().string();
        let is_instant = |column: &&ColumnDescPtr| time_kind(column) == Some(TimeKind::Instant);
        Ok(Names {
            columns: file.columns().iter().map(name).collect(),
            instants: file.columns().iter().filter(is_instant).map(name).collect(),
            pandas: facts
                .into_iter()
                .flatten()
                .find(|fact| fact.key == PANDAS)
                .and_then(|fact| fact.value.clone()),
        })
    })
}

/// Reads columns by their places, which may repeat none.
///
/// # Errors
/// As `decode`; a column of a kind that no dataset has is `Foreign`.
pub fn read_named(
    bytes: &Bytes,
    places: &[usize],
    limit: MemoryLimit,
) -> Result<Vec<NamedColumn>, CodecError> {
    guarded(|| read(bytes, places, limit))
}

fn read(
    bytes: &Bytes,
    places: &[usize],
    limit: MemoryLimit,
) -> Result<Vec<NamedColumn>, CodecError> {
    let file = Opened::of(bytes, limit)?;
    let kinds = places
        .iter()
        .map(|place| {
            let column = file.columns().get(*place);
            column
                .ok_or_else(|| CodecError::damaged("it has too few columns"))
                .and_then(|column| kind(column))
        })
        .collect::<Result<Vec<KindOf>, _>>()?;
    let file = file.within_kinds(kinds.iter().copied(), limit)?;
    let (mut inexact, mut texts_left) = (0, file.left());
    let mut found = Vec::with_capacity(places.len());
    for (place, kind) in places.iter().zip(kinds) {
        let Some(described) = file.columns().get(*place) else {
            continue;
        };
        let mut column = Column::empty(kind);
        for group in file.groups() {
            let meaning = Meaning {
                kind,
                unit_nanos: unit_of_time(described).map_or(time::DAY, TimeUnit::nanos),
                is_optional: described.max_def_level() > 0,
                is_unsigned: is_unsigned(described),
                skipped: 0,
                rows: usize::try_from(group.num_rows()).map_err(CodecError::damaged)?,
            };
            let mut tally = Tally {
                inexact: &mut inexact,
                texts_left: &mut texts_left,
            };
            column.append(column_read::read(
                file.column(group, *place)?,
                meaning,
                &mut tally,
            )?)?;
        }
        found.push(NamedColumn {
            column,
            time: time_kind(described),
        });
    }
    if inexact > 0 {
        return Err(CodecError::foreign(format!(
            "{inexact} of its numbers are out of range"
        )));
    }
    Ok(found)
}

fn time_kind(column: &ColumnDescriptor) -> Option<TimeKind> {
    match (is_date(column), unit_of_time(column)) {
        (true, _) => Some(TimeKind::Day),
        (false, Some(_)) if has_zone(column) => Some(TimeKind::Instant),
        (false, Some(_)) => Some(TimeKind::Wall),
        (false, None) => None,
    }
}

fn kind(column: &ColumnDescriptor) -> Result<KindOf, CodecError> {
    let physical = column.physical_type();
    let kind = match physical {
        _ if time_kind(column).is_some() => Some(KindOf::Time),
        _ if !is_plain(column) => None,
        PhysicalType::BYTE_ARRAY => Some(KindOf::Text),
        PhysicalType::INT32 | PhysicalType::INT64 => Some(KindOf::Int),
        PhysicalType::FLOAT | PhysicalType::DOUBLE => Some(KindOf::Float),
        PhysicalType::BOOLEAN | PhysicalType::INT96 | PhysicalType::FIXED_LEN_BYTE_ARRAY => None,
    };
    let is_flat = column.max_rep_level() == 0 && column.max_def_level() <= 1;
    kind.filter(|_| is_flat).ok_or_else(|| {
        let name = column.path().string();
        CodecError::foreign(format!(
            "its column {name} is {physical} of a kind that cannot be read"
        ))
    })
}
