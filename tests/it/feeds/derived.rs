//! Bars of several days, made of the trades of one day after the other: they had those of the last day only.

#![cfg(feature = "polars")]

use barkeep::cli::Exit;

use super::{SAP, UPDATE};
use crate::support::barkeep::Barkeep;
use crate::support::feed::{FeedServer, line};

/// A week in two months.
const WEEK: [&str; 5] = [
    "2026-09-28",
    "2026-09-29",
    "2026-09-30",
    "2026-10-01",
    "2026-10-02",
];

/// What is traded on a day of the week: five pieces, for one more each day.
fn trade(at: usize, id: &str, minute: &str) -> String {
    let price = 10.0 + f64::from(u8::try_from(at).unwrap());
    line(SAP, id, &format!("{}T{minute}:01", WEEK[at]), (price, 5.0))
}

fn publish(feed: &FeedServer, at: usize, lines: &[String]) {
    feed.publish(&format!("daily-{}", WEEK[at]), lines);
    feed.publish(&format!("{}T08_00", WEEK[at]), lines);
}

/// The morning after a day of the week.
fn morning(bar: &mut Barkeep, at: usize) {
    let day: chrono::NaiveDate = WEEK[at].parse().unwrap();
    bar.now = format!("{}T05:00:00Z", day.succ_opt().unwrap());
}

/// Collects the days of the week, each in a run of its own.
fn collected(settings: impl Fn(usize) -> &'static str) -> (Barkeep, FeedServer) {
    let feed = FeedServer::start();
    let mut bar = feed.workspace(settings(0), "2026-09-28T05:00:00Z");
    for (at, day) in WEEK.iter().enumerate() {
        publish(&feed, at, &[trade(at, day, "08:00")]);
        morning(&mut bar, at);
        bar.write("barkeep.toml", feed.settings(settings(at)));
        bar.run(&UPDATE).expect(Exit::Ok);
    }
    (bar, feed)
}

/// The bars of a length: their days, and open, high, low, close, volume and trades.
fn bars(bar: &Barkeep, interval: &str) -> Vec<String> {
    let shown = bar.show(SAP, interval, &["--venue", "de:xetra"]);
    let columns = [1, 2, 3, 4, 5, 6, 8].map(|at| shown.column(at));
    let rows = columns[0].len();
    let row = |at: usize| {
        columns
            .each_ref()
            .map(|column| column[at].clone())
            .join(" ")
    };
    (0..rows).map(row).collect()
}

const OF_WEEK: &str = "2026-09-28 10.0 14.0 10.0 14.0 25.0 5";
const OF_MONTHS: [&str; 2] = [
    "2026-09-01 10.0 12.0 10.0 12.0 15.0 3",
    "2026-10-01 13.0 14.0 13.0 14.0 10.0 2",
];

#[test]
fn a_bar_of_several_days_has_all_of_them_however_many_a_run_touches() {
    let (bar, _feed) = collected(|_| "derive = [\"1wk\", \"1mo\"]");

    assert_eq!(bars(&bar, "1wk"), [OF_WEEK]);
    assert_eq!(bars(&bar, "1mo"), OF_MONTHS);
    let data = bar.files_in("data");
    bar.run(&["update", "--replay"]).expect(Exit::Ok);
    assert_eq!(bar.files_in("data"), data);
}

#[test]
fn a_length_that_is_asked_for_later_has_the_days_before() {
    let (bar, _feed) = collected(|at| if at < 4 { "" } else { "derive = [\"1wk\"]" });

    assert_eq!(bars(&bar, "1wk"), [OF_WEEK]);
}

#[test]
fn a_bar_of_several_days_stays_as_it_is_where_one_of_them_is_gone() {
    let (bar, _feed) = collected(|_| "derive = [\"1wk\"]");
    let october = "data/de/xetra/stocks_1d/ticker=DE0007164600/year=2026/month=10/data.parquet";
    bar.write(october, b"PAR1 and no more");

    // Of the two days of October it touches the last one.
    let again = ["update", "--replay", "--since", WEEK[4]];
    let ran = bar.run(&again).expect(Exit::Damaged);

    let told =
        "no bars of several days are made of DE0007164600: bars of a day that were stored are gone";
    assert!(ran.stderr.contains(told), "{ran:#?}");
    assert_eq!(bars(&bar, "1wk"), [OF_WEEK]);
    // Both days come back before bars of several days are made of them.
    bar.run(&["update", "--replay"]).expect(Exit::Ok);
    assert_eq!(bars(&bar, "1wk"), [OF_WEEK]);
}
