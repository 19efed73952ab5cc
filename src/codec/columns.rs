//! One column chunk at a time, between Parquet's values-and-levels and a frame's columns.

use std::ops::Range;
use std::sync::Arc;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type, Int96,
};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedColumnWriter;

use crate::frame::{Column, KindOf};
use crate::model::TimeUnit;

use super::CodecError;

/// Writes some rows of a column.
pub(super) fn write(
    chunk: &mut SerializedColumnWriter<'_>,
    column: &Column,
    rows: Range<usize>,
    unit: TimeUnit,
) -> Result<(), CodecError> {
    match column {
        Column::Text(values) => {
            let mut last: Option<(&Arc<str>, ByteArray)> = None;
            write_values::<ByteArrayType, _>(chunk, part(values, rows), |text| match &last {
                // A series repeats one text in every row: share its bytes.
                Some((seen, bytes)) if Arc::ptr_eq(seen, text) => Ok(bytes.clone()),
                _ => {
                    let bytes = ByteArray::from(text.as_bytes().to_vec());
                    last = Some((text, bytes.clone()));
                    Ok(bytes)
                }
            })
        }
        Column::Int(values) => {
            write_values::<Int64Type, _>(chunk, part(values, rows), |value| Ok(*value))
        }
        Column::Float(values) => {
            write_values::<DoubleType, _>(chunk, part(values, rows), |value| Ok(*value))
        }
        Column::Flag(values) => {
            write_values::<BoolType, _>(chunk, part(values, rows), |value| Ok(*value))
        }
        Column::Time(values) => write_values::<Int64Type, _>(chunk, part(values, rows), |&value| {
            let nanos = unit.nanos();
            if value % nanos == 0 {
                Ok(value / nanos)
            } else {
                Err(CodecError::TooFine { value, unit: nanos })
            }
        }),
    }
}

fn part<T>(values: &[T], rows: Range<usize>) -> &[T] {
    values.get(rows).unwrap_or_default()
}

fn write_values<'v, D: DataType, V: 'v>(
    chunk: &mut SerializedColumnWriter<'_>,
    cells: &'v [Option<V>],
    mut convert: impl FnMut(&'v V) -> Result<D::T, CodecError>,
) -> Result<(), CodecError> {
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values = cells
        .iter()
        .flatten()
        .map(&mut convert)
        .collect::<Result<Vec<D::T>, CodecError>>()?;
    chunk
        .typed::<D>()
        .write_batch(&values, Some(&levels), None)
        .map_err(|error| CodecError::NotFaithful {
            reason: error.to_string(),
        })?;
    Ok(())
}

/// Values for which room is made before they are seen.
const MOST_RESERVED: usize = 1 << 20;

/// How the physical values of a chunk are to be understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meaning {
    /// The kind of column wanted.
    pub(super) kind: KindOf,
    /// Nanoseconds in one unit of an integer timestamp.
    pub(super) unit_nanos: i64,
    /// Whether the chunk may hold nulls.
    pub(super) is_optional: bool,
    /// How many rows to read.
    pub(super) rows: usize,
}

/// Reads a chunk as a column, converting what other writers store in other types.
pub(super) fn read(
    reader: ColumnReader,
    meaning: Meaning,
    rounded: &mut usize,
) -> Result<Column, CodecError> {
    Ok(match (meaning.kind, reader) {
        (KindOf::Text, ColumnReader::ByteArrayColumnReader(reader)) => {
            Column::Text(read_text(reader, meaning)?)
        }
        (KindOf::Flag, ColumnReader::BoolColumnReader(reader)) => {
            Column::Flag(read_values(reader, meaning, Some)?)
        }
        (KindOf::Time, ColumnReader::Int64ColumnReader(reader)) => {
            Column::Time(read_times(reader, meaning, |value| value)?)
        }
        (KindOf::Time, ColumnReader::Int32ColumnReader(reader)) => {
            Column::Time(read_times(reader, meaning, i64::from)?)
        }
        (KindOf::Time, ColumnReader::Int96ColumnReader(reader)) => {
            Column::Time(read_values(reader, meaning, |value: Int96| {
                Some(value.to_nanos())
            })?)
        }
        (KindOf::Int, ColumnReader::Int64ColumnReader(reader)) => {
            Column::Int(read_values(reader, meaning, Some)?)
        }
        (KindOf::Int, ColumnReader::Int32ColumnReader(reader)) => {
            Column::Int(read_values(reader, meaning, |value| Some(value.into()))?)
        }
        (KindOf::Int, ColumnReader::DoubleColumnReader(reader)) => {
            Column::Int(read_values(reader, meaning, |value| whole(value, rounded))?)
        }
        (KindOf::Int, ColumnReader::FloatColumnReader(reader)) => {
            Column::Int(read_values(reader, meaning, |value: f32| {
                whole(value.into(), rounded)
            })?)
        }
        (KindOf::Float, ColumnReader::DoubleColumnReader(reader)) => {
            Column::Float(read_values(reader, meaning, Some)?)
        }
        (KindOf::Float, ColumnReader::FloatColumnReader(reader)) => {
            Column::Float(read_values(reader, meaning, |value| Some(value.into()))?)
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "prices stored as whole numbers are far below 2^53"
        )]
        (KindOf::Float, ColumnReader::Int64ColumnReader(reader)) => {
            Column::Float(read_values(reader, meaning, |value| Some(value as f64))?)
        }
        (KindOf::Float, ColumnReader::Int32ColumnReader(reader)) => {
            Column::Float(read_values(reader, meaning, |value| Some(value.into()))?)
        }
        (kind, ColumnReader::Int32ColumnReader(reader)) => {
            // A column whose every value is null is stored without a type, physically as 32-bit integers.
            let values: Vec<Option<i32>> = read_values(reader, meaning, Some)?;
            if values.iter().any(Option::is_some) {
                return Err(wrong_type());
            }
            Column::nulls(kind, values.len())
        }
        _ => return Err(wrong_type()),
    })
}

