//! Indexes of pandas that were stored: row numbers, or the only thing that tells in which order rows came.

use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::schema::types::ColumnDescPtr;

use crate::frame::{Column, ColumnSpec, KindOf, Profile, Values};

use super::CodecError;
use super::column_read::{self, Meaning, Tally};
use super::decode::Place;
use super::opened::Opened;
use super::types::{is_plain, is_unsigned};

/// Columns in which pandas keeps an index that it was told to store.
pub(super) const COLUMNS: [&str; 2] = ["index", "__index_level_0__"];
/// 2000-01-01 in nanoseconds: an "index" beyond this is a timestamp, not a row number.
const EPOCH_LIKE: i64 = 946_684_800_000_000_000;

/// A missing `sequence` may stand in an index that pandas stored.
pub(super) fn stand_in(
    spec: &ColumnSpec,
    found: &[ColumnDescPtr],
    place_of: &impl Fn(&str) -> Option<usize>,
) -> Option<usize> {
    if spec.name != "sequence" {
        return None;
    }
    let is_number = |place: &usize| {
        found.get(*place).is_some_and(|column| {
            matches!(
                column.physical_type(),
                PhysicalType::INT64 | PhysicalType::INT32
            ) && !matches!(
                column.logical_type_ref(),
                Some(LogicalType::Timestamp { .. } | LogicalType::Date)
            ) && column.converted_type() == ConvertedType::NONE
        })
    };
    COLUMNS
        .iter()
        .find_map(|name| place_of(name))
        .filter(is_number)
}

/// An index of timestamps is no sequence.
pub(super) fn drop_epoch_sequence(profile: &Profile, columns: &mut [Column]) {
    if let Some(Column::Int(values)) = profile
        .position("sequence")
        .and_then(|at| columns.get_mut(at))
        && values.iter().flatten().any(|value| value >= EPOCH_LIKE)
    {
        *values = Values::nulls(values.len());
    }
}

/// Returns the indexes that are left out and say more than the number of a row.
pub(super) fn odd(file: &Opened, places: &[Place]) -> Result<Vec<String>, CodecError> {
    let mut odd = Vec::new();
    for (at, column) in file.columns().iter().enumerate() {
        let name = column.path().string();
        let is_read = places.iter().flatten().any(|(place, _)| *place == at);
        if COLUMNS.contains(&name.as_str()) && !is_read && !is_row_number(file, at)? {
            odd.push(name);
        }
    }
    Ok(odd)
}

/// Tells whether a stored index numbers the rows, or is a timestamp, which the date repeats.
fn is_row_number(file: &Opened, place: usize) -> Result<bool, CodecError> {
    let Some(column) = file.columns().get(place) else {
        return Ok(true);
    };
    let is_time = matches!(
        column.logical_type_ref(),
        Some(LogicalType::Timestamp { .. } | LogicalType::Date)
    ) || column.physical_type() == PhysicalType::INT96;
    let is_whole = matches!(
        column.physical_type(),
        PhysicalType::INT64 | PhysicalType::INT32
    );
    if is_time || !is_whole || column.max_rep_level() > 0 || !is_plain(column) {
        return Ok(is_time);
    }
    let mut last = None;
    for group in file.groups() {
        let rows = usize::try_from(group.num_rows()).map_err(CodecError::damaged)?;
        let meaning = Meaning {
            kind: KindOf::Int,
            unit_nanos: 1,
            is_optional: column.max_def_level() > 0,
            is_unsigned: is_unsigned(column),
            rows,
        };
        let chunk = file.column(group, place)?;
        let mut tally = Tally {
            inexact: &mut 0,
            texts_left: &mut 0,
        };
        let Column::Int(numbers) = column_read::read(chunk, meaning, &mut tally)? else {
            return Ok(false);
        };
        for number in numbers.iter() {
            // Rows that were taken out of a table leave gaps: what ascends says nothing but the order of rows.
            let is_next = number.is_some_and(|number| last < Some(number) || number >= EPOCH_LIKE);
            if !is_next {
                return Ok(false);
            }
            last = number;
        }
    }
    Ok(true)
}
