//! The address that a page of a job is asked for at.

use std::fmt::Write as _;

use super::YahooSpec;
use super::rows::Hours;
use super::wire::Period;
use crate::model::{Interval, Ticker};
use crate::source::FetchJob;

/// Returns the address of a page.
pub(super) fn of(spec: &YahooSpec, job: &FetchJob, page: Period) -> String {
    format!(
        "{}/v8/finance/chart/{}?period1={}&period2={}&interval={}&includePrePost={}&events=div%2Csplits%2CcapitalGains",
        spec.base_url.trim_end_matches('/'),
        encoded(&job.ticker),
        page.start,
        page.end,
        asked_interval(job.interval),
        spec.hours == Hours::Extended && job.interval.is_intraday(),
    )
}

/// Half hours are built of quarters: asked for them, Yahoo may answer with hours.
fn asked_interval(interval: Interval) -> &'static str {
    match interval {
        Interval::M30 => "15m",
        interval => interval.as_str(),
    }
}

/// Returns a symbol as a segment of an address.
fn encoded(ticker: &Ticker) -> String {
    let mut text = String::new();
    for byte in ticker.as_str().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => {
                // Writing to a string does not fail.
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}
