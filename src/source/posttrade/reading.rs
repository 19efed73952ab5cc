//! One line as its values, borrowed from it: which key stands for which column in which year.
//!
//! Promises: no value is lost: what no column is known for is handed out beside. Leaves to others: what the values mean.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    MessageId,
    SourceName,
    Isin,
    InstrumentId,
    TransId,
    TickId,
    Price,
    Volume,
    Currency,
    QuoteType,
    TradeTime,
    DistributionTime,
    ExecutionVenue,
    PublicationVenue,
    TickAction,
    InstrumentCode,
    MarketMechanism,
    TradingSystem,
    TradingMode,
    Negotiated,
    Modification,
    Benchmark,
    Deferral,
    Algo,
    LastTrade,
    NotionalAmount,
    NotionalCurrency,
}

pub(super) const FIELDS: usize = Field::NotionalCurrency as usize + 1;

/// The keys: those of 2025, those that they became in 2026, and those of both.
fn field(key: &str) -> Option<Field> {
    Some(match key {
        "messageId" => Field::MessageId,
        "sourceName" => Field::SourceName,
        "isin" | "instrumentIdentificationCode" => Field::Isin,
        "instrumentId" => Field::InstrumentId,
        "transIdCode" | "transactionIdentificationCode" => Field::TransId,
        "tickId" => Field::TickId,
        "lastTrade" | "price" => Field::Price,
        "lastQty" | "quantity" => Field::Volume,
        "currency" | "priceCurrency" => Field::Currency,
        "quotationType" | "priceNotation" => Field::QuoteType,
        "lastTradeTime" | "tradingDateAndTime" => Field::TradeTime,
        "distributionDateTime" | "publicationDateAndTime" => Field::DistributionTime,
        "executionVenueId" | "venueOfExecution" => Field::ExecutionVenue,
        "venueOfPublication" => Field::PublicationVenue,
        "tickActionIndicator" => Field::TickAction,
        "instrumentIdCode" => Field::InstrumentCode,
        "mmtMarketMechanism" => Field::MarketMechanism,
        "tradingSystem" => Field::TradingSystem,
        "mmtTradingMode" => Field::TradingMode,
        "mmtNegotTransPretrdWaivInd" => Field::Negotiated,
        "mmtModificationInd" => Field::Modification,
        "mmtBenchmarkRefprcInd" => Field::Benchmark,
        "mmtPubModeDefReason" => Field::Deferral,
        "mmtAlgoInd" => Field::Algo,
        "lastTradeIndicator" => Field::LastTrade,
        "notionalAmount" => Field::NotionalAmount,
        "notionalCurrency" => Field::NotionalCurrency,
        _ => return None,
    })
}

/// A value of a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'l> {
    Text(Cow<'l, str>),
    Int(i64),
    Float(f64),
    Null,
    /// What no column takes: truth values, lists, objects, and integers beyond 64 bits.
    Odd(Box<Value>),
}

/// Returns what no column takes. It lies apart, since a line has room for a value of every key.
fn odd<'l>(value: impl Into<Value>) -> Scalar<'l> {
    Scalar::Odd(Box::new(value.into()))
}

impl From<Scalar<'_>> for Value {
    fn from(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Text(text) => text.into_owned().into(),
            Scalar::Int(int) => int.into(),
            Scalar::Float(float) => float.into(),
            Scalar::Null => Self::Null,
            Scalar::Odd(value) => *value,
        }
    }
}

/// The values of one line.
#[derive(Debug, PartialEq)]
pub(super) struct Values<'l> {
    /// By what they stand for.
    known: [Option<Scalar<'l>>; FIELDS],
    /// Those whose keys are not known, in the order of the line.
    pub(super) unknown: Map<String, Value>,
}

impl<'l> Values<'l> {
    /// Reads a line.
    ///
    /// # Errors
    /// Why it is no JSON object, or says two things at once.
    pub(super) fn of(line: &'l [u8]) -> Result<Self, String> {
        match Self::plain(line) {
            Some(values) => Ok(values),
            None => Self::of_json(line),
        }
    }

    /// Reads a line by the rules of JSON.
    fn of_json(line: &'l [u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map_err(|error| error.to_string())
    }

    /// Reads a line of the form that feeds have, several times as fast: known keys, each once, no blanks, and values that are
    /// texts without escapes or numbers of plain digits. `None` for every other line.
    fn plain(line: &'l [u8]) -> Option<Self> {
        let mut rest = Rest(std::str::from_utf8(line).ok()?);
        let mut values = Self::default();
        rest.mark('{')?;
        loop {
            let slot = field(rest.text()?)?;
            let slot = values.known.get_mut(slot as usize);
            let slot = slot.filter(|slot| slot.is_none())?;
            rest.mark(':')?;
            *slot = Some(rest.scalar()?);
            if rest.mark(',').is_none() {
                rest.mark('}')?;
                return rest.0.is_empty().then_some(values);
            }
        }
    }

