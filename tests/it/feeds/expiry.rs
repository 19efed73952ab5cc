//! Files of a feed that expire while nobody asks, while a run is under way, and before one could fetch them.
//!
//! The clock passes while the program waits for its budget, and the server forgets by the same clock.

use std::collections::BTreeSet;
use std::sync::Arc;

use barkeep::cli::Exit;
use barkeep::sys::Clock as _;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

use super::{UPDATE, lines};
use crate::support::barkeep::{Barkeep, Ran};
use crate::support::clock::WaitingClock;
use crate::support::feed::FeedServer;

const AT_ONCE: &str = "freshness = \"minutes\"";
const MINUTES: usize = 40;

/// A week of Xetra that is published and forgotten as time passes, and a workspace that collects it.
struct Week {
    feed: FeedServer,
    bar: Barkeep,
    clock: Arc<WaitingClock>,
    published: BTreeSet<String>,
}

fn at(moment: &str) -> DateTime<Utc> {
    moment.parse().unwrap()
}

/// The minutes of a day that have trades.
fn minutes_of(day: &str) -> impl Iterator<Item = String> {
    (0..MINUTES).map(move |at| format!("{day}T07_{at:02}"))
}

/// When the feed forgets a day of that week: at the end of the next one in Frankfurt.
fn forgotten(day: &str) -> DateTime<Utc> {
    let day: NaiveDate = day.parse().unwrap();
    let next = day.succ_opt().unwrap();
    next.and_hms_opt(22, 0, 0).unwrap().and_utc()
}

impl Week {
    fn begin(settings: &str, now: &str) -> Self {
        let feed = FeedServer::start();
        let mut bar = feed.workspace(settings, now);
        let clock = Arc::new(WaitingClock::at(at(now)));
        feed.follow(&clock);
        bar.clock = Some(Arc::<WaitingClock>::clone(&clock));
        Self {
            feed,
            bar,
            clock,
            published: BTreeSet::new(),
        }
    }

    /// Lets time pass up to a moment; what the week published by then is there.
    fn pass_to(&mut self, moment: &str, with_dailies: bool) {
        let now = at(moment);
        self.clock.pass((now - self.clock.now()).num_seconds());
        for day in ["14", "15", "16", "17", "18"].map(|day| format!("2026-09-{day}")) {
            for minute in minutes_of(&day) {
                let made: DateTime<Utc> = at(&format!("{}:00Z", minute.replace('_', ":")));
                self.publish(made, (&day, &minute), &lines(&minute));
            }
            if with_dailies {
                let all: Vec<String> = minutes_of(&day).flat_map(|one| lines(&one)).collect();
                let made = forgotten(&day) - TimeDelta::hours(18);
                self.publish(made, (&day, &format!("daily-{day}")), &all);
            }
        }
    }

    fn publish(&mut self, made: DateTime<Utc>, (day, name): (&str, &str), lines: &[String]) {
        let now = self.clock.now();
        if made <= now && self.published.insert(name.to_owned()) && now < forgotten(day) {
            self.feed.publish_until(forgotten(day), name, lines);
        }
    }

    fn update(&self) -> Ran {
        self.bar.run(&[&UPDATE[..], &["--json"]].concat())
    }

    /// The minutes of a day that are in one state.
    fn minutes(&self, day: &str, state: &str) -> usize {
        let args = ["status", "--gaps", "--json", "--venue", "de:xetra"];
        let gaps = self.bar.run(&args).summary();
        let days = gaps["feeds"]["days"].as_array().unwrap();
        let of_day = days.iter().filter(|one| one["day"] == day);
        let spans = of_day.flat_map(|one| one["spans"].as_array().unwrap());
        let in_state = spans.filter(|span| span["state"] == state);
        let minutes = in_state.map(|span| span["minutes"].as_u64().unwrap());
        minutes.sum::<u64>().try_into().unwrap()
    }
}

