//! From the bytes of a Parquet file, barkeep's or anybody's, to proven rows.
//!
//! Promises: a sealed file is checked whole before a value of it is used; what breaks the decoder is damage and no panic.
//! Other writers' types are converted only where nothing has to be guessed. Leaves to others: what is done with damage
//! (`storage::inspect`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit as ParquetUnit, Type as PhysicalType};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};

use crate::frame::{Column, ColumnSpec, Frame, KindOf, Profile, Proven, Texts, Values};
use crate::model::{Provenance, TimeUnit, time};

use super::column_read::Meaning;
use super::seal::Seal;
use super::{CodecError, column_read, footer, seal};

/// Columns in which pandas keeps an index that it was told to store.
const INDEX_COLUMNS: [&str; 2] = ["index", "__index_level_0__"];
/// 2000-01-01 in nanoseconds: an "index" beyond this is a timestamp, not a row number.
const EPOCH_LIKE: i64 = 946_684_800_000_000_000;

/// What a file holds.
#[derive(Debug)]
pub struct Decoded {
    /// The rows, and those that have no place.
    pub proven: Proven,
    /// The unit of its timestamps.
    pub unit: TimeUnit,
    /// Zone, price basis and origin, as far as the file says.
    pub provenance: Provenance,
    /// Numbers that could not be kept as they are: fractions of whole numbers, and what lies beyond a column's range.
    pub inexact: usize,
    /// Columns that barkeep does not know and would lose by rewriting the file.
    pub unknown_columns: Vec<String>,
    /// Indexes of pandas that are left out and say more than the number of a row.
    pub odd_indexes: Vec<String>,
    /// Whether barkeep wrote the file.
    pub is_sealed: bool,
}

/// Decodes a file as rows of `profile`. A sealed file is checked whole before any value is used.
///
/// # Errors
/// `Damaged` for bytes that are not what was written, `ForeignSchema` for whole files of something else,
/// `NewerVersion` for files of a later barkeep.
pub fn decode(bytes: &Bytes, profile: &'static Profile) -> Result<Decoded, CodecError> {
    let is_sealed = seal::check(bytes)? == Seal::Whole;
    // On damaged input of other writers the decoder may panic; that is damage like any other.
    catch_unwind(AssertUnwindSafe(|| {
        decode_unguarded(bytes, profile, is_sealed)
    }))
    .unwrap_or_else(|_| Err(CodecError::damaged("decoding it breaks the Parquet reader")))
}

fn decode_unguarded(
    bytes: &Bytes,
    profile: &'static Profile,
    is_sealed: bool,
) -> Result<Decoded, CodecError> {
    let reader = SerializedFileReader::new(bytes.clone()).map_err(CodecError::damaged)?;
    let file = reader.metadata().file_metadata();
    let footer = footer::read(file.key_value_metadata())?;
    let found = file.schema_descr().columns();
    let place_of = |name: &str| {
        found
            .iter()
            .position(|column| column.path().string() == name)
    };

    let (unit, places) = locate(profile, found, &place_of)?;
    let (mut columns, inexact) = read_columns(&reader, is_sealed, profile, &places, bytes.len())?;
    if place_of("sequence").is_none() {
        drop_epoch_sequence(profile, &mut columns);
    }
    let is_known = |name: &str| profile.position(name).is_some() || INDEX_COLUMNS.contains(&name);
    let unknown_columns = found
        .iter()
        .map(|column| column.path().string())
        .filter(|name| !is_known(name))
        .collect();
    let mut odd_indexes = Vec::new();
    for name in INDEX_COLUMNS {
        if let Some(at) = place_of(name)
            && !places.iter().flatten().any(|(place, _)| *place == at)
            && !is_row_number(&reader, at)?
        {
            odd_indexes.push(name.to_owned());
        }
    }
    let proven = Frame::prove(profile, columns);
    check_rows(&proven, footer.rows_digest.is_some(), is_sealed)?;
    Ok(Decoded {
        proven,
        unit,
        provenance: footer.provenance,
        inexact,
        unknown_columns,
        odd_indexes,
        is_sealed,
    })
}

/// Where a column of the profile stands in a file, and the unit of its timestamps.
type Place = Option<(usize, Option<TimeUnit>)>;

/// Finds the columns of the profile in a file, and the unit of its time.
fn locate(
    profile: &'static Profile,
    found: &[ColumnDescPtr],
    place_of: &impl Fn(&str) -> Option<usize>,
) -> Result<(TimeUnit, Vec<Place>), CodecError> {
    let mut unit = TimeUnit::default();
    let mut places = Vec::with_capacity(profile.columns.len());
    for (at, spec) in profile.columns.iter().enumerate() {
        let place = place_of(spec.name).or_else(|| stand_in(spec, found, place_of));
        let source = match place.and_then(|place| Some((place, found.get(place)?))) {
            Some((place, column)) => Some((place, unit_of(spec, column, profile)?)),
            None if is_dispensable(spec) => None,
            None => return Err(foreign(profile, format!("column {} is missing", spec.name))),
        };
        if let (true, Some((_, found_unit))) = (at == profile.time, source) {
            unit = found_unit.unwrap_or_default();
        }
        places.push(source);
    }
    Ok((unit, places))
}

