//! What a list says of one symbol: a ticker of some kind, or the reason why it is left out.

use crate::model::Ticker;

/// What a security is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A common share of any class, and a receipt of one.
    Share,
    /// A preferred share, and a receipt of one.
    Preferred,
    /// A warrant.
    Warrant,
    /// A unit of several securities.
    Unit,
    /// A right.
    Right,
    /// A fund that trades on an exchange.
    Etf,
    /// A commodity that trades on an exchange.
    Etc,
    /// A note that trades on an exchange.
    Etn,
    /// What the list calls something else, and bonds among shares.
    Other,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Share,
        Self::Preferred,
        Self::Warrant,
        Self::Unit,
        Self::Right,
        Self::Etf,
        Self::Etc,
        Self::Etn,
        Self::Other,
    ];

    /// Returns its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Preferred => "preferred",
            Self::Warrant => "warrant",
            Self::Unit => "unit",
            Self::Right => "right",
            Self::Etf => "etf",
            Self::Etc => "etc",
            Self::Etn => "etn",
            Self::Other => "other",
        }
    }
}

/// Why a symbol of a list becomes no ticker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Reason {
    /// It is there for tests only.
    #[error("test issue")]
    TestIssue,
    /// Its exchange does not trade it.
    #[error("not active")]
    Inactive,
    /// It is of a kind that was not asked for.
    #[error("kind not chosen: {}", .0.as_str())]
    NotChosen(Kind),
    /// It is not known how Yahoo spells it.
    #[error("no Yahoo spelling is known")]
    NoSpelling,
    /// The columns of its row name different securities.
    #[error("the columns disagree")]
    Disagreeing,
    /// It can be no ticker, whoever spells it.
    #[error("no ticker")]
    NoTicker,
    /// An earlier row of the same list has it.
    #[error("twice in the list")]
    Repeated,
    /// A list that was read before has it.
    #[error("in another list, too")]
    InAnotherList,
    /// The legacy layout has no encoding: it is not safe as a file name.
    #[error("not safe as a file name")]
    Unsafe,
    /// Its entry in the registry is damaged.
    #[error("damaged in tickers.json")]
    Damaged,
}

impl Reason {
    /// Tells whether nobody has to look at it: it is the user's choice, or what a list is like.
    pub fn is_expected(self) -> bool {
        match self {
            Self::TestIssue
            | Self::Inactive
            | Self::NotChosen(_)
            | Self::Repeated
            | Self::InAnotherList => true,
            Self::NoSpelling
            | Self::Disagreeing
            | Self::NoTicker
            | Self::Unsafe
            | Self::Damaged => false,
        }
    }
}

/// An instrument of an exchange, as its own file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// The International Securities Identification Number (ISO 6166).
    pub isin: String,
    /// The symbol by which the exchange calls it; empty where it has none.
    pub mnemonic: String,
    /// What it is called.
    pub name: String,
    /// The currency in which it is traded and settled, if the file tells.
    pub currency: Option<String>,
    /// Whether it can be traded.
    pub is_active: bool,
    /// What it is.
    pub kind: Kind,
}

/// A ticker that a list names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// As Yahoo spells it; for a feed of trades the ISIN, with the currency where that is not the main one.
    pub ticker: Ticker,
    /// What it is, if the list tells.
    pub kind: Option<Kind>,
}

/// A symbol that becomes no ticker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// As the list has it.
    pub symbol: String,
    /// Why.
    pub reason: Reason,
}
