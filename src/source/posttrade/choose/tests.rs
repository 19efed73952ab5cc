//! Orders against the best one there is, and runs against the days that they would lose.

mod cron;
mod optimum;
mod service;

use self::optimum::{Outage, OutageDay};
use self::service::{PACE, Service, calendar, every, live};
use super::*;
use crate::frame::Trade;
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

/// The first day is forgotten at the end of the second.
fn second_day_at(hours: i64) -> DateTime<Utc> {
    (first_day() + chrono::Days::new(1))
        .and_hms_opt(0, 0, 0)
        .unwrap()
        .and_utc()
        + TimeDelta::hours(hours)
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
