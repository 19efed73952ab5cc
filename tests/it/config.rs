//! Configuration on a real disk: settings, toggles, documents.

mod toggles;

use std::path::Path;

use crate::support::workspace::{TestWorkspace, temps};
use barkeep::config::{
    BarsOf, Compression, ConfigError, ConfigService, EnvVars, FileClock, Freshness, Origin,
    Overrides, Settings, SourceKind, StorageConfig, ToggleOrigin, ToggleScope,
};
use barkeep::document::{self, DocumentError};
use barkeep::model::{Interval, Venue};
use barkeep::sys::OsFs;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::Value;

const EXAMPLE: &str = include_str!("../../config/barkeep.example.toml");

fn venue(text: &str) -> Venue {
    text.parse().unwrap()
}

fn settings(toml: &str) -> Result<Settings, ConfigError> {
    let dir = TestWorkspace::holding("barkeep.toml", toml);
    Settings::load(
        &OsFs,
        dir.path(),
        &EnvVars::default(),
        &Overrides::default(),
    )
}

fn defaults() -> Settings {
    settings("").unwrap()
}

fn open(dir: &Path) -> Result<ConfigService<'static>, ConfigError> {
    ConfigService::open(&OsFs, dir, &EnvVars::default(), &Overrides::default())
}

/// Returns line, column and reason of a refusal.
fn refusal(toml: &str) -> (usize, usize, String) {
    match settings(toml) {
        Err(ConfigError::Settings {
            line,
            column,
            reason,
            ..
        }) => (line, column, reason),
        other => panic!("{other:?}"),
    }
}

