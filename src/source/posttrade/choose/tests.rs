//! Orders against the best one there is, and runs against the days that they would lose.

use proptest::prelude::*;

mod cron;
mod service;

use self::service::{PACE, Service, calendar, every, live};
use super::*;
use crate::source::posttrade::{HeldDaily, HeldMinute, TradesOfDaily, witnesses};

fn first_day() -> NaiveDate {
    "2026-09-14".parse().unwrap()
}

fn name(feed: &str, span: Span) -> FileName {
    FileName {
        feed: feed.parse().unwrap(),
        span,
    }
}

/// A day of a feed at the moment at which an outage ends.
#[derive(Clone, Copy, Debug)]
struct OutageDay {
    feed: &'static str,
    /// After the first one.
    day: u64,
    has_daily: bool,
    minutes: u32,
}

impl OutageDay {
    fn date(self) -> NaiveDate {
        first_day() + chrono::Days::new(self.day)
    }

    fn minute(self, at: u32) -> NaiveDateTime {
        self.date().and_hms_opt(9, at, 0).unwrap()
    }

    fn deadline(self) -> DateTime<Utc> {
        deadline(self.date(), None, &Calendar::always())
    }
}

/// What is left of a feed after an outage, asked by one client with a pace.
#[derive(Clone, Debug)]
struct Outage {
    days: Vec<OutageDay>,
    now: DateTime<Utc>,
    pace: TimeDelta,
}

impl Outage {
    fn feeds(&self) -> BTreeSet<&'static str> {
        self.days.iter().map(|day| day.feed).collect()
    }

    fn listing(&self, feed: &str, now: DateTime<Utc>) -> Listing {
        let mut listing = Listing::default();
        let there = |day: &&OutageDay| day.feed == feed && day.deadline() > now;
        for day in self.days.iter().filter(there) {
            if day.has_daily {
                listing.files.insert(name(feed, Span::Daily(day.date())));
            }
            let minutes = (0..day.minutes).map(|at| name(feed, Span::Minute(day.minute(at))));
            listing.files.extend(minutes);
        }
        listing
    }

    /// Follows the plan, made anew after each request, and returns how many minutes are lost.
    fn lost_by_plan(&self) -> usize {
        let mut now = self.now;
        let mut held: BTreeMap<&str, Held> = self
            .feeds()
            .into_iter()
            .map(|f| (f, Held::default()))
            .collect();
        let mut passed_over = BTreeSet::new();
        loop {
            let mut requests = Vec::new();
            for (feed, held) in &held {
                requests.extend(choose(&Looked {
                    listing: &self.listing(feed, now),
                    held,
                    passed_over: &passed_over,
                    now,
                    freshness: Freshness::Minutes,
                    calendar: &Calendar::always(),
                    pace: self.pace,
                }));
            }
            let Some(next) = in_order(requests, now, self.pace).into_iter().next() else {
                break;
            };
            now += self.pace;
            if now > next.deadline {
                passed_over.insert(next.name);
                continue;
            }
            let held = held.get_mut(next.name.feed.as_str()).unwrap();
            self.receive(held, &next.name);
        }
        let lost = |day: &OutageDay| {
            let of_day = held[day.feed].days.get(&day.date());
            let has_daily = of_day.is_some_and(|held| held.daily.is_some());
            let minutes = of_day.map_or(0, |held| held.minutes.len());
            if has_daily {
                0
            } else {
                day.minutes as usize - minutes
            }
        };
        self.days.iter().map(lost).sum()
    }

    /// Notes what came; a daily file is judged by the first two minutes, and is whole.
    fn receive(&self, held: &mut Held, name: &FileName) {
        let of_day = held.days.entry(name.span.day()).or_default();
        match name.span {
            Span::Daily(date) => {
                let is_it = |day: &&OutageDay| day.date() == date && day.feed == name.feed.as_str();
                let day = *self.days.iter().find(is_it).unwrap();
                let minutes = (0..day.minutes).map(|at| day.minute(at));
                let judged =
                    |minute: &NaiveDateTime| of_day.minutes.contains_key(minute).then_some(true);
                of_day.daily = Some(HeldDaily {
                    minutes: minutes.clone().map(|minute| (minute, 1)).collect(),
                    witnesses: minutes
                        .take(2)
                        .map(|minute| (minute, judged(&minute)))
                        .collect(),
                });
            }
            Span::Minute(minute) => {
                of_day.minutes.insert(
                    minute,
                    HeldMinute {
                        within: 1,
                        takes: 1,
                    },
                );
                if let Some(daily) = &mut of_day.daily {
                    daily.witnesses.insert(minute, Some(true));
                }
            }
        }
    }

    /// Returns how many minutes the best of all orders loses: every choice of daily files, and for each the largest matching of
    /// minutes and moments.
    fn lost_at_best(&self) -> usize {
        let slots = |day: &OutageDay| {
            let time = day.deadline() - self.now;
            (1..=64).take_while(|n| self.pace * *n <= time).count()
        };
        let dailies: Vec<usize> = (0..self.days.len())
            .filter(|at| self.days[*at].has_daily)
            .collect();
        let all: usize = self.days.iter().map(|day| day.minutes as usize).sum();
        let mut best = all;
        for chosen in 0..1_u32 << dailies.len() {
            let is_chosen = |at: usize| {
                let bit = dailies.iter().position(|daily| *daily == at);
                bit.is_some_and(|bit| chosen >> bit & 1 == 1)
            };
            let mut matching = Matching::default();
            let mut saved = 0;
            let mut is_possible = true;
            let days = || self.days.iter().enumerate();
            for (_, day) in days().filter(|(at, _)| is_chosen(*at)) {
                is_possible &= matching.add(slots(day));
                saved += day.minutes as usize;
            }
            if !is_possible {
                continue;
            }
            for (_, day) in days().filter(|(at, _)| !is_chosen(*at)) {
                saved += (0..day.minutes)
                    .filter(|_| matching.add(slots(day)))
                    .count();
            }
            best = best.min(all - saved);
        }
        best
    }
}

