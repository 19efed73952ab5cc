//! The moment of `--as-of`: one of any zone, or a day, which means all that was known when it ended in UTC.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};

use super::CalendarSpan;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// At this moment.
    Moment(DateTime<Utc>),
    /// When this day ended.
    EndOf(NaiveDate),
}

impl FromStr for AsOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::Moment(moment.with_timezone(&Utc)));
        }
        match text.parse::<NaiveDate>() {
            // The end of a day must be one that can be stored.
            Ok(day) => CalendarSpan::Day(day).on(day).map(|_| Self::EndOf(day)),
            Err(_) => Err(format!(
                "`{text}` is neither a day such as 2026-11-20 nor a moment with its zone such as 2026-11-20T16:00:00-05:00"
            )),
        }
    }
}

impl AsOf {
    /// Returns the moment. A day that is not over yet ends now.
    ///
    /// # Errors
    /// When it lies in the future.
    pub fn at(self, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
        let refused = |what: String| format!("{what} is in the future");
        match self {
            Self::Moment(moment) if moment > now => Err(refused(moment.to_rfc3339())),
            Self::Moment(moment) => Ok(moment),
            Self::EndOf(day) if day > now.date_naive() => Err(refused(day.to_string())),
            Self::EndOf(day) => {
                let end = day.and_hms_nano_opt(23, 59, 59, 999_999_999);
                Ok(end.map_or(now, |end| end.and_utc().min(now)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Result<String, String> {
        let now = "2026-11-29T14:00:00Z".parse().unwrap();
        let as_of = text.parse::<AsOf>()?;
        Ok(as_of.at(now)?.to_rfc3339())
    }

    #[test]
    fn a_day_ends_in_utc_and_the_one_that_is_not_over_ends_now() {
        for (text, expected) in [
            ("2026-11-20", "2026-11-20T23:59:59.999999999+00:00"),
            ("2026-11-29", "2026-11-29T14:00:00+00:00"),
            ("2026-11-20T16:00:00-05:00", "2026-11-20T21:00:00+00:00"),
            ("2026-11-29T14:00:00Z", "2026-11-29T14:00:00+00:00"),
        ] {
            assert_eq!(at(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_future_and_moments_without_a_zone_are_refused() {
        for text in [
            "2026-11-30",
            "2026-11-29T14:00:01Z",
            "2026-11-29T16:00:00+01:00",
            "2026-11-20T16:00:00",
            "yesterday",
            "",
        ] {
            assert!(at(text).is_err(), "{text}");
        }
    }
}
