//! Words of the command line that name tickers: the ticker that each means, by the aliases of its venue.
//!
//! Promises: every command resolves its words here. What names several tickers is refused with all of them; a ticker goes before
//! an alias that is spelled alike; what is not plain is told. Leaves to others: the aliases themselves (`catalog`), and words that
//! name nothing (`unknown`).

use chrono::{DateTime, NaiveDate, Utc};

use crate::catalog::{Catalog, Meant, Named};
use crate::cli::ui::words::some_of;
use crate::cli::{Failure, Shell};
use crate::model::{StorageRequest, Ticker, Venue};
use crate::query;
use crate::workspace::Workspace;

/// How many tickers a message names.
const MOST_NAMED: usize = 5;

/// What words are looked up in.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'l> {
    shell: &'l Shell<'l>,
    workspace: &'l Workspace<'l>,
    catalog: &'l Catalog,
    /// The venues that are asked about; all when empty.
    venues: &'l [Venue],
    /// The day of the question, if not today.
    day: Option<NaiveDate>,
}

impl<'l> Lookup<'l> {
    /// Returns what words of today are looked up in.
    pub(super) fn of(
        shell: &'l Shell<'l>,
        workspace: &'l Workspace<'l>,
        catalog: &'l Catalog,
        venues: &'l [Venue],
    ) -> Self {
        Self {
            shell,
            workspace,
            catalog,
            venues,
            day: None,
        }
    }

    /// Returns what words are looked up in of a question about a moment, if it is about one.
    pub(super) fn at(self, moment: Option<DateTime<Utc>>) -> Self {
        Self {
            day: moment.map(|at| at.date_naive()),
            ..self
        }
    }

    /// Returns the tickers that words mean, each once, in their order.
    pub(super) fn tickers(&self, words: &[Ticker]) -> Result<Vec<Ticker>, Failure> {
        if !words.is_empty() {
            self.tell_troubles();
        }
        let mut tickers: Vec<Ticker> = Vec::with_capacity(words.len());
        for word in words {
            let ticker = self.meant(word)?;
            if !tickers.contains(&ticker) {
                tickers.push(ticker);
            }
        }
        Ok(tickers)
    }

    /// Returns the ticker that a word means.
    pub(super) fn ticker(&self, word: &Ticker) -> Result<Ticker, Failure> {
        self.tell_troubles();
        self.meant(word)
    }

    fn tell_troubles(&self) {
        for trouble in self.catalog.aliases().troubles() {
            let warning = format!("Mnemonics of a venue are not known: {trouble}.");
            self.shell.warning(&warning);
        }
    }

    fn meant(&self, word: &Ticker) -> Result<Ticker, Failure> {
        let meant = self.catalog.aliases().meant(word, self.venues, self.day);
        let named = match &meant {
            Meant::Itself => return Ok(word.clone()),
            Meant::Alias(named) => std::slice::from_ref(&**named),
            Meant::Several(named) => named.as_slice(),
        };
        let printer = self.shell.printer;
        let reading = self.workspace.reading(self.catalog);
        if let Some(venue) = query::home(reading, word, self.venues)? {
            let others = said(named);
            printer.note(&format!(
                "{word} is a ticker of {venue}, and is taken for that; it is also a mnemonic of {others}."
            ));
            return Ok(word.clone());
        }
        let Meant::Alias(one) = &meant else {
            let refused = Failure::usage(format!("{word} is a mnemonic of {}", said(named)));
            let first = named.first().map(|one| one.ticker.to_string());
            return Err(refused.hint(format!(
                "give the ISIN, such as {}",
                first.unwrap_or_default()
            )));
        };
        let Named { ticker, alias, .. } = &**one;
        let name = &alias.name;
        printer.note(&match alias.until.filter(|_| self.day.is_none()) {
            Some(until) => format!("{word} was {ticker}, {name}, until {until}."),
            None => format!("{word} is {ticker}, {name}."),
        });
        Ok(ticker.clone())
    }
}

/// Returns the mnemonic of the ticker of a series, if its venue has one.
pub(super) fn mnemonic<'c>(request: &StorageRequest, catalog: &'c Catalog) -> Option<&'c str> {
    let (ticker, venue) = (request.series.ticker()?, request.venue.as_ref()?);
    catalog.mnemonic(ticker, venue)
}

/// Returns the ticker of a series, with its mnemonic behind it where there is one.
pub(super) fn called(request: &StorageRequest, catalog: &Catalog) -> String {
    let ticker = request.series.ticker();
    let ticker = ticker.map(ToString::to_string).unwrap_or_default();
    match mnemonic(request, catalog) {
        Some(mnemonic) => format!("{ticker} {mnemonic}"),
        None => ticker,
    }
}

/// Returns what an alias names, as part of a sentence.
fn said(named: &[Named]) -> String {
    let each = named.iter().map(|one| {
        let Named {
            venue,
            ticker,
            alias,
        } = one;
        let until = alias
            .until
            .map_or_else(String::new, |until| format!(" until {until}"));
        format!("{ticker} ({}, {venue}{until})", alias.name)
    });
    some_of(&each.collect::<Vec<_>>(), MOST_NAMED)
}
