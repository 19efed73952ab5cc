//! One line as its values, borrowed from it: which key stands for which column in which year.
//!
//! Promises: no value is lost: what no column is known for is handed out beside, as it is written. Leaves to others: what the
//! values mean.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

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
    /// A number, and how it is written.
    Float(f64, &'l str),
    Null,
    /// What no column takes, as it is written: truth values, lists, objects, and integers beyond 64 bits.
    Odd(&'l str),
}

impl<'l> Scalar<'l> {
    /// Reads a value of JSON.
    fn of(written: &'l str) -> serde_json::Result<Self> {
        let is_whole = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        Ok(match written.as_bytes().first() {
            Some(b'"') => Scalar::Text(serde_json::from_str::<Text<'_>>(written)?.0),
            Some(b'n') => Scalar::Null,
            Some(b'-' | b'0'..=b'9') => match written.parse() {
                Ok(int) if written != "-0" => Scalar::Int(int),
                _ if is_whole(written) && written != "-0" => Scalar::Odd(written),
                _ => Scalar::Float(serde_json::from_str(written)?, written),
            },
            _ => Scalar::Odd(written),
        })
    }

    /// Tells whether two values say the same, however they are written.
    fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Scalar::Float(one, _), Scalar::Float(two, _)) => one.total_cmp(two).is_eq(),
            (one, two) => one == two,
        }
    }

    /// Returns it as JSON, a number as it is written.
    pub(super) fn json(&self) -> Cow<'l, str> {
        match self {
            Scalar::Text(text) => json_text(text).into(),
            Scalar::Int(int) => int.to_string().into(),
            Scalar::Float(_, written) | Scalar::Odd(written) => (*written).into(),
            Scalar::Null => "null".into(),
        }
    }
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The values of one line.
#[derive(Debug, PartialEq)]
pub(super) struct Values<'l> {
    /// By what they stand for.
    known: [Option<Scalar<'l>>; FIELDS],
    /// Those whose keys are not known, in the order of the line, as they are written.
    unknown: Vec<(String, Cow<'l, str>)>,
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
        let values: Self = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let mut keys: Vec<&str> = values.unknown.iter().map(|(key, _)| &**key).collect();
        keys.sort_unstable();
        match keys.windows(2).find(|two| two.first() == two.last()) {
            Some(_) => Err("it has a key twice".to_owned()),
            None => Ok(values),
        }
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
    pub(super) fn put_away(&mut self, key: &str, scalar: &Scalar<'l>) {
        self.unknown.push((key.to_owned(), scalar.json()));
    }

    /// Returns all that no column takes as an object of JSON, each value as it is written; `None` where there is nothing.
    pub(super) fn rest(self) -> Option<String> {
        if self.unknown.is_empty() {
            return None;
        }
        let pairs = self.unknown.iter();
        let pairs = pairs.map(|(key, value)| format!("{}:{value}", json_text(key)));
        Some(format!("{{{}}}", pairs.collect::<Vec<_>>().join(",")))
    }
}

impl Default for Values<'_> {
    fn default() -> Self {
        Self {
            known: [const { None }; FIELDS],
            unknown: Vec::new(),
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
        let float = decimal.parse().ok()?;
        Some(Scalar::Float(float, decimal))
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
                    let written: &'de RawValue = map.next_value()?;
                    let value = Scalar::of(written.get()).map_err(A::Error::custom)?;
                    let slot = values.known.get_mut(field as usize);
                    let slot = slot.ok_or_else(|| A::Error::custom("a field without a place"))?;
                    // Both years' keys in one line may agree.
                    if slot.as_ref().is_some_and(|known| !known.agrees(&value)) {
                        return Err(A::Error::custom(format!("it has two values of {field:?}")));
                    }
                    *slot = Some(value);
                }
                Key::Unknown(key) => {
                    let written: &'de RawValue = map.next_value()?;
                    values.unknown.push((key, written.get().into()));
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

/// A text, borrowed where nothing of it is escaped.
struct Text<'l>(Cow<'l, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

#[cfg(test)]
mod tests;
