//! The main exchange of each zone, for series of which nothing but the zone is known.

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
}
