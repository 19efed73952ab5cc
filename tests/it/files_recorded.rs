//! Every recorded file, as a folder of files reads it: the number of its bars and the first and the last of them.
//!
//! The numbers were counted in the files by another program. Where a file is not named for its ticker, it is put under a name
//! that is, or that it has where it comes from.

use barkeep::source::Fetched;

use crate::support::files::{Folder, ask, bars, job, refusal, stamp};
use crate::support::recorded::{recorded, recorded_data};

/// Recorded file, name in the folder, ticker, interval, bars, moment and close of the first and of the last.
type Line = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    usize,
    (&'static str, f64),
    (&'static str, f64),
);

#[rustfmt::skip]
const FILES: [Line; 33] = [
    ("csv/other/backtesting_BTCUSD.csv", "BTCUSD.csv", "BTCUSD", "1mo", 156, ("2012-01-31", 5.55), ("2024-12-31", 93_381.0)),
    ("csv/other/backtesting_GOOG.csv", "GOOG.csv", "GOOG", "1d", 2148, ("2004-08-19", 100.34), ("2013-03-01", 806.19)),
    ("csv/other/backtrader_2006-day-002.txt", "X.txt", "X", "1d", 129, ("2006-01-03", 3614.34), ("2006-12-29", 4119.94)),
    ("csv/other/backtrader_daily-KO.csv", "KO.csv", "KO", "1d", 356, ("1997-01-02", 51.875), ("1998-06-01", 79.5)),
    ("csv/other/backtrader_orcl-2014.txt", "orcl-2014.txt", "ORCL", "1d", 252, ("2014-01-02", 37.84), ("2014-12-31", 44.970_001)),
    ("csv/other/bokeh_stocks.csv.gz", "stocks.csv.gz", "AAPL", "1d", 3270, ("2000-03-01", 130.31), ("2013-03-01", 430.47)),
    ("csv/other/bokeh_stocks.csv.gz", "stocks.csv.gz", "FB", "1d", 196, ("2012-05-18", 38.2318), ("2013-03-01", 27.78)),
    ("csv/other/bokeh_stocks.csv.gz", "stocks.csv.gz", "GOOG", "1d", 2148, ("2004-08-19", 100.335), ("2013-03-01", 806.19)),
    ("csv/other/bokeh_stocks.csv.gz", "stocks.csv.gz", "IBM", "1d", 3270, ("2000-03-01", 100.25), ("2013-03-01", 202.91)),
    ("csv/other/bokeh_stocks.csv.gz", "stocks.csv.gz", "MSFT", "1d", 3270, ("2000-03-01", 90.81), ("2013-03-01", 27.95)),
    ("csv/other/mplfinance_SP500_NOV2019_Hist.csv", "SP500.csv", "SP500", "1d", 20, ("2019-11-01", 3066.91), ("2019-11-29", 3140.98)),
    ("csv/other/mplfinance_SP500_NOV2019_IDay.csv", "SP500-1m.csv", "SP500", "1m", 1563, ("2019-11-05 09:30", 3080.49), ("2019-11-08 15:59", 3092.91)),
    ("csv/other/mplfinance_yahoofinance-SPY-20200901-20210113.csv", "SPY-20200901-20210113.csv", "SPY", "1d", 92, ("2020-09-01", 352.600_006), ("2021-01-12", 378.769_989)),
    ("csv/other/nautilus_binance_ADABTC-1m-2021-11-27.csv", "ADABTC-1m-2021-11-27.csv", "ADABTC", "1m", 10, ("2021-11-27 00:00", 2.854e-5), ("2021-11-27 00:09", 2.865e-5)),
    ("csv/other/polygon_flatfile_minute_aggs.head.csv", "minute_aggs_v1/2025/04/2025-04-16.csv", "AAPL", "1m", 2, ("2025-04-16 04:35", 200.5), ("2025-04-16 04:36", 200.34)),
    ("csv/stooq/5min/aacb.us.txt", "5 min/aacb.us.txt", "AACB", "5m", 172, ("2026-01-26 09:55", 10.38), ("2026-06-22 12:15", 10.5)),
    ("csv/stooq/5min/aacbu.us.txt", "5 min/aacbu.us.txt", "AACBU", "5m", 12, ("2026-06-02 15:10", 10.99), ("2026-06-17 15:30", 10.68)),
    ("csv/stooq/5min/aapl.us.txt.gz", "5 min/aapl.us.txt.gz", "AAPL", "5m", 7943, ("2026-01-26 09:30", 250.95), ("2026-06-22 15:55", 296.79)),
    ("csv/stooq/daily/aacg.us.txt", "daily/us/aacg.us.txt", "AACG", "1d", 4111, ("2008-01-28", 0.738), ("2024-10-29", 0.98)),
    ("csv/stooq/daily/aaciu.us.txt", "daily/us/aaciu.us.txt", "AACIU", "1d", 25, ("2024-02-02", 10.9), ("2024-08-15", 11.0)),
    ("csv/stooq/daily/aagrw.us.txt", "daily/us/aagrw.us.txt", "AAGRW", "1d", 653, ("2021-10-06", 0.815), ("2024-09-25", 0.0058)),
    ("csv/stooq/hourly/aapl.us.head.txt", "hourly/aapl.us.txt", "AAPL", "1h", 28, ("2024-04-11 09:30", 168.176), ("2024-05-03 15:00", 182.498)),
    ("csv/stooq/web/aapl_us_d.csv", "aapl_us_d.csv", "AAPL", "1d", 200, ("2023-02-28", 147.41), ("2023-12-12", 194.71)),
    ("csv/stooq/web/spx_d_no_header.csv.gz", "spx_d.csv.gz", "SPX", "1d", 18_555, ("1950-01-03", 16.66), ("2023-05-24", 4122.71)),
    ("csv/yahoo_v7/AAPL_200.csv", "AAPL.csv", "AAPL", "1d", 1, ("2020-01-02", 75.087_502), ("2020-01-02", 75.087_502)),
    ("csv/yahoo_v7/BTC-USD_200.csv", "BTC-USD.csv", "BTC-USD", "1d", 3, ("2020-01-01", 7_200.174_316), ("2020-01-03", 7_344.884_277)),
    ("csv/yahoo_v7/EURUSDX_200.csv", "EURUSD%3DX.csv", "EURUSD=X", "1d", 3, ("2020-01-01", 1.122_083), ("2020-01-03", 1.117_144)),
    ("csv/yahoo_v7/OCDO.L_200.csv", "OCDO.L.csv", "OCDO.L", "1d", 1, ("2020-01-02", 1259.5), ("2020-01-02", 1259.5)),
    ("json_other/alphavantage_ibm-partial-adj.json", "adjusted.json", "IBM", "1d", 7, ("2020-12-31", 125.88), ("2021-01-11", 128.58)),
    ("json_other/alphavantage_ibm-partial.json", "plain.json", "IBM", "1d", 7, ("2020-12-31", 125.88), ("2021-01-11", 128.58)),
    ("json_other/polygon_v2_aggs_ticker_AAPL_range_1_day_2005-04-01_2005-04-04.json", "aggs.json", "AAPL", "1d", 2, ("2005-04-01", 1.4604), ("2005-04-04", 1.4675)),
    ("lean/equity/usa/daily/aaa.zip", "equity/usa/daily/aaa.zip", "AAA", "1d", 1371, ("2002-05-22", 54.89), ("2021-03-31", 25.04)),
    ("lean/equity/usa/minute/ibm/20131004_trade.zip", "equity/usa/minute/ibm/20131004_trade.zip", "IBM", "1m", 411, ("2013-10-04 08:28", 183.86), ("2013-10-04 19:55", 184.0)),
];

/// Recorded file, name in the folder, ticker, interval, and what the refusal says.
#[rustfmt::skip]
const REFUSED: [(&str, &str, &str, &str, &str); 4] = [
    ("csv/other/backtrader_ticksample.csv", "1m/T.csv", "T", "1m", "closer to each other"),
    ("csv/stooq/daily/aapg_file_holding_abat.us.txt", "daily/aapg.us.txt", "AAPG", "1d", "ABAT.US"),
    ("lean/equity/usa/factor_files/aapl.csv", "aapl.csv", "AAPL", "1d", "known order"),
    ("json_other/polygon_v3_reference_splits.json", "splits.json", "SPLITS", "1d", "JSON without bars"),
];

#[test]
fn every_recorded_file_of_bars_is_read_from_its_first_bar_to_its_last() {
    let Some(data) = recorded_data() else {
        return;
    };
    for (file, name, ticker, interval, count, first, last) in FILES {
        let folder = Folder::new();
        folder.put(name, recorded(&data, file));
        let source = folder.source_with("us:files", |spec| {
            if interval == "1mo" {
                spec.interval = interval.parse().unwrap();
            }
        });

        let mut rows = bars(&*source, ticker, interval);

        rows.sort_by_key(|row| row.date);
        let moment = |at: usize| stamp(&rows[at]).replace(" 00:00:00", "");
        let is = |at: usize, (expected, close): (&str, f64)| {
            let shown = moment(at);
            let is_then = shown == expected
                || shown == format!("{expected}:00")
                || expected == format!("{shown} 00:00");
            is_then && rows[at].close == Some(close)
        };
        assert_eq!(rows.len(), count, "{file} {ticker}");
        assert!(is(0, first), "{file}: {:?}", rows[0]);
        assert!(is(count - 1, last), "{file}: {:?}", rows[count - 1]);
    }
}

#[test]
fn every_recorded_file_without_bars_is_refused_with_its_reason() {
    let Some(data) = recorded_data() else {
        return;
    };
    for (file, name, ticker, interval, reason) in REFUSED {
        let folder = Folder::new();
        folder.put(name, recorded(&data, file));

        let message = refusal(&*folder.source(), ticker, interval);

        assert!(message.contains(reason), "{file}: {message}");
    }
    let folder = Folder::new();
    folder
        .put("BEKE.csv", recorded(&data, "csv/yahoo_v7/BEKE_400.csv"))
        .put(
            "map_files/fb.csv",
            recorded(&data, "lean/equity/usa/map_files/fb.csv"),
        );
    let source = folder.source();
    let nothing = ask(&*source, &job("BEKE", "1d")).unwrap();
    assert!(matches!(nothing, Fetched::Nothing { .. }), "{nothing:?}");
    assert_eq!(
        ask(&*source, &job("FB", "1d")).unwrap(),
        Fetched::UnknownTicker
    );
}

#[test]
fn the_days_of_a_ticker_in_leans_folder_are_one_series() {
    let Some(data) = recorded_data() else {
        return;
    };
    let folder = Folder::new();
    for day in ["20131004", "20131007"] {
        let name = format!("equity/usa/minute/ibm/{day}_trade.zip");
        folder.put(&name, recorded(&data, &format!("lean/{name}")));
    }

    let rows = bars(&*folder.source(), "IBM", "1m");

    assert_eq!(rows.len(), 864);
    assert_eq!(rows[863].close, Some(181.99));
    assert_eq!(stamp(&rows[863]), "2013-10-07 19:26:00");
}
