//! From the bytes of a file to text.
//!
//! Promises: gzip and zip are recognised by their bytes, not by a name, and unpacked in pieces up to a limit; a broken
//! archive and binary contents are told apart from text, and an archive of several files is refused.
//! Leaves to others: what the text means.

use std::borrow::Cow;
use std::io::{self, Cursor, Read};

use chrono::NaiveDate;
use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

/// The most bytes that a file may have, packed or not.
pub(super) const MOST_BYTES: u64 = 1 << 30;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZIP: &[u8] = b"PK\x03\x04";
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// Why a file has no text.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source) enum NoText {
    /// It is something else, or broken.
    Else(String),
    /// It unpacks to more than fits: nobody knows what it holds.
    TooLarge(String),
}

/// Where a text comes from, as far as it tells a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// Its name in an archive; `None` when it comes out of none that names it.
    pub(super) entry: Option<String>,
    /// The day that the name of the file tells.
    pub(super) day: Option<NaiveDate>,
}

/// Returns the text of a file, of at most so many bytes if it is packed, and its name in a zip archive; the error is the
/// reason why it has none.
pub(in crate::source) fn unpack(
    bytes: &[u8],
    most: u64,
) -> Result<(Cow<'_, [u8]>, Option<String>), NoText> {
    let most = most.min(MOST_BYTES);
    let (text, entry) = if bytes.starts_with(GZIP) {
        let text = bounded(MultiGzDecoder::new(bytes), most, "gzip")?;
        (Cow::Owned(text), None)
    } else if bytes.starts_with(ZIP) {
        let (text, entry) = unzip(bytes, most)?;
        (Cow::Owned(text), Some(entry))
    } else {
        (Cow::Borrowed(bytes), None)
    };
    if text.contains(&0) {
        let reason = "it holds NUL bytes, so it is no text".to_owned();
        return Err(NoText::Else(reason));
    }
    let text = match (text.starts_with(BYTE_ORDER_MARK), text) {
        (true, Cow::Borrowed(text)) => Cow::Borrowed(text.split_at(BYTE_ORDER_MARK.len()).1),
        (true, Cow::Owned(mut text)) => Cow::Owned(text.split_off(BYTE_ORDER_MARK.len())),
        (false, text) => text,
    };
    Ok((text, entry))
}

/// Returns the text of the one file in an archive, and its name.
fn unzip(bytes: &[u8], most: u64) -> Result<(Vec<u8>, String), NoText> {
    let damaged = |error: &dyn std::fmt::Display| {
        NoText::Else(format!("its zip archive is damaged ({error})"))
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    if archive.len() != 1 {
        let count = archive.len();
        let reason =
            format!("its zip archive holds {count} files, and only archives of one are read");
        return Err(NoText::Else(reason));
    }
    let file = archive.by_index(0).map_err(|error| damaged(&error))?;
    let entry = file.name().map_err(|error| damaged(&error))?.into_owned();
    Ok((bounded(file, most, "zip")?, entry))
}

fn bounded(packed: impl Read, most: u64, kind: &str) -> Result<Vec<u8>, NoText> {
    let mut text = Vec::new();
    packed
        .take(most + 1)
        .read_to_end(&mut text)
        .map_err(|error: io::Error| {
            NoText::Else(format!("its {kind} archive is damaged ({error})"))
        })?;
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
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            writer
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            writer.write_all(text).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn text(bytes: &[u8]) -> Vec<u8> {
        unpack(bytes, MOST_BYTES).unwrap().0.into_owned()
    }

    #[test]
    fn plain_and_packed_text_are_one_text_without_its_byte_order_mark() {
        for whole in [&b"a,b\n"[..], b"\xef\xbb\xbfa,b\n"] {
            assert_eq!(text(whole), b"a,b\n");
            assert_eq!(text(&gzip(whole)), b"a,b\n");
            assert_eq!(text(&zip(&[("x.csv", whole)])), b"a,b\n");
        }
    }

    #[test]
    fn a_zip_archive_tells_the_name_of_its_file_and_several_are_refused() {
        let one = zip(&[("x.csv", b"a\n")]);
        let two = zip(&[("x.csv", b"a\n"), ("y.csv", b"a\n")]);

        assert_eq!(
            unpack(&one, MOST_BYTES).unwrap().1.as_deref(),
            Some("x.csv")
        );
        let refused = unpack(&two, MOST_BYTES);
        assert!(
            matches!(&refused, Err(NoText::Else(reason)) if reason.contains("2 files")),
            "{refused:?}"
        );
    }

    #[test]
    fn a_cut_archive_and_binary_contents_are_no_text() {
        let mut cut = gzip(b"a,b\n1,2\n");
        cut.truncate(cut.len() - 5);
        let mut cut_zip = zip(&[("x.csv", b"a,b\n1,2\n")]);
        cut_zip.truncate(cut_zip.len() - 5);
        let mut flipped = zip(&[("x.csv", b"a,b\n1,2\n")]);
        // The first byte of the packed text, behind the header of the entry.
        flipped[35] ^= 1;

        for (bytes, what) in [
            (cut.as_slice(), "damaged"),
            (&cut_zip, "damaged"),
            (&flipped, "damaged"),
            (b"\x89PNG\0\0", "NUL"),
        ] {
            let found = unpack(bytes, MOST_BYTES);
            assert!(
                matches!(&found, Err(NoText::Else(reason)) if reason.contains(what)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn an_archive_that_unpacks_beyond_the_limit_is_refused() {
        let large = [b'x'; 4096];
        for packed in [gzip(&large), zip(&[("x.csv", &large)])] {
            let refused = unpack(&packed, 4095);

            assert!(
                matches!(&refused, Err(NoText::TooLarge(reason)) if reason.contains("4095")),
                "{refused:?}"
            );
            assert_eq!(unpack(&packed, 4096).unwrap().0.len(), 4096);
        }
    }
}
