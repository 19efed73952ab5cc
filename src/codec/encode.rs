//! From a frame to the bytes of a Parquet file.
//!
//! Promises: equal rows with equal facts are equal bytes, and the bytes are decoded and compared before they are handed
//! out. Leaves to others: where they go (`storage`).

use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{
    Compression as PageCompression, ConvertedType, Encoding, GzipLevel, LogicalType, Repetition,
    TimeUnit as ParquetUnit, Type as PhysicalType,
};
use parquet::errors::ParquetError;
use parquet::file::properties::{
    DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT, EnabledStatistics, WriterProperties,
};
use parquet::schema::types::{ColumnPath, Type, TypePtr};

use crate::frame::{Column, Frame, KindOf, Profile};
use crate::model::{Dataset, Digest, Fingerprint, Provenance, TimeUnit};

use super::file_write::FileWriter;
use super::{CodecError, decode, footer, packed, seal};

/// The column of volumes.
const VOLUME: &str = "volume";
/// The column of row numbers.
const SEQUENCE: &str = "sequence";
/// Rows of a row group, where nobody says how many.
const ROW_GROUP_ROWS: usize = 1 << 20;
/// Of trades, of which one row is as wide as ten bars: who reads or checks a day has a group of them in memory at a time.
const ROW_GROUP_TRADES: usize = 1 << 16;

/// The newest rows of a long file, two sessions of minutes and more, have a page of their own: who asks for the last days need
/// not unpack a month of them.
const NEWEST_ROWS: usize = 1 << 10;

/// How pages are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// Snappy: fastest on files of few rows.
    #[default]
    Snappy,
    /// Zstandard, level 3: smallest on minute bars.
    Zstd,
    /// Gzip, as the predecessor wrote.
    Gzip,
}

/// What a file says beside its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The unit of timestamps, which is that of the tree.
    pub unit: TimeUnit,
    /// Zone, price basis and origin.
    pub provenance: Provenance,
    /// How pages are compressed.
    pub compression: Compression,
    /// How many rows a row group has at most; `None` for as many as suit a scan.
    pub row_group_rows: Option<NonZeroUsize>,
}

/// A file's bytes, proven to hold the frame they were made from.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The whole file.
    pub bytes: Bytes,
    /// SHA-256 of the whole file.
    pub digest: Digest,
    /// The fingerprint of its rows.
    pub fingerprint: Fingerprint,
}

/// Encodes a frame, seals the file, decodes it again and compares.
///
/// # Errors
/// When a timestamp is finer than the tree's unit, or the result is not faithful, which is a bug.
pub fn encode(frame: &Frame, facts: &Facts) -> Result<Encoded, CodecError> {
    let fingerprint = frame.fingerprint();
    let bytes = seal::sealed(write(frame, facts, &fingerprint)?)?;
    proven(bytes, frame, &facts.provenance, fingerprint)
}

/// Returns bytes that were decoded and compared with what they are to hold.
pub(super) fn proven(
    bytes: Bytes,
    frame: &Frame,
    provenance: &Provenance,
    fingerprint: Fingerprint,
) -> Result<Encoded, CodecError> {
    let is_faithful = decode::holds(&bytes, frame, provenance, fingerprint.digest)
        .map_err(CodecError::not_faithful)?;
    if !is_faithful {
        return Err(CodecError::not_faithful("the rows differ"));
    }
    Ok(Encoded {
        digest: Digest::of(&bytes),
        bytes,
        fingerprint,
    })
}

fn write(frame: &Frame, facts: &Facts, fingerprint: &Fingerprint) -> Result<Vec<u8>, CodecError> {
    let profile = frame.profile();
    let schema = schema_of(columns_of(profile), facts.unit).map_err(CodecError::not_faithful)?;
    let properties = properties(frame, facts.compression);
    let mut writer = FileWriter::new(schema, properties, facts.unit)?;
    let suited = match profile.dataset {
        Dataset::Trades => ROW_GROUP_TRADES,
        _ => ROW_GROUP_ROWS,
    };
    let most = facts.row_group_rows.map_or(suited, NonZeroUsize::get);
    for start in (0..frame.len()).step_by(most) {
        let end = start.saturating_add(most).min(frame.len());
        writer.append(frame.columns().iter(), start..end)?;
    }
    let entries = footer::entries(frame.version(), &facts.provenance, fingerprint);
    writer.finish(entries)
}

