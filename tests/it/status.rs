//! `status` and the metrics file.

use std::collections::BTreeSet;

use barkeep::cli::Exit;
use barkeep::model::RunId;
use barkeep::storage::{RowsToStage, StagedRun};
use chrono::DateTime;
use serde_json::{Value, json};

use crate::support::barkeep::Barkeep;
use crate::support::charts::{YahooBar, chart};
use crate::support::feed::{FeedServer, line};
use crate::support::series::Shape::PartitionedBars;
use crate::support::series::{provenance, rows};
use crate::support::server::Reply;
use crate::support::workspace::held;

/// A workspace with a bar of a minute, asked for in November.
fn with_a_minute(settings: &str) -> YahooBar {
    let mut yahoo = YahooBar::of("AAPL", "1m", settings);
    let body = chart("AAPL", &[1.0], "NMS", &Value::Null).replace("\"1d\"", "\"1m\"");
    yahoo
        .server
        .on("/v8/finance/chart/AAPL", [Reply::json(body)]);
    "2025-11-21T01:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    yahoo
}

#[test]
fn the_status_says_what_is_open_and_what_will_be_lost() {
    let mut yahoo = with_a_minute("windows = { \"1m\" = { depth_days = 30 } }");

    let current = yahoo.bar.run(&["status", "--json"]).expect(Exit::Ok);
    "2025-12-15T15:00:00Z".clone_into(&mut yahoo.bar.now);
    let late = yahoo.bar.run(&["status", "--json"]).expect(Exit::Ok);
    let table = yahoo.bar.run(&["status"]).expect(Exit::Ok);

    let of =
        |ran: &crate::support::barkeep::Ran, key: &str| ran.summary()["series"][0][key].clone();
    assert_eq!(of(&current, "backlog_requests"), 0);
    assert_eq!(of(&current, "newest"), "2025-11-20");
    assert_eq!(of(&late, "backlog_requests"), 4, "pages of eight days");
    assert_eq!(
        of(&late, "next_loss"),
        "2025-12-21",
        "30 days after the first session that is not there"
    );
    assert_eq!(of(&late, "losing_in_a_week"), 1);
    assert_eq!(late.summary()["lock"], json!("none"));
    assert!(table.stderr.contains("1 ticker loses"), "{}", table.stderr);
}

/// Twenty tickers are eighty requests of eight days each, at one in ten hours.
#[test]
fn a_first_load_that_takes_longer_than_the_source_keeps_its_bars_is_told() {
    let tickers: Vec<String> = (0..20).map(|number| format!("T{number}")).collect();
    let budget = |seconds: u32| {
        format!("[sources.\"us:yahoo\"]\nmax_requests = 1\nper_seconds = {seconds}\n")
    };
    let bar = Barkeep::empty();
    let mut init = vec!["init", "-i", "1m", "--partitioned"];
    for ticker in &tickers {
        init.extend(["--ticker", ticker]);
    }
    bar.write("barkeep.toml", budget(36_000));
    bar.run(&init).expect(Exit::Ok);

    let slow = bar.run(&["status"]).expect(Exit::WillExpire);
    let document = bar.run(&["status", "--json"]).expect(Exit::WillExpire);
    bar.write("barkeep.toml", budget(3_600));
    bar.run(&["status"]).expect(Exit::Ok);

    assert!(slow.stderr.contains("us:yahoo 1m will expire"), "{slow:?}");
    assert_eq!(document.summary()["series"][0]["will_lose"], true);
}

#[test]
fn a_run_leaves_its_outcome_for_prometheus_and_counts_on() {
    let bar = Barkeep::partitioned(&["AAPL"]);

    bar.run(&["update", "--metrics-file", "barkeep.prom"])
        .expect(Exit::Ok);
    let first = bar.text("barkeep.prom");
    bar.run(&["update", "--metrics-file", "barkeep.prom"])
        .expect(Exit::Ok);
    let second = bar.text("barkeep.prom");

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

/// An alert over a metric that nobody writes is silent for ever.
#[test]
fn every_metric_of_the_alerts_is_one_that_a_run_writes() {
    let alerts = include_str!("../../config/alerts.yml");
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.write(
        "barkeep.toml",
        "[sources.\"de:two\"]\nkind = \"files\"\npath = \"in\"\n",
    );
    bar.run(&["init", "--venue", "de:two", "--ticker", "B"])
        .expect(Exit::Ok);
    let feed = FeedServer::start();
    let minute = line("DE0007164600", "1", "2025-11-21T08:00:01", (180.0, 1.0));
    feed.publish("2025-11-21T08_00", &[minute]);
    bar.write(
        "barkeep.toml",
        feed.settings("[sources.\"us:demo\"]\nmirror = [\"1d\"]"),
    );

    bar.run(&["update", "--metrics-file", "barkeep.prom"]);

    let text = bar.text("barkeep.prom");
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = alerts.split(|c| !is_word(c));
    let named: BTreeSet<&str> = words.filter(|word| word.starts_with("barkeep_")).collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        let kind = format!("# TYPE {name} ");
        assert!(text.contains(&kind), "{name} is not in {text}");
    }
}