    /// Takes a value out; `None` where the line lacks the key.
    pub(super) fn take(&mut self, field: Field) -> Option<Scalar<'l>> {
        self.known.get_mut(field as usize)?.take()
    }

    /// Tells whether the line has a key.
    pub(super) fn has(&self, field: Field) -> bool {
        matches!(self.known.get(field as usize), Some(Some(_)))
    }

    /// Puts a value away that its column does not take.
    pub(super) fn put_away(&mut self, key: &str, scalar: Scalar<'_>) {
        self.unknown.insert(key.to_owned(), scalar.into());
    }
}

impl Default for Values<'_> {
    fn default() -> Self {
        Self {
            known: [const { None }; FIELDS],
            unknown: Map::new(),
        }
    }
}

/// What is still to be read of a plain line.
struct Rest<'l>(&'l str);

impl<'l> Rest<'l> {
    /// No float and no whole number loses any of so many digits.
    const MOST_DIGITS: usize = 15;

    fn mark(&mut self, mark: char) -> Option<()> {
        self.0 = self.0.strip_prefix(mark)?;
        Some(())
    }

    /// Takes so many bytes.
    fn take(&mut self, bytes: usize) -> Option<&'l str> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<&'l str> {
        self.mark('"')?;
        let text = self.take(plain_length(self.0.as_bytes())?)?;
        self.mark('"')?;
        Some(text)
    }

    fn scalar(&mut self) -> Option<Scalar<'l>> {
        if self.0.starts_with('"') {
            return self.text().map(|text| Scalar::Text(text.into()));
        }
        let is_beyond = |byte: u8| !byte.is_ascii_digit();
        let whole = self.0.bytes().position(is_beyond)?;
        let number = self.0;
        let has_extra_zero = whole > 1 && number.starts_with('0');
        if whole == 0 || whole > Self::MOST_DIGITS || has_extra_zero {
            return None;
        }
        let integer = self.take(whole)?;
        if self.mark('.').is_none() {
            return integer.parse().ok().map(Scalar::Int);
        }
        let fraction = self.0.bytes().position(is_beyond)?;
        if fraction == 0 || whole + fraction > Self::MOST_DIGITS {
            return None;
        }
        self.take(fraction)?;
        let decimal = number.get(..whole + 1 + fraction)?;
        decimal.parse().ok().map(Scalar::Float)
    }
}

/// Returns where the first byte stands that ends a text or is no plain part of one: a quote, a backslash or a control. Eight bytes
/// are looked at together.
fn plain_length(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHEST: u64 = u64::from_ne_bytes([0x80; 8]);
    // The lowest bit of these is that of the first byte below `limit`; bits above it may be carried.
    let below =
        |bytes: u64, limit: u8| bytes.wrapping_sub(ONES * u64::from(limit)) & !bytes & HIGHEST;
    let is = |bytes: u64, byte: u8| below(bytes ^ (ONES * u64::from(byte)), 1);
    let (eights, rest) = bytes.as_chunks::<8>();
    for (at, eight) in eights.iter().enumerate() {
        let eight = u64::from_le_bytes(*eight);
        let found = is(eight, b'"') | is(eight, b'\\') | below(eight, b' ');
        if found != 0 {
            return Some(at * 8 + (found.trailing_zeros() / 8) as usize);
        }
    }
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
    let at = rest.iter().position(ends)?;
    Some(eights.len() * 8 + at)
}

impl<'de> Deserialize<'de> for Values<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor)
    }
}

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = Values<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values<'de>, A::Error> {
        let mut values = Values::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Known(field) => {
                    let value: Scalar<'de> = map.next_value()?;
                    let slot = values.known.get_mut(field as usize);
                    let slot = slot.ok_or_else(|| A::Error::custom("a field without a place"))?;
                    // Both years' keys in one line may agree.
                    if slot.as_ref().is_some_and(|known| *known != value) {
                        return Err(A::Error::custom(format!("it has two values of {field:?}")));
                    }
                    *slot = Some(value);
                }
                Key::Unknown(key) => {
                    let value: Value = map.next_value()?;
                    let before = values.unknown.insert(key, value);
                    if before.is_some() {
                        return Err(A::Error::custom("it has a key twice"));
                    }
                }
            }
        }
        Ok(values)
    }
}

enum Key {
    Known(Field),
    Unknown(String),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Key, E> {
        Ok(field(key).map_or_else(|| Key::Unknown(key.to_owned()), Key::Known))
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E: Error>(self, int: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Int(int))
    }