/// What a run told to be lost, as `day minutes`.
fn lost(ran: &Ran) -> Vec<String> {
    let summary = ran.summary();
    let lost = summary["feeds"][0]["lost"].as_array().unwrap().iter();
    let told = |one: &Value| format!("{} {}", one["day"].as_str().unwrap(), one["minutes"]);
    lost.map(told).collect()
}

#[test]
fn after_an_outage_of_two_days_what_is_left_is_saved_and_what_is_lost_is_told_once() {
    // A cron after the end of Frankfurt's day, which somebody has just switched on: no file of a day is relied on yet.
    let mut week = Week::begin("", "2026-09-14T22:40:00Z");
    week.pass_to("2026-09-14T22:40:00Z", true);
    week.update().expect(Exit::Ok);
    week.pass_to("2026-09-15T22:40:00Z", true);
    let before = week.update().expect(Exit::Ok);
    assert_eq!(lost(&before), [""; 0]);

    // Then nobody asks for two days.
    week.pass_to("2026-09-17T22:40:00Z", true);
    let back = week.update();
    let sent = week.feed.downloads();
    let again = week.update();

    assert_eq!(back.exit, Exit::Partial, "{back:#?}");
    assert_eq!(lost(&back), ["2026-09-16 1321"]);
    assert_eq!(again.exit, Exit::Ok, "{again:#?}");
    assert_eq!(lost(&again), [""; 0]);
    assert_eq!(week.feed.downloads(), sent, "nothing is asked for in vain");
    week.pass_to("2026-09-18T22:40:00Z", true);
    let last = week.update().expect(Exit::Ok);

    assert_eq!(lost(&last), [""; 0]);
    assert_eq!(week.minutes("2026-09-16", "lost"), 1321);
    let told = [&UPDATE[..], &["--metrics-file", "barkeep.prom"]].concat();
    week.bar.run(&told).expect(Exit::Ok);
    let metrics = week.bar.text("barkeep.prom");
    let moment = forgotten("2026-09-16").timestamp();
    let last_loss = format!(
        "barkeep_feed_last_loss_timestamp_seconds{{market=\"de\",source=\"xetra\"}} {moment}\n"
    );
    assert!(metrics.contains(&last_loss), "{metrics}");
    for day in ["2026-09-14", "2026-09-15", "2026-09-17"] {
        assert_eq!(week.minutes(day, "lost"), 0, "{day}");
        assert_eq!(week.minutes(day, "have"), MINUTES, "{day}");
    }
}

#[test]
fn a_person_is_told_which_minutes_are_lost() {
    let mut week = Week::begin("", "2026-09-15T22:40:00Z");
    week.pass_to("2026-09-15T22:40:00Z", false);
    week.bar.run(&UPDATE).expect(Exit::Ok);
    week.pass_to("2026-09-17T22:40:00Z", false);

    let back = week.bar.run(&UPDATE).expect(Exit::Partial);

    let told = "error: de:xetra: 1,321 minutes of 2026-09-16 cannot be had any more";
    assert!(back.stderr.contains(told), "{back:#?}");
}

#[test]
fn a_run_that_begins_too_late_saves_what_its_budget_allows_and_ends_with_16() {
    let mut week = Week::begin(AT_ONCE, "2026-09-18T21:59:30Z");
    week.pass_to("2026-09-18T21:59:30Z", false);

    let late = week.update();
    let had = week.minutes("2026-09-17", "have");
    let downloads = week.feed.downloads();
    let next = week.update();

    // A batch, 600 ms apart, is answered within the 30 s; the pause after it is longer than what is left.
    assert_eq!(late.exit, Exit::WillExpire, "{}", late.stdout);
    assert!((14..=30).contains(&had), "{had}");
    assert_eq!(lost(&late), [format!("2026-09-17 {}", MINUTES - had)]);
    let once: BTreeSet<&String> = downloads.iter().collect();
    assert_eq!(once.len(), downloads.len(), "no file was asked for twice");
    assert_eq!(week.minutes("2026-09-18", "have"), MINUTES);
    assert_eq!(next.exit, Exit::Ok, "{}", next.stdout);
    assert_eq!(lost(&next), [""; 0]);
    assert_eq!(week.feed.downloads(), downloads);
}

