//! Aliases: what an exchange calls its instruments beside their ISINs, and since when.
//!
//! A feed of trades names instruments by ISIN. The file of instruments of its exchange has the mnemonics by which people know
//! them, such as `DBK`. One file for each venue, `state/aliases/<market>.<source>.json`, with the day on which each alias was
//! first and no longer in a list.
//!
//! Promises: an alias that went to another instrument, or whose instrument is listed no more, ends on a day and stays known; no rows
//! are joined by it. What names several tickers is never guessed. A list that is older than the last one changes nothing.
//! Leaves to others: which words of a command are aliases (`Catalog::meant`), and where lists come from (`source`).

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::document::{self, DocumentError, Object};
use crate::model::Ticker;
use crate::sys::Fs;

/// The form of the files; another one counts as damage.
const SCHEMA: u64 = 1;

/// One alias of a ticker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The word.
    pub word: Ticker,
    /// What it names.
    pub ticker: Ticker,
    /// What the instrument is called.
    pub name: String,
    /// The day of the first list that has it.
    pub since: NaiveDate,
    /// The day of the first list that has it no more.
    pub until: Option<NaiveDate>,
}

impl Alias {
    fn is_of(&self, day: NaiveDate) -> bool {
        self.since <= day && self.until.is_none_or(|until| day < until)
    }
}

/// What a list changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Aliases that are new.
    pub begun: usize,
    /// Aliases that ended.
    pub ended: usize,
    /// The day of the last list, where this one is older and nothing was taken of it.
    pub newer: Option<NaiveDate>,
}

/// The aliases of one venue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AliasTable {
    /// The day of the last list.
    as_of: Option<NaiveDate>,
    aliases: Vec<Alias>,
}

