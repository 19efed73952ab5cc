//! Files of many series, for readers that scan them.
//!
//! Promises: as `encode` does, for the columns of the profile; beside them stands a column of instants. Row groups end where
//! the rows of a series do, unless one series fills several; every page has its statistics.

use std::num::NonZeroUsize;
use std::ops::Range;

use parquet::basic::Encoding;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::encode::{Clock, columns_of, page_compression, proven, schema_of};
use super::file_write::FileWriter;
use super::{CodecError, Compression, Encoded, footer, seal};
use crate::frame::{Column, Frame, KindOf, Values};
use crate::model::{Provenance, TimeUnit};

/// The fewest rows that are worth a row group.
const FEWEST_ROWS: usize = 8 << 10;
/// The most rows of a row group.
const MOST_ROWS: usize = 128 << 10;
/// How many rows a page has at most, so that a reader of a few of them need not unpack all.
const PAGE_ROWS: usize = 8 << 10;

/// How a file for scans is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Scans<'s> {
    /// The name of the column of instants.
    pub instants: &'s str,
    /// Whether prices repeat so often that naming each once pays: within minutes, not within adjusted days.
    pub has_repeating_prices: bool,
    /// How pages are compressed.
    pub compression: Compression,
}

/// Encodes rows of many series, in microseconds, with an instant for each row.
///
/// # Errors
/// As `encode`.
pub fn encode_for_scans(
    frame: &Frame,
    instants: Values<i64>,
    scans: Scans<'_>,
) -> Result<Encoded, CodecError> {
    let fingerprint = frame.fingerprint();
    let provenance = Provenance::default();
    let unit = TimeUnit::Micros;
    let instants_column = [(scans.instants, KindOf::Time, Clock::Utc)];
    let columns = columns_of(frame.profile()).chain(instants_column);
    let schema = schema_of(columns, unit).map_err(CodecError::not_faithful)?;
    let mut writer = FileWriter::new(schema, properties(frame, scans), unit)?;
    let instants = Column::Time(instants);
    for rows in row_groups(frame) {
        writer.append(frame.columns().iter().chain([&instants]), rows)?;
    }
    let entries = footer::entries(frame.version(), &provenance, &fingerprint);
    let bytes = seal::sealed(writer.finish(entries)?)?;
    proven(bytes, frame, &provenance, fingerprint)
}

/// Returns the rows of each row group.
fn row_groups(frame: &Frame) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut start = 0;
    for series in frame.series() {
        let is_large = series.len() >= FEWEST_ROWS;
        if is_large && start < series.start {
            groups.push(start..series.start);
            start = series.start;
        }
        while series.end - start >= FEWEST_ROWS {
            let end = series.end.min(start + MOST_ROWS);
            groups.push(start..end);
            start = end;
        }
    }
    if start < frame.len() {
        groups.push(start..frame.len());
    }
    groups
}

fn properties(frame: &Frame, scans: Scans<'_>) -> WriterProperties {
    let profile = frame.profile();
    let most = NonZeroUsize::new(PAGE_ROWS).map_or(1, NonZeroUsize::get);
    let mut properties = WriterProperties::builder()
        .set_created_by(footer::CREATED_BY.to_owned())
        .set_compression(page_compression(scans.compression))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_data_page_row_count_limit(most)
        .set_max_row_group_row_count(None)
        .set_dictionary_enabled(false);
    let columns = profile.columns.iter().map(|spec| (spec.name, spec.kind));
    for (name, kind) in columns.chain([(scans.instants, KindOf::Time)]) {
        let path = ColumnPath::from(name);
        properties = match kind {
            KindOf::Text => properties.set_column_dictionary_enabled(path, true),
            KindOf::Float => {
                properties.set_column_dictionary_enabled(path, scans.has_repeating_prices)
            }
            KindOf::Int | KindOf::Time => {
                properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
            }
            KindOf::Flag => properties,
        };
    }
    properties.build()
}
