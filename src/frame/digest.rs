//! The fingerprint of rows: their canonical bytes, digested.
//!
//! The byte form is documented in `docs/format.md` so that twenty lines of any language recompute it: rows in
//! key order, columns in profile order, each value one tag byte (0 null, 1 value) and then text as
//! little-endian u32 length and UTF-8, whole numbers and times (nanoseconds) as i64 little-endian, floats as
//! their IEEE 754 bits little-endian, truth values as one byte. A column that came to its profile later is left out where no
//! row has a value in it, so that rows of before have the fingerprint that they had.

use std::ops::Range;

use crate::model::{DigestWriter, Fingerprint};

use super::{Cell, Column, Frame, Part};

/// Rows that are written at a time.
const BLOCK_ROWS: usize = 1024;

/// Returns the fingerprint of rows that are cut into frames which follow one another.
pub fn fingerprint_of(parts: &[Frame]) -> Fingerprint {
    let mut digest = DigestWriter::default();
    let mut buffer = Vec::new();
    let counted = parts.iter().map(Frame::counted).max().unwrap_or_default();
    for part in parts {
        let columns = part.columns();
        let columns = columns.get(..counted).unwrap_or(columns);
        for start in (0..part.len()).step_by(BLOCK_ROWS) {
            let rows = start..(start + BLOCK_ROWS).min(part.len());
            if !write_even(columns, rows.clone(), &mut buffer) {
                buffer.clear();
                write_uneven(columns, rows, &mut buffer);
            }
            digest.write(&buffer);
        }
    }
    Fingerprint {
        rows: parts.iter().map(|part| part.len() as u64).sum(),
        digest: digest.finish(),
    }
}

/// Writes rows column by column, if the values of each column have one width; `false` when they have not.
///
/// Nearly all blocks are like that: one text, no nulls or nothing but nulls. It is several times faster.
fn write_even(columns: &[Column], rows: Range<usize>, buffer: &mut Vec<u8>) -> bool {
    let Some(forms) = columns
        .iter()
        .map(|column| Even::of(column, rows.clone()))
        .collect::<Option<Vec<Even<'_>>>>()
    else {
        return false;
    };
    let stride: usize = forms.iter().map(Even::width).sum();
    // Every byte is written below, so what is left of the block before need not be cleared.
    buffer.resize(stride * rows.len(), 0);
    let mut offset = 0;
    for form in &forms {
        let width = form.width();
        let places = buffer
            .chunks_exact_mut(stride)
            .filter_map(|row| row.get_mut(offset..offset + width));
        match form {
            Even::Null => places.for_each(|place| place.fill(0)),
            Even::Text(form) => places.for_each(|place| place.copy_from_slice(form)),
            Even::Whole(values) => places
                .zip(*values)
                .for_each(|(place, value)| eight(place, *value)),
            Even::Float(values) => places.zip(*values).for_each(|(place, value)| {
                eight(place, value.to_bits().cast_signed());
            }),
        }
        offset += width;
    }
    true
}

/// Values of one width.
enum Even<'c> {
    Null,
    Text(Vec<u8>),
    Whole(&'c [i64]),
    Float(&'c [f64]),
}

impl<'c> Even<'c> {
    fn of(column: &'c Column, rows: Range<usize>) -> Option<Self> {
        match column {
            Column::Text(texts) => texts.same_in(rows).map(|text| Self::Text(form_of(text))),
            Column::Int(values) | Column::Time(values) => {
                Self::of_values(values.part(rows), Self::Whole)
            }
            Column::Float(values) => Self::of_values(values.part(rows), Self::Float),
            Column::Flag(_) => None,
        }
    }

    fn of_values<T: Copy>(part: Part<'c, T>, form: fn(&'c [T]) -> Self) -> Option<Self> {
        match part.as_whole() {
            Some(values) => Some(form(values)),
            None => part.is_null().then_some(Self::Null),
        }
    }

    fn width(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Text(form) => form.len(),
            Self::Whole(_) | Self::Float(_) => 9,
        }
    }
}

