//! Lists of tickers as people write them.
//!
//! Promises: what cannot be told apart from a name, a price or a sentence is refused with its line; nothing is guessed.
//!
//! | in the list | what it is |
//! | --- | --- |
//! | `# chips`, at the beginning of a line or behind a blank or a comma | a comment up to the end of the line |
//! | `,` `;` and blanks | part tickers, if all of the line are in capitals |
//! | `"BRK B"`, `'A,B'` | one ticker, whatever is in it |
//! | a first line with `symbol`, `ticker` or `tickers` in it | a heading; of a table it says which column counts |

use super::ListError;

/// The headings of a column of tickers.
const HEADINGS: [&str; 4] = ["symbol", "symbols", "ticker", "tickers"];
/// What no ticker has unless it stands in quotes.
const FOREIGN: [char; 10] = ['|', '"', '\'', '<', '>', '{', '}', '[', ']', '#'];
/// How much of a line is repeated in an error.
const MOST_SHOWN: usize = 80;

/// One word of a line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Word {
    text: String,
    is_quoted: bool,
    /// Whether only a blank stands between it and the word before.
    is_after_blank: bool,
}

/// Returns the symbols of a list, each with the number of its line.
///
/// # Errors
/// At the first line that is something else.
pub fn symbols(text: &str) -> Result<Vec<(usize, String)>, ListError> {
    let text = text.trim_start_matches('\u{feff}');
    let mut found = Vec::new();
    let mut column = None;
    let mut is_first = true;
    for (at, line) in text.lines().enumerate() {
        let refused = || ListError::NoSymbol {
            line: at + 1,
            text: line.trim().chars().take(MOST_SHOWN).collect(),
        };
        let words = words(line).ok_or_else(refused)?;
        if words.is_empty() {
            continue;
        }
        if std::mem::take(&mut is_first)
            && let Some(heading) = heading(&words)
        {
            column = (words.len() > 1).then_some((heading, words.len()));
            continue;
        }
        let of_line = match column {
            None => listed(words).ok_or_else(refused)?,
            Some((heading, columns)) => {
                let cells = joined(words);
                if cells.len() != columns {
                    return Err(ListError::Fields {
                        line: at + 1,
                        found: cells.len(),
                        expected: columns,
                    });
                }
                cells.into_iter().nth(heading).into_iter().collect()
            }
        };
        found.extend(of_line.into_iter().map(|symbol| (at + 1, symbol)));
    }
    Ok(found)
}

fn heading(words: &[Word]) -> Option<usize> {
    let is_heading = |word: &Word| HEADINGS.contains(&word.text.to_lowercase().as_str());
    words.iter().position(is_heading)
}

/// Returns the words of a line that is no row of a table; `None` when they are not all tickers.
fn listed(words: Vec<Word>) -> Option<Vec<String>> {
    // `AAPL Apple`, `too many requests`: names and sentences have letters that are no capitals.
    let is_name = |word: &Word| !word.is_quoted && word.text.contains(char::is_lowercase);
    if words.len() > 1 && words.iter().any(is_name) {
        return None;
    }
    let is_ticker = |word: &Word| word.is_quoted || word.text.contains(char::is_alphanumeric);
    let are_tickers = words.iter().all(is_ticker);
    are_tickers.then(|| words.into_iter().map(|word| word.text).collect())
}

/// Returns the cells of a row of a table: blanks part none.
fn joined(words: Vec<Word>) -> Vec<String> {
    let mut cells: Vec<String> = Vec::new();
    for word in words {
        match cells.last_mut() {
            Some(cell) if word.is_after_blank => {
                cell.push(' ');
                cell.push_str(&word.text);
            }
            _ => cells.push(word.text),
        }
    }
    cells
}

