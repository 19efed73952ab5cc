//! What a run leaves to the next one of how it used a host: a small file for each host.
//!
//! Promises: absent is a rested host; damaged or unreadable is one that was just asked as much as it allows, and so
//! is never taken for absent. A file of the future, written before the clock was set back, keeps its waits and
//! loses its dates. Replaced whole, so that a reader and a crash find the old one or the new one.
//! Leaves to others: when to write (`limiter`).

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::bucket::{Bucket, Rate, later};
use crate::sys::atomic::{self, TempNames};
use crate::sys::{Fs, FsResult};

/// The form of the file. Another one counts as damage, which costs one wait.
const SCHEMA: u64 = 1;

/// The folder of the files.
#[derive(Clone, Debug)]
pub(super) struct StateFolder {
    pub(super) fs: Arc<dyn Fs>,
    pub(super) temps: Arc<TempNames>,
    /// The workspace's `state`.
    pub(super) state: PathBuf,
    /// Set once this process has made sure that the folder is there.
    pub(super) is_made: Arc<OnceLock<()>>,
}

/// What is known of the use of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) bucket: Bucket,
    /// Until when the host asks to be left alone.
    pub(super) blocked_until: Option<DateTime<Utc>>,
}

impl StateFolder {
    pub(super) fn read(&self, name: &str, rate: Rate, now: DateTime<Utc>) -> Usage {
        let usage = match self.fs.read(&self.folder().join(name)) {
            Ok(None) => Some(Usage {
                bucket: Bucket::full(now),
                blocked_until: None,
            }),
            Ok(Some(bytes)) => parse(&bytes, rate, now),
            Err(_) => None,
        };
        usage.unwrap_or(Usage {
            bucket: Bucket::empty(rate, now),
            blocked_until: None,
        })
    }

    pub(super) fn write(&self, name: &str, usage: &Usage, now: DateTime<Utc>) -> FsResult<()> {
        let folder = self.folder();
        if self.is_made.get().is_none() {
            atomic::create_dirs(&*self.fs, atomic::parent(&self.state), &folder)?;
            self.is_made.get_or_init(|| ());
        }
        let path = folder.join(name);
        atomic::replace(&*self.fs, &self.temps, &path, &text(usage, now))
    }

    fn folder(&self) -> PathBuf {
        self.state.join("rate")
    }
}

fn text(usage: &Usage, now: DateTime<Utc>) -> Vec<u8> {
    let stamp = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Nanos, true);
    let document = json!({
        "schema": SCHEMA,
        "written_at": stamp(now),
        "full_at": stamp(usage.bucket.full_at),
        "used": usage.bucket.used,
        "blocked_until": usage.blocked_until.map(stamp),
    });
    format!("{document:#}\n").into_bytes()
}

/// Returns what a file says; `None` when it is damaged.
fn parse(bytes: &[u8], rate: Rate, now: DateTime<Utc>) -> Option<Usage> {
    let document: Value = serde_json::from_slice(bytes).ok()?;
    if document.get("schema")?.as_u64()? != SCHEMA {
        return None;
    }
    let written_at = moment(document.get("written_at")?)?;
    let full_at = moment(document.get("full_at")?)?;
    // Builds that knew no batches have none of it, and ignore it.
    let used = match document.get("used") {
        None => 0,
        Some(used) => u32::try_from(used.as_u64()?).ok()?,
    };
    let blocked_until = match document.get("blocked_until")? {
        Value::Null => None,
        value => Some(moment(value)?),
    };
    if written_at <= now {
        // Turns that a stopped run had handed out and did not use are not waited for.
        let latest = later(now, rate.filling());
        return Some(Usage {
            bucket: Bucket {
                full_at: full_at.min(latest),
                used,
            },
            blocked_until,
        });
    }
    Some(Usage {
        bucket: Bucket::empty(rate, now),
        blocked_until: blocked_until.map(|until| later(now, until - written_at)),
    })
}

fn moment(value: &Value) -> Option<DateTime<Utc>> {
    let moment = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(moment.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const RATE: Rate = Rate::evenly(10, 10);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000 + seconds, 0).unwrap()
    }

    fn usage(full_at: i64, blocked_until: Option<i64>) -> Usage {
        Usage {
            bucket: Bucket {
                full_at: at(full_at),
                used: 0,
            },
            blocked_until: blocked_until.map(at),
        }
    }

    #[test]
    fn the_requests_of_a_batch_are_counted_over_runs_and_older_files_have_none() {
        let mut usage = usage(1, None);
        usage.bucket.used = 17;

        let written = String::from_utf8(text(&usage, at(0))).unwrap();
        let older = written.replace("  \"used\": 17,\n", "");

        assert_eq!(parse(written.as_bytes(), RATE, at(0)), Some(usage));
        assert_ne!(older, written);
        assert_eq!(parse(older.as_bytes(), RATE, at(0)).unwrap().bucket.used, 0);
    }

    #[test]
    fn what_was_written_is_read_again() {
        for usage in [usage(0, None), usage(1, Some(600)), usage(-5, Some(-3))] {
            assert_eq!(parse(&text(&usage, at(0)), RATE, at(0)), Some(usage));
        }
    }

    #[test]
    fn every_cut_and_every_other_form_is_damage() {
        let whole = text(&usage(1, Some(600)), at(0));
        let closed = whole.iter().rposition(|byte| *byte == b'}').unwrap();
        for end in 0..=closed {
            assert_eq!(parse(&whole[..end], RATE, at(0)), None, "{end} bytes");
        }
        for other in [
            "null",
            "[]",
            "{}",
            r#"{"schema":2}"#,
            r#"{"schema":1,"full_at":7}"#,
        ] {
            assert_eq!(parse(other.as_bytes(), RATE, at(0)), None, "{other}");
        }
    }

    #[test]
    fn a_file_of_the_future_keeps_its_waits_and_loses_its_dates() {
        let written = text(&usage(5_000, Some(5_300)), at(5_000));

        let read = parse(&written, RATE, at(0)).unwrap();

        assert_eq!(read.bucket, Bucket::empty(RATE, at(0)));
        assert_eq!(read.blocked_until, Some(at(300)));
    }

    #[test]
    fn turns_that_a_stopped_run_had_handed_out_are_not_waited_for() {
        let written = text(&usage(500, None), at(0));

        let read = parse(&written, RATE, at(2)).unwrap();

        assert_eq!(read.bucket.full_at - at(2), TimeDelta::seconds(1));
    }
}
