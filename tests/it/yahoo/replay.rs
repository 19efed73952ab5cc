//! One request recorded on successive days, replayed in the order of time.

use std::collections::BTreeMap;

use barkeep::cli::Exit;

use crate::support::charts::{self, Recorded, YahooBar};
use crate::support::recorded::recorded_data;

/// Returns the members of a sequence in the order of time.
fn sequence(bodies: &[Recorded], name: &str) -> Vec<Recorded> {
    let mut members: Vec<Recorded> = bodies
        .iter()
        .filter(|body| body.file.contains(name))
        .cloned()
        .collect();
    members.sort_by_key(|body| body.file.clone());
    members
}

/// The rows of a CSV by their dates; a date that is there twice fails.
fn by_date(csv: &str) -> BTreeMap<String, String> {
    let mut rows = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let (_, row) = line.split_once(',').unwrap();
        let (date, rest) = row.split_once(',').unwrap();
        let twin = rows.insert(date.to_owned(), rest.to_owned());
        assert_eq!(twin, None, "{date} is there twice");
    }
    rows
}

fn ledger(yahoo: &YahooBar, ticker: &str) -> Vec<serde_json::Value> {
    let args = ["revisions", ticker, "-i", "1d", "--json"];
    let said = yahoo.bar.run(&args).expect(Exit::Ok).stdout;
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_replayed_sequence_ends_in_the_rows_of_its_last_member_plus_the_older_history() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let bodies = charts::all(&folder);

    for name in ["seq_aapl_1d_6mo", "seq_gs2c_de_1d_5d"] {
        let members = sequence(&bodies, name);
        let ticker = members[0].symbol.clone();
        let mut yahoo = YahooBar::of(&ticker, "1d", "");
        let mut expected: BTreeMap<String, String> = BTreeMap::new();
        let mut changes = 0;
        for member in &members {
            yahoo.serve(member);
            yahoo.bar.run(&["update"]).expect(Exit::Ok);
            let mut alone = YahooBar::of(&ticker, "1d", "");
            alone.serve(member);
            alone.bar.run(&["update"]).expect(Exit::Ok);
            for (date, row) in by_date(&alone.csv(&ticker, "1d")) {
                let old = expected.insert(date, row.clone());
                changes += usize::from(old.is_some_and(|old| old != row));
            }
        }

        assert_eq!(by_date(&yahoo.csv(&ticker, "1d")), expected, "{name}");
        let ledger = ledger(&yahoo, &ticker);
        let rows: std::collections::BTreeSet<(String, String)> = ledger
            .iter()
            .map(|line| (line["at"].to_string(), line["date"].to_string()))
            .collect();
        assert_eq!(rows.len(), changes, "{name}: every change is in the ledger");
        let registry: serde_json::Value = yahoo.bar.json("tickers.json");
        let entry = &registry[&ticker]["intervals"]["1d"];
        let last = expected.keys().next_back().unwrap();
        let provisional = entry["provisional"].as_array().cloned().unwrap_or_default();
        assert!(
            provisional
                .iter()
                .all(|stamp| stamp.as_str().unwrap().starts_with(last)),
            "{name}: {provisional:?} of {last}"
        );
    }
}