impl AliasTable {
    /// Reads the aliases of a venue; none where nobody has taken a list in.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn load(fs: &dyn Fs, path: &Path) -> Result<Self, DocumentError> {
        let Some(document) = document::read_object(fs, path, document::MAX_BYTES)? else {
            return Ok(Self::default());
        };
        Self::parse(&document).ok_or_else(|| DocumentError::WrongShape {
            path: path.to_owned(),
            expected: "aliases of tickers",
        })
    }

    fn parse(document: &Object) -> Option<Self> {
        if document.get("schema")?.as_u64()? != SCHEMA {
            return None;
        }
        let day = |value: &Value| match value {
            Value::Null => Some(None),
            value => value.as_str()?.parse().ok().map(Some),
        };
        let alias = |value: &Value| {
            Some(Alias {
                word: value.get("alias")?.as_str()?.parse().ok()?,
                ticker: value.get("ticker")?.as_str()?.parse().ok()?,
                name: value.get("name")?.as_str()?.to_owned(),
                since: day(value.get("since")?)??,
                until: day(value.get("until")?)?,
            })
        };
        let aliases = document.get("aliases")?.as_array()?.iter().map(alias);
        Some(Self {
            as_of: day(document.get("as_of")?)?,
            aliases: aliases.collect::<Option<_>>()?,
        })
    }

    /// Returns the bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let alias = |alias: &Alias| {
            json!({
                "alias": alias.word.as_str(),
                "ticker": alias.ticker.as_str(),
                "name": alias.name,
                "since": alias.since.to_string(),
                "until": alias.until.map(|until| until.to_string()),
            })
        };
        document::to_bytes(&json!({
            "schema": SCHEMA,
            "as_of": self.as_of.map(|day| day.to_string()),
            "aliases": self.aliases.iter().map(alias).collect::<Vec<_>>(),
        }))
    }

    /// Takes in the list of a day: ticker, alias and name of each instrument.
    pub fn learn(&mut self, list: &[(Ticker, Ticker, String)], day: NaiveDate) -> Learned {
        let newer = self.as_of.filter(|last| *last > day);
        if newer.is_some() {
            return Learned {
                newer,
                ..Learned::default()
            };
        }
        self.as_of = Some(day);
        let mut wanted: BTreeMap<(Ticker, Ticker), &str> = list
            .iter()
            .map(|(ticker, word, name)| ((word.clone(), ticker.clone()), name.as_str()))
            .collect();
        let mut learned = Learned::default();
        for alias in self.aliases.iter_mut().filter(|one| one.until.is_none()) {
            let name = wanted.remove(&(alias.word.clone(), alias.ticker.clone()));
            if let Some(name) = name {
                name.clone_into(&mut alias.name);
            } else {
                alias.until = Some(day);
                learned.ended += 1;
            }
        }
        // What began and ended on one day was never so.
        self.aliases
            .retain(|alias| alias.until != Some(alias.since));
        learned.begun = wanted.len();
        self.aliases
            .extend(wanted.into_iter().map(|((word, ticker), name)| Alias {
                word,
                ticker,
                name: name.to_owned(),
                since: day,
                until: None,
            }));
        self.aliases
            .sort_by(|a, b| (&a.word, a.since, &a.ticker).cmp(&(&b.word, b.since, &b.ticker)));
        learned
    }

    /// Returns the aliases that a word is: those of a day, where one is named and any was known by then; else those of the last
    /// list; else those that ended last.
    pub fn named(&self, word: &Ticker, day: Option<NaiveDate>) -> Vec<&Alias> {
        let all = || self.aliases.iter().filter(|alias| alias.word == *word);
        let of_day: Vec<&Alias> = day.map_or_else(Vec::new, |day| {
            all().filter(|alias| alias.is_of(day)).collect()
        });
        if !of_day.is_empty() {
            return of_day;
        }
        let newest = all()
            .map(|alias| alias.until.unwrap_or(NaiveDate::MAX))
            .max();
        let is_newest = |alias: &&Alias| Some(alias.until.unwrap_or(NaiveDate::MAX)) == newest;
        all().filter(is_newest).collect()
    }

    /// Returns what each ticker is called in the last list; where that has several words for one, the first of them.
    pub fn mnemonics(&self) -> BTreeMap<Ticker, Ticker> {
        let mut called = BTreeMap::new();
        for alias in self.current() {
            let word = called.entry(alias.ticker.clone());
            word.or_insert_with(|| alias.word.clone());
        }
        called
    }

    /// Returns the aliases of the last list.
    pub fn current(&self) -> impl Iterator<Item = &Alias> {
        self.aliases.iter().filter(|alias| alias.until.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticker(text: &str) -> Ticker {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn list(pairs: &[(&str, &str)]) -> Vec<(Ticker, Ticker, String)> {
        let row = |(word, isin): &(&str, &str)| (ticker(isin), ticker(word), format!("{word} AG"));
        pairs.iter().map(row).collect()
    }

    fn named(table: &AliasTable, word: &str, on: Option<&str>) -> Vec<String> {
        let found = table.named(&ticker(word), on.map(day));
        found.iter().map(|alias| alias.ticker.to_string()).collect()
    }

    /// Two lists: `OLD` was renamed to `NEW`, `GONE` is listed no more, `DBK` went to another instrument.
    fn learned() -> AliasTable {
        let mut table = AliasTable::default();
        let first = [("DBK", "DE1"), ("OLD", "DE2"), ("GONE", "DE3")];
        table.learn(&list(&first), day("2026-01-02"));
        let second = [("DBK", "DE9"), ("NEW", "DE2")];
        let changes = table.learn(&list(&second), day("2026-05-04"));
        assert_eq!((changes.begun, changes.ended), (2, 3));
        table
    }

    #[test]
    fn an_alias_is_what_the_last_list_says_and_on_a_day_what_it_was_then() {
        let table = learned();

        for (word, on, expected) in [
            ("DBK", None, "DE9"),
            ("DBK", Some("2026-05-04"), "DE9"),
            ("DBK", Some("2026-05-03"), "DE1"),
            // Nothing is known of that day.
            ("DBK", Some("2025-01-01"), "DE9"),
            ("OLD", None, "DE2"),
            ("NEW", None, "DE2"),
            ("NEW", Some("2026-03-01"), "DE2"),
            ("GONE", None, "DE3"),
        ] {
            assert_eq!(named(&table, word, on), [expected], "{word} {on:?}");
        }
        assert_eq!(named(&table, "NONE", None), [""; 0]);
        let called = table.mnemonics();
        assert_eq!(called.get(&ticker("DE2")), Some(&ticker("NEW")));
        assert_eq!(called.get(&ticker("DE1")), None);
    }

    #[test]
    fn a_word_that_names_two_instruments_of_one_list_names_both() {
        let mut table = AliasTable::default();
        table.learn(&list(&[("AB", "DE1"), ("AB", "DE2")]), day("2026-01-02"));

        assert_eq!(named(&table, "AB", None), ["DE1", "DE2"]);
    }

    #[test]
    fn the_same_list_again_and_an_older_one_change_nothing() {
        let mut table = learned();
        let before = table.clone();

        let again = table.learn(&list(&[("DBK", "DE9"), ("NEW", "DE2")]), day("2026-05-04"));
        assert_eq!((again, &table), (Learned::default(), &before));
        let older = table.learn(&list(&[("X", "DE7")]), day("2026-05-03"));

        assert_eq!(older.newer, Some(day("2026-05-04")));
        assert_eq!(table, before);
    }

    #[test]
    fn a_table_reads_back_as_it_was_and_no_cut_of_it_is_understood() {
        let table = learned();
        let bytes = table.to_bytes();
        let read = |bytes: &[u8]| {
            let document = document::parse_object(bytes, Path::new("x"), document::MAX_BYTES);
            AliasTable::parse(&document.ok()?)
        };

        assert_eq!(read(&bytes), Some(table));
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), None, "{end}");
        }
    }
}
