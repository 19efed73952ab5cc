//! Making trades and bars anew of what the vault has, without a request.
//!
//! Promises: the downloads of a day are read in the order in which they came, that of the day after those of its minutes, and merged
//! into what is stored: where a parser was mended, its values win, and nothing else changes. Nothing is removed. Bars are made once
//! all days are stored: a later day may have corrections of an earlier one. What is damaged of the vault is told, and costs nothing but
//! itself.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;

use super::arrival::{Arrival, Held};
use super::fetch::failed;
use super::home::{Home, home_of};
use super::reader::Reader;
use super::taken_out::{TakenOut, left};
use super::{FeedRun, FeedRunError, FeedTask};
use crate::frame::Frame;
use crate::ingest::{FailureKind, FileFailure, Registry, RunReport};
use crate::observe::Event;
use crate::source::posttrade::{Feed, FileName};
use crate::vault::{Contents, Damage, Shelf, Vault};
use crate::workspace::{Session, View};

/// Makes what is stored of a feed anew, a day at a time.
///
/// # Errors
/// When the disk refuses or the lock is lost. What was committed stays.
pub(super) fn replay<'l>(
    task: &FeedTask<'l>,
    since: Option<NaiveDate>,
    (view, session): (View<'l>, Session<'l>),
    registry: &mut Registry,
    report: &mut RunReport,
) -> Result<(), FeedRunError> {
    // The feed is not asked, and is none that was not heard.
    report.feed_at(task.feed.venue());
    let days = replayed_days(task, view.feeds, since)?;
    let venue = task.feed.venue();
    session.observer.observe(Event::ReplayPlanned {
        venue: venue.clone(),
        days: days.len(),
    });
    let Some(first) = days.first() else {
        return Ok(());
    };
    // Nothing that a replay stores is among them: what was taken out stays out.
    let out = TakenOut::since(*first, session).trades(&task.trades)?;
    let mut waiting = BTreeSet::new();
    let mut are_known = true;
    for day in days {
        let run = FeedRun::begin(task.clone(), session)?;
        match replay_day((run, day, &out), (view, session), registry, report)? {
            Some(days) => waiting.extend(days),
            None => are_known = false,
        }
        if session.stop.is_raised() {
            return Ok(());
        }
        session.observer.observe(Event::Replayed {
            venue: venue.clone(),
            day,
        });
    }
    if !are_known {
        // The bars stay due: the next update makes them.
        return Ok(());
    }
    let run = FeedRun::begin(task.clone(), session)?;
    run.complete(&waiting, view, registry, report)
}

/// Returns the days of which the vault has downloads, those included that the next run moves to the venue.
///
/// # Errors
/// When they cannot be listed.
pub fn replayed_days(
    task: &FeedTask<'_>,
    feeds: &[Arc<Feed>],
    since: Option<NaiveDate>,
) -> Result<Vec<NaiveDate>, FeedRunError> {
    let vault = Vault::of(task.fs, &task.places.vault());
    let mut days = vault.days(&task.shelf)?;
    let code = &task.feed.spec().code;
    if let Some(Home::Of(venue)) = home_of(code, feeds, (task.fs, task.places))?
        && venue == task.feed.venue()
    {
        days.extend(vault.days(&Shelf::from(code))?);
    }
    let days = days.into_keys();
    Ok(days
        .filter(|day| since.is_none_or(|since| *day >= since))
        .collect())
}

/// Returns the days of which not all is stored; `None` where nobody can say which days those are. A day of which not all was read when
/// the run is stopped is left as it is.
fn replay_day<'l>(
    (mut run, day, out): (FeedRun<'l>, NaiveDate, &Frame),
    (view, session): (View<'l>, Session<'l>),
    registry: &mut Registry,
    report: &mut RunReport,
) -> Result<Option<BTreeSet<NaiveDate>>, FeedRunError> {
    let task = run.task().clone();
    let vault = Vault::of(task.fs, &task.places.vault());
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
            let path = task.places.shown(&path);
            reader.say(Arrival::Failed(failure(one, path), None));
        }
        for record in contents.iter().flat_map(Contents::records) {
            if session.stop.is_raised() {
                return Ok(None);
            }
            match record.head.name.parse::<FileName>() {
                Ok(name) => {
                    reader.read(&name, record.bytes, true, &mut |_| {});
                }
                Err(error) => reader.say(failed(None, error.to_string(), FailureKind::Malformed)),
            }
            for arrival in arrivals.take() {
                run.take(without(arrival, out), report)?;
            }
        }
    }
    reader.flush();
    for arrival in arrivals.take() {
        run.take(without(arrival, out), report)?;
    }
    run.take(Arrival::Over(Held::default()), report)?;
    run.store(view, registry, report)
}

/// Leaves trades out of what was read.
fn without(arrival: Arrival, out: &Frame) -> Arrival {
    match arrival {
        Arrival::Trades {
            day,
            published,
            rows,
        } => Arrival::Trades {
            day,
            published,
            rows: left(rows, out),
        },
        other => other,
    }
}

fn failure(damage: Damage, path: &Path) -> FileFailure {
    FileFailure {
        reason: damage.told_in(path),
        file: damage.name,
        kind: FailureKind::Disk,
    }
}
