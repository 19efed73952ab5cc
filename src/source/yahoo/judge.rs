//! What an answer of the server means, by its status and its body.
//!
//! Promises: the body is read whatever the status, since refusals carry JSON. A page of HTML, an empty answer and a
//! status without a body that Yahoo is known to send are an outage, never an unknown symbol. What looks like a chart
//! and is none is malformed, and its body is handed out.

use super::wire::{self, Body, Chart};
use crate::http::HttpAnswer;

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

/// Judges an answer.
pub(super) fn judge(answer: &HttpAnswer) -> Verdict {
    let status = answer.status;
    if status == 429 || status == 999 {
        return Verdict::Throttled;
    }
    match wire::read(&answer.body) {
        Ok(Body::Refused { code, description }) => refusal(status, &code, &description),
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

fn refusal(status: u16, code: &str, description: &str) -> Verdict {
    let said = || format!("{code}: {description}");
    match (status, code) {
        _ if status >= 500 => Verdict::Outage(said()),
        (_, "Too Many Requests") => Verdict::Throttled,
        (401 | 403, _) | (_, "Unauthorized") => Verdict::Outage(said()),
        (404, _) | (_, "Not Found") => Verdict::UnknownSymbol,
        (422, _) | (_, "Unprocessable Entity") if description.contains("per request") => {
            Verdict::TooLong {
                days: days_before(description, "worth of"),
            }
        }
        (422, _) | (_, "Unprocessable Entity") => Verdict::OutOfReach {
            days: days_after(description, "within the last"),
        },
        _ if description.starts_with("Data doesn't exist") => Verdict::BeforeFirstTrade,
        _ if description.starts_with("Invalid input") => Verdict::Unsupported(said()),
        _ => Verdict::Malformed(said()),
    }
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

    #[rstest]
    #[case(
        404,
        "Not Found",
        "No data found, symbol may be delisted",
        Verdict::UnknownSymbol
    )]
    #[case(
        400,
        "Bad Request",
        "Data doesn't exist for startDate = 1, endDate = 2",
        Verdict::BeforeFirstTrade
    )]
    #[case(422, "Unprocessable Entity", "The requested range must be within the last 60 days.", Verdict::OutOfReach { days: Some(60) })]
    #[case(422, "Unprocessable Entity", "something else", Verdict::OutOfReach { days: None })]
    #[case(422, "Unprocessable Entity", "Only 8 days worth of 1m granularity data are allowed to be fetched per request.", Verdict::TooLong { days: Some(8) })]
    #[case(401, "Unauthorized", "Invalid Crumb", Verdict::Outage("Unauthorized: Invalid Crumb".into()))]
    #[case(400, "Bad Request", "Invalid input - interval=9h is not supported.", Verdict::Unsupported("Bad Request: Invalid input - interval=9h is not supported.".into()))]
    #[case(429, "Too Many Requests", "", Verdict::Throttled)]
    #[case(502, "Bad Gateway", "down", Verdict::Outage("Bad Gateway: down".into()))]
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
