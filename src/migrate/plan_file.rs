//! `migration_plan.json`: which intervals are to be migrated and how far each one is.
//!
//! Promises: the predecessor's file, schema 1, with its fields and their order; keys that barkeep does not know survive.
//! The file says how far a migration is and proves nothing: anybody can edit it, and `mark` is there for just that.
//! Leaves to others: proofs (`proofs`).

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::{MigrateError, VenueInterval};
use crate::document::{self, Object};
use crate::model::{PriceBasis, Venue};
use crate::sys::Fs;

/// The name of the file in the workspace.
pub const PLAN_FILE: &str = "migration_plan.json";

/// The only legacy root that a plan may name.
pub(super) const LEGACY_ROOT: &str = "data/legacy";

/// The plan.
#[derive(Clone, Debug, PartialEq)]
pub struct MigrationPlan {
    pub(super) document: Object,
}

/// How far an interval is, as the plan says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not begun.
    Pending,
    /// Begun.
    Migrating,
    /// Done.
    Complete,
    /// A word that somebody gave to `mark`.
    Other(String),
}

impl Status {
    /// Returns the word in the file.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Migrating => "migrating",
            Self::Complete => "complete",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for Status {
    fn from(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "migrating" => Self::Migrating,
            "complete" => Self::Complete,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// What the plan says of one interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedInterval {
    /// Which.
    pub tuple: VenueInterval,
    /// How far it is.
    pub status: Status,
    /// Tickers in all, and those that are done.
    pub jobs: (u64, u64),
    /// Rows in the legacy files and in the partitions, if they were counted.
    pub rows: (Option<u64>, Option<u64>),
    /// When the last verification ended, in the form of the file.
    pub verified_at: Option<String>,
    /// The price basis that the user gave for files that name none.
    pub basis: Option<PriceBasis>,
}

impl MigrationPlan {
    /// Returns the path of the file.
    pub fn path(workspace: &Path) -> PathBuf {
        workspace.join(PLAN_FILE)
    }

    /// Reads the plan; `None` when there is none.
    ///
    /// # Errors
    /// When the file cannot be read or understood, or asks for what barkeep does not do.
    pub fn load(fs: &dyn Fs, workspace: &Path) -> Result<Option<Self>, MigrateError> {
        let path = Self::path(workspace);
        let Some(document) = document::read_object(fs, &path, document::MAX_BYTES)? else {
            return Ok(None);
        };
        let plan = Self { document };
        plan.check(workspace)
            .map_err(|reason| MigrateError::Plan { path, reason })?;
        Ok(Some(plan))
    }

    /// Returns the bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        document::object_to_bytes(&self.document)
    }

    /// Returns the intervals, in the order of the file. Of two with one name the last one counts.
    pub fn intervals(&self) -> Vec<PlannedInterval> {
        let mut all: Vec<PlannedInterval> = Vec::new();
        for venue in self.venues() {
            for (name, entry) in intervals_of(venue) {
                let Some(found) = planned(venue, name, entry) else {
                    continue;
                };
                all.retain(|other| other.tuple != found.tuple);
                all.push(found);
            }
        }
        all
    }

    /// Returns what the plan says of one interval.
    pub fn interval(&self, tuple: &VenueInterval) -> Option<PlannedInterval> {
        self.intervals()
            .into_iter()
            .find(|planned| planned.tuple == *tuple)
    }

    /// Says what keeps the plan from being followed.
    fn check(&self, workspace: &Path) -> Result<(), String> {
        match self.document.get("schema_version") {
            Some(version) if version.as_u64() == Some(1) => {}
            Some(version) => {
                return Err(format!(
                    "its schema_version is {version}, and barkeep knows 1"
                ));
            }
            None => return Err("it has no schema_version".to_owned()),
        }
        let root = self.document.get("legacy_root").and_then(Value::as_str);
        let root = root
            .filter(|root| !root.is_empty())
            .ok_or("it has no legacy_root")?;
        if inside(workspace, root) != inside(workspace, LEGACY_ROOT) {
            return Err(format!(
                "its legacy_root is {root}, and legacy files are migrated from {LEGACY_ROOT} only"
            ));
        }
        if !self.document.get("venues").is_some_and(Value::is_array) {
            return Err("it has no list of venues".to_owned());
        }
        self.venues()
            .try_for_each(|venue| check_venue(workspace, venue))
    }

    fn venues(&self) -> impl Iterator<Item = &Object> {
        self.document
            .get("venues")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
    }
}

/// Returns where the partitions of a tuple are, relative to the workspace.
pub(super) fn partition_path(tuple: &VenueInterval) -> String {
    let VenueInterval { venue, interval } = tuple;
    format!("data/{}/{}/stocks_{interval}", venue.market, venue.source)
}

/// Returns where the legacy files of an interval are, relative to the workspace.
pub(super) fn legacy_path(tuple: &VenueInterval) -> String {
    format!("{LEGACY_ROOT}/stocks_{}", tuple.interval)
}

/// Returns the venue of an entry: its own market and source, or those of its id.
pub(super) fn venue_of(entry: &Object) -> Option<Venue> {
    let text = |key: &str| Some(entry.get(key)?.as_str()?.trim().to_lowercase());
    let by_parts = || {
        Some(Venue {
            market: text("market")?.parse().ok()?,
            source: text("source")?.parse().ok()?,
        })
    };
    by_parts().or_else(|| text("id")?.parse().ok())
}

fn intervals_of(venue: &Object) -> impl Iterator<Item = (&String, &Object)> {
    venue
        .get("intervals")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, entry)| Some((name, entry.as_object()?)))
}

