//! What an answer of the server means, by its status and its body.
//!
//! Promises: the body is read whatever the status, since refusals carry JSON. A page of HTML, an empty answer and a
//! status without a body that Yahoo is known to send are an outage, never an unknown symbol. What looks like a chart
//! and is none is malformed, and its body is handed out.

use super::wire::{self, Body, Chart, Speaker};
use crate::http::HttpAnswer;
use crate::model::Interval;
use crate::source::FetchJob;

/// An answer, understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// A chart, perhaps without rows.
    Chart(Box<Chart>),
    /// There was no such symbol yet in the window.
    BeforeFirstTrade,
    /// The window reaches further back than bars of this length are kept: so many days, if Yahoo says it.
    OutOfReach {
        /// Days from now.
        days: Option<u32>,
    },
    /// The window of one request is too long: so many days, if Yahoo says it.
    TooLong {
        /// Days of one request.
        days: Option<u32>,
    },
    /// There is no such symbol.
    UnknownSymbol,
    /// Yahoo wants to be left alone.
    Throttled,
    /// Yahoo is out of order, or does not let us in.
    Outage(String),
    /// Yahoo does not serve what is asked for, whatever the symbol.
    Unsupported(String),
    /// Nobody can say what this is.
    Malformed(String),
}

/// Tells whether a status of success comes with a failure of the server, which may be over at a second try.
pub(super) fn is_failure(answer: &HttpAnswer) -> bool {
    // No failure is longer, and every chart with more than some bars is.
    const LONGEST: usize = 16 * 1024;
    let may_be = answer.status == 200 && (answer.body.len() <= LONGEST || is_page(answer));
    may_be && matches!(judge(answer), Verdict::Outage(_))
}

/// Judges an answer.
pub(super) fn judge(answer: &HttpAnswer) -> Verdict {
    let status = answer.status;
    if status == 429 || status == 999 {
        return Verdict::Throttled;
    }
    match wire::read(&answer.body) {
        Ok(Body::Refused {
            by,
            code,
            description,
        }) => refusal(status, by, &code, &description),
        Ok(Body::Chart(chart)) if status == 200 => Verdict::Chart(chart),
        Ok(Body::Chart(_)) => Verdict::Outage(format!("status {status} with a chart")),
        Err(_) if answer.body.iter().all(u8::is_ascii_whitespace) => {
            Verdict::Outage(format!("an empty answer with status {status}"))
        }
        Err(_) if is_page(answer) => {
            Verdict::Outage(format!("a web page with status {status} instead of data"))
        }
        Err(_) if status != 200 => Verdict::Outage(format!("status {status} without a reason")),
        Err(reason) => Verdict::Malformed(reason),
    }
}

/// Refuses a chart of something else than was asked for.
pub(super) fn refuse_others(chart: &Chart, job: &FetchJob) -> Result<(), String> {
    let meta = &chart.meta;
    if !is_of_ticker(chart, job) {
        return Err(format!("it is a chart of {}", meta.symbol));
    }
    let served = meta.granularity.as_str();
    let is_right = match job.interval {
        // Yahoo spells sixty minutes its own way, and half hours are made of quarters.
        Interval::M60 | Interval::H1 => matches!(served, "" | "1h" | "60m"),
        Interval::M30 => matches!(served, "" | "15m" | "30m"),
        interval => served.is_empty() || served == interval.as_str(),
    };
    if is_right || chart.rows.is_empty() {
        return Ok(());
    }
    Err(format!(
        "it has bars of {served}, and {} was asked for",
        job.interval
    ))
}

/// Tells whether a chart is of the ticker that was asked for.
pub(super) fn is_of_ticker(chart: &Chart, job: &FetchJob) -> bool {
    let symbol = &chart.meta.symbol;
    symbol.eq_ignore_ascii_case(job.ticker.as_str())
}

