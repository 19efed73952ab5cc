//! Stored prices that stand on another basis than a person wrote into the settings.
//!
//! Promises: what is stored keeps the basis that it came with, whatever a setting says afterwards; that the two contradict each
//! other is told by name. Leaves to others: which basis newer rows may continue (`frame::basis`).

use std::fmt;

use super::InventoryError;
use crate::ledger::{SeriesRecord, read_records};
use crate::model::words::some_of;
use crate::model::{PriceBasis, Series, StorageRequest, Venue};
use crate::workspace::Workspace;

/// How many series of another basis are named.
const MOST_NAMED: usize = 5;

/// A venue whose stored prices are not on the basis that the settings give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherBases {
    /// The venue.
    pub venue: Venue,
    /// What the settings say.
    pub chosen: PriceBasis,
    /// The series of bars of which the records say something else, with that; in order, and never empty.
    pub stored: Vec<(StorageRequest, PriceBasis)>,
}

/// A sentence without a period.
impl fmt::Display for OtherBases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = self.stored.iter();
        let named =
            stored.map(|(request, basis)| format!("{} ({})", request.series, basis.as_str()));
        write!(
            f,
            "{}: price_basis is {} in barkeep.toml, and bars that are stored keep the one they came with: {}; \
             docs/files.md says how to store them anew",
            self.venue,
            self.chosen.as_str(),
            some_of(&named.collect::<Vec<_>>(), MOST_NAMED)
        )
    }
}

/// Returns the venues whose settings contradict what is stored, by the records: what nobody recorded is not named.
///
/// # Errors
/// When the records cannot be read.
pub fn other_bases(workspace: &Workspace<'_>) -> Result<Vec<OtherBases>, InventoryError> {
    let mut found = Vec::new();
    for (venue, chosen) in workspace.chosen_bases() {
        let records = read_records(workspace.fs(), &workspace.places, venue)?;
        let is_other = |(request, record): (StorageRequest, SeriesRecord)| {
            let is_bars = matches!(request.series, Series::Bars { .. });
            let is_stored = is_bars && record.rows > 0 && record.basis != chosen;
            is_stored.then_some((request, record.basis))
        };
        let stored: Vec<_> = records.series.into_iter().filter_map(is_other).collect();
        if !stored.is_empty() {
            let venue = venue.clone();
            found.push(OtherBases {
                venue,
                chosen,
                stored,
            });
        }
    }
    Ok(found)
}
