//! `status` and the metrics file.

use barkeep::cli::Exit;
use serde_json::{Value, json};

use crate::support::bar::Bar;
use crate::support::charts::{YahooBar, chart};
use crate::support::server::Reply;

#[test]
fn the_status_says_what_is_open_and_what_will_be_lost() {
    let mut yahoo = YahooBar::of("AAPL", "1m", "windows = { \"1m\" = { depth_days = 30 } }");
    let body = chart("AAPL", &[1.0], "NMS", &Value::Null).replace("\"1d\"", "\"1m\"");
    yahoo
        .server
        .on("/v8/finance/chart/AAPL", [Reply::json(body)]);
    "2025-11-21T01:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let current = yahoo.bar.run(&["status", "--json"]).expect(Exit::Ok);
    "2025-12-15T15:00:00Z".clone_into(&mut yahoo.bar.now);
    let late = yahoo.bar.run(&["status", "--json"]).expect(Exit::Ok);
    let table = yahoo.bar.run(&["status"]).expect(Exit::Ok);

    let of = |ran: &crate::support::bar::Ran, key: &str| ran.summary()["series"][0][key].clone();
    assert_eq!(of(&current, "backlog_requests"), 0);
    assert_eq!(of(&current, "newest"), "2025-11-20");
    assert_eq!(of(&late, "backlog_requests"), 4, "pages of eight days");
    assert_eq!(of(&late, "next_loss"), "2025-12-20");
    assert_eq!(of(&late, "losing_in_a_week"), 1);
    assert_eq!(late.summary()["lock"], json!("none"));
    assert!(table.stderr.contains("1 ticker loses"), "{}", table.stderr);
}

#[test]
fn a_run_leaves_its_outcome_for_prometheus_and_counts_on() {
    let bar = Bar::partitioned(&["AAPL"]);

    bar.run(&["update", "--metrics-file", "barkeep.prom"])
        .expect(Exit::Ok);
    let first = String::from_utf8(bar.read("barkeep.prom")).unwrap();
    bar.run(&["update", "--metrics-file", "barkeep.prom"])
        .expect(Exit::Ok);
    let second = String::from_utf8(bar.read("barkeep.prom")).unwrap();

    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.unwrap().rsplit(' ').next().unwrap().to_owned()
    };
    let total = "barkeep_bars_written_total";
    assert_ne!(value(&first, total), "0");
    assert_eq!(
        value(&first, total),
        value(&second, total),
        "nothing was new"
    );
    let active = r#"barkeep_tickers{market="us",source="demo",interval="1d",state="active"}"#;
    assert_eq!(value(&second, active), "1");
    assert_eq!(value(&second, "barkeep_exit_code"), "0");
    assert!(second.ends_with('\n'));
}

#[test]
fn a_damaged_counter_begins_again_and_says_so() {
    let bar = Bar::partitioned(&["AAPL"]);
    bar.write("state/metrics.json", "{");

    let ran = bar
        .run(&["update", "--metrics-file", "barkeep.prom"])
        .expect(Exit::Ok);

    assert!(
        ran.stderr.contains("its counters begin again"),
        "{}",
        ran.stderr
    );
}
