//! Whose rows a file holds, when its rows say so.
//!
//! Promises: in a file named for one ticker a row of another one is an error that names both; in a file shared
//! by many it is passed over. A country suffix on one side only is no difference.

use super::name::fold;
use super::zone;
use crate::model::Ticker;

/// Whose rows are looked for, and where.
#[derive(Debug)]
pub(super) struct Owner<'q> {
    /// The ticker asked for.
    pub(super) ticker: &'q Ticker,
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

/// Decides row by row.
#[derive(Debug)]
pub(super) struct Whose<'q> {
    owner: &'q Owner<'q>,
    last: Option<(Vec<u8>, bool)>,
    has_others: bool,
}

impl<'q> Whose<'q> {
    /// Begins to read a file.
    pub(super) fn of(owner: &'q Owner<'q>) -> Self {
        Self {
            owner,
            last: None,
            has_others: false,
        }
    }

    /// Tells whether a row with this symbol belongs to the ticker. The error is the reason why it must not be there.
    pub(super) fn is_mine(&mut self, cell: &[u8]) -> Result<bool, String> {
        if let Some((seen, is_mine)) = &self.last
            && seen == cell
        {
            return Ok(*is_mine);
        }
        let is_mine = std::str::from_utf8(cell).is_ok_and(|cell| self.owner.is(cell.trim()));
        if !is_mine && self.owner.claim == Claim::Named {
            return Err(format!(
                "the file is named {} and holds rows of {}",
                self.owner.stem,
                cell.escape_ascii()
            ));
        }
        self.has_others |= !is_mine;
        self.last = Some((cell.to_owned(), is_mine));
        Ok(is_mine)
    }

    /// Tells whether rows of others were met.
    pub(super) fn saw_others(&self) -> bool {
        self.has_others
    }
}

impl Owner<'_> {
    fn is(&self, cell: &str) -> bool {
        let (seen, asked) = (fold(cell), fold(self.ticker.as_str()));
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

    fn is_mine(asked: &str, stem: &str, claim: Claim, cell: &str) -> Result<bool, String> {
        let ticker = asked.parse().unwrap();
        let owner = Owner {
            ticker: &ticker,
            suffix: None,
            stem,
            claim,
        };
        Whose::of(&owner).is_mine(cell.as_bytes())
    }

    #[test]
    fn a_country_on_one_side_only_is_no_difference() {
        assert_eq!(
            is_mine("AAPL", "aapl.us", Claim::Named, "AAPL.US"),
            Ok(true)
        );
        assert_eq!(
            is_mine("AAPL.US", "aapl.us", Claim::Named, "AAPL.US"),
            Ok(true)
        );
        assert_eq!(
            is_mine("AAPL.US", "aapl.us", Claim::Named, "aapl"),
            Ok(true)
        );
    }

    #[test]
    fn a_row_of_another_ticker_is_an_error_in_a_file_named_for_one() {
        let reason = is_mine("AAPG", "aapg.us", Claim::Named, "ABAT.US").unwrap_err();

        assert!(
            reason.contains("aapg.us") && reason.contains("ABAT.US"),
            "{reason}"
        );
        assert!(is_mine("AAPL", "aapl.us", Claim::Named, "AAPL.DE").is_err());
        assert_eq!(is_mine("AAPL", "stocks", Claim::Shared, "MSFT"), Ok(false));
    }
}