fn planned(venue: &Object, name: &str, entry: &Object) -> Option<PlannedInterval> {
    let number = |group: &str, key: &str| entry.get(group)?.get(key)?.as_u64();
    let text = |value: Option<&Value>| Some(value?.as_str()?.to_owned());
    Some(PlannedInterval {
        tuple: VenueInterval {
            venue: venue_of(venue)?,
            interval: name.parse().ok()?,
        },
        status: Status::from(entry.get("status")?.as_str()?),
        jobs: (
            number("jobs", "total").unwrap_or_default(),
            number("jobs", "completed").unwrap_or_default(),
        ),
        rows: (
            number("totals", "legacy_rows"),
            number("totals", "partition_rows"),
        ),
        verified_at: text(
            entry
                .get("verification")
                .and_then(|found| found.get("verified_at")),
        ),
        basis: text(entry.get("price_basis")).and_then(|basis| basis.parse().ok()),
    })
}

/// Returns the parts of a path that is written relative to the workspace, or absolute and inside of it.
fn inside<'p>(workspace: &Path, path: &'p str) -> Option<Vec<Component<'p>>> {
    let path = Path::new(path);
    let path = path.strip_prefix(workspace).unwrap_or(path);
    let parts: Vec<Component<'p>> = path
        .components()
        .filter(|part| *part != Component::CurDir)
        .collect();
    parts
        .iter()
        .all(|part| matches!(part, Component::Normal(_)))
        .then_some(parts)
}

fn check_venue(workspace: &Path, entry: &Object) -> Result<(), String> {
    let id = entry.get("id").and_then(Value::as_str).unwrap_or("?");
    let venue = venue_of(entry).ok_or_else(|| format!("venue {id} names no market and source"))?;
    if !entry.get("intervals").is_some_and(Value::is_object) {
        return Err(format!("venue {id} has no intervals"));
    }
    for (name, found) in intervals_of(entry) {
        let interval = name
            .parse()
            .map_err(|_| format!("{name} of {id} is no interval"))?;
        let tuple = VenueInterval {
            venue: venue.clone(),
            interval,
        };
        for key in ["status", "totals", "jobs", "verification"] {
            if !found.contains_key(key) {
                return Err(format!("{name} of {id} has no {key}"));
            }
        }
        for (key, expected) in [
            ("legacy_path", legacy_path(&tuple)),
            ("partition_path", partition_path(&tuple)),
        ] {
            let path = found
                .get(key)
                .and_then(Value::as_str)
                .ok_or_else(|| format!("{name} of {id} has no {key}"))?;
            if inside(workspace, path) != inside(workspace, &expected) {
                return Err(format!(
                    "the {key} of {name} of {id} is {path}, and can only be {expected}"
                ));
            }
        }
    }
    Ok(())
}
