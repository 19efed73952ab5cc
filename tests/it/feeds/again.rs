//! A minute that is published again with other values.

use barkeep::cli::Exit;

use super::{FRIDAY, SAP, UPDATE, lines, volume_of};
use crate::support::feed::FeedServer;

const MINUTE: &str = "2026-09-17T08_00";
/// Another instrument, which nothing else is traded of.
const OTHER: &str = "DE0007100000";

/// What is said of a trade, and what it says when it is published again.
const CHANGES: [(&str, &str); 3] = [
    ("\"DE0007164600\"", "\"DE0007100000\""),
    ("\"priceCurrency\":\"EUR\"", "\"priceCurrency\":\"USD\""),
    ("\"mmtTradingMode\":\"2\"", "\"mmtTradingMode\":\"5\""),
];

/// A trade counts once, whatever it was before: a bar of what it was, which no trade names any more, is emptied.
#[test]
fn a_trade_that_is_published_with_other_values_leaves_no_volume_where_it_was() {
    for (from, to) in CHANGES {
        let feed = FeedServer::start();
        let first = lines(MINUTE);
        feed.publish(MINUTE, &first);
        let mut bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T08:30:00Z");
        bar.run(&UPDATE).expect(Exit::Ok);
        let before = volume_of(&bar, SAP, "1m");
        let moved: Vec<String> = first.iter().map(|line| line.replace(from, to)).collect();
        assert_ne!(moved, first, "{from}");
        assert!(before > 0.0);
        feed.publish("daily-2026-09-17", &moved);
        FRIDAY.clone_into(&mut bar.now);

        bar.run(&UPDATE).expect(Exit::Ok);

        for interval in ["1m", "1d"] {
            assert_eq!(
                volume_of(&bar, SAP, interval).to_bits(),
                0f64.to_bits(),
                "{to} {interval}"
            );
        }
        if to.contains(OTHER) {
            assert_eq!(volume_of(&bar, OTHER, "1m").to_bits(), before.to_bits());
        }
        let data = bar.files_in("data");
        // Both are in the vault and contradict each other, which was settled.
        bar.run(&["update", "--replay", "--venue", "de:xetra"])
            .expect(Exit::Ok);
        assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 0f64.to_bits());
        assert_eq!(
            bar.files_in("data"),
            data,
            "the same lines make the same bytes"
        );
    }
}
