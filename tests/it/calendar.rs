//! `barkeep calendar`, calendars of the settings, and what they mean for gaps.

use barkeep::cli::Exit;
use serde_json::Value;

use crate::support::barkeep::Barkeep;

fn sessions(bar: &Barkeep, args: &[&str]) -> Value {
    let args = [&["calendar"], args, &["--json"]].concat();
    let ran = bar.run(&args).expect(Exit::Ok);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn sessions_are_printed_with_opening_and_close_in_utc() {
    let bar = Barkeep::empty();

    let found = sessions(
        &bar,
        &["XLON", "--start", "2024-12-23", "--end", "2024-12-27"],
    );

    let expected = serde_json::json!([
        {"day": "2024-12-23", "open": "2024-12-23T08:00:00Z", "close": "2024-12-23T16:30:00Z",
         "break_start": null, "break_end": null, "has_unusual_hours": false},
        {"day": "2024-12-24", "open": "2024-12-24T08:00:00Z", "close": "2024-12-24T12:30:00Z",
         "break_start": null, "break_end": null, "has_unusual_hours": true},
        {"day": "2024-12-27", "open": "2024-12-27T08:00:00Z", "close": "2024-12-27T16:30:00Z",
         "break_start": null, "break_end": null, "has_unusual_hours": false},
    ]);
    assert_eq!(found["sessions"], expected);
    assert_eq!(found["unknown_days"], 0);
}

#[test]
fn a_table_says_lunch_and_unusual_hours() {
    let bar = Barkeep::empty();

    let ran = bar
        .run(&[
            "calendar",
            "xtks",
            "--start",
            "2024-11-05",
            "--end",
            "2024-11-05",
        ])
        .expect(Exit::Ok);

    let line = ran.stdout.lines().nth(1).unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>().join(" "),
        "2024-11-05 Tue 2024-11-05T00:00:00Z 2024-11-05T06:30:00Z 2024-11-05T02:30:00Z to 2024-11-05T03:30:00Z"
    );
}

#[test]
fn days_of_which_nothing_is_known_are_said_and_no_sessions() {
    let bar = Barkeep::empty();
    let args = [
        "calendar",
        "XSHG",
        "--start",
        "2300-01-01",
        "--end",
        "2300-01-31",
    ];

    let beyond = bar.run(&args);
    let ran = bar
        .run(&[
            "calendar",
            "XSHG",
            "--start",
            "2200-01-01",
            "--end",
            "2200-01-31",
        ])
        .expect(Exit::Ok);

    beyond.expect(Exit::Usage);
    assert!(
        ran.stderr.contains("knows nothing of 31 of these days"),
        "{ran:?}"
    );
    assert_eq!(ran.stdout.lines().count(), 1, "the header alone: {ran:?}");
}

#[test]
fn without_a_name_the_calendars_are_listed() {
    let found = sessions(&Barkeep::empty(), &[]);

    let calendars = found["calendars"].as_array().unwrap();
    assert_eq!(calendars.len(), 22);
    assert_eq!(calendars[0]["calendar"], "BVMF");
    assert_eq!(calendars[0]["timezone"], "America/Sao_Paulo");
    assert_eq!(calendars[0]["origin"], "built in");
}

#[test]
fn an_unknown_name_is_refused_with_the_way_to_the_names() {
    let ran = Barkeep::empty()
        .run(&["calendar", "NOPE"])
        .expect(Exit::Usage);

    assert!(ran.stderr.contains("barkeep calendar"), "{ran:?}");
}

const STOCKHOLM: &str = "[calendars.XSTO]\npath = \"XSTO.csv\"\ntimezone = \"Europe/Stockholm\"\nexchanges = [\"STO\"]\n";

#[test]
fn a_calendar_of_the_settings_is_one_among_the_others() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.write("barkeep.toml", STOCKHOLM.as_bytes());
    bar.write(
        "XSTO.csv",
        b"session,open,close\n2024-06-20,09:00,17:30\n2024-06-24,09:00,17:30\n",
    );

    let found = sessions(
        &bar,
        &["XSTO", "--start", "2024-06-20", "--end", "2024-06-24"],
    );

    let days: Vec<&str> = found["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["open"].as_str().unwrap())
        .collect();
    assert_eq!(days, ["2024-06-20T07:00:00Z", "2024-06-24T07:00:00Z"]);
}

#[test]
fn a_calendar_that_cannot_be_used_is_named_and_holds_nothing_up() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.write("barkeep.toml", STOCKHOLM.as_bytes());

    let absent = bar.run(&["update"]).expect(Exit::Ok);
    bar.write("XSTO.csv", b"session,open\n2024-06-20,nine\n");
    let odd = bar.run(&["update"]).expect(Exit::Ok);

    assert!(
        absent.stderr.contains("XSTO.csv: there is no such file"),
        "{absent:?}"
    );
    assert!(
        odd.stderr.contains("line 2: `nine` is no time of day"),
        "{odd:?}"
    );
}

#[test]
fn a_name_that_no_mark_could_hold_is_an_error_of_the_settings() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.write(
        "barkeep.toml",
        b"[calendars.\"x sto\"]\npath = \"a.csv\"\ntimezone = \"Europe/Stockholm\"\n",
    );

    let ran = bar.run(&["update"]);

    assert!(ran.stderr.contains("capital letters and digits"), "{ran:?}");
    assert!(
        ran.stderr.contains("barkeep.toml cannot be used at line 1"),
        "{ran:?}"
    );
}
