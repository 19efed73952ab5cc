//! What the name of a security tells where no column and no mark does.
//!
//! Promises: the words decide in the recorded directories as the columns `Test Issue` and `ETF` do, where both are there.

use super::Kind;

/// The words that only test issues have. `Aehr Test Systems` is none.
const OF_TESTS: [&str; 8] = [
    "test stock",
    "pilot test",
    "test pilot",
    "nyse test",
    "test common stock",
    "test issue",
    "iex test",
    "(listing market",
];

/// Tells whether a security is there for tests only.
pub(super) fn are_of_a_test(security: &str) -> bool {
    let words = security.to_lowercase();
    OF_TESTS.iter().any(|of_tests| words.contains(of_tests))
}

/// Returns the kind of a security whose symbol has no mark and that is no fund. At Nasdaq the fifth letter counts:
/// `W` for warrants, `R` for rights, `U` for units.
pub(super) fn kind(symbol: &str, security: &str, is_of_nasdaq: bool) -> Kind {
    let words = security.to_lowercase();
    let has = |known: &[&str]| known.iter().any(|known| words.contains(known));
    let fifth = is_of_nasdaq.then(|| symbol.chars().nth(4)).flatten();
    match fifth {
        Some('W') => return Kind::Warrant,
        Some('R') => return Kind::Right,
        Some('U') => return Kind::Unit,
        Some(_) if has(&["warrant"]) => return Kind::Warrant,
        Some(_) if has(&["preferred"]) => return Kind::Preferred,
        _ => {}
    }
    let is_etn = |word: &str| matches!(word, "etn" | "etns");
    if has(&["exchange-traded note", "exchange traded note"])
        || words.split(|c: char| !c.is_alphanumeric()).any(is_etn)
    {
        return Kind::Etn;
    }
    // Bonds and preferred shares say what they pay.
    if !words.contains('%') {
        Kind::Share
    } else if has(&["note", "debenture", "bond"]) {
        Kind::Other
    } else if has(&["preferred", "preference", "depositary"]) {
        Kind::Preferred
    } else {
        Kind::Share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_told_from_a_company_of_that_name() {
        for test in ["NASDAQ TEST STOCK", "Tick Pilot Test Stock Class A"] {
            assert!(are_of_a_test(test), "{test}");
        }
        for company in ["Aehr Test Systems - Common Stock", "Greatest Co", ""] {
            assert!(!are_of_a_test(company), "{company}");
        }
    }

    #[test]
    fn the_fifth_letter_counts_at_nasdaq_only() {
        for (symbol, security, is_of_nasdaq, expected) in [
            ("AACBU", "Artius - Units", true, Kind::Unit),
            ("AACBR", "Artius - Rights", true, Kind::Right),
            ("PSNYW", "Polestar - ADW", true, Kind::Warrant),
            ("CORZZ", "Core - Tranche 2 Warrants", true, Kind::Warrant),
            ("GECCO", "Elm - 5.875% Notes due 2026", true, Kind::Other),
            (
                "AGNCP",
                "AGNC - 6.125% Depositary Shares",
                true,
                Kind::Preferred,
            ),
            ("CHSCL", "CHS - Class B Preferred", true, Kind::Preferred),
            ("PFBC", "Preferred Bank", true, Kind::Share),
            ("GRN", "iPath Exchange-Traded Notes", false, Kind::Etn),
            ("PFFL", "ETRACS 2x ETN due 2048", false, Kind::Etn),
            ("VNM", "Vietnam Preferred Fund", false, Kind::Share),
            ("GOOGL", "Alphabet Inc. - Class A", true, Kind::Share),
            ("LONGW", "Long Company Common Stock", false, Kind::Share),
        ] {
            assert_eq!(kind(symbol, security, is_of_nasdaq), expected, "{symbol}");
        }
    }
}