/// Returns the example with every commented-out key and table in force.
fn example_uncommented() -> String {
    let is_toml = |rest: &str| rest.starts_with('[') || rest.contains(" = ");
    EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if is_toml(rest) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn without_a_file_every_setting_has_its_default() {
    let dir = TestWorkspace::on_disk();

    let found = Settings::load(
        &OsFs,
        dir.path(),
        &EnvVars::default(),
        &Overrides::default(),
    );

    assert_eq!(found.unwrap(), defaults());
    assert!(
        defaults()
            .entries()
            .iter()
            .all(|row| row.origin == Origin::Default)
    );
}

#[test]
fn demo_yahoo_and_three_feeds_are_there_without_any_file() {
    let kind = |name: &str| defaults().source(&venue(name)).map(|of| of.kind.value);

    assert_eq!(kind("us:demo"), Some(Some(SourceKind::Demo)));
    assert_eq!(kind("us:yahoo"), Some(Some(SourceKind::Yahoo)));
    for name in ["de:xetra", "de:frankfurt", "de:tradegate"] {
        assert_eq!(kind(name), Some(Some(SourceKind::Posttrade)));
    }
    assert_eq!(kind("us:stooq"), None);
}

#[test]
fn the_settings_of_a_feed_arrive_as_their_final_types() {
    let toml = r#"
        [sources."de:eurex"]
        kind = "posttrade"
        feed = "DEUR"
        freshness = "minutes"
        bars = "listed"
        derive = ["15m", "5m"]
        vault = false
        vault_days = 7
    "#;

    let found = settings(toml).unwrap();

    let source = found.source(&venue("de:eurex")).unwrap();
    let feed = &source.feed;
    assert_eq!(feed.feed.value.as_deref(), Some("DEUR"));
    assert_eq!(feed.freshness.value, Freshness::Minutes);
    assert_eq!(feed.bars.value, BarsOf::Listed);
    let derived: Vec<_> = feed.derive.value.iter().copied().collect();
    assert_eq!(derived, [Interval::M5, Interval::M15]);
    assert_eq!((feed.vault.value, feed.vault_days.value), (false, 7));
    assert_eq!(feed.vault_days.origin, Origin::File);
    assert_eq!(source.server.timeout_seconds.value, 180);
    let (line, _, reason) = refusal("[sources.\"de:x\"]\nfreshness = \"hourly\"\n");
    assert!(line == 2 && reason.contains("minutes, daily"), "{reason}");
}

#[test]
fn the_example_says_the_defaults() {
    let values = |settings: Settings| -> Vec<_> {
        let rows = settings.entries().into_iter();
        rows.map(|row| (row.key, row.value)).collect()
    };

    assert_eq!(values(settings(EXAMPLE).unwrap()), values(defaults()));
}

#[test]
fn the_example_names_every_key_and_parses_with_all_of_them() {
    let example = example_uncommented();
    settings(&example).unwrap();

    // A refusal of an unknown key lists those that are known.
    for (table, least) in [
        ("[workspace]", 8),
        ("[lists]", 2),
        ("[sources.\"us:x\"]", 8),
        ("[sources.\"us:x\".columns]", 8),
    ] {
        let (_, _, reason) = refusal(&format!("{table}\nnonsense = 1\n"));
        let known: Vec<_> = reason.split('`').skip(3).step_by(2).collect();

        assert!(known.len() >= least, "{reason}");
        for key in known {
            assert!(example.contains(&format!("{key} = ")), "{table} {key}");
        }
    }
}

#[test]
fn lists_of_symbols_are_where_the_file_says() {
    let found = settings("[lists]\nnasdaq = [\"lists/one.txt\"]\n").unwrap();

    assert_eq!(found.lists.nasdaq.value, ["lists/one.txt"]);
    assert_eq!(found.lists.nasdaq.origin, Origin::File);
    assert_eq!(found.lists.datahub, defaults().lists.datahub);
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let dir = TestWorkspace::holding(
        "barkeep.toml",
        "[workspace]\njobs = 1\ncompression = \"gzip\"\ndefault_venue = \"us:a\"\ngap_warnings = true\n",
    );
    let environment = EnvVars {
        jobs: Some(2),
        compression: Some(Compression::Zstd),
        ..EnvVars::default()
    };
    let flags = Overrides {
        jobs: Some(3),
        ..Overrides::default()
    };

    let found = Settings::load(&OsFs, dir.path(), &environment, &flags).unwrap();

    assert_eq!((found.jobs.value, found.jobs.origin), (3, Origin::Flag));
    assert_eq!(found.compression.value, Compression::Zstd);
    assert_eq!(found.compression.origin, Origin::Environment);
    assert_eq!(found.default_venue.value, venue("us:a"));
    assert_eq!(found.default_venue.origin, Origin::File);
    assert_eq!(found.min_free_bytes.origin, Origin::Default);
    let rows = found.entries();
    let row = rows.iter().find(|row| row.key == "workspace.jobs").unwrap();
    assert_eq!(
        (row.key.as_str(), row.value.as_str()),
        ("workspace.jobs", "3")
    );
    assert_eq!(row.origin, Origin::Flag);
}

#[test]
fn source_settings_arrive_as_their_final_types() {
    let found = settings(&example_uncommented()).unwrap();

    let stooq = found.source(&venue("us:stooq")).unwrap();
    assert_eq!(stooq.kind.value, Some(SourceKind::Files));
    assert_eq!(
        stooq.path.value.as_deref(),
        Some(Path::new("incoming/stooq"))
    );
    assert_eq!(stooq.interval.value, Some(Interval::D1));
    assert_eq!(stooq.timezone.value, Some(chrono_tz::America::New_York));
    assert_eq!(stooq.file_clock.value, FileClock::Exchange);
    assert_eq!(
        stooq.columns.value.to_string(),
        "stock=<TICKER> date=<DATE> time=<TIME> open=<OPEN> high=<HIGH> low=<LOW> close=<CLOSE> volume=<VOL> sequence=9"
    );
}

#[rstest]
#[case("[workspace]\n\njbos = 1\n", 3, 1, "unknown field `jbos`")]
#[case("[workspce]\n", 1, 2, "unknown field `workspce`")]
#[case("[workspace]\njobs = \"4\"\n", 2, 8, "invalid type: string \"4\"")]
#[case(
    "[workspace]\njobs = 5000\n",
    2,
    8,
    "5000 is not a number from 0 to 1024"
)]
#[case(
    "[workspace]\nmax_file_memory = 1000\n",
    2,
    19,
    "1000 is too few bytes for a file: the least is 16777216"
)]
#[case(
    "[workspace]\ndefault_venue = \"yahoo\"\n",
    2,
    17,
    "`yahoo` is not a venue"
)]
#[case(
    "[workspace]\ncompression = \"rar\"\n",
    2,
    15,
    "`rar` is not a compression; known are auto, snappy, zstd, gzip, none"
)]
#[case(
    "[sources.\"us:x\"]\nkind = \"ftp\"\n",
    2,
    8,
    "`ftp` is not a kind of source; known are demo, files, yahoo"
)]
#[case(
    "[sources.\"us:x\"]\nkind = \"files\"\n",
    1,
    10,
    "a source of kind `files` needs a `path`"
)]
#[case("[sources.yahoo]\n", 1, 10, "`yahoo` is not a venue")]
#[case(
    "[sources.\"us:x\"]\n[sources.\"US:X\"]\n",
    1,
    10,
    "this source is there twice"
)]
#[case(
    "[sources.\"us:x\"]\ntimezone = \"Mars\"\n",
    2,
    12,
    "`Mars` is not a time zone"
)]
#[case(
    "[sources.\"us:x\"]\nfirst_day = \"2020-02-30\"\n",
    2,
    13,
    "`2020-02-30` is not a day"
)]
#[case(
    "[sources.\"us:x\"]\npartition_intervals = [\"1d\", \"4h\"]\n",
    2,
    30,
    "`4h` is not an interval"
)]
#[case("[sources.\"us:x\"]\ndelimiter = \";;\"\n", 2, 13, "invalid value")]
#[case(
    "[sources.\"us:x\"]\nsettle_sessions = 3000000\n",
    2,
    19,
    "3000000 is not a number from 0 to 1000"
)]
#[case("[workspace]\njobs = 1\njobs = 2\n", 3, 1, "duplicate key")]
#[case("[workspace\n", 1, 11, "")]
fn a_settings_file_that_makes_no_sense_is_refused_at_its_place(
    #[case] toml: &str,
    #[case] line: usize,
    #[case] column: usize,
    #[case] reason: &str,
) {
    let found = refusal(toml);

    assert!(found.2.starts_with(reason), "{found:?}");
    assert_eq!((found.0, found.1), (line, column), "{}", found.2);
}