fn read_columns(
    reader: &SerializedFileReader<Bytes>,
    is_sealed: bool,
    profile: &'static Profile,
    places: &[Place],
    file_bytes: usize,
) -> Result<(Vec<Column>, usize), CodecError> {
    let mut inexact = 0;
    let found = reader.metadata().file_metadata().schema_descr().columns();
    let mut columns: Vec<Column> = profile
        .columns
        .iter()
        .map(|spec| Column::empty(spec.kind))
        .collect();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(CodecError::damaged)?;
        let rows = usize::try_from(group.metadata().num_rows()).map_err(CodecError::damaged)?;
        check_claim(rows, file_bytes)?;
        for ((column, spec), place) in columns.iter_mut().zip(profile.columns).zip(places) {
            let Some((place, unit)) = *place else {
                column.append(Column::nulls(spec.kind, rows));
                continue;
            };
            if is_sealed && let Some(all) = constant(spec, group.metadata().column(place), rows) {
                column.append(all);
                continue;
            }
            let column_type = found.get(place);
            let meaning = Meaning {
                kind: spec.kind,
                unit_nanos: unit.map_or(time::DAY, TimeUnit::nanos),
                is_optional: column_type.is_some_and(|column| column.max_def_level() > 0),
                is_unsigned: column_type.is_some_and(|column| is_unsigned(column)),
                rows,
            };
            let chunk = group
                .get_column_reader(place)
                .map_err(CodecError::damaged)?;
            column.append(column_read::read(chunk, meaning, &mut inexact)?);
        }
    }
    Ok((columns, inexact))
}

/// A page holds at most 2^31 values, and even run-length encoding needs some bytes: an absurd claim is damage,
/// and must not reserve memory first.
fn check_claim(rows: usize, file_bytes: usize) -> Result<(), CodecError> {
    const ROWS_PER_BYTE: usize = 1 << 16;
    if rows > file_bytes.saturating_mul(ROWS_PER_BYTE) {
        return Err(CodecError::damaged(
            "it claims more rows than it has room for",
        ));
    }
    Ok(())
}

/// Returns a column of which the file says that every row has the same text, or none. Only a sealed file is believed: its
/// digest covers what it says, and the rows that it says it of were compared when it was written.
fn constant(spec: &ColumnSpec, chunk: &ColumnChunkMetaData, rows: usize) -> Option<Column> {
    let statistics = chunk.statistics()?;
    let nulls = usize::try_from(statistics.null_count_opt()?).ok()?;
    if nulls == rows {
        return Some(Column::nulls(spec.kind, rows));
    }
    let (KindOf::Text, 0, Statistics::ByteArray(texts)) = (spec.kind, nulls, statistics) else {
        return None;
    };
    let is_exact = texts.min_is_exact() && texts.max_is_exact();
    let (first, last) = (texts.min_opt()?, texts.max_opt()?);
    let text = first.as_utf8().ok().filter(|_| is_exact && first == last)?;
    Some(Column::Text(Texts::same(Some(Arc::from(text)), rows)))
}

/// A sealed file holds only proven rows; anything else means that barkeep itself was wrong.
fn check_rows(proven: &Proven, has_fingerprint: bool, is_sealed: bool) -> Result<(), CodecError> {
    if is_sealed && !(has_fingerprint && proven.displaced.is_empty()) {
        return Err(CodecError::damaged(
            "its rows are not in the order its writer promises",
        ));
    }
    Ok(())
}

/// A missing `sequence` may stand in an index that pandas stored.
fn stand_in(
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
    INDEX_COLUMNS
        .iter()
        .find_map(|name| place_of(name))
        .filter(is_number)
}

/// An index of timestamps is no sequence.
fn drop_epoch_sequence(profile: &Profile, columns: &mut [Column]) {
    if let Some(Column::Int(values)) = profile
        .position("sequence")
        .and_then(|at| columns.get_mut(at))
        && values.iter().flatten().any(|value| value >= EPOCH_LIKE)
    {
        *values = Values::nulls(values.len());
    }
}

