//! Which exchanges have held no session on a weekend, by the zone that their series name.
//!
//! Promises: a claim is made only of exchanges of which it is known, and from the year on from which it is.
//! Leaves to others: every exchange that is not here. Taipei worked on Saturdays in place of bridge days, Moscow, Budapest and
//! Mumbai hold single sessions on weekends, and elsewhere the week ends on another day: of these nothing is known.

use chrono::{Datelike, NaiveDate};

/// Seoul gave its Saturdays up in 1998, Tokyo in 1989, the others long before.
const SINCE: i32 = 2000;

const ZONES: [&str; 24] = [
    "America/New_York",
    "America/Sao_Paulo",
    "America/Toronto",
    "Asia/Hong_Kong",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Amsterdam",
    "Europe/Berlin",
    "Europe/Brussels",
    "Europe/Copenhagen",
    "Europe/Dublin",
    "Europe/Helsinki",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Oslo",
    "Europe/Paris",
    "Europe/Rome",
    "Europe/Stockholm",
    "Europe/Vienna",
    "Europe/Zurich",
];

/// Tells whether the exchanges of a zone are known to have rested on the weekend that a day is of.
pub(super) fn rests_on_weekends(zone: &str, day: NaiveDate) -> bool {
    day.year() >= SINCE && ZONES.contains(&zone)
}
