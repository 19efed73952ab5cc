//! Text with its own checksum behind it: whole, or refused; there is no half.
//!
//! The form: the body, a line feed, the SHA-256 of the body in hexadecimal, a line feed.

use super::Digest;

/// A line feed, 64 digits, a line feed.
const TRAILER_BYTES: usize = 66;

/// Returns `body` with its checksum behind it.
pub fn seal(mut body: Vec<u8>) -> Vec<u8> {
    let checksum = Digest::of(&body);
    body.extend_from_slice(format!("\n{checksum}\n").as_bytes());
    body
}

/// Returns the body of sealed bytes.
///
/// # Errors
/// What does not fit, when they are torn or edited.
pub fn unseal(bytes: &[u8]) -> Result<&[u8], &'static str> {
    let split = bytes
        .len()
        .checked_sub(TRAILER_BYTES)
        .ok_or("it is shorter than its checksum")?;
    let (body, trailer) = bytes.split_at(split);
    if trailer == format!("\n{}\n", Digest::of(body)).as_bytes() {
        Ok(body)
    } else {
        Err("its contents do not fit its checksum")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_open_to_what_was_sealed() {
        for body in ["", "{}", "a\nb\n"] {
            assert_eq!(unseal(&seal(body.into())), Ok(body.as_bytes()));
        }
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_refused() {
        let whole = seal(b"{\"rows\":1}".to_vec());

        for length in 0..whole.len() {
            assert!(unseal(&whole[..length]).is_err(), "cut to {length}");
        }
        for bit in 0..whole.len() * 8 {
            let mut edited = whole.clone();
            edited[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal(&edited).is_err(), "bit {bit}");
        }
    }
}
