//! A daily run at every quarter of an hour of the day: how many files it asks for, and what it loses.

use chrono::NaiveTime;

use super::service::{DAYS, PACE, Service, calendar, live_by};
use super::*;

/// A file for each 20 minutes, which takes 20 times as long as one of a minute does.
const STEP: usize = 20;
const FILES: usize = 1_321_usize.div_ceil(STEP);

fn service(daily_at: i64) -> Service {
    Service {
        daily_at: Some(daily_at),
        step: STEP,
    }
}

/// Runs of cron at a minute of the day, which is late by up to a minute and a half.
fn runs(minute: i64) -> Vec<DateTime<Utc>> {
    let start = first_day().and_time(NaiveTime::MIN).and_utc() + TimeDelta::minutes(minute);
    let late = |day: i64| TimeDelta::seconds(day * 37 % 90);
    let days = i64::try_from(DAYS).unwrap() - 2;
    (0..days)
        .map(|day| start + TimeDelta::days(day) + late(day))
        .collect()
}

fn live(
    minute: i64,
    listing_at: &dyn Fn(DateTime<Utc>) -> Listing,
) -> (Vec<Vec<Reason>>, Vec<NaiveDate>) {
    let runs = runs(minute);
    let pace = PACE * i32::try_from(STEP).unwrap();
    let (asked, held) = live_by(listing_at, (Freshness::Daily, pace), &runs);
    let until = *runs.last().unwrap();
    let calendar = calendar();
    let sessions = calendar.sessions(first_day(), until.date_naive());
    let forgotten = sessions
        .map(|session| session.day)
        .filter(|day| deadline(*day, None, &calendar) <= until);
    let is_held = |day: &NaiveDate| {
        let of_day = held.days.get(day);
        of_day.is_some_and(|held| held.daily.is_some() || held.minutes.len() == FILES)
    };
    (asked, forgotten.filter(|day| !is_held(day)).collect())
}

/// Tells whether cron comes when the last minutes of a day are not listed yet, and again when they are forgotten: nobody could
/// have them.
fn is_hopeless(minute: i64) -> bool {
    (22 * 60..22 * 60 + 16).contains(&minute)
}

/// Whatever the minute of the day at which cron comes, no minute is lost that could be had; and once three files of days have come, a day costs
/// nine files, unless its file appears after it is forgotten, or less than 20 minutes before the last run that could fetch it.
#[test]
fn a_daily_run_asks_for_few_files_and_loses_none() {
    for daily_at in [0, 5] {
        for minute in (0..24 * 60).step_by(15) {
            let service = service(daily_at);

            let (asked, lost) = live(minute, &|now| service.listing(now));

            assert_eq!(lost.is_empty(), !is_hopeless(minute), "at minute {minute}");
            // In summer a day is forgotten at 22:00 UTC of the next one.
            let comes_in_vain = minute < daily_at * 60 || minute > 21 * 60 + 39;
            let most = asked.iter().skip(7).map(Vec::len).max().unwrap();
            if comes_in_vain {
                assert!(most > 9, "{most} files at minute {minute}");
            } else {
                assert!(most <= 9, "{most} files at minute {minute}");
            }
        }
    }
}

/// Once files of days stop to come, runs that have the time for all minutes of a day lose none. Where cron comes too late for
/// that, the first such day is lost in part: no run knew. From then on all minutes are fetched in time.
#[test]
fn when_files_of_days_stop_to_come_no_more_than_the_first_is_lost() {
    for minute in (0..24 * 60).step_by(15) {
        let service = service(3);
        if is_hopeless(minute) {
            continue;
        }
        let stopped = first_day() + chrono::Days::new(14);
        let listing = |now| {
            let mut listing = service.listing(now);
            listing
                .files
                .retain(|name| !matches!(name.span, Span::Daily(day) if day >= stopped));
            listing
        };

        let (_, lost) = live(minute, &listing);

        // 39 minutes are what 1,321 requests take.
        let has_time = !(21 * 60 + 20..22 * 60).contains(&minute);
        let expected: &[NaiveDate] = if has_time { &[] } else { &[stopped] };
        assert!(
            lost == expected || (lost.is_empty() && !has_time),
            "{lost:?} at minute {minute}"
        );
    }
}
