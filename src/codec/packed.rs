//! Zstandard with contexts that are kept: making one costs more than packing a page of a month.
//!
//! The Parquet crate makes two for each column of each file, one for either direction. Here each thread has one of both, and
//! the crate is handed pages that are packed already, or packed pages as if they were plain. The bytes are the same.

use std::cell::RefCell;
use std::io::Read as _;

use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::zstd_safe::get_frame_content_size;

use super::CodecError;

/// The level at which pages are packed.
pub(super) const LEVEL: i32 = 3;

/// The contexts of one thread.
struct Contexts {
    packing: zstd::bulk::Compressor<'static>,
    unpacking: zstd::bulk::Decompressor<'static>,
}

thread_local! {
    static CONTEXTS: RefCell<Option<Contexts>> = const { RefCell::new(None) };
}

fn with_contexts<T>(
    use_them: impl FnOnce(&mut Contexts) -> std::io::Result<T>,
) -> Result<T, ParquetError> {
    CONTEXTS.with_borrow_mut(|kept| {
        let contexts = match kept {
            Some(contexts) => contexts,
            None => kept.insert(Contexts {
                packing: zstd::bulk::Compressor::new(LEVEL)?,
                unpacking: zstd::bulk::Decompressor::new()?,
            }),
        };
        Ok(use_them(contexts)?)
    })
}

/// Returns how the Parquet crate names what is packed here.
pub(super) fn compression() -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(LEVEL).unwrap_or_default())
}

/// Returns one packed column chunk, which `fill` writes as if it were plain.
///
/// # Errors
/// Those of `fill`, and of the Parquet crate.
pub(super) fn chunk(
    column: ColumnDescPtr,
    plain: WriterPropertiesPtr,
    fill: impl FnOnce(&mut ColumnWriter<'_>) -> Result<(), CodecError>,
) -> Result<(Bytes, ColumnCloseResult), CodecError> {
    let mut bytes = TrackedWrite::new(Vec::with_capacity(4 * 1024));
    let pages = Packing(SerializedPageWriter::new(&mut bytes));
    let mut writer = get_column_writer(column, plain, Box::new(pages));
    fill(&mut writer)?;
    let mut closed = writer.close().map_err(CodecError::not_faithful)?;
    let said = closed.metadata.into_builder();
    closed.metadata = said
        .set_compression(compression())
        .build()
        .map_err(CodecError::not_faithful)?;
    let bytes = bytes.into_inner().map_err(CodecError::not_faithful)?;
    Ok((bytes.into(), closed))
}

/// Packs pages on their way to the chunk.
struct Packing<'w>(SerializedPageWriter<'w, Vec<u8>>);

impl PageWriter for Packing<'_> {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec, ParquetError> {
        let unpacked = page.uncompressed_size();
        let packed = with_contexts(|contexts| contexts.packing.compress(page.data()))?;
        let page = with_buffer(page.compressed_page().clone(), packed.into())?;
        self.0.write_page(CompressedPage::new(page, unpacked))
    }

    fn close(&mut self) -> Result<(), ParquetError> {
        self.0.close()
    }
}

/// Unpacks a page that holds `most` bytes at most.
///
/// # Errors
/// When it does not unpack, or to more.
pub(super) fn unpacked(page: Page, most: usize) -> Result<Page, ParquetError> {
    let packed = page.buffer();
    let broken = || ParquetError::General("a page is no whole frame of zstd".to_owned());
    let length = get_frame_content_size(packed).map_err(|_| broken())?;
    let bytes = match length {
        Some(length) => {
            let length = usize::try_from(length)
                .ok()
                .filter(|length| *length <= most);
            let length = length.ok_or_else(broken)?;
            with_contexts(|contexts| contexts.unpacking.decompress(packed, length))?
        }
        None => unpacked_by_stream(packed, most)?.ok_or_else(broken)?,
    };
    with_buffer(page, bytes.into())
}

/// Unpacks a frame that does not say how long it is; `None` when that is more than it may be.
fn unpacked_by_stream(packed: &[u8], most: usize) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let unpacking = zstd::stream::read::Decoder::with_buffer(packed)?;
    let one_more = (most as u64).saturating_add(1);
    unpacking.take(one_more).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= most).then_some(bytes))
}

