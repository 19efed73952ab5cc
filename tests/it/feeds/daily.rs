//! Files of days that are not what their names say: each stood for all minutes of its day, and these were never fetched.

use barkeep::cli::Exit;
use rstest::rstest;

use super::{FRIDAY, SAP, SIEMENS, UPDATE, lines};
use crate::support::barkeep::Barkeep;
use crate::support::feed::{FeedServer, line};

const DAILY: &str = "daily-2026-09-17";
/// A whole day is asked for at once.
const NO_LIMIT: &str = "max_requests = 0";

/// The minutes of Thursday that have trades: one in four of the session.
fn traded() -> impl Iterator<Item = String> {
    (0..128).map(|at| minute(7 * 60 + at * 4))
}

fn minute(at: usize) -> String {
    format!("2026-09-17T{:02}_{:02}", at / 60, at % 60)
}

/// A feed with every minute of Thursday, most of them empty, and this file of the day.
fn thursday(daily: &[String]) -> FeedServer {
    let feed = FeedServer::start();
    (0..=22 * 60).for_each(|at| feed.publish(&minute(at), &[]));
    traded().for_each(|minute| feed.publish(&minute, &lines(&minute)));
    feed.publish(DAILY, daily);
    feed
}

fn all_lines() -> Vec<String> {
    traded().flat_map(|minute| lines(&minute)).collect()
}

fn volume_of_thursday(bar: &Barkeep, ticker: &str) -> String {
    let options = ["--venue", "de:xetra", "--start", "2026-09-17"];
    let volumes = bar.show(ticker, "1m", &options).column(6);
    let volumes = volumes.iter().map(|volume| volume.parse::<f64>().unwrap());
    volumes.sum::<f64>().to_string()
}

fn assert_whole(bar: &Barkeep) {
    for (ticker, volume) in [(SIEMENS, 1280.0), (SAP, 448.0)] {
        assert_eq!(
            volume_of_thursday(bar, ticker),
            volume.to_string(),
            "{ticker}"
        );
    }
}

/// The lines of another day under the name of this one.
fn of_wednesday() -> Vec<String> {
    let lines = all_lines().into_iter();
    lines
        .map(|line| line.replace("2026-09-17", "2026-09-16"))
        .collect()
}

#[rstest]
#[case::empty(Vec::new())]
#[case::of_another_day(of_wednesday())]
#[case::the_first_minute_only(all_lines().drain(..2).collect())]
#[case::cut_behind_the_first_half(all_lines().drain(..128).collect())]
#[case::without_its_first_half(all_lines().drain(128..).collect())]
#[case::every_other_line(all_lines().into_iter().step_by(2).collect())]
#[case::a_file_that_no_minute_has(vec![line(SAP, "x", "2026-09-17T12:01:00", (180.25, 1.0))])]
fn a_file_of_a_day_that_lacks_its_trades_has_the_minutes_fetched_and_is_told(
    #[case] daily: Vec<String>,
) {
    let is_extra = daily.len() == 1;
    let feed = thursday(&daily);
    let bar = feed.workspace(NO_LIMIT, FRIDAY);

    let ran = bar.run(&UPDATE).expect(Exit::Ok);

    let told = "the file of 2026-09-17 lacks trades of that day and stands for no minute of it";
    assert!(ran.stderr.contains(told), "{ran:#?}");
    if !is_extra {
        assert_whole(&bar);
    }
    assert_eq!(volume_of_thursday(&bar, SIEMENS), "1280");
    let again = bar.run(&UPDATE).expect(Exit::Ok);
    assert!(!again.stderr.contains(told), "{again:#?}");
}

#[test]
fn a_whole_file_of_a_day_costs_ten_requests_however_few_minutes_have_trades() {
    let feed = thursday(&all_lines());
    let bar = feed.workspace(NO_LIMIT, FRIDAY);

    bar.run(&UPDATE).expect(Exit::Ok);

    assert_whole(&bar);
    assert!(feed.downloads().len() <= 9, "{:?}", feed.downloads());
}

/// Runs of every hour have time to wait for a better one.
#[test]
fn an_empty_file_of_a_day_is_asked_for_again_and_the_right_one_spares_the_minutes() {
    let feed = thursday(&[]);
    let mut bar = feed.workspace(NO_LIMIT, FRIDAY);
    for hour in 0..12 {
        bar.now = format!("2026-09-17T{:02}:00:00Z", 12 + hour);
        feed.forget(DAILY);
        bar.run(&UPDATE).expect(Exit::Ok);
    }
    let before = feed.downloads().len();
    feed.publish(DAILY, &[]);
    "2026-09-18T00:00:00Z".clone_into(&mut bar.now);
    let empty = bar.run(&UPDATE).expect(Exit::Ok);
    assert!(empty.stderr.contains("stands for no minute"), "{empty:#?}");
    feed.publish(DAILY, &all_lines());
    "2026-09-18T01:00:00Z".clone_into(&mut bar.now);

    bar.run(&UPDATE).expect(Exit::Ok);

    assert_whole(&bar);
    let asked = feed.downloads().len() - before;
    assert!(asked <= 10, "{asked}");
}

/// The server fails to give a witness, so nobody knows whether the file of the day is whole.
#[test]
fn minutes_are_fetched_before_they_are_forgotten_where_a_witness_cannot_be_had() {
    let daily: Vec<String> = all_lines().drain(..254).collect();
    let feed = thursday(&daily);
    let first = traded().next().unwrap();
    feed.fail(&first);
    let bar = feed.workspace(NO_LIMIT, FRIDAY);

    bar.run(&UPDATE).expect(Exit::Partial);

    let last = traded().last().unwrap();
    assert!(
        feed.downloads().contains(&last),
        "its trades are nowhere else"
    );
    assert_eq!(volume_of_thursday(&bar, SIEMENS), "1280");
}

/// The file of a day that is under way has the minutes that were there when it was made, and all of these agree with it.
#[rstest]
#[case(NO_LIMIT)]
#[case("max_requests = 0\nfreshness = \"minutes\"")]
fn a_file_of_a_day_that_is_not_over_stands_for_none_of_its_minutes(#[case] settings: &str) {
    let feed = FeedServer::start();
    let until_noon = traded().take_while(|minute| *minute < minute_at_noon());
    let morning: Vec<String> = until_noon.flat_map(|minute| lines(&minute)).collect();
    (0..12 * 60).for_each(|at| feed.publish(&minute(at), &[]));
    let until_noon = traded().take_while(|minute| *minute < minute_at_noon());
    until_noon.for_each(|minute| feed.publish(&minute, &lines(&minute)));
    feed.publish(DAILY, &morning);
    let mut bar = feed.workspace(settings, "2026-09-17T12:20:00Z");
    bar.run(&UPDATE).expect(Exit::Ok);
    (12 * 60..=22 * 60).for_each(|at| feed.publish(&minute(at), &[]));
    traded().for_each(|minute| feed.publish(&minute, &lines(&minute)));
    feed.publish(DAILY, &all_lines());

    FRIDAY.clone_into(&mut bar.now);
    bar.run(&UPDATE).expect(Exit::Ok);

    assert_whole(&bar);
}

fn minute_at_noon() -> String {
    minute(12 * 60)
}
