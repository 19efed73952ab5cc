//! SHA-256 values: of bytes, and of the rows of a series.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// A SHA-256 value, printed as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns the first half of it.
    pub fn half(&self) -> HalfDigest {
        let mut half = [0; 16];
        half.iter_mut()
            .zip(&self.0)
            .for_each(|(half, byte)| *half = *byte);
        HalfDigest(half)
    }

    /// Returns the first eight hexadecimal digits, enough to tell two files apart by eye.
    pub fn short(&self) -> String {
        self.to_string().chars().take(8).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        read_hex(text).map(Self)
    }
}

/// The first half of a SHA-256 value, printed as 32 lower-case hexadecimal digits: enough to tell rows apart by accident, and
/// half as long where there are many.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HalfDigest([u8; 16]);

impl HalfDigest {
    /// Returns its first eight bytes as a number, of which the sum over many files tells whether all are the same.
    pub fn number(&self) -> u64 {
        self.0
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

impl fmt::Display for HalfDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for HalfDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HalfDigest({self})")
    }
}

impl FromStr for HalfDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        read_hex(text).map(Self)
    }
}

/// Reads two digits for each byte. Every record of a series has several digests, and all records are read by each update.
fn read_hex<const BYTES: usize>(text: &str) -> Result<[u8; BYTES], InvalidDigest> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != BYTES || !rest.is_empty() {
        return Err(InvalidDigest);
    }
    let nibble = |digit: u8| {
        let nibble = char::from(digit).to_digit(16);
        nibble
            .and_then(|nibble| u8::try_from(nibble).ok())
            .ok_or(InvalidDigest)
    };
    let mut bytes = [0; BYTES];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Ok(bytes)
}

/// Writes two digits for each byte. Each file that is written has several digests in it, and a format for each byte took a
/// fiftieth of the processor time of an import.
fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let digit = |nibble: u8| match nibble {
        0..10 => b'0' + nibble,
        _ => b'a' + (nibble - 10),
    };
    let mut digits = vec![0; bytes.len() * 2];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    f.write_str(str::from_utf8(&digits).unwrap_or_default())
}

/// The text is not 64 hexadecimal digits, or 32 of a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest has 64 hexadecimal digits")]
pub struct InvalidDigest;

/// Digests bytes that arrive in pieces.
#[derive(Debug, Default)]
pub struct DigestWriter(Sha256);

impl DigestWriter {
    /// Adds bytes to the digest.
    pub fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of everything written.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// What identifies the logical rows of a series, whatever its files look like.
///
/// Two fingerprints are equal exactly when the rows are, bit for bit; `docs/format.md` gives the byte form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// How many rows there are.
    pub rows: u64,
    /// SHA-256 over the canonical bytes of the rows in key order.
    pub digest: Digest,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_round_trips_through_its_text() {
        let digest = Digest::of(b"bars");

        assert_eq!(digest.to_string().parse(), Ok(digest));
    }

    #[test]
    fn a_text_of_another_length_or_alphabet_is_no_digest() {
        let whole = Digest::of(b"bars").to_string();

        assert_eq!(whole[..63].parse::<Digest>(), Err(InvalidDigest));
        assert_eq!(
            whole
                .replace(['a', 'b', 'c', '1', '2', '3'], "x")
                .parse::<Digest>(),
            Err(InvalidDigest)
        );
        assert_eq!(format!("{whole}00").parse::<Digest>(), Err(InvalidDigest));
    }

    #[test]
    fn a_half_is_read_as_it_is_written_and_no_whole_one_for_it() {
        let digest = Digest::of(b"bars");

        assert_eq!(digest.half().to_string().parse(), Ok(digest.half()));
        let whole = digest.to_string();
        for odd in [
            "",
            &whole,
            &whole[..31],
            "0123456789abcdef0123456789abcde\u{e9}",
        ] {
            assert_eq!(odd.parse::<HalfDigest>(), Err(InvalidDigest), "{odd}");
        }
    }
}