#[test]
fn a_file_that_cannot_be_read_is_not_called_damaged() {
    let dir = TestWorkspace::on_disk();
    let path = dir.path().join("storage_config.json");
    barkeep::sys::Fs::create_dir(&OsFs, &path).unwrap();

    let error = document::read(&OsFs, &path, document::MAX_BYTES).unwrap_err();

    assert!(matches!(error, DocumentError::Unreadable(_)), "{error}");
    assert!(!error.is_damage());
}

#[test]
fn a_file_beyond_the_limit_is_refused() {
    let dir = TestWorkspace::holding("a.json", "{\"a\": 1}");
    let path = dir.path().join("a.json");

    assert!(document::read(&OsFs, &path, 8).unwrap().is_some());
    let error = document::read(&OsFs, &path, 7).unwrap_err();

    assert!(matches!(
        error,
        DocumentError::TooLarge {
            bytes: 8,
            limit: 7,
            ..
        }
    ));
}

/// Writes JSON as Python's `json.dumps(value, indent=4)` does; independent of the code under test.
fn python(value: &Value, indent: usize) -> String {
    let inner = " ".repeat(indent + 4);
    let outer = " ".repeat(indent);
    let block = |open: char, items: Vec<String>, close: char| {
        if items.is_empty() {
            return format!("{open}{close}");
        }
        format!(
            "{open}\n{inner}{}\n{outer}{close}",
            items.join(&format!(",\n{inner}"))
        )
    };
    match value {
        Value::String(text) => quoted(text),
        Value::Array(values) => block(
            '[',
            values.iter().map(|v| python(v, indent + 4)).collect(),
            ']',
        ),
        Value::Object(object) => {
            let item =
                |(k, v): (&String, &Value)| format!("{}: {}", quoted(k), python(v, indent + 4));
            block('{', object.iter().map(item).collect(), '}')
        }
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let unit = |unit: u16| match unit {
        0x22 => "\\\"".to_owned(),
        0x5c => "\\\\".to_owned(),
        0x0a => "\\n".to_owned(),
        0x0d => "\\r".to_owned(),
        0x09 => "\\t".to_owned(),
        0x08 => "\\b".to_owned(),
        0x0c => "\\f".to_owned(),
        0x20..=0x7e => String::from_utf16(&[unit]).unwrap(),
        _ => format!("\\u{unit:04x}"),
    };
    format!("\"{}\"", text.encode_utf16().map(unit).collect::<String>())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1_000_000_i32..1_000_000).prop_map(|n| Value::from(f64::from(n) / 64.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            object_of(inner),
        ]
    })
}

fn object_of(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec((any::<String>(), values), 0..6)
        .prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_registry_to_which_nothing_is_recorded_goes_back_byte_for_byte(value in object_of(json())) {
        let text = python(&value, 0);
        let path = Path::new("tickers.json");

        let object = document::parse_object(text.as_bytes(), path, document::MAX_BYTES).unwrap();
        let catalog = barkeep::catalog::Catalog::from_document(object);

        prop_assert!(!catalog.is_changed());
        prop_assert_eq!(String::from_utf8(catalog.to_bytes()).unwrap(), text);
    }

    #[test]
    fn no_bytes_make_the_parsers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let judged = document::parse(&bytes, Path::new("x"), document::MAX_BYTES);

        prop_assert_eq!(judged.is_ok(), serde_json::from_slice::<Value>(&bytes).is_ok());
        let _settings = settings(&text);
    }
}