/// Requests matched with moments, by augmenting paths.
#[derive(Default)]
struct Matching {
    /// How many of the first moments each request may have.
    jobs: Vec<usize>,
    /// Which request has a moment.
    taken: Vec<Option<usize>>,
}

impl Matching {
    fn add(&mut self, slots: usize) -> bool {
        self.jobs.push(slots);
        let most = self.taken.len().max(slots);
        self.taken.resize(most, None);
        self.augment(self.jobs.len() - 1, &mut vec![false; most])
    }

    fn augment(&mut self, job: usize, seen: &mut [bool]) -> bool {
        for slot in 0..self.jobs[job] {
            if std::mem::replace(&mut seen[slot], true) {
                continue;
            }
            if self.taken[slot].is_none_or(|other| self.augment(other, seen)) {
                self.taken[slot] = Some(job);
                return true;
            }
        }
        false
    }
}

fn check(outage: &Outage) {
    assert_eq!(outage.lost_by_plan(), outage.lost_at_best(), "{outage:?}");
}

/// The first day is forgotten at the end of the second.
fn second_day_at(hours: i64) -> DateTime<Utc> {
    (first_day() + chrono::Days::new(1))
        .and_hms_opt(0, 0, 0)
        .unwrap()
        .and_utc()
        + TimeDelta::hours(hours)
}

