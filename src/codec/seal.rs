//! The digest that a file carries of itself, in a slot of fixed width in its footer.
//!
//! Parquet's own pages carry no checksum that readers check, and half of all flipped bits read back as other
//! prices. So the footer ends with the key `barkeep.file_sha256`, whose 64 digits are the SHA-256 of the whole
//! file with those digits set to `0`. The slot is found by its bytes, without parsing what may be damaged.

use bytes::Bytes;
use memchr::memmem;

use super::CodecError;
use super::footer::{self, PREFIX, SEAL_KEY};
use crate::model::{Digest, DigestWriter};

const SLOT_BYTES: usize = 64;
/// In Thrift's compact protocol: "the next field is a string of 64 bytes".
const SLOT_HEADER: [u8; 2] = [0x18, 0x40];

/// Whether a file carries barkeep's seal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seal {
    /// It does, and the seal fits.
    Whole,
    /// Another program wrote it.
    Foreign,
}

/// Writes the digest of `bytes` into its slot.
pub(super) fn close(bytes: &mut [u8]) -> Result<(), CodecError> {
    let missing = || CodecError::not_faithful("the seal has no slot");
    let digest = Digest::of(bytes).to_string();
    let at = slot(bytes).ok_or_else(missing)?;
    bytes
        .get_mut(at..at + SLOT_BYTES)
        .ok_or_else(missing)?
        .copy_from_slice(digest.as_bytes());
    Ok(())
}

/// Returns a file with its digest in its slot, to be kept.
pub(super) fn sealed(mut bytes: Vec<u8>) -> Result<Bytes, CodecError> {
    close(&mut bytes)?;
    // Many files may wait to be written, and most are far smaller than the room that was made for them.
    Ok(Bytes::from(bytes.into_boxed_slice()))
}

/// Checks the seal of a file.
///
/// # Errors
/// When the file has a key of barkeep's but no seal that fits it: `Foreign` if it says that it is of a later format or by
/// another program, else `Damaged`.
pub(super) fn check(bytes: &[u8]) -> Result<Seal, CodecError> {
    let Some(at) = slot(bytes) else {
        if memmem::rfind(bytes, PREFIX.as_bytes()).is_some() {
            // A later format may seal its files in another way.
            footer::refuse_newer(bytes)?;
            return Err(CodecError::damaged(
                "it was written by barkeep and has lost its digest",
            ));
        }
        return Ok(Seal::Foreign);
    };
    let (Some(before), Some(found), Some(after)) = (
        bytes.get(..at),
        bytes.get(at..at + SLOT_BYTES),
        bytes.get(at + SLOT_BYTES..),
    ) else {
        return Err(CodecError::damaged("it ends inside its digest"));
    };
    let mut digest = DigestWriter::default();
    digest.write(before);
    digest.write(&[b'0'; SLOT_BYTES]);
    digest.write(after);
    if digest.finish().to_string().as_bytes() == found {
        Ok(Seal::Whole)
    } else if footer::is_by_another(bytes) {
        // pyarrow keeps the keys of a file that it read, and with them the digest of that file.
        Err(CodecError::foreign(
            "another program wrote it anew and kept barkeep's digest of what it was before",
        ))
    } else {
        Err(CodecError::damaged("its contents do not fit its digest"))
    }
}

/// Returns where the 64 digits stand.
fn slot(bytes: &[u8]) -> Option<usize> {
    let mut marker = SEAL_KEY.as_bytes().to_vec();
    marker.extend_from_slice(&SLOT_HEADER);
    let at = memmem::rfind(bytes, &marker)? + marker.len();
    (at + SLOT_BYTES <= bytes.len()).then_some(at)
}
