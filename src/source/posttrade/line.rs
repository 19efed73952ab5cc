//! From one line to a trade.
//!
//! Promises: a trade has every value of its line, in its column or in `extra`; numbers are the nearest float to what is
//! written, and those in `extra` what is written. What identifies a trade or says what it was worth is understood, or the line is refused with the reason.

use std::sync::Arc;

use super::reading::{Field, Scalar, Values};
use super::stamp;
use super::words::Words;
use crate::frame::Trade;

/// Why a line is no trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has other keys than those that are known.
    Keys(String),
    /// It is no line, or a value of it makes no sense.
    Value(String),
}

impl Refusal {
    pub(super) fn reason(self) -> String {
        match self {
            Self::Keys(reason) | Self::Value(reason) => reason,
        }
    }
}

/// How far the clock of whoever publishes may be behind that of the trading system. What was traded later than that is in the
/// future, and would make a bar there.
const CLOCKS_APART: i64 = 60_000_000_000;

/// Bytes of what no column takes. The trades of a batch have that much each.
const MOST_EXTRA: usize = 8 << 10;

/// What a line must have to be a line of trades, by the names of its columns.
const NEEDED: [(Field, &str); 4] = [
    (Field::Isin, "an instrument"),
    (Field::TransId, "a transaction"),
    (Field::TradeTime, "a time of trading"),
    (Field::DistributionTime, "a time of publication"),
];
/// The same of a line that takes nothing back.
const WORTH: [(Field, &str); 2] = [(Field::Price, "a price"), (Field::Volume, "a quantity")];

/// Reads a line.
pub(super) fn trade(line: &[u8], words: &mut Words) -> Result<Trade, Refusal> {
    let mut reader = Reader {
        values: Values::of(line).map_err(Refusal::Value)?,
        words,
    };
    let modification = reader.code(Field::Modification, "mmtModificationInd");
    let modification =
        modification.unwrap_or_else(|| reader.words.shared(Field::Modification, "-"));
    reader.has_all(&NEEDED)?;
    if &*modification != "C" {
        reader.has_all(&WORTH)?;
    }
    let mut trade = Trade {
        isin: reader.identity(Field::Isin, "instrument")?,
        trans_id: reader.transaction()?,
        trade_time: reader.moment(Field::TradeTime, "time of trading")?,
        distribution_time: reader.moment(Field::DistributionTime, "time of publication")?,
        price: reader.number(Field::Price, "price")?,
        volume: reader.volume()?,
        modification_flag: modification,
        ..Trade::default()
    };
    if trade.trade_time.saturating_sub(CLOCKS_APART) > trade.distribution_time {
        let told = "it was traded more than a minute after it was published";
        return Err(Refusal::Value(told.to_owned()));
    }
    reader.codes(&mut trade);
    trade.extra = reader.rest()?;
    Ok(trade)
}

struct Reader<'l, 'w> {
    values: Values<'l>,
    words: &'w mut Words,
}

impl Reader<'_, '_> {
    fn has_all(&self, needed: &[(Field, &str)]) -> Result<(), Refusal> {
        match needed.iter().find(|(field, _)| !self.values.has(*field)) {
            None => Ok(()),
            Some((_, name)) => Err(Refusal::Keys(format!("it has no key for {name}"))),
        }
    }

    /// Takes what a trade is found by.
    fn identity(&mut self, field: Field, name: &str) -> Result<Arc<str>, Refusal> {
        match self.values.take(field) {
            Some(Scalar::Text(text)) if !text.is_empty() => Ok(self.words.shared(field, &text)),
            other => Err(refused(name, other)),
        }
    }

    /// Takes the id of the transaction. It has no other like it, so nothing is shared.
    fn transaction(&mut self) -> Result<Arc<str>, Refusal> {
        match self.values.take(Field::TransId) {
            Some(Scalar::Text(text)) if !text.is_empty() => Ok(text.as_ref().into()),
            Some(Scalar::Int(int)) => Ok(int.to_string().into()),
            other => Err(refused("transaction", other)),
        }
    }

    fn moment(&mut self, field: Field, name: &str) -> Result<i64, Refusal> {
        match self.values.take(field) {
            Some(Scalar::Text(text)) => stamp::parse(&text)
                .ok_or_else(|| refused(name, Some(Scalar::Text(text.as_ref().into())))),
            other => Err(refused(name, other)),
        }
    }

    /// Takes a number that must be one where it is not null. It may be below zero: so are prices of spreads.
    fn number(&mut self, field: Field, name: &str) -> Result<Option<f64>, Refusal> {
        match self.values.take(field) {
            None | Some(Scalar::Null) => Ok(None),
            Some(scalar) => match float(&scalar) {
                Some(float) => Ok(Some(float)),
                None => Err(refused(name, Some(scalar))),
            },
        }
    }

