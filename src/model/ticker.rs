//! Symbols, and their form as one segment of a path.
//!
//! Promises: two tickers never share a segment, a segment never leaves its directory, and
//! `Ticker::from_segment(ticker.segment())` is the ticker again. The set of encoded characters is the one
//! that query engines and file systems stumble over; `^GSPC`, `BRK.B` and `BTC-USD` stay as they are, and so do `PRN`
//! and `CON.DE`, which are names of devices elsewhere and real tickers here.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::copied_from;

const ENCODED: &[char] = &['/', '\\', '=', '%', '"', '#', '*', ':', '?', '<', '>', '|'];
const MAX_SEGMENT_BYTES: usize = 200;

/// A symbol: not empty, without control characters, in Unicode NFC, at most 200 bytes as a path segment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticker(Arc<str>);

impl Ticker {
    /// Returns the symbol.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the symbol as shared text, for columns that repeat it.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// Returns the symbol as one path segment, percent-encoded where an engine or a file system would break.
    pub fn segment(&self) -> String {
        encode(&self.0)
    }

    /// Returns the ticker that a path segment names; the spellings of the predecessor and of earlier builds are understood
    /// too.
    ///
    /// # Errors
    /// When the decoded text is no ticker.
    pub fn from_segment(segment: &str) -> Result<Self, InvalidTicker> {
        match decode(segment) {
            Some(symbol)
                if encode(&symbol) == segment
                    || encode_device(&symbol).as_deref() == Some(segment) =>
            {
                symbol.parse()
            }
            _ => segment.parse(),
        }
    }

    /// Returns the other segments under which rows of the ticker may lie: the raw symbol, as the predecessor spelled it,
    /// the one that earlier builds gave to names of devices, and each of all in decomposed characters, as a tree has them that
    /// was copied from a Mac. What is another ticker's segment is none of them.
    pub fn earlier_segments(&self) -> Vec<String> {
        let (raw, segment) = (self.as_str(), self.segment());
        let is_mine = |text: &String| Self::from_segment(text).as_ref() == Ok(self);
        let is_raw = raw != segment && !raw.contains('/');
        let raw = is_raw.then(|| raw.to_owned()).filter(is_mine);
        let mut segments: Vec<String> = raw.into_iter().chain(encode_device(&self.0)).collect();
        if !self.0.is_ascii() {
            let composed = segments.iter().chain([&segment]);
            let decomposed: Vec<String> = composed.map(|text| text.nfd().collect()).collect();
            let is_other = |text: &String| *text != segment && is_mine(text);
            segments.extend(decomposed.into_iter().filter(is_other));
        }
        segments
    }

    /// Tells whether a segment is the one of the ticker, or an earlier one, but for its Unicode normal form: part of its characters may
    /// be composed and part not.
    pub fn is_composed(&self, segment: &str) -> bool {
        let composed: String = segment.nfc().collect();
        composed == self.segment() || self.earlier_segments().contains(&composed)
    }

    /// Returns the file stem of the legacy layout, which has no encoding; `None` when the symbol is unsafe there, or is how a
    /// program names a copy of another ticker's file.
    pub fn legacy_stem(&self) -> Option<&str> {
        let symbol = self.as_str();
        let is_unsafe = symbol.contains(['/', '\\'])
            || symbol.starts_with(['.', ' '])
            || symbol.ends_with(['.', ' '])
            || copied_from(symbol).is_some();
        (!is_unsafe).then_some(symbol)
    }
}

/// Returns the symbol of the series of an instrument in a currency: the ISIN in the main currency of a venue, else with the
/// currency behind it; `XXX`, the code of ISO 4217 for no currency, where none is named.
pub fn instrument_symbol(isin: &str, currency: Option<&str>, main: &str) -> String {
    match currency {
        Some(currency) if currency == main => isin.to_owned(),
        other => format!("{isin}.{}", other.unwrap_or("XXX")),
    }
}

