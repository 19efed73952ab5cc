//! Lists of symbols on their way into the registry.
//!
//! Promises: pure; nothing is ever removed. What is left out is told with the reason.
//! Leaves to others: reading lists (`source`), comparing them with earlier ones and keeping them (`lists`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::catalog::{Catalog, CatalogWarning};
use crate::model::{Ticker, Venue};
use crate::source::symbols::{Kind, LeftOut, Listed, Reason, SymbolList};

/// Which symbols of lists become tickers, and of which venue.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListChoice<'c> {
    /// The venue.
    pub(super) venue: &'c Venue,
    /// Only securities of these kinds; all when empty.
    pub(super) kinds: &'c [Kind],
    /// Whether new series of the venue are kept in the legacy layout, which cannot spell every symbol.
    pub(super) is_legacy: bool,
    /// The day on which they are added.
    pub(super) today: NaiveDate,
}

/// What became of the symbols of lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TakenIn {
    /// How many tickers are new.
    pub added: usize,
    /// Given-up tickers that are asked for again.
    pub taken_back: Vec<Ticker>,
    /// All tickers that were taken, new ones or not.
    pub tickers: Vec<Ticker>,
    /// What became no ticker.
    pub left_out: Vec<LeftOut>,
}

impl TakenIn {
    /// Returns the symbols that became no ticker, by the reason.
    pub fn by_reason(&self) -> BTreeMap<Reason, Vec<&str>> {
        let mut by_reason: BTreeMap<Reason, Vec<&str>> = BTreeMap::new();
        for LeftOut { symbol, reason } in &self.left_out {
            by_reason.entry(*reason).or_default().push(symbol);
        }
        by_reason
    }
}

/// Takes the tickers of lists into a registry in memory.
pub(super) fn take_in<'l>(
    catalog: &mut Catalog,
    lists: impl Iterator<Item = &'l SymbolList>,
    choice: ListChoice<'_>,
) -> TakenIn {
    let ListChoice {
        venue,
        kinds,
        is_legacy,
        today,
    } = choice;
    let warnings = catalog.warnings().iter();
    let spoiled: BTreeSet<&Ticker> = warnings
        .filter_map(|warning| match warning {
            CatalogWarning::Unusable(unusable) => Some(&unusable.ticker),
            CatalogWarning::NoTicker { .. } | CatalogWarning::SameTicker { .. } => None,
        })
        .collect();
    let mut seen = BTreeSet::new();
    let mut refusal = |Listed { ticker, kind }: &Listed| match kind {
        Some(kind) if !kinds.is_empty() && !kinds.contains(kind) => Some(Reason::NotChosen(*kind)),
        _ if !seen.insert(ticker.clone()) => Some(Reason::InAnotherList),
        _ if is_legacy && ticker.legacy_stem().is_none() => Some(Reason::Unsafe),
        _ if spoiled.contains(ticker) => Some(Reason::Damaged),
        _ => None,
    };
    let mut taken = TakenIn::default();
    for list in lists {
        taken.left_out.extend(list.left_out.iter().cloned());
        for listed in &list.symbols {
            match refusal(listed) {
                None => taken.tickers.push(listed.ticker.clone()),
                Some(reason) => taken.left_out.push(LeftOut {
                    symbol: listed.ticker.to_string(),
                    reason,
                }),
            }
        }
    }
    for ticker in &taken.tickers {
        taken.added += usize::from(catalog.add(ticker, venue, today));
        if catalog.reactivate(ticker, venue) {
            taken.taken_back.push(ticker.clone());
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(symbols: &[(&str, Option<Kind>)]) -> SymbolList {
        let listed = symbols.iter().map(|(name, kind)| Listed {
            ticker: name.parse().unwrap(),
            kind: *kind,
        });
        SymbolList {
            symbols: listed.collect(),
            ..SymbolList::default()
        }
    }

    #[test]
    fn each_symbol_of_lists_is_taken_once_or_left_out_with_a_reason() {
        let [stock, other] = [Kind::ALL[0], Kind::ALL[1]];
        let lists = [
            list(&[("A", Some(stock)), ("B", Some(other)), ("A/B", Some(stock))]),
            list(&[("A", None), ("C", None)]),
        ];
        let venue = "us:demo".parse().unwrap();
        let choice = ListChoice {
            venue: &venue,
            kinds: &[stock],
            is_legacy: true,
            today: "2026-07-01".parse().unwrap(),
        };
        let mut catalog = Catalog::default();
        catalog.add(&"C".parse().unwrap(), &venue, choice.today);

        let taken = take_in(&mut catalog, lists.iter(), choice);

        let left: Vec<(&str, &Reason)> = taken
            .left_out
            .iter()
            .map(|left| (left.symbol.as_str(), &left.reason))
            .collect();
        let expected = [
            ("B", &Reason::NotChosen(other)),
            ("A/B", &Reason::Unsafe),
            ("A", &Reason::InAnotherList),
        ];
        assert_eq!(left, expected);
        let tickers = ["A", "C"].map(|name| name.parse::<Ticker>().unwrap());
        assert_eq!((taken.added, taken.tickers), (1, tickers.to_vec()));
    }
}
