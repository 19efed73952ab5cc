//! The rows of an answer in order, for who stores it and for who makes it anew.

use crate::frame::{BarBatch, BatchNotes, Frame, Ordered, Reason};
use crate::ingest::FailureKind;
use crate::model::{Interval, Provenance, StorageRequest, Ticker};
use crate::source::{Extras, MarketDataSource};

/// Tells why no row of an answer may be stored.
pub(super) fn refusal(
    bars: &Ordered,
    values: BatchNotes,
    count: usize,
) -> Option<(FailureKind, String)> {
    let undated = bars.displaced.iter();
    let undated = undated.filter(|row| row.reason == Reason::Undated).count();
    if undated > 0 {
        // Nobody can say what else is wrong with such an answer.
        let reason = format!("{undated} of its {count} rows have no date");
        return Some((FailureKind::Malformed, reason));
    }
    // Without it a volume that is stored would be replaced by none.
    (values.too_large > 0).then(|| {
        let reason = format!(
            "{} of its {count} rows have a volume beyond {}",
            values.too_large,
            i64::MAX
        );
        (FailureKind::Refused, reason)
    })
}

/// Returns how the bars of an answer are to be read.
pub(super) fn provenance(source: &dyn MarketDataSource, beside: &Extras) -> Provenance {
    let told = beside.provenance.clone();
    told.unwrap_or_else(|| source.provenance())
}

/// Takes the bars of before and after the session out of what came along.
pub(super) fn take_prepost(ticker: &Ticker, beside: &mut Extras) -> (Ordered, BatchNotes) {
    let outside = BarBatch {
        bars: std::mem::take(&mut beside.prepost),
    };
    outside.ordered(ticker)
}

/// Returns the rows that came along, by series; `bars` says how the bars are to be read, `outside` are those of before and after
/// the session.
pub(super) fn sides(
    (request, ticker, interval): (&StorageRequest, &Ticker, Interval),
    beside: &Extras,
    bars: &Provenance,
    outside: Frame,
) -> impl Iterator<Item = (StorageRequest, Frame, Provenance)> {
    let sides = beside.sides(ticker, interval, outside).into_iter();
    sides.map(|(rows, basis, series)| {
        let request = StorageRequest {
            venue: request.venue.clone(),
            series,
        };
        let provenance = Provenance {
            basis,
            ..bars.clone()
        };
        (request, rows, provenance)
    })
}