/// Tells whether a stored index is the number of a row, or a timestamp, which the date repeats.
fn is_row_number(reader: &SerializedFileReader<Bytes>, place: usize) -> Result<bool, CodecError> {
    let found = reader.metadata().file_metadata().schema_descr().columns();
    let Some(column) = found.get(place) else {
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
    let mut expected = None;
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(CodecError::damaged)?;
        let rows = usize::try_from(group.metadata().num_rows()).map_err(CodecError::damaged)?;
        let meaning = Meaning {
            kind: KindOf::Int,
            unit_nanos: 1,
            is_optional: column.max_def_level() > 0,
            is_unsigned: is_unsigned(column),
            rows,
        };
        let chunk = group
            .get_column_reader(place)
            .map_err(CodecError::damaged)?;
        let Column::Int(numbers) = column_read::read(chunk, meaning, &mut 0)? else {
            return Ok(false);
        };
        for number in numbers.iter() {
            let is_next = number.is_some_and(|number| {
                expected.is_none_or(|next| next == number) || number >= EPOCH_LIKE
            });
            if !is_next {
                return Ok(false);
            }
            expected = number.and_then(|number| number.checked_add(1));
        }
    }
    Ok(true)
}

/// Tells whether whole numbers are meant without a sign.
fn is_unsigned(column: &ColumnDescriptor) -> bool {
    let is_logical = matches!(
        column.logical_type_ref(),
        Some(LogicalType::Integer(integer)) if !integer.is_signed
    );
    let converted = column.converted_type();
    is_logical
        || matches!(
            converted,
            ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64
        )
}

/// Tells whether a number or a text is what it looks like, and no decimal or time of day in disguise.
fn is_plain(column: &ColumnDescriptor) -> bool {
    let is_logical = matches!(
        column.logical_type_ref(),
        None | Some(
            LogicalType::Integer { .. }
                | LogicalType::String
                | LogicalType::Enum
                | LogicalType::Json
                | LogicalType::Unknown
        )
    );
    let is_converted = matches!(
        column.converted_type(),
        ConvertedType::NONE
            | ConvertedType::UTF8
            | ConvertedType::ENUM
            | ConvertedType::JSON
            | ConvertedType::INT_8
            | ConvertedType::INT_16
            | ConvertedType::INT_32
            | ConvertedType::INT_64
            | ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64
    );
    is_logical && is_converted
}

fn is_dispensable(spec: &ColumnSpec) -> bool {
    spec.name == "sequence"
}

fn foreign(profile: &Profile, reason: String) -> CodecError {
    CodecError::ForeignSchema {
        dataset: profile.dataset.as_str(),
        reason,
    }
}

/// Checks that a column can be understood as `spec` and returns the unit of a timestamp; `None` means days.
fn unit_of(
    spec: &ColumnSpec,
    column: &ColumnDescriptor,
    profile: &Profile,
) -> Result<Option<TimeUnit>, CodecError> {
    let unit = match (
        column.logical_type_ref(),
        column.converted_type(),
        column.physical_type(),
    ) {
        (Some(LogicalType::Timestamp(timestamp)), _, _) => {
            if timestamp.is_adjusted_to_u_t_c {
                return Err(foreign(
                    profile,
                    format!("column {} carries a time zone", spec.name),
                ));
            }
            Some(match timestamp.unit {
                ParquetUnit::MILLIS => TimeUnit::Millis,
                ParquetUnit::MICROS => TimeUnit::Micros,
                ParquetUnit::NANOS => TimeUnit::Nanos,
            })
        }
        (_, ConvertedType::TIMESTAMP_MILLIS, _) => Some(TimeUnit::Millis),
        (_, ConvertedType::TIMESTAMP_MICROS, _) => Some(TimeUnit::Micros),
        (_, _, PhysicalType::INT96) => Some(TimeUnit::Nanos),
        _ => None,
    };
    let is_date = column.logical_type_ref() == Some(&LogicalType::Date)
        || column.converted_type() == ConvertedType::DATE;
    let physical = column.physical_type();
    let is_number = matches!(
        physical,
        PhysicalType::INT32 | PhysicalType::INT64 | PhysicalType::FLOAT | PhysicalType::DOUBLE
    );
    // A column of nulls without a type is stored as INT32; `column_read::read` checks that it is one.
    let fits = physical == PhysicalType::INT32 && is_plain(column)
        || match spec.kind {
            KindOf::Text => physical == PhysicalType::BYTE_ARRAY && is_plain(column),
            KindOf::Flag => physical == PhysicalType::BOOLEAN,
            KindOf::Time => unit.is_some() || is_date,
            KindOf::Int | KindOf::Float => is_number && is_plain(column),
        };
    if fits && column.max_rep_level() == 0 && column.max_def_level() <= 1 {
        Ok(unit)
    } else {
        Err(foreign(
            profile,
            format!(
                "column {} is {physical} and cannot be read as {:?}",
                spec.name, spec.kind
            ),
        ))
    }
}
