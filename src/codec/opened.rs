//! A Parquet file, opened: judged by what it claims, before anything is built of it.
//!
//! Promises: what has no whole footer is damaged; what has one that this build does not understand is foreign. No page is
//! unpacked that would take more memory than is left of what one file may take. Leaves to others: what the columns mean.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{
    FileMetaData, FooterTail, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::reader::SerializedPageReader;
use parquet::schema::types::ColumnDescPtr;

use crate::frame::{KindOf, Profile};

use super::footer;
use super::pages::{Pages, Watched};
use super::thrift::{self, Walked};
use super::{CodecError, MemoryLimit};

/// What the footer's reader makes of an element of a list, at most.
const BYTES_OF_ELEMENT: u64 = 512;
/// Where a footer says that its file is encrypted.
const ENCRYPTION: [i16; 1] = [8];

/// A file whose footer was read.
pub(super) struct Opened {
    metadata: ParquetMetaData,
    pages: Arc<Pages>,
}

impl Opened {
    /// Opens a file.
    pub(super) fn of(bytes: &Bytes, limit: MemoryLimit) -> Result<Self, CodecError> {
        let metadata = footer(bytes, limit)?;
        let pages = Pages::new(bytes.clone(), limit.0);
        Ok(Self {
            metadata,
            pages: Arc::new(pages),
        })
    }

    /// Refuses a file whose rows would take more memory than it may, and keeps the rest for its pages.
    pub(super) fn within(self, profile: &Profile, limit: MemoryLimit) -> Result<Self, CodecError> {
        self.within_kinds(profile.columns.iter().map(|spec| spec.kind), limit)
    }

    /// As `within`, for columns of these kinds.
    pub(super) fn within_kinds(
        self,
        kinds: impl Iterator<Item = KindOf>,
        limit: MemoryLimit,
    ) -> Result<Self, CodecError> {
        let mut rows = 0_u64;
        for group in self.groups() {
            let more = u64::try_from(group.num_rows()).map_err(CodecError::damaged)?;
            rows = rows.saturating_add(more);
        }
        let row: u64 = kinds.map(width).sum();
        let needed = (self.pages.bytes.len() as u64).saturating_add(rows.saturating_mul(row));
        let left = limit
            .0
            .checked_sub(needed)
            .ok_or_else(|| limit.exceeded(&format!("its {rows} rows")))?;
        let bytes = self.pages.bytes.clone();
        Ok(Self {
            metadata: self.metadata,
            pages: Arc::new(Pages::new(bytes, left)),
        })
    }

    /// Returns the facts of the whole file.
    pub(super) fn facts(&self) -> &FileMetaData {
        self.metadata.file_metadata()
    }

    /// Returns the columns that the file has.
    pub(super) fn columns(&self) -> &[ColumnDescPtr] {
        self.facts().schema_descr().columns()
    }

    /// Returns the groups of rows.
    pub(super) fn groups(&self) -> &[RowGroupMetaData] {
        self.metadata.row_groups()
    }

    /// Returns how many bytes texts may take.
    pub(super) fn left(&self) -> u64 {
        self.pages.left
    }

    /// Returns a reader of one column of a group.
    pub(super) fn column(
        &self,
        group: &RowGroupMetaData,
        place: usize,
    ) -> Result<ColumnReader, CodecError> {
        let pages = self.pages_of(group, place)?;
        let missing = || CodecError::damaged("a group of rows has too few columns");
        let column = self.columns().get(place).ok_or_else(missing)?;
        Ok(get_column_reader(Arc::clone(column), Box::new(pages)))
    }

    /// Returns the pages of one column of a group.
    pub(super) fn pages_of(
        &self,
        group: &RowGroupMetaData,
        place: usize,
    ) -> Result<Watched, CodecError> {
        let missing = || CodecError::damaged("a group of rows has too few columns");
        let column = self.columns().get(place).ok_or_else(missing)?;
        let chunk = group.columns().get(place).ok_or_else(missing)?;
        if chunk.file_path().is_some() {
            return Err(CodecError::foreign("its columns lie in other files"));
        }
        let rows = usize::try_from(group.num_rows()).map_err(CodecError::damaged)?;
        // Others may write frames that do not say how long they are.
        let is_packed = self.facts().created_by() == Some(footer::CREATED_BY)
            && matches!(chunk.compression(), Compression::ZSTD(_));
        let plain;
        let chunk = if is_packed {
            let said = chunk.clone().into_builder();
            plain = said.set_compression(Compression::UNCOMPRESSED).build()?;
            &plain
        } else {
            chunk
        };
        let Pages { bytes, left, .. } = &*self.pages;
        let source = Arc::new(Pages::new(bytes.clone(), *left));
        let pages = SerializedPageReader::new(Arc::clone(&source), chunk, rows, None)?;
        Ok(Watched {
            pages,
            source,
            is_packed,
            rows,
            is_optional: column.max_def_level() > 0,
            left: *left,
        })
    }
}

/// Returns what the end of a file says of it.
pub(super) fn footer(end: &[u8], limit: MemoryLimit) -> Result<ParquetMetaData, CodecError> {
    let cut = || CodecError::damaged("it is no whole Parquet file");
    let (rest, tail) = end.split_last_chunk::<FOOTER_SIZE>().ok_or_else(cut)?;
    let tail = FooterTail::try_new(tail).map_err(|_| cut())?;
    let encrypted = || CodecError::foreign("it is encrypted");
    if tail.is_encrypted_footer() {
        return Err(encrypted());
    }
    let from = rest.len().checked_sub(tail.metadata_length());
    let footer = from.and_then(|from| rest.get(from..)).ok_or_else(cut)?;
    let mut is_encrypted = false;
    let mut see = |path: &[i16], _| is_encrypted |= path == ENCRYPTION;
    let Walked { bytes, elements } = thrift::walk(footer, &mut see).ok_or_else(cut)?;
    // Behind an encrypted file's own facts there is a signature.
    if is_encrypted {
        return Err(encrypted());
    }
    if bytes != footer.len() {
        return Err(cut());
    }
    if elements.saturating_mul(BYTES_OF_ELEMENT) > limit.0 {
        return Err(limit.exceeded("its footer"));
    }
    ParquetMetaDataReader::decode_metadata(footer).map_err(|error| {
        CodecError::foreign(format!(
            "this build does not understand its footer: {error}"
        ))
    })
}

/// What a row of a column takes in memory, and whether it has a value.
fn width(kind: KindOf) -> u64 {
    match kind {
        KindOf::Text => 16,
        KindOf::Int | KindOf::Float | KindOf::Time => 9,
        KindOf::Flag => 2,
    }
}
