//! Zones: the main exchange of each, for series of which nothing else is known, and which names are of one zone.

use std::ops::Range;

use chrono::{DateTime, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;

/// Zones by their IANA names, older ones among them, and the exchange whose days those of the whole zone are.
const MAIN: [(&str, &str); 24] = [
    ("Africa/Johannesburg", "XJSE"),
    ("America/New_York", "XNYS"),
    ("America/Sao_Paulo", "BVMF"),
    ("America/Toronto", "XTSE"),
    ("Asia/Calcutta", "XBOM"),
    ("Asia/Hong_Kong", "XHKG"),
    ("Asia/Jerusalem", "XTAE"),
    ("Asia/Kolkata", "XBOM"),
    ("Asia/Riyadh", "XSAU"),
    ("Asia/Seoul", "XKRX"),
    ("Asia/Shanghai", "XSHG"),
    ("Asia/Tel_Aviv", "XTAE"),
    ("Asia/Tokyo", "XTKS"),
    ("Australia/Sydney", "XASX"),
    ("Europe/Amsterdam", "XAMS"),
    ("Europe/Berlin", "XETR"),
    ("Europe/Brussels", "XBRU"),
    ("Europe/Lisbon", "XLIS"),
    ("Europe/London", "XLON"),
    ("Europe/Madrid", "XMAD"),
    ("Europe/Paris", "XPAR"),
    ("Europe/Rome", "XMIL"),
    ("Europe/Zurich", "XSWX"),
    ("US/Eastern", "XNYS"),
];

/// The clock on the wall of an exchange, asked at instants that mostly follow one another.
#[derive(Clone, Debug)]
pub struct WallClock {
    zone: Tz,
    /// Instants within which the clock is so many nanoseconds ahead of UTC.
    settled: Range<i64>,
    ahead: i64,
}

impl WallClock {
    /// Within a quarter of an hour of UTC no zone changes its clock.
    const SETTLED: i64 = 15 * 60 * 1_000_000_000;

    /// Returns the clock of a zone by its IANA name; `None` when there is no such zone.
    pub fn of(zone: &str) -> Option<Self> {
        Some(Self {
            zone: zone.parse().ok()?,
            settled: 0..0,
            ahead: 0,
        })
    }

    /// Returns what the clock shows at an instant; both in nanoseconds since 1970.
    pub fn shows(&mut self, utc: i64) -> i64 {
        if !self.settled.contains(&utc) {
            let first = utc.div_euclid(Self::SETTLED).saturating_mul(Self::SETTLED);
            self.settled = first..first.saturating_add(Self::SETTLED);
            let moment = DateTime::from_timestamp_nanos(utc).naive_utc();
            let offset = self.zone.offset_from_utc_datetime(&moment).fix();
            self.ahead = i64::from(offset.local_minus_utc()) * 1_000_000_000;
        }
        utc.saturating_add(self.ahead)
    }
}

/// Returns the name of the main exchange of a zone.
pub(super) fn main_exchange(zone: &str) -> Option<&'static str> {
    let found = MAIN.binary_search_by_key(&zone, |(zone, _)| zone).ok()?;
    MAIN.get(found).map(|(_, exchange)| *exchange)
}

/// Tells whether two IANA names are of one zone: their clocks have shown the same time since 1970.
pub fn is_same_zone(one: &str, other: &str) -> bool {
    let (Ok(a), Ok(b)) = (one.parse::<Tz>(), other.parse::<Tz>()) else {
        return one == other;
    };
    let offset = |zone: Tz, day: NaiveDate| {
        let at = zone.offset_from_utc_datetime(&day.and_time(chrono::NaiveTime::MIN));
        at.fix().local_minus_utc()
    };
    // Clocks change between weeks, and rules of the future are those of today.
    let first = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default();
    let days = first.iter_weeks().take(52 * 70);
    a == b || days.into_iter().all(|day| offset(a, day) == offset(b, day))
}

#[cfg(test)]
mod tests {
    use super::super::known::Calendar;
    use super::*;

    #[test]
    fn every_zone_is_found_and_its_exchange_has_a_table() {
        for (zone, exchange) in MAIN {
            assert_eq!(main_exchange(zone), Some(exchange));
            assert!(Calendar::of(exchange).is_some(), "{exchange}");
        }
        assert_eq!(main_exchange("Asia/Taipei"), None);
    }

    #[test]
    fn a_wall_clock_leaps_in_spring_and_repeats_an_hour_in_autumn() {
        let nanos = |text: &str| {
            let moment: DateTime<chrono::Utc> = text.parse().unwrap();
            moment.timestamp_nanos_opt().unwrap()
        };
        let mut berlin = WallClock::of("Europe/Berlin").unwrap();

        for (utc, wall) in [
            ("2026-03-29T00:59:59Z", "2026-03-29T01:59:59Z"),
            ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"),
            ("2026-10-25T00:59:59Z", "2026-10-25T02:59:59Z"),
            ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"),
            ("2026-03-29T00:59:59Z", "2026-03-29T01:59:59Z"),
        ] {
            assert_eq!(berlin.shows(nanos(utc)), nanos(wall), "{utc}");
        }
        assert!(WallClock::of("Nowhere").is_none());
    }

    #[test]
    fn an_old_name_is_of_the_same_zone_and_a_neighbour_is_not() {
        assert!(is_same_zone("Asia/Calcutta", "Asia/Kolkata"));
        assert!(is_same_zone("US/Eastern", "America/New_York"));
        assert!(!is_same_zone("Europe/Berlin", "Europe/London"));
        assert!(!is_same_zone("Europe/Berlin", "Europe/Istanbul"));
        assert!(is_same_zone("Nowhere", "Nowhere"));
        assert!(!is_same_zone("Nowhere", "UTC"));
    }
}
