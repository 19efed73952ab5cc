//! Rows of any length as a Parquet file, written as they come: no more of them is in memory than one row group.
//!
//! Promises: values are those of the columns, bit for bit; times are microseconds. A file that `finish` did not end is none.
//! Leaves to others: files of the tree, which are sealed and read back (`encode`).

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use crate::frame::{Column, KindOf};
use crate::model::TimeUnit;

use super::encode::{Clock, schema_of};
use super::{CodecError, column_write};

/// Another name than that of the files of a tree: what is exported carries no seal.
const CREATED_BY: &str = "barkeep export";

/// One column of a file.
#[derive(Clone, Copy, Debug)]
pub struct StreamColumn<'n> {
    /// Its name.
    pub name: &'n str,
    /// What kind of values it holds.
    pub kind: KindOf,
    /// Which clock they are of, where they are times.
    pub clock: Clock,
}

/// A file that is being written.
pub struct StreamWriter<W: Write + Send>(SerializedFileWriter<W>);

impl<W: Write + Send> StreamWriter<W> {
    /// Begins a file that says these facts at its end.
    ///
    /// # Errors
    /// When `out` takes nothing.
    pub fn new(
        out: W,
        columns: &[StreamColumn<'_>],
        facts: &[(String, String)],
    ) -> Result<Self, CodecError> {
        let fields = columns.iter().map(|c| (c.name, c.kind, c.clock));
        let schema = schema_of(fields, TimeUnit::Micros).map_err(CodecError::not_faithful)?;
        let facts = facts
            .iter()
            .map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        let mut properties = WriterProperties::builder()
            .set_created_by(CREATED_BY.to_owned())
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_max_row_group_row_count(None)
            .set_key_value_metadata(Some(facts.collect()))
            .set_dictionary_enabled(false);
        for column in columns {
            let path = ColumnPath::new(vec![column.name.to_owned()]);
            properties = match column.kind {
                KindOf::Text => properties.set_column_dictionary_enabled(path, true),
                KindOf::Int | KindOf::Time => {
                    properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
                }
                KindOf::Float | KindOf::Flag => properties,
            };
        }
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties.build()));
        writer.map(Self).map_err(CodecError::not_faithful)
    }

    /// Writes a row group; the columns are those of the file, of one length.
    ///
    /// # Errors
    /// `TooFine` when a time is none of whole microseconds; else when `out` takes no more.
    pub fn write(&mut self, columns: &[Column]) -> Result<(), CodecError> {
        let rows = columns.first().map_or(0, Column::len);
        let mut group = self.0.next_row_group().map_err(CodecError::not_faithful)?;
        for column in columns {
            if let Some(mut chunk) = group.next_column().map_err(CodecError::not_faithful)? {
                column_write::write(chunk.untyped(), column, 0..rows, TimeUnit::Micros)?;
                chunk.close().map_err(CodecError::not_faithful)?;
            }
        }
        group.close().map(drop).map_err(CodecError::not_faithful)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn finish(self) -> Result<(), CodecError> {
        self.0.close().map(drop).map_err(CodecError::not_faithful)
    }
}

impl<W: Write + Send> std::fmt::Debug for StreamWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamWriter").finish_non_exhaustive()
    }
}
