//! Which calendar a symbol of Yahoo is traded by: by Yahoo's name of its exchange, by the kind of its instrument, or by the
//! suffix of a symbol of which nothing else is known.
//!
//! Sources: the suffixes are those of Yahoo's help page "Exchanges and data providers", the names those of its answers.

use crate::calendar::{Calendar, Calendars};
use crate::model::{Identity, Ticker};

/// Yahoo's names of exchanges, and the calendars whose days they keep.
const EXCHANGES: [(&str, &str); 52] = [
    ("AMS", "XAMS"),
    ("AQS", "XLON"),
    ("ASE", "XNYS"),
    ("ASX", "XASX"),
    ("BER", "XETR"),
    ("BRU", "XBRU"),
    ("BSE", "XBOM"),
    ("BTS", "XNYS"),
    ("CNQ", "XTSE"),
    ("CXA", "XASX"),
    ("CXE", "XLON"),
    ("DJI", "XNYS"),
    ("DUS", "XETR"),
    ("EBS", "XSWX"),
    ("FRA", "XETR"),
    ("GER", "XETR"),
    ("HAM", "XETR"),
    ("HAN", "XETR"),
    ("HKG", "XHKG"),
    ("IOB", "XLON"),
    ("JNB", "XJSE"),
    ("JPX", "XTKS"),
    ("KOE", "XKRX"),
    ("KSC", "XKRX"),
    ("LIS", "XLIS"),
    ("LSE", "XLON"),
    ("MCE", "XMAD"),
    ("MIL", "XMIL"),
    ("MUN", "XETR"),
    ("NAS", "XNYS"),
    ("NCM", "XNYS"),
    ("NEO", "XTSE"),
    ("NGM", "XNYS"),
    ("NIM", "XNYS"),
    ("NMS", "XNYS"),
    ("NSI", "XBOM"),
    ("NYQ", "XNYS"),
    ("NYS", "XNYS"),
    ("OEM", "XNYS"),
    ("OQB", "XNYS"),
    ("OQX", "XNYS"),
    ("PAR", "XPAR"),
    ("PCX", "XNYS"),
    ("PNK", "XNYS"),
    ("SAO", "BVMF"),
    ("SAU", "XSAU"),
    ("SHH", "XSHG"),
    ("SHZ", "XSHG"),
    ("SNP", "XNYS"),
    ("STU", "XETR"),
    ("TLV", "XTAE"),
    ("TOR", "XTSE"),
];
/// Suffixes of symbols, and the calendars whose days they keep.
const SUFFIXES: [(&str, &str); 31] = [
    ("AS", "XAMS"),
    ("AX", "XASX"),
    ("BE", "XETR"),
    ("BO", "XBOM"),
    ("BR", "XBRU"),
    ("CN", "XTSE"),
    ("DE", "XETR"),
    ("DU", "XETR"),
    ("F", "XETR"),
    ("HA", "XETR"),
    ("HK", "XHKG"),
    ("HM", "XETR"),
    ("IL", "XLON"),
    ("JO", "XJSE"),
    ("KQ", "XKRX"),
    ("KS", "XKRX"),
    ("L", "XLON"),
    ("LS", "XLIS"),
    ("MC", "XMAD"),
    ("MI", "XMIL"),
    ("MU", "XETR"),
    ("NE", "XTSE"),
    ("NS", "XBOM"),
    ("PA", "XPAR"),
    ("SA", "BVMF"),
    ("SG", "XETR"),
    ("SR", "XSAU"),
    ("SS", "XSHG"),
    ("SW", "XSWX"),
    ("SZ", "XSHG"),
    ("T", "XTKS"),
];

/// Returns the calendar of an instrument that is traded around the clock, by Yahoo's name of its kind.
pub(super) fn around_the_clock(kind: Option<&str>) -> Option<Calendar> {
    match kind? {
        "CRYPTOCURRENCY" => Some(Calendar::always()),
        "CURRENCY" | "FUTURE" => Some(Calendar::weekly()),
        _ => None,
    }
}

