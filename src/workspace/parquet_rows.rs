//! Parquet files of others, decoded with the codec of the store.

use bytes::Bytes;

use crate::codec::{self, MemoryLimit};
use crate::frame::{self, Bar, Cell, Column, Profile, Volume};
use crate::model::{Dataset, Ticker};
use crate::source::files::{ParquetBars, ParquetRows};

/// Decodes Parquet files of others with the codec of the store.
#[derive(Debug)]
pub(super) struct CodecRows(pub(super) MemoryLimit);

impl ParquetRows for CodecRows {
    fn rows(&self, bytes: Vec<u8>, ticker: &Ticker) -> Result<ParquetBars, String> {
        let profile = Profile::of(Dataset::Stocks);
        let decoded = codec::decode_within(&Bytes::from(bytes), profile, self.0)
            .map_err(|error| error.to_string())?;
        let frame = decoded.ordered.frame;
        let owners = frame.owners();
        if let [other] = owners.as_slice()
            && **other != *ticker.as_str()
        {
            return Err(format!("it holds rows of {other}"));
        }
        // Rows without a place go along: the run that stores the others puts them into quarantine.
        let displaced = decoded
            .ordered
            .displaced
            .iter()
            .map(|row| row.values.as_slice());
        let mut bars: Vec<Bar> = displaced
            .filter(|row| is_owned(row, 0, ticker))
            .map(bar)
            .collect();
        let rows = frame::bars_of(&frame).enumerate();
        bars.extend(
            rows.filter(|(row, _)| is_owned(frame.columns(), *row, ticker))
                .map(|(_, bar)| bar),
        );
        Ok(ParquetBars {
            bars,
            inexact: decoded.inexact,
        })
    }

    fn most_bytes(&self) -> u64 {
        self.0.0
    }
}

/// Tells whether a row names the ticker.
fn is_owned(columns: &[Column], row: usize, ticker: &Ticker) -> bool {
    let owner = columns
        .first()
        .map_or(Cell::Null, |column| column.cell(row));
    matches!(owner, Cell::Text(text) if text == ticker.as_str())
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
        volume: whole(6).map(Volume::Units),
        sequence: whole(7),
    }
}
