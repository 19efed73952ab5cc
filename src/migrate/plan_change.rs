//! What changes in `migration_plan.json`.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::VenueInterval;
use super::plan_file::{
    LEGACY_ROOT, MigrationPlan, PlannedInterval, Status, legacy_path, partition_path, venue_of,
};
use crate::document::Object;
use crate::model::{PriceBasis, Venue};

/// What the predecessor calls the comparison of rows and digests.
const METHOD_DONE: &str = "row_counts+checksum";
const METHOD_PLANNED: &str = "row_counts";

/// What a run writes down about an interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How far it is.
    pub status: Status,
    /// Tickers in all, and those that are done.
    pub jobs: (u64, u64),
    /// Rows in the legacy files and in the partitions.
    pub rows: (u64, u64),
    /// When everything was verified; `None` when it is not.
    pub verified_at: Option<DateTime<Utc>>,
}

/// What a person says of an interval. What is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// How far it is.
    pub status: Option<Status>,
    /// Tickers in all.
    pub jobs_total: Option<u64>,
    /// Tickers that are done.
    pub jobs_completed: Option<u64>,
    /// Rows in the legacy files.
    pub legacy_rows: Option<u64>,
    /// Rows in the partitions.
    pub partition_rows: Option<u64>,
    /// A note for whoever goes on.
    pub resume_token: Option<String>,
}

impl MigrationPlan {
    /// Returns a plan without intervals.
    pub fn new(created_by: &str) -> Self {
        let mut document = Map::new();
        document.insert("schema_version".to_owned(), json!(1));
        document.insert("generated_at".to_owned(), Value::Null);
        document.insert("created_by".to_owned(), json!(created_by));
        document.insert("legacy_root".to_owned(), json!(LEGACY_ROOT));
        document.insert("venues".to_owned(), json!([]));
        Self { document }
    }

    /// Plans an interval, if it is not planned yet.
    pub fn add(&mut self, tuple: &VenueInterval, basis: Option<PriceBasis>, now: DateTime<Utc>) {
        let VenueInterval { venue, interval } = tuple;
        let mut entry = json!({
            "legacy_path": legacy_path(tuple),
            "partition_path": partition_path(tuple),
            "status": "pending",
            "totals": { "legacy_rows": null, "partition_rows": null },
            "jobs": { "total": 0, "completed": 0 },
            "resume_token": null,
            "verification": { "method": METHOD_PLANNED, "verified_at": null },
            "backups": [],
        });
        if let (Some(basis), Some(entry)) = (basis, entry.as_object_mut()) {
            entry.insert("price_basis".to_owned(), json!(basis.as_str()));
        }
        self.ensure_venue(venue, &stamp(now));
        self.change_venue(venue, now, |entry_of_venue| {
            if let Some(intervals) = entry_of_venue
                .get_mut("intervals")
                .and_then(Value::as_object_mut)
            {
                intervals.entry(interval.as_str()).or_insert(entry);
            }
        });
        self.follow_intervals(venue);
    }

    /// Writes down how far an interval is. Nothing happens to an interval that is not planned.
    pub fn record(&mut self, tuple: &VenueInterval, progress: &Progress, now: DateTime<Utc>) {
        let verified_at = progress.verified_at.map(stamp);
        self.change(tuple, now, |entry| {
            set(entry, "status", json!(progress.status.as_str()));
            let (legacy, partition) = progress.rows;
            set(
                entry,
                "totals",
                json!({ "legacy_rows": legacy, "partition_rows": partition }),
            );
            let (total, completed) = progress.jobs;
            set(
                entry,
                "jobs",
                json!({ "total": total, "completed": completed }),
            );
            let method = if verified_at.is_some() {
                METHOD_DONE
            } else {
                METHOD_PLANNED
            };
            set(
                entry,
                "verification",
                json!({ "method": method, "verified_at": verified_at }),
            );
        });
        self.follow_intervals(&tuple.venue);
    }

    /// Writes down what a person says of an interval, which verifies nothing.
    pub fn mark(&mut self, tuple: &VenueInterval, mark: &Mark, now: DateTime<Utc>) {
        self.change(tuple, now, |entry| {
            if let Some(status) = &mark.status {
                set(entry, "status", json!(status.as_str()));
                set(
                    entry,
                    "verification",
                    json!({ "method": METHOD_PLANNED, "verified_at": null }),
                );
            }
            let counts = [
                ("jobs", "total", mark.jobs_total),
                ("jobs", "completed", mark.jobs_completed),
                ("totals", "legacy_rows", mark.legacy_rows),
                ("totals", "partition_rows", mark.partition_rows),
            ];
            for (group, key, count) in counts {
                if let (Some(count), Some(Value::Object(group))) = (count, entry.get_mut(group)) {
                    set(group, key, json!(count));
                }
            }
            if let Some(token) = &mark.resume_token {
                set(entry, "resume_token", json!(token));
            }
        });
        self.follow_intervals(&tuple.venue);
    }

    fn change(
        &mut self,
        tuple: &VenueInterval,
        now: DateTime<Utc>,
        apply: impl FnOnce(&mut Object),
    ) {
        self.change_venue(&tuple.venue, now, |venue| {
            let entry = venue
                .get_mut("intervals")
                .and_then(|intervals| intervals.get_mut(tuple.interval.as_str()))
                .and_then(Value::as_object_mut);
            if let Some(entry) = entry {
                apply(entry);
            }
        });
    }

    fn change_venue(&mut self, venue: &Venue, now: DateTime<Utc>, apply: impl FnOnce(&mut Object)) {
        let now = stamp(now);
        set(&mut self.document, "generated_at", json!(now));
        if let Some(entry) = self.venue_mut(venue) {
            set(entry, "last_updated", json!(now));
            apply(entry);
        }
    }

    /// A venue is as far as the least of its intervals.
    fn follow_intervals(&mut self, venue: &Venue) {
        let of_venue: Vec<PlannedInterval> = self
            .intervals()
            .into_iter()
            .filter(|planned| planned.tuple.venue == *venue)
            .collect();
        let all = |status: &Status| of_venue.iter().all(|planned| planned.status == *status);
        let status = if all(&Status::Complete) {
            Status::Complete
        } else if all(&Status::Pending) {
            Status::Pending
        } else {
            Status::Migrating
        };
        if let Some(entry) = self.venue_mut(venue) {
            set(entry, "status", json!(status.as_str()));
        }
    }

    fn venue_mut(&mut self, venue: &Venue) -> Option<&mut Object> {
        self.document
            .get_mut("venues")
            .and_then(Value::as_array_mut)?
            .iter_mut()
            .filter_map(Value::as_object_mut)
            // As the predecessor reads it: of two venues with one name the last one counts.
            .rfind(|entry| venue_of(entry).as_ref() == Some(venue))
    }

    fn ensure_venue(&mut self, venue: &Venue, now: &str) {
        if self.venue_mut(venue).is_some() {
            return;
        }
        let entry = json!({
            "id": venue.to_string(),
            "market": venue.market.as_str().to_uppercase(),
            "source": venue.source.as_str(),
            "status": "pending",
            "last_updated": now,
            "intervals": {},
        });
        if let Some(venues) = self
            .document
            .get_mut("venues")
            .and_then(Value::as_array_mut)
        {
            venues.push(entry);
        }
    }
}

fn set(object: &mut Object, key: &str, value: Value) {
    object.insert(key.to_owned(), value);
}

/// Returns the form in which the file has moments.
pub(super) fn stamp(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
