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

/// What cannot be said of an interval.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    /// Nothing is said.
    #[error("nothing was said of the interval")]
    Nothing,
    /// The status is empty.
    #[error("a status is a word")]
    NoWord,
    /// The plan does not have the interval.
    #[error("{tuple} is not in the plan, which has {planned}")]
    NotPlanned {
        /// The interval.
        tuple: VenueInterval,
        /// What is planned.
        planned: String,
    },
    /// More tickers are done than there are.
    #[error("{done} of {total} tickers cannot be done")]
    MoreThanAll {
        /// Tickers that are done.
        done: u64,
        /// Tickers in all.
        total: u64,
    },
}

impl Mark {
    /// Tells whether something is said.
    ///
    /// # Errors
    /// `Nothing` or `NoWord` when not.
    pub fn check(&self) -> Result<(), MarkError> {
        let status = self.status.as_ref().map(Status::as_str);
        match status {
            _ if *self == Self::default() => Err(MarkError::Nothing),
            Some("") => Err(MarkError::NoWord),
            _ => Ok(()),
        }
    }
}

impl MigrationPlan {
    /// Tells whether a mark can be true of an interval, by what it says and what the plan says already.
    ///
    /// # Errors
    /// `NotPlanned` or `MoreThanAll` when not.
    pub fn takes(&self, tuple: &VenueInterval, mark: &Mark) -> Result<(), MarkError> {
        let Some(planned) = self.interval(tuple) else {
            let planned = self.intervals();
            let planned = planned.iter().map(|one| one.tuple.to_string());
            return Err(MarkError::NotPlanned {
                tuple: tuple.clone(),
                planned: planned.collect::<Vec<_>>().join(", "),
            });
        };
        let (total, done) = planned.jobs;
        let is_about_jobs = mark.jobs_total.is_some() || mark.jobs_completed.is_some();
        let (total, done) = (
            mark.jobs_total.unwrap_or(total),
            mark.jobs_completed.unwrap_or(done),
        );
        if is_about_jobs && done > total {
            return Err(MarkError::MoreThanAll { done, total });
        }
        Ok(())
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_something_that_can_be_true_of_what_is_planned() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let tuple = |name: &str| VenueInterval {
            venue: name.parse().unwrap(),
            interval: crate::model::Interval::D1,
        };
        let mut plan = MigrationPlan::new("a test");
        plan.add(&tuple("us:demo"), None, now);
        let jobs = |total, done| Mark {
            jobs_total: total,
            jobs_completed: done,
            ..Mark::default()
        };
        plan.mark(&tuple("us:demo"), &jobs(Some(3), Some(2)), now);
        let status = |word: &str| Mark {
            status: Some(Status::from(word)),
            ..Mark::default()
        };

        assert_eq!(Mark::default().check(), Err(MarkError::Nothing));
        assert_eq!(status("").check(), Err(MarkError::NoWord));
        assert_eq!(status("skipped").check(), Ok(()));
        for (mark, expected) in [
            (jobs(None, Some(3)), Ok(())),
            (jobs(Some(4), Some(4)), Ok(())),
            (
                jobs(Some(1), None),
                Err(MarkError::MoreThanAll { done: 2, total: 1 }),
            ),
            (
                jobs(None, Some(4)),
                Err(MarkError::MoreThanAll { done: 4, total: 3 }),
            ),
            (status("pending"), Ok(())),
        ] {
            assert_eq!(plan.takes(&tuple("us:demo"), &mark), expected);
        }
        let unknown = plan.takes(&tuple("us:other"), &status("pending"));
        let told = unknown.unwrap_err().to_string();
        assert_eq!(told, "us:other 1d is not in the plan, which has us:demo 1d");
    }
}
