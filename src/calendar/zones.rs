//! Zones: the main exchange of each, for series of which nothing else is known, and which names are of one zone.

use chrono::{LocalResult, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone};
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

/// Returns the name of the main exchange of a zone.
pub(super) fn main_exchange(zone: &str) -> Option<&'static str> {
    let found = MAIN.binary_search_by_key(&zone, |(zone, _)| zone).ok()?;
    MAIN.get(found).map(|(_, exchange)| *exchange)
}

/// Returns a moment of a wall clock in UTC: the earlier of two, and for one that the clock leaps over, the moment at
/// which the clock would have shown it without the leap.
pub fn utc_of(wall: NaiveDateTime, zone: Tz) -> NaiveDateTime {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(found) | LocalResult::Ambiguous(found, _) => found.naive_utc(),
        LocalResult::None => {
            let leap = TimeDelta::hours(3);
            let before = zone.from_local_datetime(&(wall - leap)).earliest();
            before.map_or(wall, |found| found.naive_utc() + leap)
        }
    }
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
    fn a_wall_clock_that_leaps_or_repeats_still_has_a_moment() {
        for (wall, utc) in [
            ("2020-07-01T02:30:00", "2020-07-01T00:30:00"),
            ("2020-03-29T02:30:00", "2020-03-29T01:30:00"),
            ("2020-10-25T02:30:00", "2020-10-25T00:30:00"),
        ] {
            let moment = |text: &str| text.parse::<NaiveDateTime>().unwrap();

            assert_eq!(utc_of(moment(wall), Tz::Europe__Berlin), moment(utc));
        }
    }

    #[test]
    fn every_zone_is_found_and_its_exchange_has_a_table() {
        for (zone, exchange) in MAIN {
            assert_eq!(main_exchange(zone), Some(exchange));
            assert!(Calendar::of(exchange).is_some(), "{exchange}");
        }
        assert_eq!(main_exchange("Asia/Taipei"), None);
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