#[test]
fn no_order_saves_more_in_any_small_outage() {
    let day = |day, choice: u32| OutageDay {
        feed: "DETR",
        day,
        has_daily: choice % 2 == 1 && choice > 1,
        minutes: choice / 2,
    };
    for choices in 0..8 * 8 * 8 {
        let days = vec![
            day(0, choices % 8),
            day(1, choices / 8 % 8),
            day(2, choices / 64),
        ];
        for (hours, pace) in [
            (0, 12),
            (12, 12),
            (17, 4),
            (20, 9),
            (20, 3),
            (23, 30),
            (23, 1),
        ] {
            check(&Outage {
                days: days.clone(),
                now: second_day_at(hours),
                pace: TimeDelta::hours(pace),
            });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_order_saves_more_in_any_outage_of_three_feeds(
        days in prop::collection::vec((0..3_usize, 0..3_u64, any::<bool>(), 0..6_u32), 1..6),
        minutes in 0..1_440_i64,
        pace in 20..600_i64,
    ) {
        let mut days: Vec<OutageDay> = days
            .into_iter()
            .map(|(feed, day, has_daily, minutes)| OutageDay {
                feed: ["DETR", "DFRA", "DGAT"][feed],
                day,
                has_daily: has_daily && minutes > 0,
                minutes,
            })
            .collect();
        days.sort_by_key(|day| (day.feed, day.day));
        days.dedup_by_key(|day| (day.feed, day.day));

        check(&Outage {
            days,
            now: second_day_at(0) + TimeDelta::minutes(minutes),
            pace: TimeDelta::minutes(pace),
        });
    }
}

/// The sessions that are over and forgotten when the last run comes.
fn lost_days(held: &Held, until: DateTime<Utc>) -> Vec<NaiveDate> {
    let calendar = calendar();
    let days = calendar.sessions(first_day(), until.date_naive());
    let over = days
        .map(|session| session.day)
        .filter(|day| deadline(*day, None, &calendar) <= until);
    let is_held = |day: &NaiveDate| {
        let of_day = held.days.get(day);
        of_day.is_some_and(|held| held.daily.is_some() || held.minutes.len() == 1_321)
    };
    over.filter(|day| !is_held(day)).collect()
}

#[test]
fn where_daily_files_come_in_the_morning_no_run_asks_for_more_than_nine_files_a_day() {
    let service = Service {
        daily_at: Some(5),
        step: 1,
    };
    for (hours, from) in [(1, 0), (4, 3), (24, 7), (24, 12), (24, 20)] {
        let runs = every(hours, from);

        let (asked, held) = live(&service, Freshness::Daily, &runs);

        assert_eq!(
            lost_days(&held, *runs.last().unwrap()),
            [],
            "every {hours} h"
        );
        for day in asked.chunks(24 / hours) {
            let files: usize = day.iter().map(Vec::len).sum();
            assert!(files <= 9, "{files} files, every {hours} h from {from}");
        }
        let all = asked.concat();
        assert!(!all.contains(&Reason::Minute));
        assert!(all.contains(&Reason::Daily) && all.contains(&Reason::Witness));
    }
}

#[test]
fn where_no_daily_file_ever_comes_every_minute_is_fetched_however_rarely_runs_come() {
    let service = Service {
        daily_at: None,
        step: 1,
    };
    for (hours, from) in [(1, 0), (5, 3), (24, 1), (24, 9), (24, 18)] {
        let runs = every(hours, from);

        let (_, held) = live(&service, Freshness::Daily, &runs);

        assert_eq!(
            lost_days(&held, *runs.last().unwrap()),
            [],
            "every {hours} h from {from}"
        );
    }
}

#[test]
fn minutes_that_nobody_waits_for_are_fetched_as_late_as_is_safe() {
    let service = Service {
        daily_at: None,
        step: 1,
    };

    let (asked, _) = live(&service, Freshness::Daily, &every(1, 0));

    // Monday is forgotten at 22:00 of Tuesday; the run before the last one that could still do it is that of 20:00.
    let first = asked.iter().position(|reasons| !reasons.is_empty());
    assert_eq!(first, Some(24 + 20));
}

#[test]
fn with_freshness_of_minutes_each_run_takes_what_is_new_and_the_day_confirms_it() {
    let service = Service {
        daily_at: Some(5),
        step: 1,
    };

    let (asked, held) = live(&service, Freshness::Minutes, &every(1, 1));

    assert_eq!(asked[1].len(), 60);
    let all = asked.concat();
    let confirmations = all
        .iter()
        .filter(|reason| **reason == Reason::Confirmation)
        .count();
    assert!(confirmations >= 6, "{confirmations}");
    assert!(
        !all.contains(&Reason::Witness),
        "the minutes that are held say it"
    );
    assert!(
        held.days
            .values()
            .all(|day| day.minutes.len() == 1_321 || day.daily.is_none())
    );
}

#[test]
fn a_daily_file_that_lacks_trades_has_every_minute_fetched() {
    let outage = Outage {
        days: vec![OutageDay {
            feed: "DETR",
            day: 0,
            has_daily: true,
            minutes: 5,
        }],
        now: second_day_at(1),
        pace: PACE,
    };
    let listing = outage.listing("DETR", outage.now);
    let mut held = Held::default();
    outage.receive(&mut held, &name("DETR", Span::Daily(first_day())));
    let day = held.days.get_mut(&first_day()).unwrap();
    let witness = outage.days[0].minute(1);
    day.minutes.insert(
        witness,
        HeldMinute {
            within: 1,
            takes: 1,
        },
    );
    day.daily
        .as_mut()
        .unwrap()
        .witnesses
        .insert(witness, Some(false));

    for freshness in [Freshness::Daily, Freshness::Minutes] {
        let chosen = choose(&Looked {
            listing: &listing,
            held: &held,
            passed_over: &BTreeSet::new(),
            now: outage.now,
            freshness,
            calendar: &Calendar::always(),
            pace: PACE,
        });

        assert_eq!(chosen.len(), 4);
        assert!(
            chosen
                .iter()
                .all(|request| request.reason == Reason::Minute)
        );
    }
}

#[test]
fn a_daily_file_of_which_no_minute_is_left_goes_before_one_that_saves_a_few() {
    let (few, all) = (first_day(), first_day() + chrono::Days::new(1));
    let minute = few.and_hms_opt(9, 0, 0).unwrap();
    let spans = [Span::Daily(few), Span::Minute(minute), Span::Daily(all)];
    let listing = Listing {
        files: spans.map(|span| name("DETR", span)).into(),
        ..Listing::default()
    };
    let calendar = Calendar::of_days("UTC", [few, all + chrono::Days::new(7)]).unwrap();

    let chosen = choose(&Looked {
        listing: &listing,
        held: &Held::default(),
        passed_over: &BTreeSet::new(),
        // Both are forgotten together, and there is time for one of them.
        now: deadline(few, None, &calendar) - PACE,
        freshness: Freshness::Daily,
        calendar: &calendar,
        pace: PACE,
    });

    let days: Vec<NaiveDate> = chosen
        .iter()
        .map(|request| request.name.span.day())
        .collect();
    assert_eq!(days, [all, few]);
}

#[test]
fn minutes_of_the_day_come_before_those_of_the_night() {
    let at = |hour| first_day().and_hms_opt(hour, 30, 0).unwrap();
    let listing = Listing {
        files: [2, 9, 21]
            .map(|hour| name("DETR", Span::Minute(at(hour))))
            .into(),
        ..Listing::default()
    };

    let chosen = choose(&Looked {
        listing: &listing,
        held: &Held::default(),
        passed_over: &BTreeSet::new(),
        now: second_day_at(1),
        freshness: Freshness::Minutes,
        calendar: &Calendar::always(),
        pace: PACE,
    });

    let hours: Vec<u32> = chosen
        .iter()
        .map(|request| match request.name.span {
            Span::Minute(minute) => minute.hour(),
            Span::Daily(_) => unreachable!(),
        })
        .collect();
    assert_eq!(hours, [9, 2, 21]);
}
