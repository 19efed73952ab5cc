//! From the bytes of a file to text.
//!
//! Promises: gzip is recognised by its bytes, not by a name, and unpacked in pieces up to a limit; a broken
//! archive and binary contents are told apart from text. Leaves to others: what the text means.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;

/// The most bytes that a file may have, packed or not.
pub(super) const MOST_BYTES: u64 = 1 << 30;

const GZIP: &[u8] = &[0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// Why a file has no text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoText {
    /// It is something else, or broken.
    Else(String),
    /// It unpacks to more than fits: nobody knows what it holds.
    TooLarge(String),
}

/// Returns the text of a file, of at most so many bytes if it is packed; the error is the reason why it has none.
pub(super) fn unpack(bytes: &[u8], most: u64) -> Result<Cow<'_, [u8]>, NoText> {
    let text = if bytes.starts_with(GZIP) {
        Cow::Owned(gunzip(bytes, most.min(MOST_BYTES))?)
    } else {
        Cow::Borrowed(bytes)
    };
    if text.contains(&0) {
        let reason = "it holds NUL bytes, so it is no text".to_owned();
        return Err(NoText::Else(reason));
    }
    Ok(match (text.starts_with(BYTE_ORDER_MARK), text) {
        (true, Cow::Borrowed(text)) => Cow::Borrowed(text.split_at(BYTE_ORDER_MARK.len()).1),
        (true, Cow::Owned(mut text)) => Cow::Owned(text.split_off(BYTE_ORDER_MARK.len())),
        (false, text) => text,
    })
}

fn gunzip(bytes: &[u8], most: u64) -> Result<Vec<u8>, NoText> {
    let mut text = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(most + 1)
        .read_to_end(&mut text)
        .map_err(|error| NoText::Else(format!("its gzip archive is damaged ({error})")))?;
    if u64::try_from(text.len()).is_ok_and(|len| len > most) {
        return Err(NoText::TooLarge(format!(
            "it unpacks to more than {most} bytes (max_file_memory)"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_packed_text_are_one_text_without_its_byte_order_mark() {
        assert_eq!(unpack(b"a,b\n", MOST_BYTES).unwrap().as_ref(), b"a,b\n");
        assert_eq!(
            unpack(b"\xef\xbb\xbfa,b\n", MOST_BYTES).unwrap().as_ref(),
            b"a,b\n"
        );
        assert_eq!(
            unpack(&gzip(b"\xef\xbb\xbfa,b\n"), MOST_BYTES)
                .unwrap()
                .as_ref(),
            b"a,b\n"
        );
    }

    #[test]
    fn a_cut_archive_and_binary_contents_are_no_text() {
        let mut cut = gzip(b"a,b\n1,2\n");
        cut.truncate(cut.len() - 5);

        for (bytes, what) in [(cut.as_slice(), "damaged"), (b"\x89PNG\0\0", "NUL")] {
            let found = unpack(bytes, MOST_BYTES);
            assert!(
                matches!(&found, Err(NoText::Else(reason)) if reason.contains(what)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn an_archive_that_unpacks_beyond_the_limit_is_refused() {
        let packed = gzip(&[b'x'; 4096]);

        let refused = unpack(&packed, 4095);

        assert!(
            matches!(&refused, Err(NoText::TooLarge(reason)) if reason.contains("4095")),
            "{refused:?}"
        );
        assert_eq!(unpack(&packed, 4096).unwrap().len(), 4096);
    }
}