/// Returns the ISIN that a symbol is, and the currency behind it if there is one: what `instrument_symbol` made it of; `None` of a
/// symbol that has not the form of an ISIN.
pub fn instrument_of(symbol: &str) -> Option<(&str, Option<&str>)> {
    let (isin, currency) = match symbol.split_once('.') {
        Some((isin, currency)) => (isin, Some(currency)),
        None => (symbol, None),
    };
    let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let is_isin = isin.len() == 12
        && isin.bytes().all(is_plain)
        && isin.bytes().take(2).all(|byte| byte.is_ascii_uppercase())
        && isin.ends_with(|last: char| last.is_ascii_digit());
    is_isin.then_some((isin, currency))
}

fn encode(symbol: &str) -> String {
    let last = symbol.chars().count().saturating_sub(1);
    let mut segment = String::with_capacity(symbol.len());
    for (at, c) in symbol.chars().enumerate() {
        let is_edge = at == 0 || at == last;
        let is_encoded =
            ENCODED.contains(&c) || c.is_control() || (is_edge && (c == ' ' || c == '.'));
        if is_encoded {
            push_encoded(&mut segment, c);
        } else {
            segment.push(c);
        }
    }
    segment
}

fn push_encoded(segment: &mut String, c: char) {
    let mut utf8 = [0; 4];
    for byte in c.encode_utf8(&mut utf8).bytes() {
        segment.push('%');
        segment.extend(hexadecimal(byte));
    }
}

/// Earlier builds encoded the first character of a device's name, as Windows knows devices. Their folders are read where
/// they are.
fn encode_device(symbol: &str) -> Option<String> {
    let first = symbol.chars().next().filter(|_| is_device_name(symbol))?;
    let mut segment = String::new();
    push_encoded(&mut segment, first);
    segment.extend(encode(symbol).chars().skip(1));
    Some(segment)
}

fn hexadecimal(byte: u8) -> [char; 2] {
    let digit = |nibble: u8| {
        char::from_digit(u32::from(nibble), 16)
            .unwrap_or('0')
            .to_ascii_uppercase()
    };
    [digit(byte >> 4), digit(byte & 15)]
}

fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Tells whether Windows would take the name for a device: `CON`, `com1.x`, …
fn is_device_name(symbol: &str) -> bool {
    let stem = symbol
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" => true,
        _ => {
            let mut chars = stem.chars();
            let digit = chars.next_back();
            matches!(chars.as_str(), "COM" | "LPT") && digit.is_some_and(|d| d.is_ascii_digit())
        }
    }
}

impl FromStr for Ticker {
    type Err = InvalidTicker;

    fn from_str(text: &str) -> Result<Self, InvalidTicker> {
        let shown = || {
            text.chars()
                .take(40)
                .collect::<String>()
                .escape_default()
                .to_string()
        };
        if text.is_empty() {
            return Err(InvalidTicker::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidTicker::Control { shown: shown() });
        }
        let symbol: String = if is_nfc(text) {
            text.to_owned()
        } else {
            text.nfc().collect()
        };
        let bytes = encode(&symbol).len();
        if bytes > MAX_SEGMENT_BYTES {
            return Err(InvalidTicker::TooLong {
                shown: shown(),
                bytes,
            });
        }
        Ok(Self(symbol.into()))
    }
}

impl fmt::Display for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticker({:?})", &self.0)
    }
}

