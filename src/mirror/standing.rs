//! How a mirror stands to its tree and to its table, by what was recorded: no row is read.
//!
//! Promises: looks only. What nobody recorded is not called behind, nor is a mirror that has all that can be had.

use chrono::{DateTime, Utc};

use super::table::Log;
use super::tree::name_of;
use super::whole::{Files, or_damage};
use super::{MirrorError, Mirrored, Place, Tree, Version};
use crate::inventory::Known;
use crate::ledger::SeriesRecord;
use crate::model::StorageRequest;

/// How a mirror stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// When it was compared with its tree last; `None` when nobody knows.
    pub refreshed: Option<DateTime<Utc>>,
    /// The state that readers take.
    pub version: Version,
    /// What of it readers do not get as it was written, in words.
    pub damage: Option<String>,
    /// The newest version of its table; `None` where its files are none.
    pub table: Option<u64>,
    /// How many series have rows by now that it has not and could have: those that are damaged or gone are none.
    pub behind: usize,
}

impl Place<'_> {
    /// Returns how the mirror of a tree stands to what is known of the series; `None` when there is none.
    ///
    /// # Errors
    /// When it is damaged, of a later form or cannot be read.
    pub fn standing(self, tree: &Tree, known: &Known) -> Result<Option<Standing>, MirrorError> {
        let folder = self.folder(tree);
        let Some(version) = folder.current()? else {
            return Ok(None);
        };
        let table = Log::of(&folder, tree).last()?;
        let files = Files {
            folder: &folder,
            version: &version,
        };
        Ok(Some(Standing {
            damage: or_damage(files.refuse_lacking())?.err(),
            refreshed: folder.refreshed()?,
            table: (table > 0).then_some(table),
            behind: behind(tree, known, &version),
            version,
        }))
    }
}

/// Counts the series that have rows by now that a mirror has not and could have.
pub(super) fn behind(tree: &Tree, known: &Known, version: &Version) -> usize {
    let there = known.records.keys().chain(&known.unrecorded);
    let differs = |request: &&StorageRequest| {
        let mirrored = version.series.get(name_of(request));
        is_behind(mirrored, known.records.get(request))
    };
    there
        .filter(|request| tree.holds(request))
        .filter(differs)
        .count()
}

fn is_behind(mirrored: Option<&Mirrored>, record: Option<&SeriesRecord>) -> bool {
    match (mirrored, record) {
        (Some(mirrored), Some(record)) => {
            let seen = mirrored.short_of.unwrap_or((mirrored.rows, mirrored.sum));
            seen != (record.rows, record.sum)
        }
        (Some(_), None) => false,
        (None, record) => record.is_none_or(|record| record.rows > 0),
    }
}
