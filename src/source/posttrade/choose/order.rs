//! The order in which files are downloaded before they are forgotten.
//!
//! Promises: as many minutes as any order could save are asked for before their deadlines. Each request takes the same time, so
//! a set of them can be met exactly if the earliest deadline first meets it; sets that can be met are a matroid, of which the
//! heaviest one is found by taking the heaviest requests first. What cannot be met comes last, in case that the feed keeps it
//! longer than expected.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Reason, Request};
use crate::source::posttrade::FileName;

/// A request on its way into its order.
pub(super) struct Weighed {
    pub(super) request: Request,
    /// Of two that are forgotten together, the lower one comes first.
    pub(super) rank: u8,
}

impl Weighed {
    fn place(&self) -> (DateTime<Utc>, Reason, u8, &FileName) {
        (
            self.request.deadline,
            self.request.reason,
            self.rank,
            &self.request.name,
        )
    }

    fn is_of(&self, reasons: &[Reason]) -> bool {
        reasons.contains(&self.request.reason)
    }
}

/// Arranges requests. Where time allows, daily files come first, then witnesses, then minutes by deadline.
pub(super) fn arranged(
    mut requests: Vec<Weighed>,
    now: DateTime<Utc>,
    pace: TimeDelta,
) -> Vec<Request> {
    requests.sort_by(|a, b| a.place().cmp(&b.place()));
    let (work, later) = split(requests, &[Reason::Daily, Reason::Minute, Reason::Witness]);
    let (witnesses, work) = split(work, &[Reason::Witness]);
    let (work, late) = in_time(work, Time { now, pace });
    let time = Time { now, pace };
    let mut order = leading(work, &[Reason::Daily], time);
    let dailies = order
        .iter()
        .take_while(|weighed| weighed.is_of(&[Reason::Daily]))
        .count();
    let mut with_witnesses: Vec<&Weighed> = order.iter().collect();
    with_witnesses
        .splice(dailies..dailies, &witnesses)
        .for_each(drop);
    if time.is_met_by(with_witnesses.iter().copied()) {
        order.splice(dailies..dailies, witnesses).for_each(drop);
    } else {
        order.extend(witnesses);
    }
    order.extend(late);
    order.extend(later);
    order.into_iter().map(|weighed| weighed.request).collect()
}

#[derive(Clone, Copy)]
struct Time {
    now: DateTime<Utc>,
    pace: TimeDelta,
}

impl Time {
    /// Returns when the last of so many requests is answered.
    fn after(self, requests: usize) -> DateTime<Utc> {
        let requests = i32::try_from(requests).unwrap_or(i32::MAX);
        let time = self.pace.checked_mul(requests);
        time.and_then(|time| self.now.checked_add_signed(time))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Tells whether each of these is answered before its deadline. One of which the deadline is over and that is still
    /// listed is kept longer than expected, nobody knows how long.
    fn is_met_by<'w>(self, requests: impl Iterator<Item = &'w Weighed>) -> bool {
        let mut requests = requests.enumerate();
        requests.all(|(at, weighed)| {
            let deadline = weighed.request.deadline;
            deadline <= self.now || self.after(at + 1) <= deadline
        })
    }
}

fn split(requests: Vec<Weighed>, reasons: &[Reason]) -> (Vec<Weighed>, Vec<Weighed>) {
    requests
        .into_iter()
        .partition(|weighed| weighed.is_of(reasons))
}

/// Puts requests of these reasons before all others if every deadline is met all the same.
fn leading(requests: Vec<Weighed>, reasons: &[Reason], time: Time) -> Vec<Weighed> {
    let first = requests.iter().filter(|weighed| weighed.is_of(reasons));
    let then = requests.iter().filter(|weighed| !weighed.is_of(reasons));
    if !time.is_met_by(first.chain(then)) {
        return requests;
    }
    let (mut first, then) = split(requests, reasons);
    first.extend(then);
    first
}

/// Divides requests, which are in the order of their deadlines, into those that can be met and those that cannot, so that the
/// minutes of the second are as few as can be.
fn in_time(requests: Vec<Weighed>, time: Time) -> (Vec<Weighed>, Vec<Weighed>) {
    let (dailies, minutes) = split(requests, &[Reason::Daily]);
    let (mut all, mut late) = heaviest(dailies, time);
    all.extend(minutes);
    let mut kept: Vec<Weighed> = Vec::new();
    all.sort_by(|a, b| a.place().cmp(&b.place()));
    for weighed in all {
        let deadline = weighed.request.deadline;
        kept.push(weighed);
        if deadline > time.now && time.after(kept.len()) > deadline {
            // Any minute up to here makes room; no daily file saves less than one.
            let minute = kept
                .iter()
                .rposition(|weighed| weighed.is_of(&[Reason::Minute]));
            late.extend(minute.map(|at| kept.remove(at)));
        }
    }
    (kept, late)
}

/// Chooses the daily files that can be met together and save most. Files are few: two days of three feeds.
fn heaviest(mut dailies: Vec<Weighed>, time: Time) -> (Vec<Weighed>, Vec<Weighed>) {
    dailies.sort_by_key(|weighed| std::cmp::Reverse(weighed.request.saves));
    let (mut kept, mut late): (Vec<Weighed>, Vec<Weighed>) = (Vec::new(), Vec::new());
    for weighed in dailies {
        let at = kept.partition_point(|before| before.place() < weighed.place());
        kept.insert(at, weighed);
        if !time.is_met_by(kept.iter()) {
            late.push(kept.remove(at));
        }
    }
    (kept, late)
}
