//! Whether any order saves more: every small outage, against the best matching of requests and minutes.

use proptest::prelude::*;

use super::*;

/// A day of a feed at the moment at which an outage ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutageDay {
    pub(super) feed: &'static str,
    /// After the first one.
    pub(super) day: u64,
    pub(super) has_daily: bool,
    pub(super) minutes: u32,
}

impl OutageDay {
    pub(super) fn date(self) -> NaiveDate {
        first_day() + chrono::Days::new(self.day)
    }

    pub(super) fn minute(self, at: u32) -> NaiveDateTime {
        self.date().and_hms_opt(9, at, 0).unwrap()
    }

    pub(super) fn deadline(self) -> DateTime<Utc> {
        deadline(self.date(), None, &Calendar::always())
    }
}

/// What is left of a feed after an outage, asked by one client with a pace.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    pub(super) days: Vec<OutageDay>,
    pub(super) now: DateTime<Utc>,
    pub(super) pace: TimeDelta,
}

impl Outage {
    pub(super) fn feeds(&self) -> BTreeSet<&'static str> {
        self.days.iter().map(|day| day.feed).collect()
    }

    pub(super) fn listing(&self, feed: &str, now: DateTime<Utc>) -> Listing {
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
    pub(super) fn lost_by_plan(&self) -> usize {
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
    pub(super) fn receive(&self, held: &mut Held, name: &FileName) {
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
    pub(super) fn lost_at_best(&self) -> usize {
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

fn check(outage: &Outage) {
    assert_eq!(outage.lost_by_plan(), outage.lost_at_best(), "{outage:?}");
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
