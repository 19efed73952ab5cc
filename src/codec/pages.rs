//! The pages of a file, judged before they are unpacked and before they are decoded.
//!
//! Promises: no page makes the reader of the Parquet crate ask for more memory than is left of what one file may take,
//! whatever its header or its encoded lengths claim.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use bytes::buf::Reader;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length, SerializedPageReader};

use super::column_read::TEXTS_AT_A_TIME;
use super::packed;
use super::thrift::{self, varint};

/// What an entry of a dictionary takes: the largest is a reference to a text.
const BYTES_OF_ENTRY: u64 = 40;

/// The bytes of a file, of which each page is judged before it is unpacked.
pub(super) struct Pages {
    pub(super) bytes: Bytes,
    /// How many bytes a page may take.
    pub(super) left: u64,
    /// Whether the page that is read next was judged when its header was looked at: what is asked for then is behind that.
    is_judged: AtomicBool,
}

impl Pages {
    pub(super) fn new(bytes: Bytes, left: u64) -> Self {
        let is_judged = AtomicBool::new(false);
        Self {
            bytes,
            left,
            is_judged,
        }
    }

    /// Judges the page at `start` by its header, as far as that decides how much room will be made for it.
    fn judge(&self, start: u64) -> Result<(), ParquetError> {
        let broken = || broken("a page has no whole header");
        let start = usize::try_from(start).map_err(|_| broken())?;
        let header = self.bytes.get(start..).ok_or_else(broken)?;
        let (mut unpacked, mut entries) = (0, 0);
        let mut see = |path: &[i16], number: i64| match path {
            [2] => unpacked = number,
            [7, 1] => entries = number,
            _ => {}
        };
        thrift::walk(header, &mut see).ok_or_else(broken)?;
        let entries = u64::try_from(entries).map_err(|_| broken())?;
        let needed = u64::try_from(unpacked)
            .map_err(|_| broken())?
            .saturating_add(entries.saturating_mul(BYTES_OF_ENTRY));
        if needed > self.left {
            return Err(ParquetError::External(Box::new(TooLarge)));
        }
        Ok(())
    }
}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl ChunkReader for Pages {
    type T = Reader<Bytes>;

    /// Begins to read a page: the reader asks for its header in this way, and in no other, and for what is behind a header that it
    /// has looked at.
    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        if !self.is_judged.load(Ordering::Relaxed) {
            self.judge(start)?;
        }
        self.bytes.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.bytes.get_bytes(start, length)
    }
}

/// What was met in the middle of a file would take more memory than is left.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it would take more memory than a file may (max_file_memory)")]
pub(super) struct TooLarge;

fn broken(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}

/// The pages of one column, of which none holds more than it may.
pub(super) struct Watched {
    pub(super) pages: SerializedPageReader<Pages>,
    /// What these are read from, and nobody else reads.
    pub(super) source: Arc<Pages>,
    /// Whether they come as they lie in the file, to be unpacked here.
    pub(super) is_packed: bool,
    /// How many rows the group has.
    pub(super) rows: usize,
    /// Whether the column may have nulls.
    pub(super) is_optional: bool,
    /// How many bytes of texts may be made at a time.
    pub(super) left: u64,
}

impl Watched {
    fn judge(&self, page: &Page) -> Result<(), ParquetError> {
        let values = page.num_values() as usize;
        if !page.is_data_page() {
            return Ok(());
        }
        if values > self.rows {
            return Err(broken("a page has more rows than its group"));
        }
        let encoded = self.encoded(page);
        let counts = match page.encoding() {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => {
                [encoded.and_then(lengths).map(|(count, _)| count), Some(0)]
            }
            Encoding::DELTA_BYTE_ARRAY => {
                // Each text may repeat the one before, of which a page has room for one at most.
                let most = (page.buffer().len() as u64).saturating_mul(TEXTS_AT_A_TIME as u64);
                if most > self.left {
                    return Err(ParquetError::External(Box::new(TooLarge)));
                }
                let prefixes = encoded.and_then(lengths);
                let suffixes = prefixes.and_then(|(_, rest)| lengths(rest));
                [prefixes, suffixes].map(|found| found.map(|(count, _)| count))
            }
            _ => return Ok(()),
        };
        let is_fitting = |count: &Option<u64>| count.is_some_and(|count| count <= values as u64);
        if counts.iter().all(is_fitting) {
            Ok(())
        } else {
            Err(broken("a page has more lengths than rows"))
        }
    }

    /// Returns the values of a page, without what says which of them are null.
    fn encoded<'p>(&self, page: &'p Page) -> Option<&'p [u8]> {
        let nulls = match page {
            Page::DataPageV2 {
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => def_levels_byte_len.checked_add(*rep_levels_byte_len)? as usize,
            Page::DataPage { buf, .. } if self.is_optional => {
                let (length, _) = buf.split_first_chunk::<4>()?;
                (u32::from_le_bytes(*length) as usize).checked_add(4)?
            }
            _ => 0,
        };
        page.buffer().get(nulls..)
    }
}

/// Returns how many lengths follow, by their own header, and what comes behind them.
fn lengths(encoded: &[u8]) -> Option<(u64, &[u8])> {
    let (block, rest) = varint(encoded)?;
    let (parts, rest) = varint(rest)?;
    let (count, rest) = varint(rest)?;
    let (_, mut rest) = varint(rest)?;
    let of_part = block.checked_div(parts).filter(|rows| *rows > 0)?;
    let parts = usize::try_from(parts).ok()?;
    let mut left = count.saturating_sub(1);
    while left > 0 {
        let (_, behind) = varint(rest)?;
        let (widths, behind) = behind.split_at_checked(parts)?;
        rest = behind;
        for width in widths {
            if left > 0 {
                let bits = of_part.checked_mul(u64::from(*width))?;
                rest = rest.get(usize::try_from(bits / 8).ok()?..)?;
            }
            left = left.saturating_sub(of_part);
        }
    }
    Some((count, rest))
}

impl Iterator for Watched {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Watched {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let mut page = self.pages.get_next_page()?;
        self.source.is_judged.store(false, Ordering::Relaxed);
        if self.is_packed {
            let most = usize::try_from(self.left).unwrap_or(usize::MAX);
            page = page.map(|page| packed::unpacked(page, most)).transpose()?;
        }
        page.iter().try_for_each(|page| self.judge(page))?;
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        let found = self.pages.peek_next_page()?;
        self.source
            .is_judged
            .store(found.is_some(), Ordering::Relaxed);
        Ok(found)
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.pages.skip_next_page()?;
        self.source.is_judged.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn at_record_boundary(&mut self) -> Result<bool, ParquetError> {
        self.pages.at_record_boundary()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_and_passed_over() {
        // Blocks of 128 in 4 parts; three values: 4, then two differences of 8 bits each in the first part.
        let widths = [8, 0, 0, 0];
        let encoded = [&[0x80, 1, 4, 3, 8, 0], &widths[..], &[1; 32], b"rest"].concat();

        let (count, rest) = lengths(&encoded).unwrap();

        assert_eq!((count, rest), (3, b"rest".as_slice()));
        assert_eq!(lengths(&[0x80, 1, 4, 1, 8]), Some((1, &[][..])));
    }

    #[test]
    fn more_lengths_than_there_are_bytes_for_are_none() {
        let many = [0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];

        assert_eq!(lengths(&[&[0x80, 1, 4], &many[..], &[8]].concat()), None);
        assert_eq!(lengths(&[0x80, 1, 0, 3, 8, 0]), None, "no parts");
        assert_eq!(lengths(&[0, 4, 3, 8, 0]), None, "parts without values");
    }
}
