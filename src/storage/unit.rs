//! To what a file of a group belongs. A place that refuses a file costs the unit that it belongs to, and no other.

use std::path::Path;

use crate::layout::{LegacyPathBuilder, Places, parse_partition_folder, parse_series_name};
use crate::model::{Series, StorageRequest};

/// To what a file of a group belongs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    /// A file of the workspace as a whole: tickers.json, the plan, the toggles. It is never set aside.
    Document,
    /// A series: its months, and the lines of its ledger.
    Series(StorageRequest),
}

impl Unit {
    /// Returns the series, if it is one.
    pub(super) fn request(&self) -> Option<&StorageRequest> {
        match self {
            Self::Document => None,
            Self::Series(request) => Some(request),
        }
    }

    /// Returns the unit of a file by its place, for journals that name none. A file in a shared folder of the legacy layout
    /// does not say whose it is: its series has no venue.
    pub(super) fn of_place(places: &Places, target: &Path) -> Self {
        let month = || parse_partition_folder(target.strip_prefix(&places.data).ok()?.parent()?);
        let ledger = || {
            let below = target.strip_prefix(places.state.join("revisions")).ok()?;
            parse_series_name(below.to_str()?.strip_suffix(".jsonl")?)
        };
        let legacy = || {
            let (venue, interval, ticker) = LegacyPathBuilder::new(&places.root).parse(target)?;
            let series = Series::Bars { ticker, interval };
            Some(StorageRequest { venue, series })
        };
        let request = month().map(|parsed| parsed.request).or_else(ledger);
        let request = request.or_else(legacy);
        request.map_or(Self::Document, Self::Series)
    }
}
