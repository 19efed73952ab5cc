//! Which clock an exchange shows, by country suffix or by market.
//!
//! Promises: a country is recognised by the suffixes that Stooq uses, and by the markets that users name alike.

use chrono::NaiveTime;
use chrono_tz::Tz;

/// What is known of a country's main exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Country {
    /// The suffix of its symbols, without the dot.
    pub(super) suffix: &'static str,
    /// The zone of its exchange.
    pub(super) zone: Tz,
}

const COUNTRIES: [Country; 6] = [
    Country {
        suffix: "us",
        zone: Tz::America__New_York,
    },
    Country {
        suffix: "de",
        zone: Tz::Europe__Berlin,
    },
    Country {
        suffix: "uk",
        zone: Tz::Europe__London,
    },
    Country {
        suffix: "pl",
        zone: Tz::Europe__Warsaw,
    },
    Country {
        suffix: "jp",
        zone: Tz::Asia__Tokyo,
    },
    Country {
        suffix: "hk",
        zone: Tz::Asia__Hong_Kong,
    },
];

/// Returns the country of a suffix such as `us`, whatever its case.
pub(super) fn country(suffix: &str) -> Option<Country> {
    COUNTRIES
        .into_iter()
        .find(|country| country.suffix.eq_ignore_ascii_case(suffix))
}

/// Tells whether what names have behind a ticker is a country: `.us`, `_us`.
pub(super) fn is_country(suffix: &str) -> bool {
    suffix.strip_prefix(['.', '_']).and_then(country).is_some()
}

/// Cuts the country suffix off a symbol: `aapl.us` is `aapl` in the country `us`.
pub(super) fn split_country(symbol: &str) -> Option<(&str, Country)> {
    let (bare, suffix) = symbol.rsplit_once('.')?;
    (!bare.is_empty()).then_some(bare).zip(country(suffix))
}

/// Returns when trading opens where that is not on the full hour, which is where an hourly bar is shorter.
pub(super) fn half_hour_open(zone: Tz) -> Option<NaiveTime> {
    matches!(zone, Tz::America__New_York | Tz::Asia__Hong_Kong)
        .then(|| NaiveTime::from_hms_opt(9, 30, 0))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_countries_are_cut_off() {
        let bare = |symbol| split_country(symbol).map(|(bare, _)| bare);

        assert_eq!(bare("aapl.us"), Some("aapl"));
        assert_eq!(bare("BRK.B.US"), Some("BRK.B"));
        assert_eq!(bare("BRK.B"), None);
        assert_eq!(bare(".us"), None);
    }
}
