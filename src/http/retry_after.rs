//! `Retry-After`, in both of its forms, and the dates of HTTP.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

/// What a server may ask for at most; more is a mistake of the server.
const LONGEST: Duration = Duration::from_hours(24);

/// Returns how long a server asks to be left alone, a day at most; `None` when the header makes no sense.
pub(super) fn parse(header: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = header.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    let until = date(text)?;
    // A date that has passed asks for nothing.
    let wait = (until - now).to_std().unwrap_or_default();
    Some(wait.min(LONGEST))
}

/// Reads a date of HTTP; `None` when it makes no sense.
pub(super) fn date(text: &str) -> Option<DateTime<Utc>> {
    let date = NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT").ok()?;
    Some(date.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_understood_and_nothing_else() {
        let now = "2026-03-02T10:00:00Z".parse().unwrap();
        for (header, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Mon, 02 Mar 2026 10:00:07 GMT", Some(7)),
            ("Mon, 02 Mar 2026 09:00:00 GMT", Some(0)),
            ("99999999999999999999999", Some(86_400)),
            ("Tue, 02 Mar 2099 10:00:07 GMT", None),
            ("Thu, 31 Dec 2099 10:00:07 GMT", Some(86_400)),
            ("", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
        ] {
            let wait = parse(header, now).map(|wait| wait.as_secs());

            assert_eq!(wait, seconds, "{header}");
        }
    }
}
