//! The minutes of a feed in `status --gaps`, in the metrics, and for `update --fill-gaps`.

use barkeep::cli::Exit;
use serde_json::Value;

use super::{FRIDAY, SAP, UPDATE, lines, thursday};
use crate::support::barkeep::{Barkeep, Ran};
use crate::support::feed::{FeedServer, line};

const GAPS: [&str; 3] = ["status", "--gaps", "--json"];

/// The spans of the feed's days that are not in order, as `day state first..last minutes`.
fn open(ran: &Ran) -> Vec<String> {
    let document = ran.summary();
    let days = document["feeds"]["days"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of_day = |day: &Value| -> Vec<String> {
        let spans = day["spans"].as_array().unwrap().iter();
        let told = |span: &Value| {
            let [state, first, last] = ["state", "first", "last"].map(|key| text(&span[key]));
            let minutes = &span["minutes"];
            format!("{} {state} {first}..{last} {minutes}", text(&day["day"]))
        };
        spans.map(told).collect()
    };
    days.iter().flat_map(of_day).collect()
}

/// All minutes in sum, as `state minutes days`.
fn sums(ran: &Ran) -> Vec<String> {
    let document = ran.summary();
    let states = document["feeds"]["states"].as_array().unwrap().iter();
    let told = |one: &Value| {
        let state = one["state"].as_str().unwrap();
        format!("{state} {} {}", one["minutes"], one["days"])
    };
    states.map(told).collect()
}

/// The Thursday before Easter: two minutes with trades, one without, one that the server fails to give, and two that wait for
/// the file of the day.
fn maundy_thursday() -> (FeedServer, Barkeep) {
    let feed = FeedServer::start();
    for minute in ["2026-04-02T07_00", "2026-04-02T07_01"] {
        feed.publish(minute, &lines(minute));
    }
    feed.publish("2026-04-02T07_02", &[]);
    feed.publish("2026-04-02T07_03", &lines("2026-04-02T07_03"));
    feed.fail("2026-04-02T07_03");
    let mut bar = feed.workspace("freshness = \"minutes\"", "2026-04-02T10:00:00Z");
    bar.run(&UPDATE).expect(Exit::Partial);
    for minute in ["2026-04-02T08_00", "2026-04-02T08_01"] {
        feed.publish(minute, &lines(minute));
    }
    bar.write("barkeep.toml", feed.settings(""));
    "2026-04-02T12:00:00Z".clone_into(&mut bar.now);
    bar.run(&UPDATE).expect(Exit::Ok);
    (feed, bar)
}

#[test]
fn each_minute_of_a_feed_is_had_empty_open_turned_away_or_lost() {
    let (_feed, mut bar) = maundy_thursday();

    "2026-04-03T09:00:00Z".clone_into(&mut bar.now);
    let on_good_friday = bar.run(&GAPS).expect(Exit::Ok);
    "2026-04-07T22:00:00Z".clone_into(&mut bar.now);
    let after_easter = bar.run(&GAPS).expect(Exit::Ok);
    "2026-04-09T00:00:00Z".clone_into(&mut bar.now);
    let later = bar.run(&GAPS).expect(Exit::Ok);

    assert_eq!(
        sums(&on_good_friday),
        [
            "have 2 1",
            "pending 2 1",
            "throttled 1 1",
            "no_trades 1 1",
            "holiday 1440 1"
        ]
    );
    assert_eq!(
        open(&on_good_friday),
        [
            "2026-04-02 throttled 07:03..07:03 1",
            "2026-04-02 pending 08:00..08:01 2"
        ]
    );
    let states = &on_good_friday.summary()["feeds"]["states"];
    assert_eq!(states[1]["next_loss"], "2026-04-07T22:00:00Z");
    // Nobody saw what was published after noon, nor what stood between 07:03 and 08:00: the service leaves no minute out.
    assert_eq!(open(&after_easter), ["2026-04-02 lost 07:03..22:00 898"]);
    assert_eq!(sums(&after_easter)[2], "no_trades 1 1");
    assert_eq!(sums(&after_easter)[3], "holiday 2880 2");
    assert_eq!(
        open(&later)[1..],
        ["2026-04-07 lost 00:00..22:00 1321"],
        "no run came on Tuesday or Wednesday"
    );
}

/// The cron begins on a Monday, and the server answers from Thursday on: it has forgotten Monday and Tuesday by then.
#[test]
fn days_that_a_feed_forgot_before_it_answered_are_told_by_the_first_run_that_it_answers() {
    let feed = FeedServer::start();
    feed.fail("list");
    let mut bar = feed.workspace("", "2026-09-14T20:00:00Z");
    for evening in ["14", "15", "16"] {
        bar.now = format!("2026-09-{evening}T20:00:00Z");
        bar.run(&UPDATE).expect(Exit::SourceDown);
    }
    feed.heal("list");
    feed.publish("2026-09-16T09_30", &lines("2026-09-16T09_30"));
    "2026-09-17T05:00:00Z".clone_into(&mut bar.now);

    let answered = bar.run(&UPDATE);
    let after = bar.run(&GAPS);

    for day in ["2026-09-14", "2026-09-15"] {
        let told = format!("1,321 minutes of {day} cannot be had any more");
        assert!(answered.stderr.contains(&told), "{answered:#?}");
    }
    assert_eq!(answered.exit, Exit::Partial);
    assert_eq!(
        open(&after)[..2],
        [
            "2026-09-14 lost 00:00..22:00 1321",
            "2026-09-15 lost 00:00..22:00 1321"
        ]
    );
}

/// The feed had an outage, of which nothing was ever listed, and no file of the day comes.
#[test]
fn minutes_that_are_left_out_of_the_list_are_lost_once_the_feed_forgets_their_day() {
    let feed = FeedServer::start();
    let listed = ["09_29", "09_30", "11_00"].map(|at| format!("2026-09-17T{at}"));
    for minute in &listed {
        feed.publish(minute, &lines(minute));
    }
    let mut bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T23:00:00Z");
    bar.run(&UPDATE).expect(Exit::Ok);
    let before = bar.run(&GAPS).expect(Exit::Ok);
    assert_eq!(open(&before), [""; 0]);
    for minute in &listed {
        feed.forget(minute);
    }
    feed.publish("2026-09-18T09_30", &lines("2026-09-18T09_30"));
    "2026-09-18T23:00:00Z".clone_into(&mut bar.now);

    let told = bar.run(&UPDATE).expect(Exit::Partial).stderr;
    let after = bar.run(&GAPS).expect(Exit::Ok);

    assert!(
        told.contains("89 minutes of 2026-09-17 cannot be had any more"),
        "{told}"
    );
    assert_eq!(open(&after), ["2026-09-17 lost 09:31..10:59 89"]);
}

#[test]
fn a_person_is_told_runs_of_minutes_and_a_monitor_their_sums() {
    let (_feed, mut bar) = maundy_thursday();

    let table = bar.run(&["status", "--gaps"]).expect(Exit::Ok);
    bar.run(&[&UPDATE[..], &["--metrics-file", "barkeep.prom"]].concat())
        .expect(Exit::Ok);

    for words in ["pending", "08:00", "08:01", "throttled", "07:03"] {
        assert!(table.stdout.contains(words), "{words}: {}", table.stdout);
    }
    let metrics = bar.text("barkeep.prom");
    for line in [
        r#"barkeep_feed_minutes{market="de",source="xetra",state="pending"} 2"#,
        r#"barkeep_feed_minutes{market="de",source="xetra",state="throttled"} 1"#,
        // The end of Tuesday after Easter in Frankfurt.
        r#"barkeep_feed_next_loss_timestamp_seconds{market="de",source="xetra"} 1775599200"#,
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }

    // A run looks at days that a feed may have still, not at all that were.
    "2026-07-03T10:00:00Z".clone_into(&mut bar.now);
    bar.run(&[&UPDATE[..], &["--metrics-file", "later.prom"]].concat());
    let table = bar.run(&["status", "--gaps", "--json"]);
    assert!(table.stdout.contains("2026-04-02"), "{table:#?}");
    let metrics = bar.text("later.prom");
    assert!(metrics.contains("state=\"throttled\"} 0"), "{metrics}");
}

#[test]
fn the_file_of_a_day_stands_for_its_minutes_and_then_there_is_nothing_to_fill() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    let sent = feed.server.requests().len();

    let gaps = bar.run(&GAPS).expect(Exit::Ok);
    bar.run(&[&UPDATE[..], &["--fill-gaps"]].concat())
        .expect(Exit::Ok);

    assert_eq!(sums(&gaps), ["have 40 1"]);
    assert_eq!(open(&gaps), [""; 0]);
    assert_eq!(feed.server.requests().len(), sent, "nobody was asked");
}