fn eight(place: &mut [u8], value: i64) {
    if let [tag, bytes @ ..] = place {
        *tag = 1;
        bytes.copy_from_slice(&value.to_le_bytes());
    }
}

/// Writes rows one after the other, whatever they are.
fn write_uneven(columns: &[Column], rows: Range<usize>, buffer: &mut Vec<u8>) {
    let form = |column| (Even::of(column, rows.clone()), column);
    let forms: Vec<(Option<Even<'_>>, &Column)> = columns.iter().map(form).collect();
    for (at, row) in rows.clone().enumerate() {
        for (form, column) in &forms {
            match form {
                Some(Even::Null) => buffer.push(0),
                Some(Even::Text(form)) => buffer.extend_from_slice(form),
                Some(Even::Whole(values)) => put_eight(buffer, values.get(at).copied()),
                Some(Even::Float(values)) => {
                    let bits = values.get(at).map(|value| value.to_bits().cast_signed());
                    put_eight(buffer, bits);
                }
                None => put_cell(buffer, column.cell(row)),
            }
        }
    }
}

fn put_cell(buffer: &mut Vec<u8>, cell: Cell<'_>) {
    match cell {
        Cell::Null => buffer.push(0),
        Cell::Text(text) => put_text(buffer, text),
        Cell::Int(number) | Cell::Time(number) => put_eight(buffer, Some(number)),
        Cell::Float(number) => put_eight(buffer, Some(number.to_bits().cast_signed())),
        Cell::Flag(flag) => buffer.extend_from_slice(&[1, u8::from(flag)]),
    }
}

fn put_eight(buffer: &mut Vec<u8>, value: Option<i64>) {
    let mut form = [0; 9];
    if let Some(value) = value {
        eight(&mut form, value);
        buffer.extend_from_slice(&form);
    } else {
        buffer.push(0);
    }
}

fn form_of(text: &str) -> Vec<u8> {
    let mut form = Vec::new();
    put_text(&mut form, text);
    form
}

fn put_text(buffer: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    buffer.push(1);
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn columns(
        text: [Option<&str>; 3],
        float: [Option<f64>; 3],
        int: [Option<i64>; 3],
    ) -> Vec<Column> {
        vec![
            Column::Text(text.map(|text| text.map(Arc::from)).into_iter().collect()),
            Column::Float(float.into_iter().collect()),
            Column::Int(int.into_iter().collect()),
        ]
    }

    #[test]
    fn every_way_of_writing_writes_the_same() {
        let texts = [
            [Some("A"); 3],
            [Some("A"), Some("AB"), Some("A")],
            [None; 3],
        ];
        let floats = [
            [Some(-0.0), Some(f64::NAN), Some(1.5)],
            [None; 3],
            [Some(1.0), None, Some(0.0)],
        ];
        let ints = [
            [Some(i64::MIN), Some(-1), Some(1)],
            [None; 3],
            [None, Some(2), None],
        ];
        let mut even = 0;
        for text in texts {
            for float in floats {
                for int in ints {
                    let columns = columns(text, float, int);
                    for rows in [0..3, 1..2, 1..3] {
                        let (mut fast, mut plain) = (Vec::new(), Vec::new());
                        for row in rows.clone() {
                            let cells = columns.iter().map(|column| column.cell(row));
                            cells.for_each(|cell| put_cell(&mut plain, cell));
                        }
                        write_uneven(&columns, rows.clone(), &mut fast);
                        assert_eq!(fast, plain);
                        fast.clear();
                        if write_even(&columns, rows, &mut fast) {
                            even += 1;
                            assert_eq!(fast, plain);
                        }
                    }
                }
            }
        }
        assert!(even > 20, "{even} blocks were even");
    }
}
