//! What is drawn and printed for people and for engines.

use barkeep::cli::{Exit, Terminals};

use super::{demo, names};
use crate::support::barkeep::Barkeep;

#[test]
fn a_chart_fits_the_window_and_is_coloured_on_a_terminal_only() {
    let mut bar = demo();
    let plain = bar
        .run(&["chart", "AAPL", "--height", "16"])
        .expect(Exit::Ok);
    bar.terminals = Terminals {
        stdout: true,
        columns: Some(60),
        ..Terminals::default()
    };
    let coloured = bar
        .run(&["chart", "AAPL", "--height", "16"])
        .expect(Exit::Ok);

    assert!(!plain.stdout.contains('\u{1b}') && coloured.stdout.contains('\u{1b}'));
    let title = plain.stdout.lines().next().unwrap();
    assert!(
        title.starts_with("AAPL 1d at us:demo, ") && title.contains("120 bars"),
        "{title}"
    );
    assert_eq!(plain.stdout.lines().count(), 1 + 16 + 1);
    let longest = plain
        .stdout
        .lines()
        .skip(1)
        .map(|line| line.chars().count())
        .max();
    assert!(longest <= Some(80), "{longest:?}");
}

#[test]
fn a_chart_is_drawn_into_a_file_that_was_not_there() {
    let bar = demo();

    bar.run(&["chart", "AAPL", "-o", "a.svg", "--start", "2025-10"])
        .expect(Exit::Ok);
    bar.run(&["chart", "AAPL", "-o", "a.svg"])
        .expect(Exit::Usage);
    bar.run(&["chart", "AAPL", "-o", "a.png"])
        .expect(Exit::Usage);
    bar.run(&["chart", "AAPL", "-o", "b.svg", "--start", "2031"])
        .expect(Exit::Failed);

    assert!(bar.text("a.svg").starts_with("<svg"));
    assert!(!names(&bar).contains(&"b.svg".to_owned()));
}

#[test]
fn a_chart_of_any_height_is_drawn_or_refused() {
    let bar = demo();
    for height in ["0", "1", "1000"] {
        bar.run(&["chart", "AAPL", "--height", height])
            .expect(Exit::Ok);
    }
    for height in ["1001", "18446744073709551615"] {
        bar.run(&["chart", "AAPL", "--height", height])
            .expect(Exit::Usage);
    }
}

