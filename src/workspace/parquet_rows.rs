//! Parquet files of others, decoded with the codec of the store.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::codec::{self, MemoryLimit, TimeKind};
use crate::frame::{self, Bar, Cell, Column, Profile, Volume};
use crate::model::Dataset;
use crate::source::files::{
    ParquetBars, ParquetColumn, ParquetFile, ParquetNames, ParquetRows, ParquetTime,
};

/// Decodes Parquet files of others with the codec of the store.
#[derive(Debug)]
pub(super) struct CodecRows(pub(super) MemoryLimit);

impl ParquetRows for CodecRows {
    fn open(&self, bytes: Vec<u8>) -> Result<Box<dyn ParquetFile>, String> {
        let bytes = Bytes::from(bytes);
        let names = codec::names(&bytes, self.0).map_err(|error| error.to_string())?;
        Ok(Box::new(CodecFile {
            bytes,
            names: ParquetNames {
                columns: names.columns,
                instants: names.instants,
                pandas: names.pandas,
            },
            limit: self.0,
        }))
    }

    fn most_bytes(&self) -> u64 {
        self.0.0
    }
}

struct CodecFile {
    bytes: Bytes,
    names: ParquetNames,
    limit: MemoryLimit,
}

impl ParquetFile for CodecFile {
    fn names(&self) -> &ParquetNames {
        &self.names
    }

    fn bars(&self) -> Result<ParquetBars, String> {
        let profile = Profile::of(Dataset::Stocks);
        let decoded = codec::decode_within(&self.bytes, profile, self.limit)
            .map_err(|error| error.to_string())?;
        let frame = decoded.ordered.frame;
        let mut owners: BTreeMap<String, Vec<Bar>> = BTreeMap::new();
        let mut add = |owner: String, bar: Bar| owners.entry(owner).or_default().push(bar);
        // Rows without a place go along: the run that stores the others puts them into quarantine.
        for row in &decoded.ordered.displaced {
            add(owner(&row.values, 0), bar(&row.values));
        }
        for (row, bar) in frame::bars_of(&frame).enumerate() {
            add(owner(frame.columns(), row), bar);
        }
        Ok(ParquetBars {
            owners: owners.into_iter().collect(),
            inexact: decoded.inexact,
        })
    }

    fn columns(&self, places: &[usize]) -> Result<Vec<ParquetColumn>, String> {
        let found = codec::read_named(&self.bytes, places, self.limit)
            .map_err(|error| error.to_string())?;
        let column = |found: codec::NamedColumn| ParquetColumn {
            column: found.column,
            time: found.time.map(|kind| match kind {
                TimeKind::Wall => ParquetTime::Wall,
                TimeKind::Instant => ParquetTime::Instant,
                TimeKind::Day => ParquetTime::Day,
            }),
        };
        Ok(found.into_iter().map(column).collect())
    }
}

/// Returns the ticker that a row names; an empty text when it names none.
fn owner(columns: &[Column], row: usize) -> String {
    match columns
        .first()
        .map_or(Cell::Null, |column| column.cell(row))
    {
        Cell::Text(text) => text.to_owned(),
        _ => String::new(),
    }
}

/// Returns the bar that one-row columns hold, in the order of the bar profile.
fn bar(columns: &[Column]) -> Bar {
    let cell = |at: usize| columns.get(at).map_or(Cell::Null, |column| column.cell(0));
    let whole = |at| match cell(at) {
        Cell::Int(value) | Cell::Time(value) => Some(value),
        _ => None,
    };
    let price = |at| {
        if let Cell::Float(value) = cell(at) {
            Some(value)
        } else {
            None
        }
    };
    Bar {
        date: whole(1),
        open: price(2),
        high: price(3),
        low: price(4),
        close: price(5),
        volume: match cell(6) {
            // Of bars made of trades.
            Cell::Float(units) => Some(Volume::from(units)),
            _ => whole(6).map(Volume::Units),
        },
        sequence: whole(7),
    }
}