/// Cuts a line into words; `None` when a quote is not closed, or a letter stands outside of quotes that no ticker has.
fn words(line: &str) -> Option<Vec<Word>> {
    let mut words: Vec<Word> = Vec::new();
    let mut rest = line.trim();
    let mut is_after_blank = false;
    while let Some(first) = rest.chars().next() {
        let word = match first {
            '#' => break,
            '"' | '\'' => {
                let (text, after) = rest.get(1..)?.split_once(first)?;
                rest = after;
                Word {
                    text: text.trim().to_owned(),
                    is_quoted: true,
                    is_after_blank,
                }
            }
            _ => {
                let is_border = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
                let (text, after) = rest.split_at(rest.find(is_border).unwrap_or(rest.len()));
                rest = after;
                Word {
                    text: text.to_owned(),
                    is_quoted: false,
                    is_after_blank,
                }
            }
        };
        if !word.is_quoted && word.text.contains(FOREIGN) {
            return None;
        }
        if !word.text.is_empty() {
            words.push(word);
        }
        let parted = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
        let between = rest.strip_suffix(parted).unwrap_or_default();
        // Two words that touch, as in `"A"B`, are neither one nor two.
        if between.is_empty() && !parted.is_empty() {
            return None;
        }
        is_after_blank = between.chars().all(|c| c == ' ');
        rest = parted;
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let symbols = symbols(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        symbols.into_iter().map(|(_, symbol)| symbol).collect()
    }

    #[test]
    fn a_list_is_read_as_people_write_it() {
        for (text, expected) in [
            ("", &[][..]),
            ("AAPL\nMSFT\n", &["AAPL", "MSFT"]),
            ("\u{feff}AAPL\r\n\r\nMSFT\r\n", &["AAPL", "MSFT"]),
            (
                "# mine\nNVDA # chips, and \"more\nTSLA, GOOG\n  KO  \n",
                &["NVDA", "TSLA", "GOOG", "KO"],
            ),
            ("A,B;C\tD E, # F", &["A", "B", "C", "D", "E"]),
            ("A,#B\n#C", &["A"]),
            (",,A,,B,\n,\n", &["A", "B"]),
            ("\"AAPL\",\"MSFT\"\n'GOOG'", &["AAPL", "MSFT", "GOOG"]),
            (
                "\"BRK B\"\n'A,B' C\n\"AAC#\"",
                &["BRK B", "A,B", "C", "AAC#"],
            ),
            (
                "aapl\nacme # and \n'msft', \"ko\"",
                &["aapl", "acme", "msft", "ko"],
            ),
            (
                "^GSPC BTC-USD BRK.B EURUSD=X 0700.HK",
                &["^GSPC", "BTC-USD", "BRK.B", "EURUSD=X", "0700.HK"],
            ),
        ] {
            assert_eq!(found(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_heading_is_no_ticker_and_says_which_column_counts() {
        for (text, expected) in [
            ("Symbol\nAAPL\n", &["AAPL"][..]),
            ("# mine\n\nTICKER\nSYM\n", &["SYM"]),
            (
                "ticker,name\nAAPL,Apple Inc.\nBRK.B,\"Berkshire, B\"\n",
                &["AAPL", "BRK.B"],
            ),
            ("Name;Symbol\nApple Inc.;AAPL\n", &["AAPL"]),
            ("\"Symbol\"\t\"Price\"\nA\t1.5\n", &["A"]),
        ] {
            assert_eq!(found(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_may_be_no_ticker_is_refused_with_its_line() {
        for text in [
            "AAPL\nAAPL Apple Inc.",
            "AAPL\nAAPL,Apple",
            "AAPL\nthe ones I like",
            "AAPL\nToo many requests",
            "AAPL\naapl, msft",
            "AAPL\nNVDA# chips",
            "AAPL\nA#B",
            "AAPL\n\"BRK B",
            "AAPL\n\"A\"B",
            "AAPL\nA|B",
            "AAPL\n{\"error\": 1}",
            "AAPL\nA - B",
        ] {
            assert!(
                matches!(symbols(text), Err(ListError::NoSymbol { line: 2, .. })),
                "{text}"
            );
        }
        assert!(matches!(
            symbols("Symbol,Name\nA,Agilent\nB\n"),
            Err(ListError::Fields {
                line: 3,
                found: 1,
                expected: 2
            })
        ));
    }
}
