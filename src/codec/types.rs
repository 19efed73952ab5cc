//! What a column of another writer means: plain numbers and texts, timestamps of some unit, or something else.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit as ParquetUnit, Type as PhysicalType};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};

use crate::frame::{ColumnSpec, KindOf, Profile};
use crate::model::TimeUnit;

use super::CodecError;

pub(super) fn foreign(profile: &Profile, reason: &str) -> CodecError {
    let dataset = profile.dataset.as_str();
    CodecError::foreign(format!(
        "its columns are not those of {dataset} data: {reason}"
    ))
}

/// Returns the profile of the rows of a file, by its columns: that of bars made of trades where all of its columns are there
/// and volumes may be fractions, if bars are asked for at all; else the one that is asked for.
pub(super) fn profile_of(asked: &'static Profile, found: &[ColumnDescPtr]) -> &'static Profile {
    let has = |name: &str, is_fit: fn(&ColumnDescriptor) -> bool| {
        let mut columns = found.iter();
        columns.any(|column| column.path().string() == name && is_fit(column))
    };
    let is_float = |column: &ColumnDescriptor| {
        matches!(
            column.physical_type(),
            PhysicalType::DOUBLE | PhysicalType::FLOAT
        )
    };
    let of_trades = Profile::of_trades(asked.dataset).filter(|other| {
        let mut more = other.columns.iter();
        more.all(|spec| asked.position(spec.name).is_some() || has(spec.name, |_| true))
    });
    of_trades
        .filter(|_| has("volume", is_float))
        .unwrap_or(asked)
}

/// Checks that a column can be understood as `spec` and returns the unit of a timestamp; `None` means days.
pub(super) fn unit_of(
    spec: &ColumnSpec,
    column: &ColumnDescriptor,
    profile: &Profile,
) -> Result<Option<TimeUnit>, CodecError> {
    if has_zone(column) {
        return Err(foreign(
            profile,
            &format!("column {} carries a time zone", spec.name),
        ));
    }
    let unit = unit_of_time(column);
    let is_date = is_date(column);
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
            &format!(
                "column {} is {physical} and cannot be read as {:?}",
                spec.name, spec.kind
            ),
        ))
    }
}

/// Returns the unit of a timestamp; `None` for a column of something else.
pub(super) fn unit_of_time(column: &ColumnDescriptor) -> Option<TimeUnit> {
    match (
        column.logical_type_ref(),
        column.converted_type(),
        column.physical_type(),
    ) {
        (Some(LogicalType::Timestamp(timestamp)), _, _) => Some(match timestamp.unit {
            ParquetUnit::MILLIS => TimeUnit::Millis,
            ParquetUnit::MICROS => TimeUnit::Micros,
            ParquetUnit::NANOS => TimeUnit::Nanos,
        }),
        (_, ConvertedType::TIMESTAMP_MILLIS, _) => Some(TimeUnit::Millis),
        (_, ConvertedType::TIMESTAMP_MICROS, _) => Some(TimeUnit::Micros),
        (_, _, PhysicalType::INT96) => Some(TimeUnit::Nanos),
        _ => None,
    }
}

/// Tells whether a column holds days.
pub(super) fn is_date(column: &ColumnDescriptor) -> bool {
    column.logical_type_ref() == Some(&LogicalType::Date)
        || column.converted_type() == ConvertedType::DATE
}

/// Tells whether timestamps are instants, which a zone makes of a wall clock.
pub(super) fn has_zone(column: &ColumnDescriptor) -> bool {
    matches!(column.logical_type_ref(), Some(LogicalType::Timestamp(timestamp)) if timestamp.is_adjusted_to_u_t_c)
}

/// Tells whether whole numbers are meant without a sign.
pub(super) fn is_unsigned(column: &ColumnDescriptor) -> bool {
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
pub(super) fn is_plain(column: &ColumnDescriptor) -> bool {
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
