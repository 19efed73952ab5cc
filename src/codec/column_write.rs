//! From a frame's columns to the column chunks of a file.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::column::writer::{ColumnWriter, get_typed_column_writer_mut};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::properties::DEFAULT_WRITE_BATCH_SIZE;

use crate::frame::{Column, Part, Texts};
use crate::model::TimeUnit;

use super::CodecError;

/// Writes some rows of a column.
pub(super) fn write(
    chunk: &mut ColumnWriter<'_>,
    column: &Column,
    rows: Range<usize>,
    unit: TimeUnit,
) -> Result<(), CodecError> {
    match column {
        Column::Text(texts) => write_texts(chunk, texts, rows),
        Column::Int(values) => write_values::<Int64Type>(chunk, values.part(rows)),
        Column::Float(values) => write_values::<DoubleType>(chunk, values.part(rows)),
        Column::Flag(values) => write_values::<BoolType>(chunk, values.part(rows)),
        Column::Time(values) => {
            let part = values.part(rows);
            let levels = levels_of(part.iter());
            let nanos = unit.nanos();
            let in_unit = |value: i64| match value % nanos {
                0 => Ok(value / nanos),
                _ => Err(CodecError::TooFine { value, unit: nanos }),
            };
            let times: Result<Vec<i64>, CodecError> = part.iter().flatten().map(in_unit).collect();
            write_batch::<Int64Type>(chunk, &times?, &levels)
        }
    }
}

/// Writes texts as Parquet's writer would do it anyway, some rows at a time. Those that repeat are made once.
fn write_texts(
    chunk: &mut ColumnWriter<'_>,
    texts: &Texts,
    rows: Range<usize>,
) -> Result<(), CodecError> {
    let of = |text: &Arc<str>| ByteArray::from(text.as_bytes().to_vec());
    let most = rows.len().min(DEFAULT_WRITE_BATCH_SIZE);
    let parts = rows.clone().step_by(most.max(1));
    let parts = parts.map(|start| start..rows.end.min(start + most));
    if let Texts::Same { text, .. } = texts {
        let values = text.as_ref().map(|text| vec![of(text); most]);
        let values = values.unwrap_or_default();
        let levels = vec![i16::from(text.is_some()); most];
        for part in parts {
            let (values, levels) = (values.get(..part.len()), levels.get(..part.len()));
            let (values, levels) = (values.unwrap_or_default(), levels.unwrap_or_default());
            write_batch::<ByteArrayType>(chunk, values, levels)?;
        }
        return Ok(());
    }
    let Texts::Few(few) = texts else {
        for part in parts {
            let levels = levels_of(part.clone().map(|row| texts.get(row)));
            write_batch::<ByteArrayType>(chunk, &side_by_side(texts, part), &levels)?;
        }
        return Ok(());
    };
    let words = few.words().iter();
    let words: Vec<Option<ByteArray>> = words.map(|word| word.as_ref().map(of)).collect();
    let cell = |row: usize| words.get(usize::from(*few.codes().get(row)?))?.clone();
    for part in parts {
        let values: Vec<ByteArray> = part.clone().filter_map(cell).collect();
        let levels = levels_of(part.map(|row| texts.get(row)));
        write_batch::<ByteArrayType>(chunk, &values, &levels)?;
    }
    Ok(())
}

/// Returns the texts of some rows, which lie in one piece of memory.
fn side_by_side(texts: &Texts, rows: Range<usize>) -> Vec<ByteArray> {
    let cells = || rows.clone().filter_map(|row| texts.get(row));
    let mut all = Vec::with_capacity(cells().map(|text| text.len()).sum());
    cells().for_each(|text| all.extend_from_slice(text.as_bytes()));
    let all = Bytes::from(all);
    let mut end = 0;
    let places = cells().map(|text| {
        let start = end;
        end += text.len();
        ByteArray::from(all.slice(start..end))
    });
    places.collect()
}

/// Writes values as they are.
fn write_values<D: DataType>(
    chunk: &mut ColumnWriter<'_>,
    part: Part<'_, D::T>,
) -> Result<(), CodecError>
where
    D::T: Copy,
{
    if let Some(values) = part.as_whole() {
        return write_batch::<D>(chunk, values, &vec![1; values.len()]);
    }
    let values: Vec<D::T> = part.iter().flatten().collect();
    write_batch::<D>(chunk, &values, &levels_of(part.iter()))
}

/// Returns the definition levels: 1 for a value, 0 for a null.
fn levels_of<T>(cells: impl Iterator<Item = Option<T>>) -> Vec<i16> {
    cells.map(|cell| i16::from(cell.is_some())).collect()
}

fn write_batch<D: DataType>(
    chunk: &mut ColumnWriter<'_>,
    values: &[D::T],
    levels: &[i16],
) -> Result<(), CodecError> {
    get_typed_column_writer_mut::<D>(chunk)
        .write_batch(values, Some(levels), None)
        .map_err(CodecError::not_faithful)?;
    Ok(())
}
