//! From one line to a trade.
//!
//! Promises: a trade has every value of its line, in its column or in `extra`; numbers are the nearest float to what is
//! written. What identifies a trade or says what it was worth is understood, or the line is refused with the reason.

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
    trade.extra = reader.rest();
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
                self.values.put_away(key, odd);
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
            self.values.put_away(key, scalar);
        }
        int
    }

    fn amount(&mut self) -> Option<f64> {
        let scalar = self.values.take(Field::NotionalAmount)?;
        let amount = float(&scalar);
        if amount.is_none() && scalar != Scalar::Null {
            self.values.put_away("notionalAmount", scalar);
        }
        amount
    }

    fn algo(&mut self) -> Option<bool> {
        match self.values.take(Field::Algo)? {
            Scalar::Text(text) if text == "H" => Some(true),
            Scalar::Text(text) if text == "-" => Some(false),
            Scalar::Null => None,
            odd => {
                self.values.put_away("mmtAlgoInd", odd);
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
    fn rest(self) -> Option<Arc<str>> {
        if self.values.unknown.is_empty() {
            return None;
        }
        let object = serde_json::Value::Object(self.values.unknown);
        Some(self.words.word(&object.to_string()))
    }
}

/// Returns a number: written as one or as text in plain digits, and not one that a float cannot hold.
fn float(scalar: &Scalar<'_>) -> Option<f64> {
    match scalar {
        Scalar::Float(float) => Some(*float),
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
    let seen = serde_json::Value::from(seen.unwrap_or(Scalar::Null));
    Refusal::Value(format!("its {name} is {seen}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const OF_2025: &str = r#"{"messageId":"posttrade","sourceName":"ETR","isin":"DE000TEST001","currency":"EUR","tickActionIndicator":"I","instrumentIdCode":"I","mmtMarketMechanism":"8","mmtTradingMode":"2","mmtNegotTransPretrdWaivInd":"-","mmtModificationInd":"-","mmtBenchmarkRefprcInd":"-","mmtPubModeDefReason":"-","mmtAlgoInd":"H","quotationType":1,"lastQty":159.00,"lastTrade":56.20,"lastTradeTime":"2025-10-31T13:54:00.042457058Z","distributionDateTime":"2025-10-31T13:54:00.052903000Z","tickId":33976320,"instrumentId":"DE000TEST001","transIdCode":"1000000000000025050760176191884004245705800000006636","executionVenueId":"XETA"}"#;
    const OF_2026: &str = r#"{"messageId":"posttrade","instrumentIdentificationCode":"DE000TEST001","priceCurrency":"EUR","lastTradeIndicator":"R","tradingSystem":"1","mmtTradingMode":"4","mmtModificationInd":"-","mmtAlgoInd":"-","priceNotation":2,"quantity":15,"price":123.30,"notionalAmount":18.495,"tradingDateAndTime":"2026-09-18T06:00:00.761054622Z","publicationDateAndTime":"2026-09-18T06:00:00.768851Z","transactionIdentificationCode":"x-1","venueOfExecution":"XETA","venueOfPublication":"XCEF"}"#;

    fn read(line: &str) -> Result<Trade, Refusal> {
        trade(line.as_bytes(), &mut Words::default())
    }

    #[test]
    fn a_line_of_2025_fills_its_columns() {
        let trade = read(OF_2025).unwrap();

        assert_eq!(&*trade.isin, "DE000TEST001");
        assert_eq!(trade.trans_id.len(), 52);
        assert_eq!((trade.price, trade.volume), (Some(56.2), Some(159.0)));
        assert_eq!(trade.trade_time, 1_761_918_840_042_457_058);
        assert_eq!(trade.tick_id, Some(33_976_320));
        assert_eq!(trade.algo_indicator, Some(true));
        assert_eq!(trade.source_name.as_deref(), Some("ETR"));
        assert_eq!((trade.publication_venue, trade.extra), (None, None));
    }

    /// Such a line made a bar in the future, and the day of its ticker's newest row with it.
    #[rstest]
    #[case::with_it("2026-09-18T06:00:00.768851Z", true)]
    #[case::days_before("2026-09-15T06:00:00Z", true)]
    #[case::a_minute_after("2026-09-18T06:01:00.768851Z", true)]
    #[case::more_after("2026-09-18T06:01:00.768852Z", false)]
    #[case::a_year_after("2027-09-18T06:00:00Z", false)]
    fn what_was_traded_after_it_was_published_is_refused(
        #[case] traded: &str,
        #[case] is_taken: bool,
    ) {
        let line = OF_2026.replace("2026-09-18T06:00:00.761054622Z", traded);

        let outcome = read(&line);

        let reason = outcome.map(drop).map_err(Refusal::reason);
        let expected = "it was traded more than a minute after it was published";
        assert_eq!(reason.is_ok(), is_taken, "{reason:?}");
        assert!(reason.err().is_none_or(|reason| reason == expected));
    }

    #[test]
    fn a_line_of_2026_fills_its_columns() {
        let trade = read(OF_2026).unwrap();

        assert_eq!((trade.price, trade.volume), (Some(123.3), Some(15.0)));
        assert_eq!(trade.distribution_time, 1_789_711_200_768_851_000);
        assert_eq!(
            (trade.quote_type, trade.notional_amount),
            (Some(2), Some(18.495))
        );
        assert_eq!(trade.last_trade_indicator.as_deref(), Some("R"));
        assert_eq!(trade.publication_venue.as_deref(), Some("XCEF"));
        assert_eq!((trade.algo_indicator, trade.tick_id), (Some(false), None));
        assert_eq!(trade.benchmark_flag, None);
    }

    #[test]
    fn every_text_and_number_of_a_line_is_in_its_trade() {
        for line in [OF_2025, OF_2026] {
            let serde_json::Value::Object(object) = serde_json::from_str(line).unwrap() else {
                panic!("{line}");
            };
            let told = format!("{:?}", read(line).unwrap());
            for (key, value) in object {
                if key.contains("Time") || key == "mmtAlgoInd" {
                    continue;
                }
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                assert!(told.contains(&text), "{key} {text} is not in {told}");
            }
        }
    }

    #[test]
    fn unknown_keys_and_odd_values_are_kept_in_their_order() {
        let line = OF_2026
            .replace("\"mmtAlgoInd\":\"-\"", "\"mmtAlgoInd\":\"X\"")
            .replace("{\"messageId", "{\"zeta\":[1],\"alpha\":null,\"messageId");

        let trade = read(&line).unwrap();

        assert_eq!(
            trade.extra.as_deref(),
            Some(r#"{"zeta":[1],"alpha":null,"mmtAlgoInd":"X"}"#)
        );
        assert_eq!(trade.algo_indicator, None);
    }

    #[rstest]
    #[case(r#""price":123.30"#, r#""price":-123.30"#, Some(-123.3))]
    #[case(r#""price":123.30"#, r#""price":"123.30""#, Some(123.3))]
    #[case(r#""price":123.30"#, r#""price":null"#, None)]
    #[case(
        r#""price":123.30"#,
        r#""price":0.1234567890123456789"#,
        Some(0.123_456_789_012_345_68)
    )]
    #[case(r#""price":123.30"#, r#""price":1"#, Some(1.0))]
    fn prices_are_taken_as_they_are_written(
        #[case] from: &str,
        #[case] to: &str,
        #[case] price: Option<f64>,
    ) {
        assert_eq!(read(&OF_2026.replace(from, to)).unwrap().price, price);
    }

    #[test]
    fn a_cancellation_may_lack_its_price() {
        let line = OF_2026
            .replace(r#""mmtModificationInd":"-""#, r#""mmtModificationInd":"C""#)
            .replace(r#""quantity":15,"price":123.30,"#, "");

        let trade = read(&line).unwrap();

        assert_eq!((&*trade.modification_flag, trade.price), ("C", None));
    }

    #[rstest]
    #[case(r#""price":123.30"#, r#""price":"123,30""#, "price")]
    #[case(r#""price":123.30"#, r#""price":"NaN""#, "price")]
    #[case(r#""price":123.30"#, r#""price":true"#, "price")]
    #[case(r#""price":123.30"#, r#""price":9007199254740993"#, "price")]
    #[case(r#""price":123.30"#, r#""price":1e999"#, "number")]
    #[case(r#""quantity":15"#, r#""quantity":-15"#, "quantity")]
    #[case(r#""quantity":15"#, r#""quantity":{}"#, "quantity")]
    #[case(r#":"x-1""#, r#":"""#, "transaction")]
    #[case(
        r#":"x-1""#,
        ":10000000000000250507601761918840042457058",
        "transaction"
    )]
    #[case(r#":"DE000TEST001""#, ":7", "instrument")]
    #[case(
        "2026-09-18T06:00:00.761054622Z",
        "18.09.2026 06:00",
        "time of trading"
    )]
    #[case("2026-09-18T06:00:00.768851Z", "", "time of publication")]
    #[case(r#"{"messageId""#, r#"{"price":1,"messageId""#, "two values")]
    #[case(r#"{"messageId""#, r#"{"a":1,"a":1,"messageId""#, "twice")]
    #[case(r#""XCEF"}"#, r#""XCEF""#, "EOF")]
    #[case(r#""XCEF"}"#, r#""XCEF"}}"#, "trailing")]
    fn what_cannot_be_understood_is_refused_with_the_reason(
        #[case] from: &str,
        #[case] to: &str,
        #[case] reason: &str,
    ) {
        let line = OF_2026.replace(from, to);
        assert_ne!(line, OF_2026);

        let Err(Refusal::Value(said)) = read(&line) else {
            panic!("{line}");
        };

        assert!(said.contains(reason), "{said}");
    }

    #[rstest]
    #[case("isin")]
    #[case("lastTrade")]
    #[case("lastQty")]
    #[case("lastTradeTime")]
    #[case("distributionDateTime")]
    #[case("transIdCode")]
    fn a_line_without_a_key_that_it_needs_is_of_another_schema(#[case] key: &str) {
        let line = OF_2025.replace(&format!("\"{key}\""), "\"renamed\"");
        assert_ne!(line, OF_2025);

        assert!(matches!(read(&line), Err(Refusal::Keys(_))));
    }
}