/// Returns the columns of a profile, as `schema_of` takes them.
pub(super) fn columns_of<'n>(
    profile: &'static Profile,
) -> impl Iterator<Item = (&'n str, KindOf, Clock)> {
    let columns = profile.columns.iter();
    columns.map(|spec| (spec.name, spec.kind, Clock::OfExchange))
}

/// Which clock times are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// That on the wall of an exchange.
    OfExchange,
    /// UTC: they are instants.
    Utc,
}

/// Returns the schema of columns of these names and kinds. Every one is optional, as in the predecessor's files.
pub(super) fn schema_of<'n>(
    columns: impl Iterator<Item = (&'n str, KindOf, Clock)>,
    unit: TimeUnit,
) -> Result<TypePtr, ParquetError> {
    let fields = columns.map(|(name, kind, clock)| {
        let (physical, logical) = match kind {
            KindOf::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
            KindOf::Int => (PhysicalType::INT64, None),
            KindOf::Float => (PhysicalType::DOUBLE, None),
            KindOf::Time => (PhysicalType::INT64, Some(timestamp(unit, clock))),
            KindOf::Flag => (PhysicalType::BOOLEAN, None),
        };
        let field = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_converted_type(ConvertedType::NONE)
            .with_logical_type(logical);
        field.build().map(Arc::new)
    });
    let fields: Result<Vec<TypePtr>, ParquetError> = fields.collect();
    Type::group_type_builder("schema")
        .with_fields(fields?)
        .build()
        .map(Arc::new)
}

fn timestamp(unit: TimeUnit, clock: Clock) -> LogicalType {
    let unit = match unit {
        TimeUnit::Millis => ParquetUnit::MILLIS,
        TimeUnit::Micros => ParquetUnit::MICROS,
        TimeUnit::Nanos => ParquetUnit::NANOS,
    };
    LogicalType::timestamp(clock == Clock::Utc, unit)
}

pub(super) fn page_compression(compression: Compression) -> PageCompression {
    match compression {
        Compression::None => PageCompression::UNCOMPRESSED,
        Compression::Snappy => PageCompression::SNAPPY,
        Compression::Zstd => packed::compression(),
        Compression::Gzip => PageCompression::GZIP(GzipLevel::default()),
    }
}

/// Small files are mostly footer: one statistic a chunk, and none of prices, volumes and row numbers, which no query skips
/// months by; a dictionary only where values repeat.
fn properties(frame: &Frame, compression: Compression) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by(footer::CREATED_BY.to_owned())
        .set_compression(page_compression(compression))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(None)
        .set_dictionary_enabled(false);
    let profile = frame.profile();
    let older = frame.len().saturating_sub(NEWEST_ROWS);
    if profile.dataset != Dataset::Trades
        && (NEWEST_ROWS..=DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT).contains(&older)
    {
        properties = properties
            .set_write_batch_size(older)
            .set_data_page_row_count_limit(older);
    }
    for (at, (spec, column)) in profile.columns.iter().zip(frame.columns()).enumerate() {
        let path = ColumnPath::from(spec.name);
        // Nearly nothing is left of them, and a context of the compressor would cost more than all of it.
        if profile.owner == Some(at) || spec.name == SEQUENCE {
            properties = properties
                .set_column_compression(ColumnPath::from(spec.name), PageCompression::UNCOMPRESSED);
        }
        properties = match spec.kind {
            KindOf::Text => properties.set_column_dictionary_enabled(path, true),
            KindOf::Int | KindOf::Time => {
                properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
            }
            KindOf::Float | KindOf::Flag => properties,
        };
        // Of row numbers only one thing is worth saying: that there are none.
        let is_numbered = spec.name == SEQUENCE && *column != Column::nulls(spec.kind, frame.len());
        if spec.kind == KindOf::Float || spec.name == VOLUME || is_numbered {
            let path = ColumnPath::from(spec.name);
            properties = properties.set_column_statistics_enabled(path, EnabledStatistics::None);
        }
    }
    properties.build()
}

#[cfg(test)]
mod tests {
    use crate::frame::{Cell, Trade, rows_of_trades};

    use super::*;

