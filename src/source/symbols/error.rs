//! Why a list of symbols is refused.

use crate::http::HttpError;

/// A list that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// There is no answer.
    #[error("{reason}")]
    Unreachable {
        /// What kept the request from an answer.
        reason: HttpError,
    },
    /// The server answers with something else.
    #[error("the server answered with status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// A page for people, as a proxy or a server under maintenance sends it.
    #[error("it is a page of HTML and no list of symbols")]
    Page,
    /// Its archive is broken, or it has NUL bytes.
    #[error("{reason}")]
    Packed {
        /// What is wrong with it.
        reason: String,
    },
    /// It is packed, and larger than any list.
    #[error("it unpacks to more than a list may have")]
    TooLarge,
    /// It is not UTF-8.
    #[error("it is no text")]
    NotText,
    /// There is nothing in it that could be a ticker.
    #[error("it holds no symbol")]
    Empty,
    /// It is a table of a form that is not known.
    #[error("`{line}` is not the heading of a list that is known")]
    UnknownHeading {
        /// Its first line.
        line: String,
    },
    /// A row has more or fewer fields than the heading.
    #[error("line {line} has {found} fields instead of {expected}")]
    Fields {
        /// Its number, from 1.
        line: usize,
        /// The fields that it has.
        found: usize,
        /// The fields of the heading.
        expected: usize,
    },
    /// A line of a plain list is something else than one symbol.
    #[error("line {line}, `{text}`, is more or something else than symbols")]
    NoSymbol {
        /// Its number, from 1.
        line: usize,
        /// What it says.
        text: String,
    },
    /// It is one word, as servers answer that do not hand a list out.
    #[error("it is one word, `{word}`, and a list of one symbol has a heading, such as `Symbol`")]
    OneWord {
        /// The word.
        word: String,
    },
    /// The end is missing.
    #[error("{missing}, so a part of it is missing")]
    CutOff {
        /// What shows it.
        missing: &'static str,
    },
    /// Only some kinds are asked for.
    #[error("it does not say of each symbol what kind it is, so `--kinds` cannot choose")]
    NoKinds,
    /// Only mnemonics are asked for.
    #[error(
        "it names no mnemonics of ISINs, or the venue is no feed of trades, so `--aliases` has nothing to take"
    )]
    NoMnemonics,
    /// It has far fewer symbols than the last one.
    #[error("it has {found} symbols, and the last one that was accepted had {last}")]
    Shorter {
        /// The symbols that it has.
        found: usize,
        /// The symbols that the last accepted one had.
        last: usize,
    },
}
