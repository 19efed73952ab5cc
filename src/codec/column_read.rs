//! From the column chunks of a file to a frame's columns.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int96};

use crate::frame::{Column, KindOf, Texts, Values};
use crate::model::time;

use super::CodecError;
use super::pages::TooLarge;

/// Values for which room is made before they are seen.
const MOST_RESERVED: usize = 1 << 20;

/// Texts that are read at a time: each is a reference that is counted, until it is known to be the one before.
/// A page of which each repeats a long one is small.
pub(super) const TEXTS_AT_A_TIME: usize = 1 << 6;

/// Texts that are compared at a time, with rows that are in memory: none of them can be longer than there.
const COMPARED_AT_A_TIME: usize = 1 << 10;

/// How the physical values of a chunk are to be understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meaning {
    /// The kind of column wanted.
    pub(super) kind: KindOf,
    /// Nanoseconds in one unit of an integer timestamp.
    pub(super) unit_nanos: i64,
    /// Whether the chunk may hold nulls.
    pub(super) is_optional: bool,
    /// Whether whole numbers have no sign.
    pub(super) is_unsigned: bool,
    /// How many rows to pass over. A page that has no others is not unpacked.
    pub(super) skipped: usize,
    /// How many rows to read behind them.
    pub(super) rows: usize,
}

impl Meaning {
    /// Returns the number that 32 bits stand for.
    fn wide(self, value: i32) -> i64 {
        if self.is_unsigned {
            i64::from(value.cast_unsigned())
        } else {
            i64::from(value)
        }
    }
}

/// What is counted over all columns of a file.
#[derive(Debug)]
pub(super) struct Tally<'t> {
    /// Numbers that cannot be kept as they are.
    pub(super) inexact: &'t mut usize,
    /// How many more bytes texts may take.
    pub(super) texts_left: &'t mut u64,
}

/// Reads a chunk as a column, converting what other writers store in other types.
pub(super) fn read(
    reader: ColumnReader,
    meaning: Meaning,
    tally: &mut Tally<'_>,
) -> Result<Column, CodecError> {
    use ColumnReader as Reader;
    match (meaning.kind, reader) {
        (KindOf::Text, Reader::ByteArrayColumnReader(reader)) => {
            read_texts(reader, meaning, tally.texts_left).map(Column::Text)
        }
        (KindOf::Flag, Reader::BoolColumnReader(reader)) => {
            Ok(Column::Flag(chunk(reader, meaning)?.values()))
        }
        (KindOf::Time, reader) => read_times(reader, meaning).map(Column::Time),
        (KindOf::Int, reader) => read_ints(reader, meaning, tally.inexact).map(Column::Int),
        (KindOf::Float, reader) => read_floats(reader, meaning, tally.inexact).map(Column::Float),
        (kind, Reader::Int32ColumnReader(reader)) => {
            // A column whose every value is null is stored without a type, physically as 32-bit integers.
            let found: Chunk<i32> = chunk(reader, meaning)?;
            if !found.present.is_empty() {
                return Err(wrong_type());
            }
            Ok(Column::nulls(kind, found.rows()))
        }
        _ => Err(wrong_type()),
    }
}

fn read_times(reader: ColumnReader, meaning: Meaning) -> Result<Values<i64>, CodecError> {
    use ColumnReader as Reader;
    match reader {
        Reader::Int64ColumnReader(reader) => nanos(chunk(reader, meaning)?, meaning),
        Reader::Int32ColumnReader(reader) => nanos(chunk(reader, meaning)?.map(i64::from), meaning),
        Reader::Int96ColumnReader(reader) => {
            let found: Chunk<Int96> = chunk(reader, meaning)?;
            Ok(found.try_map(|value| int96_nanos(&value))?.values())
        }
        _ => Err(wrong_type()),
    }
}

fn read_ints(
    reader: ColumnReader,
    meaning: Meaning,
    inexact: &mut usize,
) -> Result<Values<i64>, CodecError> {
    use ColumnReader as Reader;
    Ok(match reader {
        Reader::Int64ColumnReader(reader) if meaning.is_unsigned => {
            let signed = |value: i64| i64::try_from(value.cast_unsigned()).ok();
            kept(&chunk(reader, meaning)?, inexact, signed)
        }
        Reader::Int64ColumnReader(reader) => chunk(reader, meaning)?.values(),
        Reader::Int32ColumnReader(reader) => {
            let wide = |value| meaning.wide(value);
            chunk(reader, meaning)?.map(wide).values()
        }
        Reader::DoubleColumnReader(reader) => whole(&chunk(reader, meaning)?, inexact),
        Reader::FloatColumnReader(reader) => {
            whole(&chunk(reader, meaning)?.map(f64::from), inexact)
        }
        _ => return Err(wrong_type()),
    })
}