/// What a refusal means: the one table of statuses, speakers and codes. Statuses of success are among them; Yahoo sends
/// those with any code, so a code decides wherever it says something.
fn refusal(status: u16, by: Speaker, code: &str, description: &str) -> Verdict {
    let said = || format!("{code}: {description}");
    let code = code.to_ascii_lowercase().replace(['-', '_'], " ");
    match (status, code.as_str()) {
        (500.., _) => Verdict::Outage(said()),
        (_, "too many requests") => Verdict::Throttled,
        (401 | 403, _) | (_, "unauthorized" | "forbidden") => Verdict::Outage(said()),
        _ if is_trouble(&code) || is_trouble(&description.to_ascii_lowercase()) => {
            Verdict::Outage(said())
        }
        // The way to the charts is not where it was: that says nothing of any symbol.
        _ if by == Speaker::Gate => Verdict::Outage(said()),
        (_, "not found") if !description.starts_with("HTTP ") => Verdict::UnknownSymbol,
        (422, _) | (_, "unprocessable entity") if description.contains("per request") => {
            Verdict::TooLong {
                days: days_before(description, "worth of"),
            }
        }
        (422, _) | (_, "unprocessable entity") => Verdict::OutOfReach {
            days: days_after(description, "within the last"),
        },
        _ if description.starts_with("Data doesn't exist") => Verdict::BeforeFirstTrade,
        _ if description.starts_with("Invalid input") => Verdict::Unsupported(said()),
        (404, _) => Verdict::Outage(said()),
        _ => Verdict::Malformed(said()),
    }
}

/// Tells whether words in lower case are of a server that does not work, in any of the ways in which servers say so.
fn is_trouble(words: &str) -> bool {
    const TROUBLE: [&str; 7] = [
        "internal",
        "server error",
        "unavailable",
        "gateway",
        "timeout",
        "timed out",
        "overload",
    ];
    TROUBLE.iter().any(|trouble| words.contains(trouble))
}

/// `The requested range must be within the last 60 days.`
fn days_after(text: &str, words: &str) -> Option<u32> {
    let (_, after) = text.split_once(words)?;
    after.split_whitespace().next()?.parse().ok()
}

/// `Only 8 days worth of 1m granularity data are allowed to be fetched per request.`
fn days_before(text: &str, words: &str) -> Option<u32> {
    let (before, _) = text.split_once(words)?;
    before.split_whitespace().find_map(|word| word.parse().ok())
}

