//! Words that name tickers: the ticker that each means, by the aliases of its venue.
//!
//! Promises: what names several tickers is refused with all of them; a ticker goes before an alias that is spelled alike; what is
//! not plain is told. Leaves to others: the aliases themselves, and words that name nothing (`catalog`).

use super::QueryError;
use super::find::lengths;
use crate::catalog::{Meant, Named};
use crate::model::words::some_of;
use crate::model::{Ticker, Unclear, Venue, instrument_of};
use crate::workspace::Reading;

/// How many tickers a message names.
const MOST_NAMED: usize = 5;

/// Returns the ticker that a word means at some venues, at any if none is named, and what a person should know of that.
///
/// # Errors
/// `Unclear` when it means several; when nobody can say where rows are.
pub fn named(
    reading: Reading<'_, '_>,
    word: &Ticker,
    venues: &[Venue],
) -> Result<(Ticker, Option<String>), QueryError> {
    let day = reading.as_of.map(|at| at.date_naive());
    let meant = reading.catalog.aliases().meant(word, venues, day);
    let named = match &meant {
        Meant::Itself => return Ok((word.clone(), None)),
        Meant::Alias(named) => std::slice::from_ref(&**named),
        Meant::Several(named) => named.as_slice(),
    };
    if let Some(venue) = home(reading, word, venues)? {
        let others = said(named);
        let told = format!(
            "{word} is a ticker of {venue}, and is taken for that; it is also a mnemonic of {others}."
        );
        return Ok((word.clone(), Some(told)));
    }
    let Meant::Alias(one) = &meant else {
        let unclear = Unclear::words(format!("{word} is a mnemonic of {}", said(named)));
        let first = named.first().map(|one| one.ticker.to_string());
        let first = first.unwrap_or_default();
        let unclear = unclear.hint(format!("give the ISIN, such as {first}"));
        return Err(unclear.into());
    };
    let Named { ticker, alias, .. } = &**one;
    let name = &alias.name;
    let told = match alias.until.filter(|_| day.is_none()) {
        Some(until) => format!("{word} was {ticker}, {name}, until {until}."),
        None => format!("{word} is {ticker}, {name}."),
    };
    Ok((ticker.clone(), Some(told)))
}

/// Returns a venue at which a word is a ticker itself: one that keeps it, or at which bars of it are stored. No other venues than
/// those that are named are meant, if any is.
fn home(
    reading: Reading<'_, '_>,
    word: &Ticker,
    named: &[Venue],
) -> Result<Option<Venue>, QueryError> {
    let mut at = reading.catalog.venues_of(word).into_iter();
    if let Some(venue) = at.find(|venue| named.is_empty() || named.contains(venue)) {
        return Ok(Some(venue));
    }
    let venues = match named {
        [] => reading.workspace.venues()?.into_iter().collect(),
        named => named.to_vec(),
    };
    for venue in venues {
        if !lengths(reading, word, Some(&venue))?.is_empty() {
            return Ok(Some(venue));
        }
    }
    Ok(None)
}

/// Returns the instrument whose trades are asked for, and the currency if it is of one: `DE000BASF111.USD`.
///
/// # Errors
/// When the word is no instrument.
pub fn isin(word: &Ticker) -> Result<(&str, Option<&str>), Unclear> {
    instrument_of(word.as_str()).ok_or_else(|| {
        Unclear::words(format!(
            "{word} is no ISIN, such as DE000BASF111, and no mnemonic that is known"
        ))
    })
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
