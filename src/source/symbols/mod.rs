//! Lists of the symbols that trade: the directories of Nasdaq Trader, copies of them as CSV, the instruments of Xetra, and
//! plain lists; packed or not.
//!
//! Promises: a list is understood as a whole or refused as a whole, with the reason. The line with the time of creation is
//! no symbol. Each row becomes a ticker or is left out with a reason; what cannot be spelled as Yahoo does is never guessed.
//! Leaves to others: which list was accepted last, and what becomes of the tickers (`roster`).

mod error;
mod form;
mod listed;
mod plain;
mod spelling;
mod words;
mod xetra;

pub use error::ListError;
pub use listed::{Instrument, Kind, LeftOut, Listed, Reason};
pub use plain::symbols as written;

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::files::{NoText, unpack};
use crate::http::{Http, HttpError, HttpRequest};
use crate::model::{Ticker, instrument_symbol};
use crate::sys::Shutdown;

/// The most bytes that a list may have, packed or not.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Which forms of a list are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forms {
    /// The directories, their copies as CSV, and the file of Xetra. What is cut off in their heading is no plain list.
    Tables,
    /// Plain lists, too.
    All,
}

/// What a list says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SymbolList {
    /// How many rows it has, those that are left out included.
    pub rows: usize,
    /// When it was made, as it says that.
    pub date: Option<String>,
    /// The tickers, in the order of the list and each once.
    pub symbols: Vec<Listed>,
    /// What becomes no ticker, in the order of the list.
    pub left_out: Vec<LeftOut>,
    /// The mnemonics of tickers, where the list is of a feed's exchange and names both.
    pub mnemonics: Option<Mnemonics>,
}

/// By which symbols an exchange called its instruments on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mnemonics {
    /// The day; `None` where the list does not tell it.
    pub day: Option<NaiveDate>,
    /// Ticker, mnemonic and name of each instrument that has a mnemonic.
    pub of: Vec<(Ticker, Ticker, String)>,
}

impl SymbolList {
    /// Reads a list, whose form is recognised by its first line.
    ///
    /// # Errors
    /// When it is no list, a list of a form that is not known, or one with a part missing.
    pub fn parse(bytes: &[u8], forms: Forms) -> Result<Self, ListError> {
        let bytes = unpacked(bytes)?;
        let form::Rows { rows, date } = form::rows(&text(&bytes)?, forms)?;
        Self::of_rows(rows, date)
    }

    /// Reads a list for a feed of trades, whose main currency is `currency`: the file of an exchange's instruments, of any
    /// market, gives ISINs with their mnemonics; any other list is read as it is.
    ///
    /// # Errors
    /// As `parse`.
    pub fn parse_for_feed(bytes: &[u8], forms: Forms, currency: &str) -> Result<Self, ListError> {
        let bytes = unpacked(bytes)?;
        let text = text(&bytes)?;
        if !xetra::is_one(&text) {
            let form::Rows { rows, date } = form::rows(&text, forms)?;
            return Self::of_rows(rows, date);
        }
        let file = xetra::read(&text)?;
        let symbol = |one: &Instrument| {
            let traded_in = one.currency.as_deref().or(Some(currency));
            instrument_symbol(&one.isin, traded_in, currency)
        };
        let rows = file.instruments.iter().map(|one| form::Row {
            listed: one.isin.clone(),
            spelled: match one {
                one if one.isin.is_empty() => Err(Reason::NoTicker),
                one if !one.is_active => Err(Reason::Inactive),
                one => Ok(symbol(one)),
            },
            kind: Some(one.kind),
        });
        let mut list = Self::of_rows(rows.collect(), Some(file.date.to_owned()))?;
        let named = file.instruments.iter().filter(|one| one.is_active);
        let named = named.filter_map(|one| {
            let (ticker, mnemonic) = (symbol(one).parse().ok()?, one.mnemonic.parse().ok()?);
            Some((ticker, mnemonic, one.name.clone()))
        });
        list.mnemonics = Some(Mnemonics {
            day: file.day(),
            of: named.collect(),
        });
        Ok(list)
    }

    fn of_rows(rows: Vec<form::Row>, date: Option<String>) -> Result<Self, ListError> {
        let mut list = Self {
            rows: rows.len(),
            date,
            ..Self::default()
        };
        let mut seen: BTreeSet<Ticker> = BTreeSet::new();
        for row in rows {
            let ticker = row
                .spelled
                .and_then(|symbol| symbol.parse::<Ticker>().map_err(|_| Reason::NoTicker))
                .and_then(|ticker| {
                    let is_new = seen.insert(ticker.clone());
                    is_new.then_some(ticker).ok_or(Reason::Repeated)
                });
            match ticker {
                Ok(ticker) => list.symbols.push(Listed {
                    ticker,
                    kind: row.kind,
                }),
                Err(reason) => list.left_out.push(LeftOut {
                    symbol: row.listed,
                    reason,
                }),
            }
        }
        if list.symbols.is_empty() {
            return Err(ListError::Empty);
        }
        Ok(list)
    }

    /// Tells whether it says of each ticker what it is.
    pub fn has_kinds(&self) -> bool {
        self.symbols.iter().all(|listed| listed.kind.is_some())
    }

    /// Compares a list with the one of the same origin that was accepted last.
    ///
    /// # Errors
    /// When it is more than a tenth shorter.
    pub fn check_length(&self, last: &Self) -> Result<(), ListError> {
        let (found, last) = (self.symbols.len(), last.symbols.len());
        if found.saturating_mul(10) < last.saturating_mul(9) {
            return Err(ListError::Shorter { found, last });
        }
        Ok(())
    }
}

fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, ListError> {
    let (bytes, _) = unpack(bytes, MOST_BYTES).map_err(|error| match error {
        NoText::Else(reason) => ListError::Packed { reason },
        NoText::TooLarge(_) => ListError::TooLarge,
    })?;
    Ok(bytes)
}

/// Returns the text of a list without a mark of its byte order.
fn text(bytes: &[u8]) -> Result<Cow<'_, str>, ListError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        // Xetra wrote the names of companies in Latin-1 in some years; no column that counts has such letters.
        Err(_) if xetra::is_one(&String::from_utf8_lossy(bytes)) => String::from_utf8_lossy(bytes),
        Err(_) => return Err(ListError::NotText),
    };
    if text.trim_start().starts_with('<') {
        return Err(ListError::Page);
    }
    Ok(text)
}

/// Asks a server for the bytes of a list.
///
/// # Errors
/// When there is no answer, or one with another status than 200.
pub fn ask(http: &dyn Http, url: &str, stop: &Shutdown) -> Result<Vec<u8>, ListError> {
    let answer = http
        .get(&HttpRequest::of(url), stop)
        .map_err(|reason: HttpError| ListError::Unreachable { reason })?;
    if answer.status != 200 {
        return Err(ListError::Status {
            status: answer.status,
        });
    }
    Ok(answer.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(list: &SymbolList) -> Vec<&str> {
        list.symbols
            .iter()
            .map(|listed| listed.ticker.as_str())
            .collect()
    }

    const OTHER: &str = "ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Round Lot Size|Test Issue|NASDAQ Symbol\r\n\
        ABR$D|Arbor Preferred|N|ABRpD|N|100|N|ABR-D\r\n\
        MKC.V|McCormick|N|MKC.V|N|100|N|MKC.V\r\n\
        NXG.V|NextGen rights when issued|N|NXGrw|N|100|N|NXG^#\r\n\
        ZXIET|IEX Test|V|ZXIET|N|100|Y|ZXIET\r\n\
        File Creation Time: 0721202521:31||||||\r\n";

    #[test]
    fn a_directory_is_spelled_as_yahoo_does_without_its_test_issues() {
        let list = SymbolList::parse(OTHER.as_bytes(), Forms::Tables).unwrap();

        assert_eq!(spelled(&list), ["ABR-PD", "MKC-V"]);
        assert_eq!(
            list.left_out,
            [
                LeftOut {
                    symbol: "NXG.V".to_owned(),
                    reason: Reason::NoSpelling
                },
                LeftOut {
                    symbol: "ZXIET".to_owned(),
                    reason: Reason::TestIssue
                }
            ]
        );
        assert_eq!(
            (list.rows, list.date.as_deref()),
            (4, Some("0721202521:31"))
        );
    }

    #[test]
    fn a_directory_that_is_cut_off_anywhere_is_refused() {
        let footer = OTHER.find("File Creation Time").unwrap();

        for end in 0..footer {
            let cut = OTHER.get(..end).unwrap();
            assert!(
                SymbolList::parse(cut.as_bytes(), Forms::Tables).is_err(),
                "{cut}"
            );
        }
    }

    #[test]
    fn a_csv_copy_keeps_the_footer_as_a_row_that_is_none() {
        let text = "Symbol,Security Name\nAACB,\"Artius, Inc.\"\nAAPL,Apple\nFile Creation Time: 0731202621:31,\n,\n";

        let list = SymbolList::parse(text.as_bytes(), Forms::All).unwrap();

        assert_eq!(spelled(&list), ["AACB", "AAPL"]);
        assert_eq!(list.rows, 2);
    }

    #[test]
    fn a_plain_list_is_taken_as_it_is_spelled() {
        let text = "\u{feff}# mine\nSymbol\n\n^GSPC\n BRK-B \nBTC-USD\nBRK-B";

        let list = SymbolList::parse(text.as_bytes(), Forms::All).unwrap();

        assert_eq!(spelled(&list), ["^GSPC", "BRK-B", "BTC-USD"]);
        assert_eq!(list.rows, 4);
    }

    #[test]
    fn what_is_no_list_is_refused_with_what_was_seen() {
        for (text, said) in [
            ("", "no symbol"),
            ("\n# nothing\n", "no symbol"),
            (" <!DOCTYPE html><html>", "HTML"),
            ("A\0B", "no text"),
            ("{\"error\": \"quota\"}", "`{\"error\": \"quota\"}`"),
            ("Too many requests", "`Too many requests`"),
            ("AAPL\nsorry, no\n", "line 2"),
            ("Symbol|Name\nA|B\n", "line 1"),
            ("Code,Price\nA,1\n", "line 1"),
            ("Symbol,Security Name\nA,Agilent\nB\n", "line 3 has 1"),
            ("Symbol,Security Name\nA,Agilent\nB,Barn", "last line"),
            ("Symbol,Security Name\nA,Agilent\nB,\"Barn\n", "last line"),
        ] {
            let error = SymbolList::parse(text.as_bytes(), Forms::All)
                .unwrap_err()
                .to_string();

            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn a_footer_in_the_middle_is_damage() {
        let doubled = format!("{OTHER}AAPL|Apple|N|AAPL|N|100|N|AAPL\n");

        assert!(SymbolList::parse(doubled.as_bytes(), Forms::All).is_err());
    }

    #[test]
    fn a_list_may_be_a_tenth_shorter_than_the_last_one_and_no_more() {
        let of = |count: usize| SymbolList {
            symbols: (0..count)
                .map(|at| Listed {
                    ticker: format!("T{at}").parse().unwrap(),
                    kind: None,
                })
                .collect(),
            ..SymbolList::default()
        };

        assert_eq!(of(90).check_length(&of(100)), Ok(()));
        assert_eq!(
            of(89).check_length(&of(100)),
            Err(ListError::Shorter {
                found: 89,
                last: 100
            })
        );
    }
}