/// Returns the name of the calendar of an exchange, by Yahoo's name of it; one that the settings give goes first.
pub(super) fn calendar_name<'c>(exchange: &str, calendars: &'c Calendars) -> Option<&'c str> {
    let given = calendars.of_exchange(exchange);
    given.or_else(|| {
        let found = EXCHANGES
            .binary_search_by_key(&exchange, |(name, _)| name)
            .ok()?;
        EXCHANGES.get(found).map(|(_, calendar)| *calendar)
    })
}

/// Returns the calendar of a ticker by what was recorded of it: its own exchange's, of which nothing but the zone is known
/// where no table has it. `None` when nobody recorded the exchange.
pub fn calendar_of(identity: &Identity, calendars: &Calendars) -> Option<Calendar> {
    if let Some(calendar) = around_the_clock(identity.instrument_type.as_deref()) {
        return Some(calendar);
    }
    let exchange = identity.exchange.as_deref()?;
    let name = calendar_name(exchange, calendars);
    let listed = name.and_then(|name| calendars.get(name));
    let zone = identity.timezone.as_deref();
    listed.or_else(|| zone.map(Calendar::unlisted))
}

/// Returns the calendar of a ticker of which nothing was recorded yet, by its suffix; symbols of New York have none.
pub(super) fn calendar_of_symbol(ticker: &Ticker, calendars: &Calendars) -> Option<Calendar> {
    let symbol = ticker.as_str();
    let name = match symbol.rsplit_once('.') {
        Some((_, suffix)) => {
            let found = SUFFIXES
                .binary_search_by_key(&suffix, |(name, _)| name)
                .ok()?;
            SUFFIXES.get(found).map(|(_, calendar)| *calendar)?
        }
        None if symbol.ends_with("=X") || symbol.ends_with("=F") => return Some(Calendar::weekly()),
        None if symbol.starts_with('^') || symbol.contains('-') => return None,
        None => "XNYS",
    };
    calendars.get(name)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_exchange_and_suffix_is_found_and_has_a_table() {
        let calendars = Calendars::default();

        for (exchange, name) in EXCHANGES {
            assert_eq!(calendar_name(exchange, &calendars), Some(name));
            assert!(calendars.get(name).is_some(), "{name}");
        }
        for (suffix, name) in SUFFIXES {
            let ticker = format!("A.{suffix}").parse().unwrap();
            assert_eq!(calendar_of_symbol(&ticker, &calendars), Calendar::of(name));
        }
    }

    #[rstest]
    #[case("AAPL", Some(Calendar::new_york()))]
    #[case("EURUSD=X", Some(Calendar::weekly()))]
    #[case("ES=F", Some(Calendar::weekly()))]
    #[case("7203.T", Calendar::of("XTKS"))]
    #[case("2330.TW", None)]
    #[case("^N225", None)]
    #[case("BTC-USD", None)]
    fn a_symbol_says_by_its_suffix_where_it_is_traded(
        #[case] symbol: &str,
        #[case] expected: Option<Calendar>,
    ) {
        let found = calendar_of_symbol(&symbol.parse().unwrap(), &Calendars::default());

        assert_eq!(found, expected);
    }

    #[rstest]
    #[case("JPX", "Asia/Tokyo", "EQUITY", Calendar::of("XTKS"))]
    #[case("CCC", "UTC", "CRYPTOCURRENCY", Some(Calendar::always()))]
    #[case("CCY", "Europe/London", "CURRENCY", Some(Calendar::weekly()))]
    #[case(
        "TAI",
        "Asia/Taipei",
        "EQUITY",
        Some(Calendar::unlisted("Asia/Taipei"))
    )]
    #[case(
        "VIE",
        "Europe/Vienna",
        "EQUITY",
        Some(Calendar::unlisted("Europe/Vienna"))
    )]
    fn an_identity_says_it_by_exchange_zone_and_kind(
        #[case] exchange: &str,
        #[case] zone: &str,
        #[case] kind: &str,
        #[case] expected: Option<Calendar>,
    ) {
        let identity = Identity {
            exchange: Some(exchange.to_owned()),
            timezone: Some(zone.to_owned()),
            instrument_type: Some(kind.to_owned()),
            ..Identity::default()
        };

        assert_eq!(calendar_of(&identity, &Calendars::default()), expected);
    }
}