#[test]
fn a_damaged_counter_begins_again_and_says_so() {
    let bar = Barkeep::partitioned(&["AAPL"]);
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

/// Another run held the lock, nothing was fetched for days, and the file went on saying 0.
#[test]
fn a_run_that_could_not_begin_leaves_its_exit_code_too() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    let update = ["update", "--metrics-file", "barkeep.prom"];
    bar.run(&update).expect(Exit::Ok);
    bar.write("tickers.json", "{");

    bar.run(&update).expect(Exit::Damaged);

    let text = bar.text("barkeep.prom");
    assert!(text.contains("\nbarkeep_exit_code 12\n"), "{text}");
    let total = text
        .lines()
        .find(|line| line.starts_with("barkeep_bars_written_total"));
    assert!(
        !total.unwrap().ends_with(" 0"),
        "what was counted stays: {text}"
    );
}

#[test]
fn a_series_that_never_had_rows_has_every_metric() {
    let bar = Barkeep::partitioned(&["NOSUCH"]);

    bar.run(&["update", "--metrics-file", "barkeep.prom"]);

    let text = bar.text("barkeep.prom");
    for (name, value) in [("last_success", "0"), ("next_loss", "+Inf")] {
        let line = format!(
            "barkeep_{name}_timestamp_seconds{{market=\"us\",source=\"demo\",interval=\"1d\"}} {value}\n"
        );
        assert!(text.contains(&line), "{line} in {text}");
    }
}

/// A symbol that is not traded any more was asked for every day, and the status warned of it for ever.
#[test]
fn what_was_asked_for_in_vain_is_not_about_to_be_lost() {
    let mut yahoo = with_a_minute("");
    let nothing = chart("AAPL", &[], "NMS", &Value::Null);
    yahoo
        .server
        .on("/v8/finance/chart/AAPL", [Reply::json(nothing)]);
    "2025-12-30T22:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let ran = yahoo.bar.run(&["status", "--json"]).expect(Exit::Ok);

    let series = &ran.summary()["series"][0];
    assert_eq!(
        (&series["will_lose"], &series["losing_in_a_week"]),
        (&json!(false), &json!(0))
    );
}

#[test]
fn bars_that_a_stopped_run_left_are_counted_when_they_arrive() {
    let bar = Barkeep::partitioned(&["A"]);
    let total = || {
        bar.run(&["update", "--metrics-file", "barkeep.prom"])
            .expect(Exit::Ok);
        let text = bar.text("barkeep.prom");
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with("barkeep_bars_written_total"));
        let value = line.unwrap().rsplit(' ').next().unwrap();
        value.parse::<u64>().unwrap()
    };
    let before = total();
    let request = PartitionedBars.request();
    let two = rows(&request, &["2019-01-02", "2019-01-03"], 7.0);
    let staged = RowsToStage::encode(request, &two, &provenance()).unwrap();
    let held = held();
    let id = RunId::new(DateTime::UNIX_EPOCH, 7, 1);
    let mut left = StagedRun::begin(bar.fs(), &held, &bar.places, id).unwrap();
    left.stage(&staged.unwrap()).unwrap();

    assert_eq!(total(), before + 2);
}

/// Metrics are written over metrics, and over nothing else.
#[test]
fn a_file_that_has_no_metrics_is_not_overwritten_by_them() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.run(&["update"]).expect(Exit::Ok);
    let before = bar.tree();
    let month = before.keys().find(|path| path.ends_with("data.parquet"));
    let month = month.unwrap().to_string_lossy().into_owned();

    for name in [month.as_str(), "intervals.json"] {
        let kept = bar.read(name);
        let ran = bar
            .run(&["update", "--metrics-file", name])
            .expect(Exit::Failed);
        assert!(ran.stderr.contains("is no file of metrics"), "{ran:?}");
        assert_eq!(bar.read(name), kept, "{ran:?}");
    }
    for _ in 0..2 {
        bar.run(&["update", "--metrics-file", "m.prom"])
            .expect(Exit::Ok);
    }
}
