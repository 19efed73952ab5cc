//! One trade that its feed publishes with two values: the file of the day counts as later than those of its minutes, in however many
//! runs they are read, and what was settled is no failure of each further replay.

use barkeep::cli::Exit;

use super::{FRIDAY, SAP, UPDATE, volume_of};
use crate::support::barkeep::Barkeep;
use crate::support::feed::{FeedServer, line};

const AT_ONCE: &str = "freshness = \"minutes\"";
const UNDER_WAY: &str = "2026-09-17T08:30:00Z";
const MINUTE: &str = "2026-09-17T08_00";
const DAILY: &str = "daily-2026-09-17";
const REPLAY: [&str; 4] = ["update", "--replay", "--venue", "de:xetra"];

fn trade(quantity: f64) -> Vec<String> {
    vec![line(SAP, "A", "2026-09-17T08:00:01", (10.0, quantity))]
}

fn is_six(bar: &Barkeep) -> bool {
    ["1m", "1d"]
        .into_iter()
        .all(|interval| volume_of(bar, SAP, interval).to_bits() == 6f64.to_bits())
}

fn assert_replays_change_nothing(bar: &Barkeep) {
    let (data, state) = (bar.files_in("data"), bar.files_in("state/revisions"));
    let kept = bar.files_in("quarantine");
    for _ in 0..2 {
        let ran = bar.run(&REPLAY).expect(Exit::Ok);
        assert!(!ran.stderr.contains("warning"), "{ran:#?}");
        assert_eq!(bar.files_in("data"), data);
        assert_eq!(bar.files_in("state/revisions"), state);
        assert_eq!(bar.files_in("quarantine"), kept);
    }
}

#[test]
fn the_file_of_a_day_corrects_a_minute_of_an_earlier_run_and_replays_are_clean() {
    let feed = FeedServer::start();
    feed.publish(MINUTE, &trade(5.0));
    let mut bar = feed.workspace(AT_ONCE, UNDER_WAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    feed.publish(DAILY, &trade(6.0));
    FRIDAY.clone_into(&mut bar.now);

    bar.run(&UPDATE).expect(Exit::Ok);

    assert!(is_six(&bar));
    let older = bar.run(&["revisions", "--trades", "DETR", "--json"]);
    assert!(older.stdout.contains("\"old\":5"), "{older:#?}");
    assert_replays_change_nothing(&bar);
}

/// The file of the day comes first, and its minute only to judge it.
#[test]
fn an_older_value_that_is_read_later_in_a_run_takes_no_ones_place_and_is_kept() {
    let feed = FeedServer::start();
    feed.publish(MINUTE, &trade(5.0));
    feed.publish(DAILY, &trade(6.0));
    let bar = feed.workspace(AT_ONCE, FRIDAY);

    let ran = bar.run(&UPDATE).expect(Exit::Ok);

    assert_eq!(feed.downloads(), [DAILY, MINUTE]);
    assert!(is_six(&bar));
    let told = "1 of the rows were published again with other values, which are stored";
    assert!(ran.stderr.contains(told), "{ran:#?}");
    assert_replays_change_nothing(&bar);
    bar.run(&UPDATE).expect(Exit::Ok);
    // What is made of nothing is the same, and tells it once more.
    let data = bar.files_in("data");
    bar.remove("data");
    bar.run(&REPLAY).expect(Exit::Ok);
    assert_eq!(bar.files_in("data"), data);
}

/// The minute that is to judge the file of the day is had by a later run only.
#[test]
fn an_older_value_that_a_later_run_reads_takes_no_ones_place() {
    let feed = FeedServer::start();
    feed.publish(MINUTE, &trade(5.0));
    feed.publish(DAILY, &trade(6.0));
    let first = thursday_without_minute(&feed);

    first.run(&UPDATE).expect(Exit::Ok);

    assert!(feed.downloads().contains(&MINUTE.to_owned()));
    assert!(is_six(&first));
    assert_replays_change_nothing(&first);
}

/// A workspace that has the file of the day only, since the server failed to give the minute.
fn thursday_without_minute(feed: &FeedServer) -> Barkeep {
    let bar = feed.workspace(AT_ONCE, FRIDAY);
    feed.fail(MINUTE);
    bar.run(&UPDATE).expect(Exit::Partial);
    assert!(is_six(&bar));
    feed.heal(MINUTE);
    bar
}

/// Three values in one file, of which the last one counts.
#[test]
fn of_values_in_one_file_the_last_one_is_stored_and_the_others_are_kept() {
    let feed = FeedServer::start();
    let all = [4.0, 5.0, 6.0].map(trade).concat();
    feed.publish(MINUTE, &all);
    let bar = feed.workspace(AT_ONCE, UNDER_WAY);

    let ran = bar.run(&UPDATE).expect(Exit::Ok);

    assert!(is_six(&bar));
    assert!(
        ran.stderr.contains("published again with other values"),
        "{ran:#?}"
    );
    assert!(!bar.files_in("quarantine").is_empty());
    assert_replays_change_nothing(&bar);
}
