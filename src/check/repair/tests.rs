//! Which bars can be taken out, and which may be the only ones for their time.

use super::*;
use crate::calendar::Calendar;
use crate::check::made::{daily, facts, frame};
use crate::frame::Bar;
use crate::model::Interval;

fn stamp(text: &str) -> i64 {
    time::parse(text).unwrap()
}

fn series(interval: Interval, stamps: &[i64]) -> Facts {
    series_of(interval, stamps, |_, bar| bar)
}

fn series_of(interval: Interval, stamps: &[i64], made: impl Fn(usize, Bar) -> Bar) -> Facts {
    let mut stamps = stamps.to_vec();
    stamps.sort_unstable();
    let closes = daily(stamps.len(), 50.0);
    let bar = |(date, close): (&i64, &f64)| Bar {
        date: Some(*date),
        open: Some(*close),
        high: Some(close * 1.004),
        low: Some(close * 0.996),
        close: Some(*close),
        volume: Some(1000.into()),
        sequence: None,
    };
    Facts {
        interval,
        bars: frame(
            stamps
                .iter()
                .zip(&closes)
                .map(bar)
                .enumerate()
                .map(|(at, bar)| made(at, bar))
                .collect(),
        ),
        calendar: Calendar::unlisted("America/New_York"),
        ..facts(&[1.0])
    }
}

/// Weekdays of a quarter, without some and with others.
fn weekdays(without: &[&str], with: &[&str]) -> Vec<i64> {
    let first: NaiveDate = "2026-09-01".parse().unwrap();
    let days = first.iter_days().take(91);
    let days = days.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
    let is_out = |day: &NaiveDate| without.contains(&day.to_string().as_str());
    let days = days
        .filter(|day| !is_out(day))
        .map(|day| time::midnight(day).unwrap());
    days.chain(with.iter().map(|text| stamp(text))).collect()
}