#[test]
fn what_cannot_be_had_in_time_is_foreseen_by_run_plan_status_and_metrics() {
    const LATE: &str = "2026-09-18T21:59:30Z";
    let mut week = Week::begin(AT_ONCE, LATE);
    week.pass_to(LATE, false);
    for minute in minutes_of("2026-09-17") {
        week.feed.fail(&minute);
    }
    LATE.clone_into(&mut week.bar.now);
    week.bar.clock = None;
    let update = [&UPDATE[..], &["--metrics-file", "barkeep.prom"]].concat();

    let ran = week.bar.run(&update);
    let status = week.bar.run(&["status", "--gaps", "--json"]);
    let planned = week.bar.run(&[&UPDATE[..], &["--dry-run"]].concat());

    // 30 s are left, and each of the 40 takes 1.77 s.
    let told =
        "error: de:xetra forgets 24 minutes before they can be fetched at the budget of its server";
    for one in [&ran, &status, &planned] {
        assert_eq!(one.exit, Exit::WillExpire, "{one:#?}");
        assert!(one.stderr.contains(told), "{one:#?}");
    }
    let missed = &status.summary()["feeds"]["missed_minutes"];
    assert_eq!(missed["de:xetra"], 24);
    let metrics = week.bar.text("barkeep.prom");
    for line in [
        r#"barkeep_feed_missed_minutes{market="de",source="xetra"} 24"#,
        r#"barkeep_feed_minutes{market="de",source="xetra",state="lost"} 0"#,
        r#"barkeep_feed_last_loss_timestamp_seconds{market="de",source="xetra"} 0"#,
        r#"barkeep_feed_silent_days{market="de",source="xetra"} 0"#,
        r#"barkeep_feed_last_silent_timestamp_seconds{market="de",source="xetra"} 0"#,
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[test]
fn a_day_that_is_open_with_time_enough_is_no_loss_in_sight() {
    let mut week = Week::begin("", "2026-09-17T20:00:00Z");
    week.pass_to("2026-09-17T20:00:00Z", false);

    let ran = week.update().expect(Exit::Ok);

    assert_eq!(lost(&ran), [""; 0]);
    assert_eq!(week.minutes("2026-09-17", "pending"), MINUTES);
}

/// A workspace that never asked knows nothing but what the feed lists when the plan is made.
#[test]
fn a_plan_foresees_what_is_lost_in_a_workspace_that_never_asked() {
    const LATE: &str = "2026-09-18T21:59:30Z";
    let mut week = Week::begin(AT_ONCE, LATE);
    week.pass_to(LATE, false);
    LATE.clone_into(&mut week.bar.now);
    week.bar.clock = None;
    let before = week.bar.files_in("state/feeds");
    let plan = [&UPDATE[..], &["--dry-run"]].concat();

    let planned = week.bar.run(&plan).expect(Exit::WillExpire);

    let told =
        "error: de:xetra forgets 24 minutes before they can be fetched at the budget of its server";
    assert!(planned.stderr.contains(told), "{planned:#?}");
    assert_eq!(
        week.bar.files_in("state/feeds"),
        before,
        "nothing is written"
    );
    let other = ["--start", "2026-09-18", "--end", "2026-09-18"];
    week.bar.run(&[&plan[..], &other].concat()).expect(Exit::Ok);
}

/// The file of the day is one request for all of its minutes.
#[test]
fn a_plan_that_begins_with_the_file_of_a_day_foresees_no_loss_of_it() {
    const LATE: &str = "2026-09-18T21:59:30Z";
    let mut week = Week::begin(AT_ONCE, LATE);
    week.pass_to(LATE, true);
    LATE.clone_into(&mut week.bar.now);
    week.bar.clock = None;

    let planned = week.bar.run(&[&UPDATE[..], &["--dry-run"]].concat());

    assert!(planned.stdout.contains("daily-2026-09-17"), "{planned:#?}");
    assert!(!planned.stderr.contains("forgets"), "{planned:#?}");
}
