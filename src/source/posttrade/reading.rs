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

const FIELDS: usize = Field::NotionalCurrency as usize + 1;

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
    Odd(Value),
}

impl From<Scalar<'_>> for Value {
    fn from(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Text(text) => text.into_owned().into(),
            Scalar::Int(int) => int.into(),
            Scalar::Float(float) => float.into(),
            Scalar::Null => Self::Null,
            Scalar::Odd(value) => value,
        }
    }
}

/// The values of one line.
#[derive(Debug)]
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
        serde_json::from_slice(line).map_err(|error| error.to_string())
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
        let mut values = Values {
            known: [const { None }; FIELDS],
            unknown: Map::new(),
        };
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
        Ok(i64::try_from(int).map_or_else(|_| Scalar::Odd(int.into()), Scalar::Int))
    }

    fn visit_f64<E: Error>(self, float: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Float(float))
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Odd(is.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Scalar<'de>, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(seq)).map(Scalar::Odd)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar<'de>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(Scalar::Odd)
    }
}