fn told(facts: &Facts) -> (Vec<String>, Vec<String>) {
    let shown = |stamp: i64| time::naive(stamp).to_string().replace(" 00:00:00", "");
    let repair = repair(facts, &BTreeSet::new());
    let stays = repair.doubtful.iter().map(|doubt| shown(doubt.from));
    (
        repair.gone.keys().map(|stamp| shown(*stamp)).collect(),
        stays.collect(),
    )
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn a_bar_of_a_weekend_goes_only_beside_the_one_that_it_may_be_of() {
    let told =
        |without: &[&str], with: &str| told(&series(Interval::D1, &weekdays(without, &[with])));

    assert_eq!(
        told(&[], "2026-10-17"),
        (texts(&["2026-10-17"]), texts(&[]))
    );
    assert_eq!(
        told(&[], "2026-10-18"),
        (texts(&["2026-10-18"]), texts(&[]))
    );
    // Friday as an older build stored it, and nothing else of that day.
    assert_eq!(
        told(&["2026-10-16"], "2026-10-17"),
        (texts(&[]), texts(&["2026-10-17"]))
    );
    // Monday, an hour early.
    assert_eq!(
        told(&["2026-10-19"], "2026-10-18"),
        (texts(&[]), texts(&["2026-10-18"]))
    );
}

#[test]
fn a_saturday_goes_when_it_is_the_newest_bar_and_a_sunday_stays() {
    let without: Vec<String> = (30..=30).map(|day| format!("2026-11-{day}")).collect();
    let without: Vec<&str> = without.iter().map(String::as_str).collect();
    let told = |day: &str| told(&series(Interval::D1, &weekdays(&without, &[day])));

    assert_eq!(told("2026-11-28"), (texts(&["2026-11-28"]), texts(&[])));
    assert_eq!(told("2026-11-29"), (texts(&[]), texts(&["2026-11-29"])));
}

/// Thanksgiving, and what nobody knows of other exchanges.
#[test]
fn a_bar_of_a_holiday_goes_only_where_the_sessions_are_known() {
    let unknown = series(Interval::D1, &weekdays(&[], &[]));
    let known = Facts {
        calendar: Calendar::new_york(),
        ..unknown.clone()
    };

    assert_eq!(told(&unknown), (texts(&[]), texts(&[])));
    assert_eq!(
        told(&known),
        (texts(&["2026-09-07", "2026-11-26"]), texts(&[]))
    );
}

/// A CSV of the user's in which 7 October is missing, and the holidays of the quarter are none.
#[test]
fn on_the_word_of_a_users_calendar_no_bar_with_a_volume_goes_unless_its_day_is_named() {
    let days = weekdays(&["2026-10-07"], &[]);
    let calendar = Calendar::of_days("America/New_York", days.iter().map(|at| time::day(*at)));
    let judged = |volume: Option<i64>, named: &[&str]| {
        let facts = Facts {
            calendar: calendar.clone().unwrap(),
            ..series_of(Interval::D1, &weekdays(&[], &[]), |_, bar| Bar {
                volume: volume.map(Volume::Units),
                ..bar
            })
        };
        let named = named.iter().map(|day| day.parse().unwrap()).collect();
        repair(&facts, &named)
    };

    for volume in [Some(1000), None] {
        let kept = judged(volume, &["2026-10-08"]);
        assert_eq!(kept.gone.len(), 0);
        let [doubt] = kept.doubtful.as_slice() else {
            panic!("{:?}", kept.doubtful);
        };
        assert_eq!(doubt.from, stamp("2026-10-07"));
        assert!(
            doubt.reason.contains("--day 2026-10-07"),
            "{}",
            doubt.reason
        );
        assert!(doubt.reason.contains("barkeep.toml"), "{}", doubt.reason);
    }
    let gone = |repair: Repair| repair.gone.into_keys().collect::<Vec<_>>();
    assert_eq!(gone(judged(Some(0), &[])), [stamp("2026-10-07")]);
    assert_eq!(
        gone(judged(Some(1000), &["2026-10-07"])),
        [stamp("2026-10-07")]
    );
}

#[test]
fn a_week_off_the_border_goes_only_if_both_weeks_into_which_it_reaches_are_there() {
    let mondays = ["2026-09-07", "2026-09-14", "2026-09-21", "2026-10-05"];
    let off = ["2026-09-16", "2026-09-23", "2026-10-07"];
    let stamps = mondays.iter().chain(&off).map(|day| stamp(day));
    let stamps: Vec<i64> = stamps.collect();
    let facts = series(Interval::Wk1, &stamps);
    let of_files = Facts {
        has_borders: false,
        ..facts.clone()
    };

    let (gone, stays) = told(&facts);
    assert_eq!(gone, ["2026-09-16"]);
    // The week of September 28 is not there, and nothing comes after the last one.
    assert!(stays.contains(&"2026-09-23".to_owned()), "{stays:?}");
    assert!(stays.contains(&"2026-10-07".to_owned()), "{stays:?}");
    assert!(repair(&of_files, &BTreeSet::new()).gone.is_empty());
    assert_eq!(repair(&of_files, &BTreeSet::new()).doubtful.len(), 3);
}

#[test]
fn months_quarters_and_fives_go_as_weeks_do() {
    let told = |interval, days: &[&str]| {
        let stamps: Vec<i64> = days.iter().map(|day| stamp(day)).collect();
        told(&series(interval, &stamps))
    };
    let months = told(Interval::Mo1, &["2026-01-01", "2026-01-15", "2026-02-01"]);
    let quarters = told(Interval::Mo3, &["2026-01-01", "2026-02-01", "2026-04-01"]);
    let first = Interval::D5.period("2026-01-05".parse().unwrap()).unwrap();
    let [border, next] = [first.start, first.end].map(|day| day.to_string());
    let off = (first.start + Days::new(2)).to_string();
    let fives = told(Interval::D5, &[&border, &off, &next]);
    let alone = told(Interval::D5, &[&border, &off]);

    assert_eq!(months, (texts(&["2026-01-15"]), texts(&[])));
    assert_eq!(quarters, (texts(&["2026-02-01"]), texts(&[])));
    assert_eq!(fives, (texts(&[&off]), texts(&[])));
    assert_eq!(alone.0, texts(&[]));
}

fn clocks(days: &[&str], clocks: &[&str]) -> Vec<i64> {
    let of_day = |day: &&str| {
        let at = clocks.iter().map(|clock| stamp(&format!("{day}T{clock}")));
        at.collect::<Vec<_>>()
    };
    days.iter().flat_map(of_day).collect()
}

#[test]
fn a_last_trade_that_is_a_bar_of_its_own_goes_beside_the_bar_of_its_time() {
    let days = ["2026-10-05", "2026-10-06"];
    let mut hours = clocks(&days, &["09:30:00", "10:30:00", "11:30:00", "12:30:00"]);
    assert_eq!(
        told(&series(Interval::H1, &hours)),
        (texts(&[]), texts(&[]))
    );
    hours.extend(clocks(
        &["2026-10-06"],
        &["10:47:23", "13:00:00", "17:00:05"],
    ));

    let (gone, stays) = told(&series(Interval::H1, &hours));

    assert_eq!(gone, ["2026-10-06 10:47:23"]);
    // At a whole hour it may be the first bar after the session.
    assert_eq!(stays, ["2026-10-06 13:00:00", "2026-10-06 17:00:05"]);
}

#[test]
fn a_bar_without_a_close_holds_nobodys_time() {
    let mut stamps = clocks(&["2026-10-05", "2026-10-06"], &["15:57:00", "15:58:00"]);
    stamps.extend(clocks(&["2026-10-06"], &["15:58:31"]));
    let whole = series(Interval::M1, &stamps);
    assert_eq!(told(&whole).0, ["2026-10-06 15:58:31"]);
    let empty = |at: usize, bar: Bar| match at {
        3 => Bar {
            date: bar.date,
            ..Bar::default()
        },
        _ => bar,
    };

    let (gone, stays) = told(&series_of(Interval::M1, &stamps, empty));

    assert!(gone.is_empty());
    assert_eq!(stays, ["2026-10-06 15:58:31"]);
}

#[test]
fn a_break_at_noon_begins_another_grid_and_no_bar_off_it() {
    let days = ["2026-10-05", "2026-10-06", "2026-10-07", "2026-10-08"];
    let tokyo = [
        "09:00:00", "10:00:00", "11:00:00", "12:30:00", "13:30:00", "14:30:00",
    ];

    let hours = series(Interval::M60, &clocks(&days, &tokyo));

    assert_eq!(told(&hours), (texts(&[]), texts(&[])));
}

#[test]
fn two_last_trades_of_one_minute_both_go_and_none_holds_the_other() {
    let mut minutes = clocks(
        &["2026-10-05"],
        &["15:55:00", "15:56:00", "15:57:00", "15:59:00"],
    );
    minutes.extend(clocks(&["2026-10-05"], &["15:59:20"]));
    let one = told(&series(Interval::M1, &minutes));
    minutes.retain(|at| *at != stamp("2026-10-05T15:59:00"));
    minutes.push(stamp("2026-10-05T15:54:00"));
    let alone = told(&series(Interval::M1, &minutes));

    assert_eq!(one, (texts(&["2026-10-05 15:59:20"]), texts(&[])));
    assert_eq!(alone, (texts(&[]), texts(&["2026-10-05 15:59:20"])));
}
