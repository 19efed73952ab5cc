//! Which ticker a word of a command means, by the aliases of all venues.
//!
//! Promises: a word that names several tickers is answered with all of them, and nobody chooses. At a venue its own table counts;
//! of a word that this has not, those of the other venues of its market, whose instruments have the same ISINs. A table that
//! cannot be understood costs its aliases, and is told.
//! Leaves to others: whether the word is a ticker itself, which then wins.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;

use super::aliases::{Alias, AliasTable};
use crate::model::{Ticker, Venue};
use crate::sys::{Fs, FsResult};

/// How the name of a table ends.
const ENDING: &str = ".json";

/// The aliases of all venues of a workspace.
#[derive(Clone, Debug, Default)]
pub struct Aliases {
    tables: BTreeMap<Venue, Known>,
    troubles: Vec<String>,
}

/// What is known of one venue.
#[derive(Clone, Debug)]
struct Known {
    table: AliasTable,
    /// What each ticker is called: lists of thousands of series ask for each.
    called: BTreeMap<Ticker, Ticker>,
}

impl Known {
    fn of(table: AliasTable) -> Self {
        let called = table.mnemonics();
        Self { table, called }
    }
}

/// What a word means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// It is no alias.
    Itself,
    /// An alias of one ticker.
    Alias(Box<Named>),
    /// An alias of several; in the order of venues and tickers.
    Several(Vec<Named>),
}

/// What an alias names, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The venue whose table says so.
    pub venue: Venue,
    /// The ticker; where the word named a currency, the series in that.
    pub ticker: Ticker,
    /// What the table says.
    pub alias: Alias,
}

impl Aliases {
    /// Reads the tables in a folder.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn load(fs: &dyn Fs, folder: &Path) -> FsResult<Self> {
        let mut found = Self::default();
        for entry in fs.list(folder)?.unwrap_or_default() {
            let venue = entry.name.strip_suffix(ENDING).and_then(venue_of);
            let Some(venue) = venue else { continue };
            match AliasTable::load(fs, &folder.join(&entry.name)) {
                Ok(table) => drop(found.tables.insert(venue, Known::of(table))),
                Err(error) => found.troubles.push(error.to_string()),
            }
        }
        Ok(found)
    }

    /// Returns the name of the table of a venue.
    pub fn file_name(venue: &Venue) -> String {
        let (market, source) = (venue.market.as_str(), venue.source.as_str());
        format!("{market}.{source}{ENDING}")
    }

    /// Returns why tables cannot be used, each as a sentence without a period.
    pub fn troubles(&self) -> &[String] {
        &self.troubles
    }

    /// Returns what a word means at some venues, at all if none is named; `day` is the day of the question, where it is not
    /// today's. `DBK.USD` is the series of `DBK` in that currency.
    pub fn meant(&self, word: &Ticker, venues: &[Venue], day: Option<NaiveDate>) -> Meant {
        let mut named = self.named(word, venues, day);
        if named.is_empty()
            && let Some((bare, currency)) = word.as_str().rsplit_once('.')
            && currency.len() == 3
            && currency.bytes().all(|byte| byte.is_ascii_uppercase())
            && let Ok(bare) = bare.parse()
        {
            named = self.named(&bare, venues, day);
            named.retain_mut(|one| {
                let in_currency = format!("{}.{currency}", one.alias.ticker).parse();
                in_currency.is_ok_and(|ticker| {
                    one.ticker = ticker;
                    true
                })
            });
        }
        let tickers = named.iter().map(|one| &one.ticker);
        match tickers.collect::<std::collections::BTreeSet<_>>().len() {
            0 => Meant::Itself,
            1 => named
                .into_iter()
                .next()
                .map_or(Meant::Itself, |one| Meant::Alias(Box::new(one))),
            _ => Meant::Several(named),
        }
    }

    fn named(&self, word: &Ticker, venues: &[Venue], day: Option<NaiveDate>) -> Vec<Named> {
        let of_table = |(venue, known): (&Venue, &Known)| {
            let found = known.table.named(word, day).into_iter();
            let found = found.map(|alias| Named {
                venue: venue.clone(),
                ticker: alias.ticker.clone(),
                alias: alias.clone(),
            });
            found.collect::<Vec<_>>()
        };
        if venues.is_empty() {
            return self.tables.iter().flat_map(of_table).collect();
        }
        let mut named = Vec::new();
        for venue in venues {
            let mut found = self.tables.get_key_value(venue).map(of_table);
            if found.as_ref().is_none_or(Vec::is_empty) {
                found = Some(self.of_market(venue).flat_map(of_table).collect());
            }
            named.extend(found.unwrap_or_default());
        }
        named
    }

    /// Returns what a ticker is called at a venue.
    pub fn mnemonic(&self, ticker: &Ticker, venue: &Venue) -> Option<&Ticker> {
        let own = self.tables.get(venue);
        let own = own.and_then(|known| known.called.get(ticker));
        own.or_else(|| {
            let mut others = self.of_market(venue);
            others.find_map(|(_, known)| known.called.get(ticker))
        })
    }

    /// Returns every alias that is one today.
    pub fn words(&self) -> impl Iterator<Item = &Ticker> {
        let tables = self.tables.values();
        let current = tables.flat_map(|known| known.table.current());
        current.map(|alias| &alias.word)
    }

    fn of_market<'a>(&'a self, venue: &Venue) -> impl Iterator<Item = (&'a Venue, &'a Known)> {
        let venue = venue.clone();
        let tables = self.tables.iter();
        tables.filter(move |(other, _)| other.market == venue.market && **other != venue)
    }
}