fn wrong_type() -> CodecError {
    CodecError::damaged("a column has another type than its schema says")
}

/// Returns a float that stands for a whole number, rounded half to even and counted if it was none; what stands for none
/// at all is null.
fn whole(value: f64, rounded: &mut usize) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_807.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "integral and inside the range of i64, checked here"
    )]
    let whole = (value.is_finite() && value.abs() < LIMIT).then(|| value.round_ties_even() as i64);
    *rounded += usize::from(!value.is_nan() && value.fract() != 0.0);
    whole
}

fn read_times<D: DataType>(
    reader: ColumnReaderImpl<D>,
    meaning: Meaning,
    widen: fn(D::T) -> i64,
) -> Result<Vec<Option<i64>>, CodecError> {
    let mut is_beyond = false;
    let times = read_values(reader, meaning, |value| {
        let nanos = widen(value).checked_mul(meaning.unit_nanos);
        is_beyond |= nanos.is_none();
        nanos
    })?;
    if is_beyond {
        return Err(CodecError::damaged("a timestamp lies outside 1677 to 2262"));
    }
    Ok(times)
}

fn read_text(
    reader: ColumnReaderImpl<ByteArrayType>,
    meaning: Meaning,
) -> Result<Vec<Option<Arc<str>>>, CodecError> {
    let mut last: Option<(ByteArray, Arc<str>)> = None;
    let mut is_utf8 = true;
    let texts = read_values(reader, meaning, |bytes: ByteArray| {
        // Values of a dictionary lie in one place, whatever row they are of.
        if let Some((seen, text)) = &last
            && std::ptr::eq(seen.data(), bytes.data())
        {
            return Some(Arc::clone(text));
        }
        let text = bytes.as_utf8().unwrap_or_else(|_| {
            is_utf8 = false;
            ""
        });
        let shared = match last.take() {
            Some((_, seen)) if *seen == *text => seen,
            _ => Arc::from(text),
        };
        last = Some((bytes.clone(), Arc::clone(&shared)));
        Some(shared)
    })?;
    if is_utf8 {
        Ok(texts)
    } else {
        Err(CodecError::damaged("a text is not UTF-8"))
    }
}

/// Reads a chunk and puts a null wherever its definition level says so.
fn read_values<D: DataType, T>(
    mut reader: ColumnReaderImpl<D>,
    meaning: Meaning,
    mut convert: impl FnMut(D::T) -> Option<T>,
) -> Result<Vec<Option<T>>, CodecError> {
    let damaged = |error: ParquetError| CodecError::damaged(error);
    // How many rows there are is a claim of the file, and an allocation that fails ends the process.
    let mut values: Vec<D::T> = Vec::with_capacity(meaning.rows.min(MOST_RESERVED));
    let mut levels: Vec<i16> = Vec::new();
    let mut left = meaning.rows;
    while left > 0 {
        let levels = meaning.is_optional.then_some(&mut levels);
        let (records, _, _) = reader
            .read_records(left, levels, None, &mut values)
            .map_err(damaged)?;
        if records == 0 {
            return Err(CodecError::damaged("a column has fewer rows than its file"));
        }
        left -= records.min(left);
    }
    let has_nulls = meaning.is_optional && values.len() < levels.len();
    let mut present = values.into_iter();
    if !has_nulls {
        return Ok(present.map(convert).collect());
    }
    let mut cells = Vec::with_capacity(levels.len());
    cells.extend(levels.iter().map(|&level| match level {
        1.. => present.next().and_then(&mut convert),
        _ => None,
    }));
    Ok(cells)
}