/// Returns the data of a page.
fn data(page: &str) -> serde_json::Value {
    let (_, data) = page.split_once("id=\"data\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

#[test]
fn a_report_has_every_series_and_what_is_in_quarantine_as_data() {
    let bar = demo();
    let reason = r#"{"file": "</script><b>x", "reason": "<img src=x onerror=alert(1)>"}"#;
    bar.write("quarantine/20251121T220000Z-abcdef12/reason.json", reason);

    bar.run(&["report", "-o", "r.html"]).expect(Exit::Ok);

    let page = bar.text("r.html");
    assert!(!page.contains("<img") && !page.contains("<b>x"));
    let data = data(&page);
    let tickers: Vec<&str> = data["tickers"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|t| t.as_str())
        .collect();
    assert_eq!(tickers, ["AAPL", "KO", "MSFT"]);
    let groups = data["groups"].as_array().unwrap();
    let days = groups
        .iter()
        .position(|group| group["name"] == "1d")
        .unwrap();
    let series = data["series"].as_array().unwrap();
    let of_days: Vec<_> = series.iter().filter(|row| row[1] == days).collect();
    assert_eq!(of_days.len(), 3);
    let rows = bar.show("AAPL", "1d", &[]).closes().len();
    assert_eq!(of_days[0][5], rows);
    assert_eq!(data["quarantine"][0][1], "</script><b>x");
    assert_eq!(data["quarantineTotal"], 1);
    bar.run(&["report", "-o", "r.html"]).expect(Exit::Usage);
}

#[test]
fn months_that_are_gone_are_between_those_that_are_there() {
    let bar = demo();
    bar.remove("data/us/demo/stocks_1d/ticker=KO/year=2025/month=03");
    bar.run(&["check", "--rebuild"]);

    bar.run(&["report", "-o", "r.html"]).expect(Exit::Ok);

    let data = data(&bar.text("r.html"));
    let groups = data["groups"].as_array().unwrap();
    let days = groups
        .iter()
        .position(|group| group["name"] == "1d")
        .unwrap();
    let ko = data["series"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row[0] == 1 && row[1] == days);
    let months = ko.unwrap()[9].as_array().unwrap().clone();
    let march = (2025 - 1970) * 12 + 2;
    let ends = months[0].as_i64().unwrap() + months[1].as_i64().unwrap();
    assert_eq!(
        (months.len(), ends, months[2].as_i64()),
        (4, march, Some(march + 1))
    );
}

/// Settings by which every update keeps the mirror up to date.
const KEPT: &str = "[sources.\"us:demo\"]\nmirror = [\"1d\"]\n";

fn mirrored(bar: &Barkeep) {
    bar.run(&["mirror", "--venue", "us:demo", "-i", "1d"])
        .expect(Exit::Ok);
}

fn polars(bar: &Barkeep) -> String {
    let views = bar.run(&["views", "--engine", "polars"]);
    views.expect(Exit::Ok).stdout
}

#[test]
fn views_are_of_a_mirror_where_the_settings_have_it_and_of_that_of_this_workspace() {
    let bar = demo();
    bar.write(
        "barkeep.toml",
        format!("[workspace]\nmirror_path = \"elsewhere\"\n{KEPT}"),
    );
    mirrored(&bar);
    // What an earlier setting left where mirrors lie by themselves, and readers of today are not to take.
    bar.write("mirror/us/demo/stocks_1d/current/a.parquet", "");

    let views = polars(&bar);
    bar.write("state/mirror-id", "20200101T000000Z-00000001-1");
    let of_another = polars(&bar);
    let why = "The mirror of us:demo stocks_1d is passed over: ";

    let elsewhere = "\"[bar]/elsewhere/us/demo/stocks_1d/current/*.parquet\"";
    assert!(views.contains(elsewhere), "{views}");
    assert!(of_another.contains(why), "{of_another}");
    assert!(
        !of_another.contains("elsewhere/us/demo/stocks_1d/current"),
        "{of_another}"
    );
    assert!(
        of_another.contains("data/us/demo/stocks_1d"),
        "{of_another}"
    );
}

#[test]
fn views_are_of_the_trees_that_are_there_and_of_the_mirror_where_it_is() {
    let bar = demo();
    let tree = bar.run(&["views"]).expect(Exit::Ok).stdout;
    bar.write("barkeep.toml", KEPT);
    mirrored(&bar);
    let mirror = polars(&bar);

    let pattern = "'[bar]/data/us/demo/stocks_1d/**/data.parquet'";
    assert!(
        tree.contains("CREATE OR REPLACE VIEW us_demo_1d AS"),
        "{tree}"
    );
    assert!(tree.contains(pattern), "{tree}");
    assert!(!tree.contains("_adjusted AS"), "{tree}");
    assert!(
        mirror.contains("\"[bar]/mirror/us/demo/stocks_1d/current/*.parquet\""),
        "{mirror}"
    );
    bar.run(&["export", "--factors", "-o", "f.parquet"])
        .expect(Exit::Ok);
    let adjusted = bar
        .run(&["views", "--factors", "f.parquet"])
        .expect(Exit::Ok)
        .stdout;
    assert!(adjusted.contains("us_demo_1d_adjusted AS"), "{adjusted}");
}

/// A mirror was made once, updates went on, and views of it had neither the new bars nor those that were corrected.
#[test]
fn views_pass_over_a_mirror_that_no_settings_keep_up_to_date_and_say_so() {
    let bar = demo();
    mirrored(&bar);

    let ran = bar.run(&["views"]).expect(Exit::Ok);
    let status = bar.run(&["status"]).expect(Exit::Ok);

    let why = "The mirror of us:demo stocks_1d is passed over: no settings keep it up to date";
    for told in [&ran.stdout, &ran.stderr] {
        assert!(told.contains(why), "{told}");
    }
    assert!(
        ran.stdout.contains("data/us/demo/stocks_1d/**"),
        "{}",
        ran.stdout
    );
    assert!(
        status.stderr.contains("No settings keep it up to date"),
        "{}",
        status.stderr
    );
}

#[test]
fn views_pass_over_a_mirror_that_is_behind_until_it_has_caught_up() {
    let mut bar = demo();
    mirrored(&bar);
    "2025-11-24T22:00:00Z".clone_into(&mut bar.now);
    bar.run(&["update", "-q"]).expect(Exit::Ok);
    bar.write("barkeep.toml", KEPT);

    let behind = polars(&bar);
    mirrored(&bar);
    let caught_up = polars(&bar);

    let why =
        "# The mirror of us:demo stocks_1d is passed over: it is behind what is stored of 3 series";
    assert!(behind.contains(why), "{behind}");
    assert!(behind.contains("data/us/demo/stocks_1d/**"), "{behind}");
    assert!(!caught_up.contains("passed over"), "{caught_up}");
    assert!(
        caught_up.contains("mirror/us/demo/stocks_1d/current"),
        "{caught_up}"
    );
}

/// `us:a-b` and `us-a:b` are both `us_a_b`, and only the bars of the one that came last were in a view.
#[test]
fn views_of_two_venues_never_take_the_name_of_one_another() {
    let bar = Barkeep::empty();
    let source = |venue: &str| format!("[sources.\"{venue}\"]\nkind = \"demo\"\n");
    bar.write("barkeep.toml", source("us:a-b") + &source("us-a:b"));
    for venue in ["us:a-b", "us-a:b"] {
        let init = [
            "init",
            "--venue",
            venue,
            "-t",
            "KO",
            "-i",
            "1d",
            "--partitioned",
        ];
        bar.run(&init).expect(Exit::Ok);
    }
    bar.run(&["update", "-q"]).expect(Exit::Ok);
    let names = |args: &[&str]| {
        let script = bar.run(&[&["views"], args].concat()).expect(Exit::Ok);
        let lines = script.stdout.lines();
        let names = lines.filter_map(|line| line.strip_prefix("CREATE OR REPLACE VIEW "));
        let names: Vec<String> = names.map(str::to_owned).collect();
        (names, script.stderr)
    };

    let (all, told) = names(&[]);
    let (first, _) = names(&["--venue", "us-a:b"]);
    let (second, _) = names(&["--venue", "us:a-b"]);

    let distinct: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), 4, "{all:?}");
    assert_eq!(
        [second, first].concat(),
        all,
        "by itself each has the same names"
    );
    assert!(
        told.contains("another venue would have the same ones"),
        "{told}"
    );
}