fn venue_of(name: &str) -> Option<Venue> {
    let (market, source) = name.split_once('.')?;
    format!("{market}:{source}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn venue(text: &str) -> Venue {
        text.parse().unwrap()
    }

    fn ticker(text: &str) -> Ticker {
        text.parse().unwrap()
    }

    /// `SAP` differs between two venues of a market, `DBK` is known at one of them.
    fn aliases() -> Aliases {
        let day = "2026-01-02".parse().unwrap();
        let table = |pairs: &[(&str, &str)]| {
            let mut table = AliasTable::default();
            let row = |(word, isin): &(&str, &str)| (ticker(isin), ticker(word), String::new());
            table.learn(&pairs.iter().map(row).collect::<Vec<_>>(), day);
            Known::of(table)
        };
        let xetra = table(&[("SAP", "DE1"), ("DBK", "DE2")]);
        let frankfurt = table(&[("SAP", "DE9")]);
        let tables = [
            (venue("de:xetra"), xetra),
            (venue("de:frankfurt"), frankfurt),
        ];
        Aliases {
            tables: tables.into_iter().collect(),
            troubles: Vec::new(),
        }
    }

    fn meant(word: &str, venues: &[&str]) -> Vec<String> {
        let venues: Vec<Venue> = venues.iter().map(|text| venue(text)).collect();
        match aliases().meant(&ticker(word), &venues, None) {
            Meant::Itself => Vec::new(),
            Meant::Alias(one) => vec![one.ticker.to_string()],
            Meant::Several(named) => named.iter().map(|one| one.ticker.to_string()).collect(),
        }
    }

    #[test]
    fn a_word_is_what_its_venue_calls_so_else_what_its_market_does() {
        for (word, venues, expected) in [
            ("SAP", &["de:xetra"][..], &["DE1"][..]),
            ("SAP", &["de:frankfurt"], &["DE9"]),
            ("SAP", &[], &["DE9", "DE1"]),
            ("SAP", &["de:tradegate"], &["DE9", "DE1"]),
            ("SAP", &["de:xetra", "de:frankfurt"], &["DE1", "DE9"]),
            ("DBK", &["de:frankfurt"], &["DE2"]),
            ("DBK", &["de:tradegate", "de:xetra"], &["DE2"]),
            ("DBK.USD", &["de:xetra"], &["DE2.USD"]),
            ("DBK.usd", &["de:xetra"], &[]),
            ("DBK", &["us:yahoo"], &[]),
            ("dbk", &["de:xetra"], &[]),
        ] {
            assert_eq!(meant(word, venues), expected, "{word} {venues:?}");
        }
    }

    #[test]
    fn a_ticker_is_called_by_the_alias_of_its_venue_else_by_that_of_its_market() {
        let aliases = aliases();
        let alias = |isin, at| {
            let word = aliases.mnemonic(&ticker(isin), &venue(at));
            word.map(ToString::to_string)
        };

        assert_eq!(alias("DE2", "de:xetra").as_deref(), Some("DBK"));
        assert_eq!(alias("DE2", "de:tradegate").as_deref(), Some("DBK"));
        assert_eq!(alias("DE2", "us:yahoo"), None);
        assert_eq!(alias("DE3", "de:xetra"), None);
    }

    #[test]
    fn the_name_of_a_table_is_that_of_its_venue() {
        let name = Aliases::file_name(&venue("de:xetra"));

        assert_eq!(name, "de.xetra.json");
        assert_eq!(venue_of("de.xetra"), Some(venue("de:xetra")));
        assert_eq!(venue_of("xetra"), None);
    }
}