    fn visit_u64<E: Error>(self, int: u64) -> Result<Scalar<'de>, E> {
        Ok(i64::try_from(int).map_or_else(|_| odd(int), Scalar::Int))
    }

    fn visit_f64<E: Error>(self, float: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Float(float))
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Scalar<'de>, E> {
        Ok(odd(is))
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Scalar<'de>, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(seq)).map(odd)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar<'de>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(odd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"messageId":"posttrade","isin":"DE000TEST001","currency":"EUR","lastQty":159.00,"lastTrade":56.2,"tickId":33976320,"transIdCode":"x \u00fc"}"#;

    /// A line is read the same in both ways, or in one only.
    fn is_plain(line: &str) -> bool {
        let plain = Values::plain(line.as_bytes());
        let is_plain = plain.is_some();
        if let Some(plain) = plain {
            assert_eq!(Ok(plain), Values::of_json(line.as_bytes()), "{line}");
        }
        is_plain
    }

    #[test]
    fn a_line_of_a_feed_is_plain_and_means_what_json_says() {
        let line = LINE.replace("\\u00fc", "\u{fc}");

        assert!(is_plain(&line));
        assert_eq!(
            Values::plain(line.as_bytes()).unwrap().take(Field::TickId),
            Some(Scalar::Int(33_976_320))
        );
        assert!(!is_plain(LINE), "an escape");
    }

    #[test]
    fn every_number_means_what_json_says() {
        for (number, expected) in [
            ("0", true),
            ("7", true),
            ("10", true),
            ("0.5", true),
            ("159.00", true),
            ("0.1", true),
            ("123456789.012345", true),
            ("999999999999999", true),
            ("1234567890123456", false),
            ("1.23456789012345678", false),
            ("00", false),
            ("01", false),
            ("00.5", false),
            (".5", false),
            ("5.", false),
            ("1.2.3", false),
            ("-1", false),
            ("-0", false),
            ("+1", false),
            ("1e3", false),
            ("1.5e3", false),
            ("1E3", false),
            ("", false),
            ("1_0", false),
            ("true", false),
            ("null", false),
            ("[1]", false),
            ("\"1\"1", false),
        ] {
            assert_eq!(
                is_plain(&format!("{{\"price\":{number}}}")),
                expected,
                "{number}"
            );
            assert_eq!(
                is_plain(&format!("{{\"price\":{number},\"quantity\":1}}")),
                expected,
                "{number}"
            );
        }
    }

    #[test]
    fn a_text_ends_at_the_first_byte_that_is_not_plain() {
        let is_end = |byte: u8| byte == b'"' || byte == b'\\' || byte < b' ';
        for length in 0..20 {
            for place in 0..=length {
                for byte in 0..=u8::MAX {
                    // Behind the first one, whatever is there changes nothing.
                    for filling in *b"a\"\\\x1f\x00\xff\x80!#" {
                        let mut bytes = vec![b'z'; length];
                        bytes
                            .iter_mut()
                            .skip(place)
                            .for_each(|after| *after = filling);
                        if let Some(at) = bytes.get_mut(place) {
                            *at = byte;
                        }
                        let expected = bytes.iter().position(|byte| is_end(*byte));
                        assert_eq!(plain_length(&bytes), expected, "{bytes:?}");
                    }
                }
            }
        }
    }

    /// Every cut of a line and every byte of it that becomes another one is read as JSON reads it.
    #[test]
    fn a_line_that_is_changed_anywhere_means_what_json_says() {
        let line = LINE.replace("\\u00fc", "z");
        for at in 0..line.len() {
            is_plain(&line[..at]);
            for byte in [
                "\"", "\\", "{", "}", ",", ":", "0", ".", "-", "e", " ", "\n", "\t", "\u{1}",
                "\u{fc}", "x",
            ] {
                is_plain(&format!("{}{byte}{}", &line[..at], &line[at + 1..]));
                is_plain(&format!("{}{byte}{}", &line[..at], &line[at..]));
            }
        }
    }

    #[test]
    fn keys_that_come_twice_or_are_not_known_are_left_to_json() {
        assert!(!is_plain(r#"{"price":1,"price":1}"#));
        assert!(!is_plain(r#"{"price":1,"lastTrade":1}"#));
        assert!(!is_plain(r#"{"price":1,"other":1}"#));
        assert!(!is_plain("{}"));
        assert!(!is_plain(r#"{"price":1}{"#));
        assert!(!is_plain(r#"{"price":1,}"#));
        assert!(!is_plain(r#"{"price":1 }"#));
    }
}
