//! Words of the command line that name tickers.
//!
//! Promises: every command resolves its words here, and what is not plain is told. Leaves to others: which ticker a word means
//! (`query`).

use crate::cli::{Failure, Shell};
use crate::model::{Ticker, Venue};
use crate::query;
use crate::workspace::Reading;

/// Returns the tickers that words mean at some venues, at any if none is named, each once, in their order.
pub(super) fn tickers(
    shell: &Shell<'_>,
    reading: Reading<'_, '_>,
    venues: &[Venue],
    words: &[Ticker],
) -> Result<Vec<Ticker>, Failure> {
    if !words.is_empty() {
        for trouble in reading.catalog.aliases().troubles() {
            let warning = format!("Mnemonics of a venue are not known: {trouble}.");
            shell.warning(&warning);
        }
    }
    let mut tickers: Vec<Ticker> = Vec::with_capacity(words.len());
    for word in words {
        let (ticker, told) = query::named(reading, word, venues)?;
        if let Some(told) = told {
            shell.note(&told);
        }
        if !tickers.contains(&ticker) {
            tickers.push(ticker);
        }
    }
    Ok(tickers)
}
