//! The list of all series, with what is known of each.

use std::fmt;

use chrono::NaiveDate;

use super::Known;
use super::asked::interval_of;
use crate::catalog::Catalog;
use crate::ledger::SeriesRecord;
use crate::model::{Series, StorageRequest};
use crate::workspace::View;

/// What the registry says of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is asked for.
    Active,
    /// It rests because the source did not know it lately.
    Resting,
    /// Its ticker is given up.
    NotFound,
    /// Its ticker is not kept at its venue.
    Unregistered,
}

impl State {
    /// Returns the word that documents and tables have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Resting => "resting",
            Self::NotFound => "given_up",
            Self::Unregistered => "unregistered",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One series, as it is known.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The series.
    pub request: StorageRequest,
    /// What the registry says of it.
    pub state: State,
    /// What was recorded; `None` when nothing was: then nobody knows without opening its files.
    pub record: Option<SeriesRecord>,
}

/// Returns what is known of each series, in the order of venues and names.
pub fn list(mut known: Known, view: View<'_>, catalog: &Catalog, today: NaiveDate) -> Vec<Listed> {
    let recorded = std::mem::take(&mut known.records).into_iter();
    let recorded = recorded.map(|(request, record)| {
        let is_part = known.is_part(&request, &record);
        let record = if is_part { record.of_a_part() } else { record };
        (request, Some(record))
    });
    let recorded: Vec<_> = recorded.collect();
    let unrecorded = known.unrecorded.into_iter().map(|request| (request, None));
    let mut listed: Vec<Listed> = recorded
        .into_iter()
        .chain(unrecorded)
        .map(|(request, record)| Listed {
            state: state_of(&request, view, catalog, today),
            request,
            record,
        })
        .collect();
    listed.sort_by(|a, b| a.request.cmp(&b.request));
    listed
}

/// Returns what the registry says of a series. What comes along with bars is what its ticker is.
pub(super) fn state_of(
    request: &StorageRequest,
    view: View<'_>,
    catalog: &Catalog,
    today: NaiveDate,
) -> State {
    let (Some(venue), Some(ticker)) = (&request.venue, request.series.ticker()) else {
        return State::Active;
    };
    if !catalog.is_at(ticker, venue) {
        return if view.is_wanted(catalog, request) {
            State::Active
        } else {
            State::Unregistered
        };
    }
    let is_due = match (&request.series, interval_of(&request.series)) {
        (
            Series::Bars { .. } | Series::Prepost { .. } | Series::Adjusted { .. },
            Some(interval),
        ) => view.is_due(catalog, ticker, venue, interval, today),
        _ => catalog.is_active(ticker, venue),
    };
    match is_due {
        true => State::Active,
        false if catalog.is_active(ticker, venue) => State::Resting,
        false => State::NotFound,
    }
}
