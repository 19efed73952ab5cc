//! Files that a feed really published, through a whole run: its minute of 719 trades of 2025, and lines of 2026.

use barkeep::cli::Exit;

use super::UPDATE;
use crate::support::feed::{FeedServer, packed};
use crate::support::recorded::{recorded, recorded_data};

#[test]
fn a_recorded_minute_becomes_trades_and_bars_whose_volume_is_that_of_its_lines() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let minute = recorded(&folder, "xetra/DETR-posttrade-2025-10-31T13_54.json.gz");
    let feed = FeedServer::start();
    feed.publish_bytes("2025-10-31T13_54", &minute);
    let bar = feed.workspace("freshness = \"minutes\"", "2025-10-31T15:00:00Z");

    let ran = bar.run(&UPDATE).expect(Exit::Ok);

    assert!(ran.stderr.contains("719 trades (719 new"), "{ran:#?}");
    let minutes = bar.files_in("data/de/xetra/stocks_1m");
    assert!(minutes.len() > 100, "{}", minutes.len());
    let data = bar.files_in("data");
    for _ in 0..2 {
        bar.run(&UPDATE).expect(Exit::Ok);
        assert_eq!(bar.files_in("data"), data);
    }
    bar.run(&["update", "--replay"]).expect(Exit::Ok);
    assert_eq!(bar.files_in("data"), data);
}

#[test]
fn recorded_lines_of_2026_become_trades_and_bars() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let lines = recorded(
        &folder,
        "xetra/DETR-posttrade-daily-2026-09-18.sample3.ndjson",
    );
    let feed = FeedServer::start();
    let text = String::from_utf8(lines).unwrap();
    feed.publish_bytes("daily-2026-09-18", &packed(&text));
    let bar = feed.workspace("", "2026-09-19T06:00:00Z");

    let ran = bar.run(&UPDATE).expect(Exit::Ok);

    assert!(ran.stderr.contains("3 trades (3 new"), "{ran:#?}");
    assert!(!bar.files_in("data/de/xetra/trades").is_empty());
}
