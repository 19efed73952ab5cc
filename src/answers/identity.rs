//! Who an answer is of: judged by what is known of the ticker, and recorded.

use chrono::NaiveDate;

use super::AnswerNotes;
use crate::catalog::{Catalog, ToldIdentity};
use crate::check::{Who, judge};
use crate::model::{Ticker, Venue};

/// Judges who an answer is of, and records it; returns why its rows must not be stored, if it is of another security than before.
/// What a person should know of it, and an entry that cannot be used, is told in `warnings`.
pub fn other_security(
    catalog: &mut Catalog,
    (ticker, venue): (&Ticker, &Venue),
    today: NaiveDate,
    notes: &AnswerNotes,
    warnings: &mut Vec<String>,
) -> Option<String> {
    let identity = notes.beside.identity.as_ref()?;
    let known = catalog.identity(ticker, venue);
    let who = match (notes.predates, known) {
        (Some(oldest), _) => Who::Other(format!(
            "rows are stored since {oldest}, and it was traded first on {}",
            identity
                .first_trade
                .map_or_else(String::new, |day| day.to_string())
        )),
        (None, Some(known)) => judge(&known, identity, || notes.has_known_price),
        (None, None) => Who::Same,
    };
    let told = match &who {
        Who::Same => ToldIdentity::Known(identity),
        Who::Moved(_) => ToldIdentity::Moved(identity),
        Who::Other(_) => ToldIdentity::Another(identity),
    };
    if let Err(unusable) = catalog.record_identity(ticker, venue, today, told) {
        warnings.push(unusable.to_string());
    }
    match who {
        Who::Same => None,
        Who::Moved(words) => {
            warnings.push(format!(
                "{ticker} at {venue} has moved ({words}); first trade, currency, kind and prices are those that were known, so its history goes on"
            ));
            None
        }
        Who::Other(conflict) => Some(format!(
            "the source describes another security than before ({conflict}); if it is the same one: barkeep tickers accept {ticker}"
        )),
    }
}

/// Tells whether an answer says of a ticker what is known of it.
pub fn is_known(
    catalog: &Catalog,
    (ticker, venue): (&Ticker, &Venue),
    notes: &AnswerNotes,
) -> bool {
    let known = catalog.identity(ticker, venue);
    let both = known.zip(notes.beside.identity.as_ref());
    both.is_some_and(|(known, answered)| judge(&known, answered, || false) == Who::Same)
}