fn read_floats(
    reader: ColumnReader,
    meaning: Meaning,
    inexact: &mut usize,
) -> Result<Values<f64>, CodecError> {
    use ColumnReader as Reader;
    Ok(match reader {
        Reader::DoubleColumnReader(reader) => chunk(reader, meaning)?.values(),
        Reader::FloatColumnReader(reader) => chunk(reader, meaning)?.map(f64::from).values(),
        Reader::Int64ColumnReader(reader) => {
            let widest = |value: i64| {
                if meaning.is_unsigned {
                    i128::from(value.cast_unsigned())
                } else {
                    i128::from(value)
                }
            };
            floating(&chunk(reader, meaning)?.map(widest), inexact)
        }
        Reader::Int32ColumnReader(reader) => {
            let widest = |value| i128::from(meaning.wide(value));
            floating(&chunk(reader, meaning)?.map(widest), inexact)
        }
        _ => return Err(wrong_type()),
    })
}

/// A column without a type may stand in for any, as long as it holds nothing.
fn wrong_type() -> CodecError {
    CodecError::foreign("a column has values of another type than it may have")
}

fn out_of_range() -> CodecError {
    CodecError::foreign("a date in it lies outside the years 1677 to 2262")
}

/// Returns values by `keep`, and counts those of which it keeps nothing.
fn kept<T: Copy + Default, U: Copy + Default>(
    chunk: &Chunk<T>,
    inexact: &mut usize,
    keep: impl Fn(T) -> Option<U>,
) -> Values<U> {
    let cells = chunk.cells().map(|cell| {
        let found = keep(cell?);
        *inexact += usize::from(found.is_none());
        found
    });
    cells.collect()
}

/// Returns floats that stand for whole numbers, rounded half to even; what stands for none at all is null. All but NaN are
/// counted if they are not the same number as before.
fn whole(chunk: &Chunk<f64>, inexact: &mut usize) -> Values<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let cells = chunk.cells().map(|cell| {
        let value = cell?;
        let is_inside = (-LIMIT..LIMIT).contains(&value);
        let is_same = is_inside && value.fract() == 0.0;
        *inexact += usize::from(!value.is_nan() && !is_same);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "integral and inside the range of i64, checked here"
        )]
        is_inside.then(|| value.round_ties_even() as i64)
    });
    cells.collect()
}

/// Returns prices that are stored as whole numbers, and counts those that a float cannot hold.
fn floating(chunk: &Chunk<i128>, inexact: &mut usize) -> Values<f64> {
    let cells = chunk.cells().map(|cell| {
        let value = cell?;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "what is lost is seen by going back, and counted"
        )]
        let (number, back) = (value as f64, value as f64 as i128);
        *inexact += usize::from(back != value);
        Some(number)
    });
    cells.collect()
}

/// Returns timestamps in nanoseconds. The least number of all is how some writers say that there is no date.
fn nanos(mut chunk: Chunk<i64>, meaning: Meaning) -> Result<Values<i64>, CodecError> {
    let mut is_inside = true;
    for time in &mut chunk.present {
        let nanos = time.checked_mul(meaning.unit_nanos);
        is_inside &= nanos.is_some_and(|nanos| nanos > i64::MIN);
        *time = nanos.unwrap_or_default();
    }
    if is_inside {
        Ok(chunk.values())
    } else {
        Err(out_of_range())
    }
}

/// Returns the nanoseconds since 1970 of a Julian day and the nanoseconds of that day.
fn int96_nanos(value: &Int96) -> Result<i64, CodecError> {
    const JULIAN_EPOCH: i64 = 2_440_588;
    let [low, high, day] = *value.data() else {
        return Err(out_of_range());
    };
    let of_day = (u64::from(high) << 32) | u64::from(low);
    if of_day >= time::DAY.unsigned_abs() {
        return Err(CodecError::foreign(
            "a date in it has a time of day beyond the day",
        ));
    }
    let days = i64::from(day.cast_signed()) - JULIAN_EPOCH;
    let nanos = i128::from(days) * i128::from(time::DAY) + i128::from(of_day);
    i64::try_from(nanos)
        .ok()
        .filter(|nanos| *nanos > i64::MIN)
        .ok_or_else(out_of_range)
}