/// The text cannot be a ticker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTicker {
    /// There is no text.
    #[error("a ticker cannot be empty")]
    Empty,
    /// There is a control character, such as NUL or a line break.
    #[error("ticker `{shown}` holds a control character")]
    Control {
        /// The start of the text, escaped.
        shown: String,
    },
    /// Its path segment would be longer than file systems allow.
    #[error("ticker `{shown}…` takes {bytes} bytes as a path, and 200 are allowed")]
    TooLong {
        /// The start of the text, escaped.
        shown: String,
        /// The length of its path segment.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ticker(text: &str) -> Ticker {
        text.parse().unwrap()
    }

    #[test]
    fn common_symbols_stay_readable_in_paths() {
        for symbol in [
            "AAPL", "^GSPC", "BRK.B", "BTC-USD", "0700", "TRUE", "ABC WS", "brk.b", "MÜV2", "CON",
            "PRN", "CON.DE", "com1.L", "LPT1.X", "NUL",
        ] {
            assert_eq!(ticker(symbol).segment(), symbol);
            assert_eq!(ticker(symbol).legacy_stem(), Some(symbol));
        }
    }

    #[test]
    fn hostile_symbols_become_one_harmless_segment() {
        assert_eq!(ticker("../x").segment(), "%2E.%2Fx");
        assert_eq!(ticker("A/B").segment(), "A%2FB");
        assert_eq!(ticker("EURUSD=X").segment(), "EURUSD%3DX");
        assert_eq!(ticker("A ").segment(), "A%20");
        assert_eq!(ticker(".").segment(), "%2E");
        assert_eq!(ticker("..").segment(), "%2E%2E");
    }

    #[test]
    fn raw_spellings_of_the_predecessor_are_understood() {
        assert_eq!(Ticker::from_segment("EURUSD=X"), Ok(ticker("EURUSD=X")));
        assert_eq!(Ticker::from_segment("EURUSD%3DX"), Ok(ticker("EURUSD=X")));
        assert_eq!(Ticker::from_segment("50%"), Ok(ticker("50%")));
    }

    #[test]
    fn every_earlier_spelling_of_a_ticker_is_its_still() {
        for (symbol, earlier) in [
            ("CON", &["%43ON"][..]),
            ("com1.L", &["%63om1.L"]),
            ("CON.A=X", &["CON.A=X", "%43ON.A%3DX"]),
            ("EURUSD=X", &["EURUSD=X"]),
            ("CONE", &[]),
            // Its raw spelling is the folder that CON had.
            ("%43ON", &[]),
            // As a Mac writes names.
            ("M\u{fc}V2", &["Mu\u{308}V2"]),
            ("M\u{fc}=X", &["M\u{fc}=X", "Mu\u{308}=X", "Mu\u{308}%3DX"]),
            ("\u{424}", &[]),
        ] {
            assert_eq!(ticker(symbol).earlier_segments(), earlier);
            for segment in earlier {
                assert_eq!(Ticker::from_segment(segment), Ok(ticker(symbol)));
            }
        }
    }

    #[test]
    fn what_cannot_be_a_ticker_says_why() {
        assert_eq!("".parse::<Ticker>(), Err(InvalidTicker::Empty));
        assert!(matches!(
            "A\0B".parse::<Ticker>(),
            Err(InvalidTicker::Control { .. })
        ));
        assert!(matches!(
            "x".repeat(4096).parse::<Ticker>(),
            Err(InvalidTicker::TooLong { bytes: 4096, .. })
        ));
    }

    #[test]
    fn the_legacy_layout_refuses_what_it_cannot_spell() {
        for symbol in ["A/B", "../x", "A (1)", "A\\B", " A", "A."] {
            assert_eq!(ticker(symbol).legacy_stem(), None, "{symbol}");
        }
        assert_eq!(ticker("EURUSD=X").legacy_stem(), Some("EURUSD=X"));
    }

    #[test]
    fn composed_and_decomposed_spellings_are_one_ticker() {
        assert_eq!(ticker("M\u{fc}V2"), ticker("Mu\u{308}V2"));
    }

    #[test]
    fn a_segment_that_is_composed_in_part_is_that_of_its_ticker() {
        let of = ticker("\u{c4}B\u{d6}=X");
        for (segment, is_composed) in [
            ("\u{c4}B\u{d6}%3DX", true),
            ("\u{c4}BO\u{308}%3DX", true),
            ("A\u{308}B\u{d6}=X", true),
            ("A\u{308}B\u{d6}X", false),
            ("ABO", false),
        ] {
            assert_eq!(of.is_composed(segment), is_composed, "{segment}");
        }
    }

    proptest! {
        #[test]
        fn a_segment_names_its_ticker_and_no_other(a in "\\PC{1,12}", b in "\\PC{1,12}") {
            let (a, b) = (a.parse::<Ticker>(), b.parse::<Ticker>());
            if let (Ok(a), Ok(b)) = (a, b) {
                let segment = a.segment();
                prop_assert_eq!(Ticker::from_segment(&segment), Ok(a.clone()));
                prop_assert!(!segment.contains(['/', '\\', '=']) && !segment.starts_with('.'));
                prop_assert_eq!(a == b, segment == b.segment());
            }
        }
    }
}
