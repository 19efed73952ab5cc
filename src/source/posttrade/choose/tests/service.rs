//! A feed as it is served, and runs that come to it.

use super::*;

/// A feed as it is served: minutes a quarter of an hour after their end, and the file of a day in the next morning.
pub(super) struct Service {
    /// The hour of the next day at which the file of a day appears, UTC; `None` when none ever does.
    pub(super) daily_at: Option<i64>,
    /// Every how many minutes there is a file.
    pub(super) step: usize,
}

/// How many days a feed is followed.
pub(super) const DAYS: usize = 21;

impl Service {
    pub(super) fn listing(&self, now: DateTime<Utc>) -> Listing {
        let mut listing = Listing::default();
        for date in first_day().iter_days().take(DAYS) {
            let midnight = date.and_hms_opt(0, 0, 0).unwrap();
            let is_kept = now < deadline(date, None, &calendar());
            if !is_kept || calendar().session(date).is_none() {
                continue;
            }
            let appears = |hours| midnight.and_utc() + TimeDelta::days(1) + TimeDelta::hours(hours);
            if self.daily_at.is_some_and(|hours| appears(hours) <= now) {
                listing.files.insert(name("DETR", Span::Daily(date)));
            }
            let minutes = (0..1_321).step_by(self.step);
            let minutes = minutes.map(|at| midnight + TimeDelta::minutes(at));
            let listed = minutes.filter(|minute| minute.and_utc() + TimeDelta::minutes(16) <= now);
            listing
                .files
                .extend(listed.map(|minute| name("DETR", Span::Minute(minute))));
        }
        listing
    }
}

pub(super) fn calendar() -> Calendar {
    Calendar::of("XETR").unwrap()
}

pub(super) const PACE: TimeDelta = TimeDelta::milliseconds(1_767);

/// Lets runs come and returns what each of them asked for, and what was held in the end.
pub(super) fn live(
    service: &Service,
    freshness: Freshness,
    runs: &[DateTime<Utc>],
) -> (Vec<Vec<Reason>>, Held) {
    live_by(&|now| service.listing(now), (freshness, PACE), runs)
}

/// The same, of whatever is listed at a moment.
pub(super) fn live_by(
    listing_at: &dyn Fn(DateTime<Utc>) -> Listing,
    (freshness, pace): (Freshness, TimeDelta),
    runs: &[DateTime<Utc>],
) -> (Vec<Vec<Reason>>, Held) {
    let mut held = Held::default();
    let mut asked = Vec::new();
    for start in runs {
        let mut now = *start;
        let listing = listing_at(now);
        let mut passed_over = BTreeSet::new();
        let mut reasons = Vec::new();
        loop {
            let chosen = choose(&Looked {
                listing: &listing,
                held: &held,
                passed_over: &passed_over,
                now,
                freshness,
                calendar: &calendar(),
                pace,
            });
            if chosen.is_empty() {
                break;
            }
            for request in chosen {
                now += pace;
                let reason = request.reason;
                reasons.push(reason);
                let of_day = held.days.entry(request.name.span.day()).or_default();
                if now > request.deadline {
                    passed_over.insert(request.name);
                } else if let Span::Minute(minute) = request.name.span {
                    of_day.minutes.insert(
                        minute,
                        HeldMinute {
                            within: 1,
                            takes: 1,
                        },
                    );
                    let daily = of_day.daily.as_mut();
                    daily.and_then(|daily| daily.witnesses.insert(minute, Some(true)));
                } else {
                    let day = request.name.span.day();
                    let daily = trades_of(day);
                    let judged = witnesses(&daily, (day, &calendar()), of_day, &listing, 1);
                    let seen = |minute| of_day.minutes.contains_key(minute).then_some(true);
                    of_day.daily = Some(HeldDaily {
                        minutes: daily.minutes().clone(),
                        witnesses: judged
                            .iter()
                            .map(|minute| (*minute, seen(minute)))
                            .collect(),
                    });
                }
                // What a file of a day or a witness says decides what else is needed.
                if !matches!(reason, Reason::Minute | Reason::Again) {
                    break;
                }
            }
        }
        remember(&mut held, &listing, *start);
        asked.push(reasons);
    }
    (asked, held)
}

/// A trade in every minute of a day.
fn trades_of(day: NaiveDate) -> TradesOfDaily {
    let mut daily = TradesOfDaily::default();
    for at in 0..1_321 {
        let minute = day.and_hms_opt(0, 0, 0).unwrap() + TimeDelta::minutes(at);
        let stamp = minute.and_utc().timestamp_nanos_opt().unwrap();
        daily.add(&Trade {
            trade_time: stamp,
            distribution_time: stamp,
            ..Trade::default()
        });
    }
    daily
}

/// What a run leaves to the next one.
fn remember(held: &mut Held, listing: &Listing, start: DateTime<Utc>) {
    held.habits.note_asked(start);
    for name in &listing.files {
        if let Span::Daily(day) = name.span {
            held.habits.note_listed(day, start);
            let of_day = held.days.get(&day);
            if let Some(is_whole) = of_day.and_then(|held| held.is_daily_whole(day, &calendar())) {
                held.habits.note_judged(day, is_whole);
            }
        }
    }
}

pub(super) fn every(hours: usize, from: i64) -> Vec<DateTime<Utc>> {
    let start = first_day().and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::hours(from);
    let last = start + TimeDelta::days(9);
    let runs = (0..).map(|n| start + TimeDelta::hours(i64::try_from(n * hours).unwrap()));
    runs.take_while(|run| *run < last).collect()
}