#[test]
fn what_is_open_of_a_feed_has_it_asked_by_fill_gaps() {
    let (feed, bar) = maundy_thursday();
    let sent = feed.server.requests().len();

    bar.run(&[&UPDATE[..], &["--fill-gaps"]].concat())
        .expect(Exit::Ok);

    assert!(feed.server.requests().len() > sent);
}

#[test]
fn a_feed_that_is_silent_on_days_of_trading_is_a_warning_and_no_success() {
    let feed = FeedServer::start();
    let mut bar = feed.workspace("", "2026-04-01T10:00:00Z");
    bar.run(&UPDATE).expect(Exit::Partial);
    "2026-04-02T18:00:00Z".clone_into(&mut bar.now);
    bar.run(&UPDATE).expect(Exit::Partial);

    let ran = bar.run(&GAPS).expect(Exit::Partial);

    let told = "the exchange was open and the feed has no trade: 2026-04-02, 2026-04-01";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    assert_eq!(ran.summary()["feeds"]["days"][0]["silent"], true);
}

/// It ended with 0 unless a session was over on that day: at another address, nobody was told before the next evening.
#[test]
fn a_feed_that_has_nothing_at_all_when_it_is_first_asked_is_no_success() {
    let feed = FeedServer::start();
    let bar = feed.workspace("", "2026-04-01T10:00:00Z");

    let ran = bar.run(&UPDATE).expect(Exit::Partial);
    let gaps = bar.run(&GAPS).expect(Exit::Partial);

    let told = "the exchange was open and the feed has no trade: 2026-03-31.";
    for one in [&ran, &gaps] {
        assert!(one.stderr.contains(told), "{one:#?}");
    }
    // On the Sunday of Easter nothing is expected of it.
    let bar = feed.workspace("", "2026-04-05T10:00:00Z");
    bar.run(&UPDATE).expect(Exit::Ok);
    bar.run(&GAPS).expect(Exit::Ok);
}