    fn volume(&mut self) -> Result<Option<f64>, Refusal> {
        let volume = self.number(Field::Volume, "quantity")?;
        match volume.filter(|volume| *volume < 0.0) {
            None => Ok(volume),
            Some(volume) => Err(Refusal::Value(format!("its quantity is {volume}"))),
        }
    }

    /// Takes a code; one that is no text goes to `extra` under its key.
    fn code(&mut self, field: Field, key: &str) -> Option<Arc<str>> {
        match self.values.take(field)? {
            Scalar::Text(text) => Some(self.words.shared(field, &text)),
            Scalar::Int(int) => Some(self.words.shared(field, &int.to_string())),
            Scalar::Null => None,
            odd => {
                self.values.put_away(key, &odd);
                None
            }
        }
    }

    fn int(&mut self, field: Field, key: &str) -> Option<i64> {
        let scalar = self.values.take(field)?;
        let int = match &scalar {
            Scalar::Int(int) => Some(*int),
            Scalar::Text(text) => text.parse().ok(),
            _ => None,
        };
        if int.is_none() && scalar != Scalar::Null {
            self.values.put_away(key, &scalar);
        }
        int
    }

    fn amount(&mut self) -> Option<f64> {
        let scalar = self.values.take(Field::NotionalAmount)?;
        let amount = float(&scalar);
        if amount.is_none() && scalar != Scalar::Null {
            self.values.put_away("notionalAmount", &scalar);
        }
        amount
    }

    fn algo(&mut self) -> Option<bool> {
        match self.values.take(Field::Algo)? {
            Scalar::Text(text) if text == "H" => Some(true),
            Scalar::Text(text) if text == "-" => Some(false),
            Scalar::Null => None,
            odd => {
                self.values.put_away("mmtAlgoInd", &odd);
                None
            }
        }
    }

    /// Takes all that may be missing. A value that no column takes is put away under the key of 2026, or of 2025 where that
    /// is the only one.
    fn codes(&mut self, trade: &mut Trade) {
        trade.message_id = self.code(Field::MessageId, "messageId");
        trade.source_name = self.code(Field::SourceName, "sourceName");
        trade.instrument_id = self.code(Field::InstrumentId, "instrumentId");
        trade.tick_id = self.int(Field::TickId, "tickId");
        trade.currency = self.code(Field::Currency, "priceCurrency");
        trade.quote_type = self.int(Field::QuoteType, "priceNotation");
        trade.execution_venue = self.code(Field::ExecutionVenue, "venueOfExecution");
        trade.publication_venue = self.code(Field::PublicationVenue, "venueOfPublication");
        trade.tick_action = self.code(Field::TickAction, "tickActionIndicator");
        trade.instrument_code = self.code(Field::InstrumentCode, "instrumentIdCode");
        trade.market_mechanism = self.code(Field::MarketMechanism, "mmtMarketMechanism");
        trade.trading_system = self.code(Field::TradingSystem, "tradingSystem");
        trade.trading_mode = self.code(Field::TradingMode, "mmtTradingMode");
        trade.negotiated_flag = self.code(Field::Negotiated, "mmtNegotTransPretrdWaivInd");
        trade.benchmark_flag = self.code(Field::Benchmark, "mmtBenchmarkRefprcInd");
        trade.pub_deferral = self.code(Field::Deferral, "mmtPubModeDefReason");
        trade.algo_indicator = self.algo();
        trade.last_trade_indicator = self.code(Field::LastTrade, "lastTradeIndicator");
        trade.notional_amount = self.amount();
        trade.notional_currency = self.code(Field::NotionalCurrency, "notionalCurrency");
    }

    /// Returns what has no column.
    fn rest(self) -> Result<Option<Arc<str>>, Refusal> {
        match self.values.rest() {
            Some(extra) if extra.len() > MOST_EXTRA => {
                let bytes = extra.len();
                let told = format!("it has {bytes} bytes under keys that are not known");
                Err(Refusal::Value(told))
            }
            Some(extra) => Ok(Some(self.words.word(&extra))),
            None => Ok(None),
        }
    }
}

/// Returns a number: written as one or as text in plain digits, and not one that a float cannot hold.
fn float(scalar: &Scalar<'_>) -> Option<f64> {
    match scalar {
        Scalar::Float(float, _) => Some(*float),
        Scalar::Int(int) => whole(*int),
        Scalar::Text(text) => {
            let is_plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
            let float: f64 = text.parse().ok().filter(|_| text.chars().all(is_plain))?;
            float.is_finite().then_some(float)
        }
        Scalar::Null | Scalar::Odd(_) => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what a float does not hold is refused"
)]
fn whole(int: i64) -> Option<f64> {
    const EXACT: i64 = 1 << 53;
    (-EXACT..=EXACT).contains(&int).then_some(int as f64)
}

fn refused(name: &str, seen: Option<Scalar<'_>>) -> Refusal {
    let seen = seen.unwrap_or(Scalar::Null);
    let seen = seen.json();
    Refusal::Value(format!("its {name} is {seen}"))
}

#[cfg(test)]
mod tests;
