//! What comes along with bars: who the ticker is, what is lost, what a person should know.
//!
//! Promises: nothing is written here. Leaves to others: what becomes of rows of another security, and events, which are staged
//! with the rows (`arrivals`).

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::catalog::Catalog;
use crate::check::{Who, judge};
use crate::frame::EventKind;
use crate::gaps::Heard;
use crate::model::{Identity, PriceBasis, StorageRequest, Ticker, Venue, time};
use crate::source::Extras;

use super::PlannedJob;
use super::answer::AnswerNotes;

/// Returns what a person should know of what came along with an answer, but for an end that is missing.
/// What is lost is told if it `is_news`.
pub(super) fn warnings(request: &StorageRequest, beside: &Extras, is_news: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some((first, last)) = beside.lost.filter(|_| is_news) {
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

/// Tells who an answer is of, and records it. An entry of another shape cannot be used, and is told in `warnings`.
pub(super) fn recognise(
    catalog: &mut Catalog,
    (ticker, venue): (&Ticker, &Venue),
    today: NaiveDate,
    (identity, aside): (&Identity, &AnswerNotes),
    warnings: &mut Vec<String>,
) -> Who {
    let known = catalog.identity(ticker, venue);
    let who = match (aside.predates, known) {
        (Some(oldest), _) => Who::Other(format!(
            "rows are stored since {oldest}, and it was traded first on {}",
            identity
                .first_trade
                .map_or_else(String::new, |day| day.to_string())
        )),
        (None, Some(known)) => judge(&known, identity, || aside.has_known_price),
        (None, None) => Who::Same,
    };
    let recorded = match &who {
        Who::Same => catalog.record_identity(ticker, venue, today, identity),
        Who::Moved(_) => catalog.record_identity_moved(ticker, venue, today, identity),
        Who::Other(_) => catalog.record_identity_seen(ticker, venue, today, identity),
    };
    if let Err(unusable) = recorded {
        warnings.push(unusable.to_string());
    }
    who
}

/// Tells whether an answer says of a ticker what is known of it.
pub(super) fn is_known(
    catalog: &Catalog,
    (ticker, venue): (&Ticker, &Venue),
    beside: &Extras,
) -> bool {
    let known = catalog.identity(ticker, venue);
    let both = known.zip(beside.identity.as_ref());
    both.is_some_and(|(known, answered)| judge(&known, answered, || false) == Who::Same)
}

/// Returns what an answer says of days. A source that does not speak of them has told all from the first row to the last.
pub(super) fn heard(job: &PlannedJob, aside: &AnswerNotes) -> Heard {
    let rows = || {
        let days = &aside.days;
        let span = days.first().copied().zip(days.last().copied());
        (span.into_iter().collect(), BTreeSet::new())
    };
    let answered = aside.beside.answered.clone();
    let (spans, null) = answered.map_or_else(rows, |answered| (answered.spans, answered.null));
    Heard {
        spans,
        null,
        held: aside.days.clone(),
        lost: aside.beside.lost,
        is_continued: job.has_rows || job.known.is_some(),
    }
}

/// Tells whether the bars themselves are adjusted for payments.
fn is_adjusted(beside: &Extras) -> bool {
    let told = beside.provenance.as_ref();
    told.is_some_and(|told| told.basis == PriceBasis::SplitDividendAdjusted)
}