/// One trade is dated a quarter of a century ago.
#[test]
fn days_before_the_first_file_of_a_feed_are_not_lost() {
    let feed = FeedServer::start();
    let minute = "2026-09-17T07_00";
    let wrong = line(SAP, "old", "1999-01-04T07:00:05", (1.0, 1.0));
    feed.publish(minute, &[lines(minute), vec![wrong]].concat());
    let bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T10:00:00Z");
    bar.run(&[&UPDATE[..], &["--metrics-file", "barkeep.prom"]].concat())
        .expect(Exit::Ok);

    let gaps = bar.run(&GAPS).expect(Exit::Ok);

    assert_eq!(sums(&gaps), ["have 1 1"]);
    let metrics = bar.text("barkeep.prom");
    let none = r#"barkeep_feed_last_loss_timestamp_seconds{market="de",source="xetra"} 0"#;
    assert!(metrics.contains(none), "{metrics}");
}

/// Of a feed that is asked for other days, a day that it lists is neither silent nor lost: nobody wanted it.
#[test]
fn days_that_nobody_asked_for_are_not_judged() {
    let feed = FeedServer::start();
    for minute in super::minutes() {
        feed.publish(&minute, &lines(&minute));
    }
    let bar = feed.workspace("", "2026-09-17T20:30:00Z");
    let window = ["--start", "2026-09-10", "--end", "2026-09-11"];

    let told = [&UPDATE[..], &window, &["--metrics-file", "barkeep.prom"]].concat();
    let ran = bar.run(&told).expect(Exit::Ok);
    bar.run(&GAPS).expect(Exit::Ok);

    assert_eq!(feed.downloads(), Vec::<String>::new());
    assert!(!ran.stderr.contains("warning"), "{ran:#?}");
    let metrics = bar.text("barkeep.prom");
    let none = r#"barkeep_feed_silent_days{market="de",source="xetra"} 0"#;
    assert!(metrics.contains(none), "{metrics}");
    // What the feed has of it is remembered, and fetched by who wants it.
    assert_eq!(sums(&bar.run(&GAPS))[0], "pending 40 1");
    let all = ["--start", "2026-09-17", "--end", "2026-09-17"];
    bar.run(&[&UPDATE[..], &all].concat()).expect(Exit::Ok);
}

