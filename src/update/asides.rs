//! What comes along with bars: who the ticker is, what is lost, what a person should know.
//!
//! Promises: nothing is written here. Leaves to others: what becomes of rows of another security, and events, which are staged
//! with the rows (`arrivals`).

use chrono::NaiveDate;

use crate::catalog::Catalog;
use crate::frame::EventKind;
use crate::model::{Identity, PriceBasis, StorageRequest, Ticker, Venue, time};
use crate::source::Beside;

/// Returns what a person should know of what came along with an answer, but for an end that is missing.
pub(super) fn warnings(request: &StorageRequest, beside: &Beside) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some((first, last)) = beside.lost {
        warnings.push(format!(
            "{request}: {first} to {last} are lost, the source does not keep them any more"
        ));
    }
    if let Some(event) = beside.unseen.first() {
        let (what, of) = match event.kind {
            EventKind::Split { .. } => ("a split", "prices"),
            _ if is_adjusted(beside) => ("a payment", "prices"),
            _ => ("a payment", "adjusted closes"),
        };
        warnings.push(format!(
            "{request}: {what} of {} took effect since older bars were fetched, whose {of} stand on another basis than the fetched ones until the next `barkeep update` without --start, which fetches all of them again",
            time::day(event.date)
        ));
    }
    let told = beside.warnings.iter();
    warnings.extend(told.map(|warning| format!("{request}: {warning}")));
    warnings
}

/// Tells whether a ticker is who it was, and records who it is; else what contradicts that, which a person has to decide.
/// An entry of another shape cannot be used, and is told in `warnings`.
pub(super) fn conflict(
    catalog: &mut Catalog,
    (ticker, venue): (&Ticker, &Venue),
    today: NaiveDate,
    identity: &Identity,
    warnings: &mut Vec<String>,
) -> Option<String> {
    let known = catalog.identity(ticker, venue);
    let conflict = known.and_then(|known| known.conflict_with(identity));
    let recorded = match &conflict {
        None => catalog.record_identity(ticker, venue, today, identity),
        Some(_) => catalog.record_identity_seen(ticker, venue, today, identity),
    };
    if let Err(unusable) = recorded {
        warnings.push(unusable.to_string());
    }
    conflict.map(|conflict| {
        format!(
            "the source describes another security than before ({conflict}); if it is the same one: barkeep tickers accept {ticker}"
        )
    })
}

/// Tells whether the bars themselves are adjusted for payments.
fn is_adjusted(beside: &Beside) -> bool {
    let told = beside.provenance.as_ref();
    told.is_some_and(|told| told.basis == PriceBasis::SplitDividendAdjusted)
}