/// Returns a page of the first form, which is packed as a whole, with other bytes.
fn with_buffer(page: Page, bytes: Bytes) -> Result<Page, ParquetError> {
    match page {
        Page::DataPage {
            num_values,
            encoding,
            def_level_encoding,
            rep_level_encoding,
            statistics,
            ..
        } => Ok(Page::DataPage {
            buf: bytes,
            num_values,
            encoding,
            def_level_encoding,
            rep_level_encoding,
            statistics,
        }),
        Page::DictionaryPage {
            num_values,
            encoding,
            is_sorted,
            ..
        } => Ok(Page::DictionaryPage {
            buf: bytes,
            num_values,
            encoding,
            is_sorted,
        }),
        Page::DataPageV2 { .. } => Err(ParquetError::NYI("a page of the second form".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::column::writer::get_typed_column_writer_mut;
    use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    const SCHEMA: &str = "message m { optional int64 number; optional binary text (UTF8); }";

    fn put<D: DataType>(chunk: &mut ColumnWriter<'_>, values: &[D::T]) {
        let levels = vec![1; values.len()];
        let chunk = get_typed_column_writer_mut::<D>(chunk);
        chunk.write_batch(values, Some(&levels), None).unwrap();
    }

    fn fill(chunk: &mut ColumnWriter<'_>, rows: i64) {
        if matches!(chunk, ColumnWriter::Int64ColumnWriter(_)) {
            put::<Int64Type>(chunk, &(0..rows).map(|row| row % 97).collect::<Vec<i64>>());
        } else {
            let texts = (0..rows).map(|row| format!("text {}", row % 31));
            let texts: Vec<ByteArray> = texts.map(|text| text.as_str().into()).collect();
            put::<ByteArrayType>(chunk, &texts);
        }
    }

    /// The file as the Parquet crate packs it, or with chunks that were packed here.
    fn file(rows: i64, is_packed_here: bool) -> Vec<u8> {
        let of = |compression| {
            let properties = WriterProperties::builder().set_compression(compression);
            Arc::new(properties.set_data_page_size_limit(4096).build())
        };
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, of(compression())).unwrap();
        let columns = writer.schema_descr().columns().to_vec();
        let mut group = writer.next_row_group().unwrap();
        for column in columns {
            if is_packed_here {
                let filling = |packed: &mut ColumnWriter<'_>| {
                    fill(packed, rows);
                    Ok(())
                };
                let (bytes, closed) =
                    chunk(column, of(Compression::UNCOMPRESSED), filling).unwrap();
                group.append_column(&bytes, closed).unwrap();
            } else {
                let mut plain = group.next_column().unwrap().unwrap();
                fill(plain.untyped(), rows);
                plain.close().unwrap();
            }
        }
        group.close().unwrap();
        writer.into_inner().unwrap()
    }

    /// Equal rows are equal bytes, whoever packs them, and whatever was packed before.
    #[test]
    fn kept_contexts_make_the_bytes_of_new_ones() {
        for rows in [1, 50, 20_000, 3] {
            assert_eq!(file(rows, true), file(rows, false), "{rows} rows");
        }
    }

    #[test]
    fn a_page_that_unpacks_to_more_than_it_may_is_refused() {
        let page = |bytes: Vec<u8>| Page::DictionaryPage {
            buf: bytes.into(),
            num_values: 1,
            encoding: parquet::basic::Encoding::PLAIN,
            is_sorted: false,
        };
        let packed = zstd::bulk::compress(&[7; 1000], LEVEL).unwrap();

        assert_eq!(
            unpacked(page(packed.clone()), 1000).unwrap().buffer().len(),
            1000
        );
        assert!(unpacked(page(packed.clone()), 999).is_err());
        assert!(unpacked(page(packed[..8].to_vec()), 1000).is_err());
        assert!(unpacked(page(b"no frame".to_vec()), 1000).is_err());
        assert_eq!(
            unpacked(page(packed.clone()), usize::MAX)
                .unwrap()
                .buffer()
                .len(),
            1000
        );
    }

    #[test]
    fn a_frame_that_does_not_say_its_length_is_unpacked_as_far_as_it_may() {
        let page = |bytes: Vec<u8>| Page::DictionaryPage {
            buf: bytes.into(),
            num_values: 1,
            encoding: parquet::basic::Encoding::PLAIN,
            is_sorted: false,
        };
        let packed = zstd::stream::encode_all(&[7; 1000][..], LEVEL).unwrap();
        assert!(matches!(get_frame_content_size(&packed), Ok(None)));

        for most in [1000, 1001, usize::MAX] {
            let found = unpacked(page(packed.clone()), most).unwrap();
            assert_eq!(found.buffer()[..], [7; 1000]);
        }
        assert!(unpacked(page(packed.clone()), 999).is_err());
        assert!(unpacked(page(packed[..packed.len() - 3].to_vec()), 1000).is_err());
    }
}
