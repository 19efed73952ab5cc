//! The fingerprint of rows: their canonical bytes, digested.
//!
//! The byte form is documented in `docs/format.md` so that twenty lines of any language recompute it: rows in
//! key order, columns in profile order, each value one tag byte (0 null, 1 value) and then text as
//! little-endian u32 length and UTF-8, whole numbers and times (nanoseconds) as i64 little-endian, floats as
//! their IEEE 754 bits little-endian, truth values as one byte.

use crate::model::{DigestWriter, Fingerprint};

use super::{Cell, Frame};

const BUFFER_BYTES: usize = 64 * 1024;

impl Frame {
    /// Returns the fingerprint of the rows, which does not depend on files, units, codecs or row groups.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut digest = DigestWriter::default();
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + 1024);
        for row in 0..self.rows {
            for column in &self.columns {
                push(&mut buffer, column.cell(row));
            }
            if buffer.len() >= BUFFER_BYTES {
                digest.write(&buffer);
                buffer.clear();
            }
        }
        digest.write(&buffer);
        Fingerprint {
            rows: self.rows as u64,
            digest: digest.finish(),
        }
    }
}

fn push(buffer: &mut Vec<u8>, cell: Cell<'_>) {
    buffer.push(u8::from(!matches!(cell, Cell::Null)));
    match cell {
        Cell::Null => {}
        Cell::Text(text) => {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            buffer.extend_from_slice(&length.to_le_bytes());
            buffer.extend_from_slice(text.as_bytes());
        }
        Cell::Int(number) | Cell::Time(number) => buffer.extend_from_slice(&number.to_le_bytes()),
        Cell::Float(number) => buffer.extend_from_slice(&number.to_bits().to_le_bytes()),
        Cell::Flag(flag) => buffer.push(u8::from(flag)),
    }
}
