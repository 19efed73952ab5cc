//! Whose rows a file holds, when its rows say so.
//!
//! Promises: in a file named for one ticker a row of another one is an error that names both; in a file shared
//! by many it is passed over. A country suffix on one side only is no difference. Two symbols that could both be the ticker are
//! an error with both names.

use chrono_tz::Tz;

use super::name::fold;
use super::zone;
use crate::model::Ticker;

/// Whose rows are looked for, and where.
#[derive(Debug)]
pub(super) struct Owner<'q> {
    /// The ticker asked for.
    pub(super) ticker: &'q Ticker,
    /// The zone of the exchange whose symbols have no country, if it is known.
    pub(super) exchange: Option<Tz>,
    /// What file names have behind the ticker.
    pub(super) suffix: Option<&'q str>,
    /// The file's name without endings.
    pub(super) stem: &'q str,
    /// Whether the file is named for the ticker or for nobody.
    pub(super) claim: Claim,
}

/// What a file's name says about its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// All rows are the ticker's.
    Named,
    /// Rows may be anybody's.
    Shared,
}

impl Owner<'_> {
    /// Chooses among the symbols of a file, of which the empty one is that of rows without any; `None` when none of them
    /// is the ticker. The error is the reason why they must not be there.
    pub(super) fn choose<'s>(
        &self,
        symbols: impl Iterator<Item = &'s str>,
    ) -> Result<Option<Vec<&'s str>>, String> {
        let is_nobodys = |symbol: &str| symbol.is_empty() && self.claim == Claim::Named;
        let (mine, others): (Vec<&str>, Vec<&str>) =
            symbols.partition(|symbol| is_nobodys(symbol) || self.is(symbol));
        match (self.claim, mine.as_slice(), others.first()) {
            (Claim::Named, _, Some(other)) => Err(format!(
                "the file is named {} and holds rows of {}",
                self.stem,
                other.escape_debug()
            )),
            (Claim::Shared, [], Some(_)) => Ok(None),
            (_, [] | [_], _) => Ok(Some(mine)),
            (_, [first, second, ..], _) => match self.only_exact(&mine) {
                Some(exact) if self.claim == Claim::Shared => Ok(Some(vec![exact])),
                _ => Err(format!(
                    "it holds rows of {first} and of {second}, and {} may be either",
                    self.ticker
                )),
            },
        }
    }

    /// Returns the symbol that is spelled as the ticker, where the countries of all others are known to be others: SAP
    /// in New York beside SAP.DE. The rows of another spelling of one share must not be dropped in silence.
    fn only_exact<'s>(&self, symbols: &[&'s str]) -> Option<&'s str> {
        let asked = fold(self.ticker.as_str());
        let (exact, others): (Vec<&str>, Vec<&str>) =
            symbols.iter().partition(|symbol| fold(symbol) == asked);
        let zone = |symbol: &str| match zone::split_country(symbol) {
            Some((_, country)) => Some(country.zone),
            None => self.exchange,
        };
        let mine = zone(self.ticker.as_str())?;
        let is_another = |symbol: &&str| zone(symbol).is_some_and(|zone| zone != mine);
        match exact.as_slice() {
            [exact] if others.iter().all(is_another) => Some(exact),
            _ => None,
        }
    }

    /// Tells whether a symbol is the ticker asked for.
    pub(super) fn is(&self, symbol: &str) -> bool {
        let (seen, asked) = (fold(symbol), fold(self.ticker.as_str()));
        if seen == asked
            || self
                .suffix
                .is_some_and(|suffix| seen == format!("{asked}{}", fold(suffix)))
        {
            return true;
        }
        let of_file = zone::split_country(self.stem).map(|(_, country)| country);
        let has_more = zone::split_country(&seen).is_some_and(|(bare, country)| {
            bare == asked && of_file.is_none_or(|of_file| of_file == country)
        });
        let has_less = zone::split_country(&asked).is_some_and(|(bare, _)| bare == seen);
        has_more || has_less
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(
        asked: &str,
        stem: &str,
        claim: Claim,
        symbols: &[&'static str],
    ) -> Result<Option<Vec<&'static str>>, String> {
        let ticker = asked.parse().unwrap();
        let owner = Owner {
            ticker: &ticker,
            exchange: Some(Tz::America__New_York),
            suffix: None,
            stem,
            claim,
        };
        owner.choose(symbols.iter().copied())
    }

    #[test]
    fn a_country_on_one_side_only_is_no_difference() {
        for (asked, symbol) in [
            ("AAPL", "AAPL.US"),
            ("AAPL.US", "AAPL.US"),
            ("AAPL.US", "aapl"),
        ] {
            let found = choose(asked, "aapl.us", Claim::Named, &[symbol]);
            assert_eq!(found, Ok(Some(vec![symbol])));
        }
    }

    #[test]
    fn a_row_of_another_ticker_is_an_error_in_a_file_named_for_one() {
        let reason = choose("AAPG", "aapg.us", Claim::Named, &["ABAT.US"]).unwrap_err();

        assert!(
            reason.contains("aapg.us") && reason.contains("ABAT.US"),
            "{reason}"
        );
        assert!(choose("AAPL", "aapl.us", Claim::Named, &["AAPL.DE"]).is_err());
        assert_eq!(choose("AAPL", "stocks", Claim::Shared, &["MSFT"]), Ok(None));
    }

    #[test]
    fn rows_without_a_symbol_belong_to_the_name_of_the_file_or_to_nobody() {
        assert_eq!(choose("A", "a", Claim::Named, &[""]), Ok(Some(vec![""])));
        assert_eq!(choose("A", "x", Claim::Shared, &[""]), Ok(None));
        assert_eq!(choose("A", "x", Claim::Shared, &[]), Ok(Some(vec![])));
    }

    #[test]
    fn of_two_countries_the_ticker_has_to_name_one() {
        let both = ["A.DE", "A.US"];

        assert!(
            choose("A", "x", Claim::Shared, &both)
                .unwrap_err()
                .contains("either")
        );
        assert_eq!(
            choose("A.US", "x", Claim::Shared, &both),
            Ok(Some(vec!["A.US"]))
        );
    }

    #[test]
    fn of_two_spellings_of_one_ticker_neither_is_dropped_in_silence() {
        for symbols in [["KO", "ko"], ["KO", "KO.US"], ["KO.US", "ko"]] {
            for asked in ["KO", "KO.US"] {
                for claim in [Claim::Shared, Claim::Named] {
                    let reason = choose(asked, "ko", claim, &symbols).unwrap_err();

                    assert!(
                        symbols.iter().all(|symbol| reason.contains(symbol)),
                        "{reason}"
                    );
                }
            }
        }
    }

    #[test]
    fn shares_of_two_countries_are_told_apart_where_the_exchange_is_known() {
        for asked in ["SAP", "SAP.DE"] {
            let found = choose(asked, "x", Claim::Shared, &["SAP", "SAP.DE"]);
            assert_eq!(found, Ok(Some(vec![asked])), "{asked}");
        }
    }
}