fn read_texts(
    mut reader: ColumnReaderImpl<ByteArrayType>,
    meaning: Meaning,
    left: &mut u64,
) -> Result<Texts, CodecError> {
    let mut texts = Texts::same(None, 0);
    let mut last: Option<ByteArray> = None;
    skip(&mut reader, meaning.skipped)?;
    while texts.len() < meaning.rows {
        let rows = TEXTS_AT_A_TIME.min(meaning.rows - texts.len());
        let chunk = records(&mut reader, Meaning { rows, ..meaning })?;
        for cell in chunk.refs() {
            let text = cell.map(ByteArray::as_utf8).transpose();
            let text = text.map_err(|_| CodecError::foreign("a text in it is not UTF-8"))?;
            // Values of a dictionary lie in one place, whatever row they are of.
            let is_seen = |bytes: &ByteArray| {
                last.as_ref()
                    .is_some_and(|seen| std::ptr::eq(seen.data(), bytes.data()))
            };
            if let Some(bytes) = cell.filter(|bytes| !is_seen(bytes)) {
                *left = left
                    .checked_sub(bytes.len() as u64)
                    .ok_or_else(|| CodecError::foreign(TooLarge))?;
                last = Some(bytes.clone());
            }
            texts.push_str(text);
        }
    }
    Ok(texts)
}

/// Tells whether a chunk has the texts of a column from a row on.
pub(super) fn has_texts(
    mut reader: ColumnReaderImpl<ByteArrayType>,
    meaning: Meaning,
    texts: &Texts,
    from: usize,
) -> Result<bool, CodecError> {
    let (mut row, end) = (from, from.saturating_add(meaning.rows));
    while row < end {
        let rows = COMPARED_AT_A_TIME.min(end - row);
        let chunk = records(&mut reader, Meaning { rows, ..meaning })?;
        for cell in chunk.refs() {
            if cell.map(ByteArray::data) != texts.get(row).map(|text| text.as_bytes()) {
                return Ok(false);
            }
            row += 1;
        }
    }
    Ok(true)
}

/// What a column chunk holds, as Parquet has it.
struct Chunk<T> {
    /// The values of the rows that have one.
    present: Vec<T>,
    /// The definition level of each row, if some row is null.
    levels: Option<Vec<i16>>,
}

impl<T> Chunk<T> {
    fn rows(&self) -> usize {
        self.levels.as_ref().map_or(self.present.len(), Vec::len)
    }

    fn map<U>(self, convert: impl Fn(T) -> U) -> Chunk<U> {
        Chunk {
            present: self.present.into_iter().map(convert).collect(),
            levels: self.levels,
        }
    }

    fn try_map<U>(
        self,
        convert: impl Fn(T) -> Result<U, CodecError>,
    ) -> Result<Chunk<U>, CodecError> {
        let present: Result<Vec<U>, CodecError> = self.present.into_iter().map(convert).collect();
        Ok(Chunk {
            present: present?,
            levels: self.levels,
        })
    }

    /// Returns the value of each row in turn.
    fn refs(&self) -> impl Iterator<Item = Option<&T>> {
        let mut present = self.present.iter();
        (0..self.rows()).map(move |row| {
            let level = self.levels.as_ref().and_then(|levels| levels.get(row));
            level
                .is_none_or(|level| *level > 0)
                .then(|| present.next())
                .flatten()
        })
    }
}

impl<T: Copy + Default> Chunk<T> {
    fn cells(&self) -> impl Iterator<Item = Option<T>> {
        self.refs().map(Option::<&T>::copied)
    }

    fn values(self) -> Values<T> {
        match self.levels {
            None => Values::whole(self.present),
            Some(_) => self.cells().collect(),
        }
    }
}

/// Reads a chunk.
fn chunk<D: DataType>(
    mut reader: ColumnReaderImpl<D>,
    meaning: Meaning,
) -> Result<Chunk<D::T>, CodecError> {
    skip(&mut reader, meaning.skipped)?;
    records(&mut reader, meaning)
}

fn skip<D: DataType>(reader: &mut ColumnReaderImpl<D>, rows: usize) -> Result<(), CodecError> {
    if rows > 0 && reader.skip_records(rows)? < rows {
        return Err(fewer_rows());
    }
    Ok(())
}

fn fewer_rows() -> CodecError {
    CodecError::damaged("a column has fewer rows than its file")
}

/// Reads the next rows of a chunk.
fn records<D: DataType>(
    reader: &mut ColumnReaderImpl<D>,
    meaning: Meaning,
) -> Result<Chunk<D::T>, CodecError> {
    // How many rows there are is a claim of the file, and an allocation that fails ends the process.
    let mut present: Vec<D::T> = Vec::with_capacity(meaning.rows.min(MOST_RESERVED));
    let mut levels: Vec<i16> = Vec::new();
    let mut left = meaning.rows;
    while left > 0 {
        let levels = meaning.is_optional.then_some(&mut levels);
        let (records, _, _) = reader.read_records(left, levels, None, &mut present)?;
        if records == 0 {
            return Err(fewer_rows());
        }
        left -= records.min(left);
    }
    let has_nulls = meaning.is_optional && present.len() < levels.len();
    Ok(Chunk {
        present,
        levels: has_nulls.then_some(levels),
    })
}