    fn trades() -> Frame {
        let trade = |row: u16| Trade {
            isin: format!("DE{}", row % 3).into(),
            trans_id: format!("{row}").into(),
            tick_id: (!row.is_multiple_of(4)).then_some(row.into()),
            price: (!row.is_multiple_of(5)).then_some(f64::from(row)),
            currency: row.is_multiple_of(2).then(|| "EUR".into()),
            algo_indicator: (!row.is_multiple_of(3)).then_some(row.is_multiple_of(2)),
            trade_time: i64::from(row) * 1_000,
            modification_flag: "-".into(),
            ..Trade::default()
        };
        rows_of_trades(&(0..40).map(trade).collect::<Vec<_>>()).frame
    }

    /// The same rows, of which one has another value in one column.
    fn changed(frame: &Frame, row: usize, at: usize) -> Frame {
        let mut columns = frame.columns().to_vec();
        let other = match columns[at].cell(row) {
            Cell::Null => None,
            _ => Some(()),
        };
        columns[at] = match (columns[at].clone(), other) {
            (Column::Text(mut texts), _) => {
                texts.put(row, Some("another".into()));
                Column::Text(texts)
            }
            (Column::Int(mut values), other) => {
                values.put(row, other.is_none().then_some(0));
                Column::Int(values)
            }
            (Column::Time(mut values), _) => {
                values.put(row, values.get(row).map(|time| time + 1));
                Column::Time(values)
            }
            (Column::Float(mut values), other) => {
                values.put(row, other.map_or(Some(0.0), |()| Some(-0.0)));
                Column::Float(values)
            }
            (Column::Flag(mut values), other) => {
                values.put(row, other.is_none().then_some(false));
                Column::Flag(values)
            }
        };
        Frame::ordered(frame.profile(), columns).frame
    }

    /// Whichever value of a file is another one than the rows have, its bytes are not handed out.
    #[test]
    fn a_file_that_differs_in_one_value_from_its_rows_is_refused() {
        let frame = trades();
        for row_group_rows in [None, NonZeroUsize::new(16)] {
            let facts = Facts {
                compression: Compression::Zstd,
                row_group_rows,
                ..Facts::default()
            };
            let encoded = encode(&frame, &facts).unwrap();
            let is_proven = |rows: &Frame| {
                let bytes = encoded.bytes.clone();
                proven(bytes, rows, &facts.provenance, encoded.fingerprint).is_ok()
            };
            assert!(is_proven(&frame));
            for at in 0..frame.columns().len() {
                for row in [0, 15, 16, 39] {
                    let changed = changed(&frame, row, at);
                    assert_eq!(changed.len(), frame.len());
                    assert!(!is_proven(&changed), "column {at}, row {row}");
                }
            }
            let fewer: Vec<usize> = (0..39).collect();
            assert!(!is_proven(&frame.take(&fewer)));
        }
    }

    /// Readers take from the footer what all rows have, others from the pages, and what is handed out must be right for both.
    #[test]
    fn a_text_that_all_rows_have_is_proven_in_the_pages_and_in_the_footer() {
        let trade = |row: i64| Trade {
            isin: "ALONE".into(),
            trans_id: format!("{row}").into(),
            trade_time: row,
            ..Trade::default()
        };
        let frame = rows_of_trades(&(0..3).map(trade).collect::<Vec<_>>()).frame;
        let (facts, fingerprint) = (Facts::default(), frame.fingerprint());
        let written = write(&frame, &facts, &fingerprint).unwrap();
        let places: Vec<usize> = (0..written.len() - 4)
            .filter(|at| written[*at..].starts_with(b"ALONE"))
            .collect();
        let [page, least, greatest] = places[..] else {
            panic!("{places:?}");
        };

        for (others, is_faithful) in [
            (vec![], true),
            (vec![page], false),
            (vec![least, greatest], false),
        ] {
            let mut bytes = written.clone();
            for place in &others {
                bytes[*place..place + 5].copy_from_slice(b"OTHER");
            }
            seal::close(&mut bytes).unwrap();

            let proof = proven(bytes.into(), &frame, &facts.provenance, fingerprint);

            assert_eq!(proof.is_ok(), is_faithful, "{others:?}");
        }
    }

    /// The digest is what later readers compare instead of the rows.
    #[test]
    fn a_file_that_says_another_digest_of_its_rows_is_refused() {
        let (frame, facts) = (trades(), Facts::default());
        let encoded = encode(&frame, &facts).unwrap();
        let other = frame.take(&[0]).fingerprint();

        assert!(proven(encoded.bytes, &frame, &facts.provenance, other).is_err());
    }
}
