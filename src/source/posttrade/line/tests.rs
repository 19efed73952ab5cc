//! Lines of both years, odd ones, and what is none.

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
fn what_was_traded_after_it_was_published_is_refused(#[case] traded: &str, #[case] is_taken: bool) {
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

/// A number beyond a float lost its digits, and an object one of two values of a key.
#[rstest]
#[case(r#""tradeNumber":1000000000000025050760176191884004245705800000006636"#)]
#[case(r#""n":{"a":1,"a":2}"#)]
#[case(r#""rate":0.10000000000000000001"#)]
#[case(r#""rate":1.0,"other":1.50"#)]
#[case(r#""big":1e400,"small":-0,"plus":1E+3"#)]
#[case(r#""id":18446744073709551615,"next":18446744073709551616"#)]
#[case(r#""text":"\u00fc \n","list":[ 1 , {"b":[]} ]"#)]
fn what_no_column_takes_is_kept_as_it_is_written(#[case] extra: &str) {
    let line = OF_2026.replace("{\"messageId", &format!("{{{extra},\"messageId"));

    let trade = read(&line).unwrap();

    assert_eq!(trade.extra.as_deref(), Some(&*format!("{{{extra}}}")));
}

#[rstest]
#[case("priceNotation", "2", "2.50")]
#[case("priceNotation", "2", "12345678901234567890123")]
#[case("tradingSystem", "\"1\"", "1.0")]
#[case("tradingSystem", "\"1\"", "18446744073709551616")]
fn a_value_that_is_none_of_its_column_is_kept_as_it_is_written(
    #[case] key: &str,
    #[case] usual: &str,
    #[case] written: &str,
) {
    let line = OF_2026.replace(
        &format!("\"{key}\":{usual}"),
        &format!("\"{key}\":{written}"),
    );
    assert_ne!(line, OF_2026);

    let trade = read(&line).unwrap();

    assert_eq!(
        trade.extra.as_deref(),
        Some(&*format!("{{\"{key}\":{written}}}"))
    );
}

#[test]
fn more_than_a_trade_has_beside_its_columns_is_refused() {
    let with = |bytes: usize| {
        let extra = format!("{{\"x\":\"{}\",\"messageId", "z".repeat(bytes));
        read(&OF_2026.replace("{\"messageId", &extra))
    };

    assert_eq!(
        with(8_000).unwrap().extra.map(|extra| extra.len()),
        Some(8_008)
    );
    let reason = with(9_000).unwrap_err().reason();
    assert_eq!(reason, "it has 9008 bytes under keys that are not known");
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
