//! A file in the making: groups of rows, and what its footer says.
//!
//! Promises: a column of the profile is missing in no group. Leaves to others: how pages are laid out and packed, and seal and
//! proof of what came out (`encode`, `scans`).

use std::ops::Range;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescPtr, TypePtr};

use crate::frame::Column;
use crate::model::TimeUnit;

use super::{CodecError, column_write, packed};

/// Writes a file into memory.
pub(super) struct FileWriter {
    file: SerializedFileWriter<Vec<u8>>,
    columns: Vec<ColumnDescPtr>,
    properties: WriterPropertiesPtr,
    /// The same without compression, for columns whose pages are packed here.
    plain: WriterPropertiesPtr,
    unit: TimeUnit,
}

impl FileWriter {
    /// Begins a file whose times have a unit.
    pub(super) fn new(
        schema: TypePtr,
        properties: WriterProperties,
        unit: TimeUnit,
    ) -> Result<Self, CodecError> {
        let plain = properties.clone().into_builder();
        let plain = plain.set_compression(Compression::UNCOMPRESSED).build();
        let properties = Arc::new(properties);
        let bytes = Vec::with_capacity(16 * 1024);
        let file = SerializedFileWriter::new(bytes, schema, Arc::clone(&properties))
            .map_err(CodecError::not_faithful)?;
        Ok(Self {
            columns: file.schema_descr().columns().to_vec(),
            file,
            properties,
            plain: Arc::new(plain),
            unit,
        })
    }

    /// Appends some rows as one group.
    pub(super) fn append<'c>(
        &mut self,
        columns: impl Iterator<Item = &'c Column>,
        rows: Range<usize>,
    ) -> Result<(), CodecError> {
        let mut group = self
            .file
            .next_row_group()
            .map_err(CodecError::not_faithful)?;
        for (column, described) in columns.zip(&self.columns) {
            let fill = |chunk: &mut ColumnWriter<'_>| {
                column_write::write(chunk, column, rows.clone(), self.unit)
            };
            if self.properties.compression(described.path()) == packed::compression() {
                let (bytes, closed) =
                    packed::chunk(Arc::clone(described), Arc::clone(&self.plain), fill)?;
                group
                    .append_column(&bytes, closed)
                    .map_err(CodecError::not_faithful)?;
                continue;
            }
            let chunk = group.next_column().map_err(CodecError::not_faithful)?;
            let mut chunk =
                chunk.ok_or_else(|| CodecError::not_faithful("the schema has too few columns"))?;
            fill(chunk.untyped())?;
            chunk.close().map_err(CodecError::not_faithful)?;
        }
        group.close().map_err(CodecError::not_faithful)?;
        Ok(())
    }

    /// Ends the file with what its footer says. It is to be sealed.
    pub(super) fn finish(
        mut self,
        entries: impl IntoIterator<Item = KeyValue>,
    ) -> Result<Vec<u8>, CodecError> {
        for entry in entries {
            self.file.append_key_value_metadata(entry);
        }
        self.file.into_inner().map_err(CodecError::not_faithful)
    }
}