fn is_page(answer: &HttpAnswer) -> bool {
    let is_said = answer
        .content_type
        .as_ref()
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    let start = answer.body.iter().find(|byte| !byte.is_ascii_whitespace());
    is_said || start == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn answer(status: u16, body: &str) -> HttpAnswer {
        HttpAnswer {
            status,
            body: body.as_bytes().to_vec(),
            ..HttpAnswer::default()
        }
    }

    fn refused(code: &str, description: &str) -> String {
        format!(
            r#"{{"chart":{{"result":null,"error":{{"code":"{code}","description":"{description}"}}}}}}"#
        )
    }

    const GONE: &str = "No data found, symbol may be delisted";
    const INPUT: &str = "Invalid input - interval=9h is not supported.";
    const DEPTH: &str = "The requested range must be within the last 60 days.";
    const LENGTH: &str =
        "Only 8 days worth of 1m granularity data are allowed to be fetched per request.";

    fn outage(said: &str) -> Verdict {
        Verdict::Outage(said.to_owned())
    }

    #[rstest]
    #[case(404, "Not Found", GONE, Verdict::UnknownSymbol)]
    #[case(200, "Not Found", GONE, Verdict::UnknownSymbol)]
    #[case(
        404,
        "Not Found",
        "HTTP 404 Not Found",
        outage("Not Found: HTTP 404 Not Found")
    )]
    #[case(404, "Odd", "new", outage("Odd: new"))]
    #[case(404, "Internal Server Error", "", outage("Internal Server Error: "))]
    #[case(
        400,
        "Bad Request",
        "Data doesn't exist for startDate = 1, endDate = 2",
        Verdict::BeforeFirstTrade
    )]
    #[case(
        200,
        "Bad Request",
        "Data doesn't exist for startDate = 1, endDate = 2",
        Verdict::BeforeFirstTrade
    )]
    #[case(422, "Unprocessable Entity", DEPTH, Verdict::OutOfReach { days: Some(60) })]
    #[case(200, "Unprocessable Entity", DEPTH, Verdict::OutOfReach { days: Some(60) })]
    #[case(422, "Unprocessable Entity", "something else", Verdict::OutOfReach { days: None })]
    #[case(422, "Unprocessable Entity", LENGTH, Verdict::TooLong { days: Some(8) })]
    #[case(
        401,
        "Unauthorized",
        "Invalid Crumb",
        outage("Unauthorized: Invalid Crumb")
    )]
    #[case(
        200,
        "Unauthorized",
        "Invalid Crumb",
        outage("Unauthorized: Invalid Crumb")
    )]
    #[case(403, "Odd", "", outage("Odd: "))]
    #[case(200, "Forbidden", "", outage("Forbidden: "))]
    #[case(400, "Bad Request", INPUT, Verdict::Unsupported(format!("Bad Request: {INPUT}")))]
    #[case(429, "Too Many Requests", "", Verdict::Throttled)]
    #[case(200, "Too Many Requests", "", Verdict::Throttled)]
    #[case(999, "Odd", "", Verdict::Throttled)]
    #[case(502, "Bad Gateway", "down", outage("Bad Gateway: down"))]
    #[case(
        500,
        "Not Found",
        GONE,
        outage("Not Found: No data found, symbol may be delisted")
    )]
    #[case(200, "Internal Server Error", "", outage("Internal Server Error: "))]
    #[case(200, "internal-error", "", outage("internal-error: "))]
    #[case(200, "INTERNAL_ERROR", "", outage("INTERNAL_ERROR: "))]
    #[case(200, "Service Unavailable", "", outage("Service Unavailable: "))]
    #[case(200, "Bad Gateway", "", outage("Bad Gateway: "))]
    #[case(200, "Gateway Timeout", "", outage("Gateway Timeout: "))]
    #[case(
        200,
        "Error",
        "the request timed out",
        outage("Error: the request timed out")
    )]
    #[case(
        200,
        "Odd",
        "temporarily unavailable",
        outage("Odd: temporarily unavailable")
    )]
    #[case(200, "Odd", "new", Verdict::Malformed("Odd: new".into()))]
    #[case(400, "Odd", "new", Verdict::Malformed("Odd: new".into()))]
    fn a_refusal_has_one_meaning(
        #[case] status: u16,
        #[case] code: &str,
        #[case] description: &str,
        #[case] expected: Verdict,
    ) {
        assert_eq!(
            judge(&answer(status, &refused(code, description))),
            expected
        );
    }

    #[rstest]
    fn what_stands_before_the_charts_denies_no_symbol(
        #[values("finance", "quoteResponse")] envelope: &str,
        #[values(200, 400, 404, 422, 500)] status: u16,
        #[values("Not Found", "Bad Request", "Unprocessable Entity", "Odd")] code: &str,
    ) {
        let body = refused(code, GONE).replace("chart", envelope);

        let verdict = judge(&answer(status, &body));

        assert_eq!(verdict, outage(&format!("{code}: {GONE}")));
    }

    #[rstest]
    fn what_says_neither_bars_nor_why_is_malformed(
        #[values(
            "{}",
            "[]",
            "null",
            "7",
            r#"{"chart":null}"#,
            r#"{"chart":{"result":null,"error":null}}"#,
            r#"{"chart":{"result":[],"error":null}}"#,
            r#"{"finance":{"result":null,"error":null}}"#,
            r#"{"quoteResponse":{"result":[{"symbol":"AAPL"}],"error":null}}"#,
            r#"{"message":"Hello","data":[1,2]}"#
        )]
        body: &str,
    ) {
        let verdict = judge(&answer(200, body));

        assert!(matches!(verdict, Verdict::Malformed(_)), "{verdict:?}");
    }

    #[test]
    fn only_a_failure_under_a_status_of_success_is_tried_again_for_its_body() {
        let gone = refused("Not Found", GONE);
        let failed = refused("Internal Server Error", "");
        let padded = format!("<html>{}</html>", " ".repeat(100_000));
        for (status, body, expected) in [
            (200, failed.as_str(), true),
            (200, "", true),
            (200, "<html>", true),
            (200, &padded, true),
            (200, &gone, false),
            (200, "{}", false),
            // A status of 500 is judged before, and who is not let in is not let in a second later.
            (502, &failed, false),
            (401, &failed, false),
            (404, "<html>", false),
        ] {
            assert_eq!(
                is_failure(&answer(status, body)),
                expected,
                "{status} {body:.50}"
            );
        }
    }

    #[rstest]
    #[case(200, "", "an empty answer with status 200")]
    #[case(
        200,
        "<html>Will be right back</html>",
        "a web page with status 200 instead of data"
    )]
    #[case(404, "<!DOCTYPE html>", "a web page with status 404 instead of data")]
    #[case(503, "busy", "status 503 without a reason")]
    fn what_is_no_answer_of_yahoo_is_an_outage(
        #[case] status: u16,
        #[case] body: &str,
        #[case] said: &str,
    ) {
        assert_eq!(
            judge(&answer(status, body)),
            Verdict::Outage(said.to_owned())
        );
    }

    #[test]
    fn half_a_body_is_malformed() {
        let verdict = judge(&answer(200, r#"{"chart":{"result":[{"meta":"#));

        assert!(matches!(verdict, Verdict::Malformed(_)), "{verdict:?}");
    }
}
