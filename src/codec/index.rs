//! Indexes of pandas that were stored: row numbers, or the only thing that tells in which order rows came.

use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::schema::types::ColumnDescPtr;

use crate::frame::{Column, ColumnSpec, KindOf, Profile, Values};

use super::CodecError;
use super::column_read::{self, Meaning, Tally};
use super::decode::Place;
use super::opened::Opened;
use super::types::{self, is_plain, is_unsigned};
use crate::model::{TimeUnit, time};

/// Columns in which pandas keeps an index that it was told to store.
pub(super) const COLUMNS: [&str; 2] = ["index", "__index_level_0__"];
/// Zones are so far from UTC at most, and by a multiple of this.
const FURTHEST_ZONE: i64 = 14 * 60 * 60_000_000_000;
const CLOCKS: i64 = 15 * 60_000_000_000;
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

/// An index of timestamps is no sequence. Returns its name if it is not the date once more.
pub(super) fn drop_epoch_sequence(
    profile: &Profile,
    columns: &mut [Column],
    place_of: &impl Fn(&str) -> Option<usize>,
) -> Option<String> {
    let Some(Column::Time(dates)) = columns.get(profile.time).cloned() else {
        return None;
    };
    let sequence = profile.position("sequence")?;
    let Some(Column::Int(values)) = columns.get_mut(sequence) else {
        return None;
    };
    if !values.iter().flatten().any(|value| value >= EPOCH_LIKE) {
        return None;
    }
    let is_date = values.iter().zip(dates.iter()).all(|(a, b)| a == b);
    *values = Values::nulls(values.len());
    let name = COLUMNS.iter().find(|name| place_of(name).is_some());
    name.filter(|_| !is_date).map(|name| (*name).to_owned())
}

/// Returns the indexes that are left out and say more than the number of a row and its date.
pub(super) fn odd(
    file: &Opened,
    places: &[Place],
    dates: Option<&Column>,
) -> Result<Vec<String>, CodecError> {
    let mut odd = Vec::new();
    for (at, column) in file.columns().iter().enumerate() {
        let name = column.path().string();
        let is_read = places.iter().flatten().any(|(place, _)| *place == at);
        if COLUMNS.contains(&name.as_str()) && !is_read && !says_nothing(file, at, dates)? {
            odd.push(name);
        }
    }
    Ok(odd)
}

/// Tells whether a stored index numbers the rows, or is the date of each.
fn says_nothing(file: &Opened, place: usize, dates: Option<&Column>) -> Result<bool, CodecError> {
    let Some(column) = file.columns().get(place) else {
        return Ok(true);
    };
    let unit = types::unit_of_time(column);
    let is_time = unit.is_some() || types::is_date(column);
    let is_whole = matches!(
        column.physical_type(),
        PhysicalType::INT64 | PhysicalType::INT32
    );
    if column.max_rep_level() > 0 || !is_time && (!is_whole || !is_plain(column)) {
        return Ok(false);
    }
    let zone = if types::has_zone(column) {
        FURTHEST_ZONE
    } else {
        0
    };
    let Some(Column::Time(dates)) = dates else {
        return Ok(false);
    };
    let mut dates = dates.iter();
    let mut last = None;
    for group in file.groups() {
        let rows = usize::try_from(group.num_rows()).map_err(CodecError::damaged)?;
        let meaning = Meaning {
            kind: if is_time { KindOf::Time } else { KindOf::Int },
            unit_nanos: unit.map_or(time::DAY, TimeUnit::nanos),
            is_optional: column.max_def_level() > 0,
            is_unsigned: is_unsigned(column),
            skipped: 0,
            rows,
        };
        let chunk = file.column(group, place)?;
        let mut tally = Tally {
            inexact: &mut 0,
            texts_left: &mut 0,
        };
        // What cannot be held says something that the date does not.
        let Ok(Column::Time(values) | Column::Int(values)) =
            column_read::read(chunk, meaning, &mut tally)
        else {
            return Ok(false);
        };
        for value in values.iter() {
            let date = dates.next().flatten();
            let is_number = !is_time && value.is_some_and(|value| value < EPOCH_LIKE);
            let is_next = if is_number {
                // Rows that were taken out of a table leave gaps: what ascends says nothing but the order of rows.
                last < value
            } else {
                is_same(value, date, zone)
            };
            if !is_next {
                return Ok(false);
            }
            last = value;
        }
    }
    Ok(true)
}

/// Tells whether a timestamp is the date of its row, or, told as an instant, the date on the clock of some zone.
fn is_same(value: Option<i64>, date: Option<i64>, zone: i64) -> bool {
    match (value, date) {
        (Some(value), Some(date)) => date
            .checked_sub(value)
            .is_some_and(|apart| apart == 0 || (apart.abs() <= zone && apart % CLOCKS == 0)),
        (value, date) => value == date,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dataset;

    #[test]
    fn an_index_of_timestamps_that_is_not_the_date_is_named() {
        let profile = Profile::of(Dataset::Stocks);
        let name = |index: [i64; 2]| {
            let column = |spec: &ColumnSpec| match spec.name {
                "date" => Column::Time(Values::whole(vec![EPOCH_LIKE, EPOCH_LIKE + time::DAY])),
                "sequence" => Column::Int(Values::whole(index.to_vec())),
                _ => Column::nulls(spec.kind, 2),
            };
            let mut columns: Vec<Column> = profile.columns.iter().map(column).collect();
            let place_of = |name: &str| (name == "index").then_some(9);
            let odd = drop_epoch_sequence(profile, &mut columns, &place_of);
            let sequence = columns.swap_remove(profile.position("sequence").unwrap());
            (odd, sequence == Column::Int(Values::nulls(2)))
        };

        assert_eq!(name([0, 1]), (None, false));
        assert_eq!(name([EPOCH_LIKE, EPOCH_LIKE + time::DAY]), (None, true));
        let other = [EPOCH_LIKE, EPOCH_LIKE + time::DAY + 1];
        assert_eq!(name(other), (Some("index".to_owned()), true));
    }
}