/// A file of the day that the feed lists and fails to give may have any number of trades.
#[test]
fn a_day_whose_only_file_cannot_be_had_is_not_silent() {
    let feed = FeedServer::start();
    let minute = "2026-09-17T07_00";
    feed.publish("daily-2026-09-17", &lines(minute));
    feed.fail("daily-2026-09-17");
    let mut bar = feed.workspace("", "2026-09-17T06:00:00Z");
    "2026-09-17T22:45:00Z".clone_into(&mut bar.now);

    let ran = bar.run(&UPDATE);

    assert_ne!(ran.exit, Exit::Ok, "the file is not had");
    assert!(!ran.stderr.contains("has no trade"), "{ran:#?}");
    let gaps = bar.run(&GAPS);
    assert!(!gaps.stderr.contains("has no trade"), "{gaps:#?}");
}

/// Two hours that neither the list nor the file of the day had passed for a silence: every minute that could be looked at agreed.
#[test]
fn hours_that_neither_the_list_nor_the_file_of_a_day_has_are_no_silence() {
    let feed = FeedServer::start();
    let hours = (7..10).chain(12..15);
    let minutes = hours.flat_map(|hour| (0..30).map(move |at| (hour, at * 2)));
    let minutes: Vec<String> = minutes
        .map(|(hour, at)| format!("2026-09-17T{hour:02}_{at:02}"))
        .collect();
    for minute in &minutes {
        feed.publish(minute, &lines(minute));
    }
    let day: Vec<String> = minutes.iter().flat_map(|minute| lines(minute)).collect();
    feed.publish("daily-2026-09-17", &day);
    let mut bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    assert!(feed.downloads().len() < 20, "{:?}", feed.downloads());

    for minute in &minutes {
        feed.forget(minute);
    }
    feed.forget("daily-2026-09-17");
    feed.publish("2026-09-18T07_00", &lines("2026-09-18T07_00"));
    "2026-09-18T22:30:00Z".clone_into(&mut bar.now);
    let told = bar.run(&UPDATE).expect(Exit::Partial).stderr;

    let gaps = bar.run(&GAPS).expect(Exit::Ok);
    assert_eq!(open(&gaps)[0], "2026-09-17 lost 09:59..11:59 121");
    let lost = "121 minutes of 2026-09-17 cannot be had any more";
    assert!(told.contains(lost), "{told}");
}

/// One file of January was left over in the list, and every session since then was told to be lost.
#[test]
fn a_name_that_was_left_over_in_the_list_makes_no_day_since_then_lost() {
    let feed = FeedServer::start();
    for minute in ["2026-01-07T09_00", "2026-09-17T07_00"] {
        feed.publish(minute, &lines(minute));
    }
    feed.publish("daily-2026-02-03", &lines("2026-02-03T09_00"));
    let mut bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T10:00:00Z");
    bar.run(&UPDATE).expect(Exit::Ok);
    "2026-09-17T20:00:00Z".clone_into(&mut bar.now);

    let ran = bar.run(&UPDATE).expect(Exit::Ok);
    let gaps = bar.run(&GAPS).expect(Exit::Ok);

    assert!(!ran.stderr.contains("cannot be had"), "{}", ran.stderr);
    assert_eq!(open(&gaps), [""; 0]);
    assert_eq!(sums(&gaps), ["have 3 3"]);
}
