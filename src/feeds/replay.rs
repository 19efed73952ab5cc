//! Making trades and bars anew of what the vault has, without a request.
//!
//! Promises: the downloads of a day are read in the order in which they came, and merged into what is stored: where a parser was
//! mended, its values win, and nothing else changes. Nothing is removed. What is damaged of the vault is told, and costs nothing
//! but itself.

use std::path::Path;

use chrono::NaiveDate;

use super::arrival::{Arrival, Held};
use super::fetch::failed;
use super::reader::Reader;
use super::taken_out::TakenOut;
use super::{FeedRun, FeedRunError, FeedTask};
use crate::ingest::{FailureKind, FileFailure, Registry, RunReport};
use crate::observe::Event;
use crate::source::posttrade::FileName;
use crate::vault::{Contents, Damage, Vault};
use crate::workspace::{Session, View};

/// Makes what is stored of a feed anew, a day at a time.
///
/// # Errors
/// When the disk refuses or the lock is lost. What was committed stays.
pub fn replay<'l>(
    task: &FeedTask<'l>,
    since: Option<NaiveDate>,
    (view, session): (View<'l>, Session<'l>),
    registry: &mut Registry,
    report: &mut RunReport,
) -> Result<(), FeedRunError> {
    // The feed is not asked, and is none that was not heard.
    report.feed_at(task.feed.venue());
    let days = replayed_days(task, since)?;
    let venue = task.feed.venue();
    session.observer.observe(Event::ReplayPlanned {
        venue: venue.clone(),
        days: days.len(),
    });
    for day in days {
        let run = FeedRun::begin(task.clone(), session)?;
        replay_day((run, day), (view, session), registry, report)?;
        if session.stop.is_raised() {
            break;
        }
        session.observer.observe(Event::Replayed {
            venue: venue.clone(),
            day,
        });
    }
    Ok(())
}

/// Returns the days of which the vault has downloads.
///
/// # Errors
/// When they cannot be listed.
pub fn replayed_days(
    task: &FeedTask<'_>,
    since: Option<NaiveDate>,
) -> Result<Vec<NaiveDate>, FeedRunError> {
    let vault = Vault::of(task.fs, &task.places.vault());
    let days = vault.days(&task.shelf)?.into_keys();
    Ok(days
        .filter(|day| since.is_none_or(|since| *day >= since))
        .collect())
}

/// A day of which not all was read when the run is stopped is left as it is.
fn replay_day<'l>(
    (mut run, day): (FeedRun<'l>, NaiveDate),
    (view, session): (View<'l>, Session<'l>),
    registry: &mut Registry,
    report: &mut RunReport,
) -> Result<(), FeedRunError> {
    let task = run.task().clone();
    let vault = Vault::of(task.fs, &task.places.vault());
    let taken_out = TakenOut::since(day, session);
    let files = vault.days(&task.shelf)?.remove(&day).unwrap_or_default();
    let arrivals = std::cell::RefCell::new(Vec::new());
    let send = |arrival| {
        arrivals.borrow_mut().push(arrival);
        true
    };
    let mut reader = Reader::new(&send);
    for file in &files {
        let contents = vault.read(&task.shelf, day, file)?;
        let damage = contents.iter().flat_map(|found| found.damage_of(file));
        for one in damage {
            let path = vault.path(&task.shelf, day, file);
            let path = path.strip_prefix(&task.places.root).unwrap_or(&path);
            reader.say(Arrival::Failed(failure(one, path), None));
        }
        for record in contents.iter().flat_map(Contents::records) {
            if session.stop.is_raised() {
                return Ok(());
            }
            match record.head.name.parse::<FileName>() {
                Ok(name) => {
                    reader.read(&name, record.bytes, true, &mut |_| {});
                }
                Err(error) => reader.say(failed(None, error.to_string(), FailureKind::Malformed)),
            }
            for arrival in arrivals.take() {
                run.take(without_taken_out(arrival, &taken_out, &task)?, report)?;
            }
        }
    }
    reader.flush();
    for arrival in arrivals.take() {
        run.take(without_taken_out(arrival, &taken_out, &task)?, report)?;
    }
    run.take(Arrival::Over(Held::default()), report)?;
    run.finish(view, registry, report)
}

/// Leaves out trades that a person took out: a download of before does not know of that.
fn without_taken_out(
    arrival: Arrival,
    taken_out: &TakenOut<'_>,
    task: &FeedTask<'_>,
) -> Result<Arrival, FeedRunError> {
    Ok(match arrival {
        Arrival::Trades { day, rows } => Arrival::Trades {
            day,
            rows: taken_out.trades_left(&task.trades, rows)?,
        },
        other => other,
    })
}

fn failure(damage: Damage, path: &Path) -> FileFailure {
    FileFailure {
        reason: damage.told_in(path),
        file: damage.name,
        kind: FailureKind::Disk,
    }
}
