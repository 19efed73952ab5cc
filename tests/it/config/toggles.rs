//! Which trees are partitioned: the toggles that people and the predecessor write down.

use super::*;

const EXAMPLE_TOGGLES: &str = include_str!("../../../config/storage_config.example.json");

#[test]
fn which_intervals_are_partitioned_is_decided_by_the_source_and_else_by_default() {
    let toml = "[sources.\"us:x\"]\npartition_intervals = [\"1d\", \"1wk\"]\n";
    let dir = TestWorkspace::holding("barkeep.toml", toml);
    let service = open(dir.path()).unwrap();

    assert!(service.partitions(&venue("us:x"), Interval::Wk1));
    assert!(!service.partitions(&venue("us:x"), Interval::M1));
    assert!(service.partitions(&venue("us:yahoo"), Interval::M1));
    assert!(!service.partitions(&venue("us:yahoo"), Interval::Wk1));
}

#[test]
fn without_a_storage_config_nothing_is_partitioned() {
    let dir = TestWorkspace::on_disk();

    let toggle = open(dir.path())
        .unwrap()
        .is_partitioned_enabled(&venue("us:yahoo"));

    assert_eq!(toggle, (false, ToggleOrigin::Default));
}

#[test]
fn the_example_of_toggles_is_in_the_predecessors_form_and_is_understood() {
    let dir = TestWorkspace::holding("storage_config.json", EXAMPLE_TOGGLES);

    let toggles = StorageConfig::load(&OsFs, dir.path()).unwrap();

    assert_eq!(
        String::from_utf8(toggles.to_bytes()).unwrap(),
        EXAMPLE_TOGGLES
    );
    assert_eq!(
        toggles.lookup(&venue("us:yahoo")),
        (true, ToggleOrigin::Market)
    );
    assert_eq!(
        toggles.lookup(&venue("us:stooq")),
        (false, ToggleOrigin::Source)
    );
    assert_eq!(
        toggles.lookup(&venue("de:xetra")),
        (false, ToggleOrigin::Global)
    );
}

#[test]
fn toggles_persist_and_unknown_keys_survive() {
    let dir = TestWorkspace::holding(
        "storage_config.json",
        r#"{"note": "mine", "partitioned": "false", "sources": {"US / Yahoo": 1}}"#,
    );
    let mut service = open(dir.path()).unwrap();
    let mut changed = service.storage_config().clone();
    changed.set(&ToggleScope::Market("de".parse().unwrap()), true);

    service.save_storage_config(&temps(), changed).unwrap();

    assert_eq!(
        dir.text("storage_config.json"),
        "{\n    \"note\": \"mine\",\n    \"partitioned\": true,\n    \"sources\": {\n        \"us/yahoo\": true\n    },\n    \
         \"markets\": {\n        \"de\": true\n    }\n}"
    );
    let again = open(dir.path()).unwrap();
    assert_eq!(
        again.is_partitioned_enabled(&venue("de:stooq")),
        (true, ToggleOrigin::Market)
    );
}

#[test]
fn the_source_wins_over_the_market_and_that_over_the_global_toggle_whatever_the_case() {
    let dir = TestWorkspace::holding(
        "storage_config.json",
        r#"{"partitioned": true, "markets": {"US": false}, "sources": {"Us/YAHOO": true}}"#,
    );
    let service = open(dir.path()).unwrap();

    assert_eq!(
        service.is_partitioned_enabled(&venue("US:Yahoo")),
        (true, ToggleOrigin::Source)
    );
    assert_eq!(
        service.is_partitioned_enabled(&venue("us:stooq")),
        (false, ToggleOrigin::Market)
    );
    assert_eq!(
        service.is_partitioned_enabled(&venue("de:stooq")),
        (true, ToggleOrigin::Global)
    );
}

#[test]
fn a_feed_of_trades_is_partitioned_whatever_is_recorded() {
    let dir = TestWorkspace::holding(
        "storage_config.json",
        r#"{"partitioned": false, "sources": {"de/xetra": false}}"#,
    );
    let service = open(dir.path()).unwrap();

    assert_eq!(
        service.is_partitioned_enabled(&venue("de:xetra")),
        (true, ToggleOrigin::Feed)
    );
    assert_eq!(
        service.is_partitioned_enabled(&venue("de:stooq")),
        (false, ToggleOrigin::Global)
    );
}

#[rstest]
#[case("", "is empty")]
#[case(" \n", "is empty")]
#[case(
    "{\"partitioned\": tru",
    "is damaged at line 1, column 19: EOF while parsing a value"
)]
#[case(
    "{\"a\": 1,\n \"a\": 2}",
    "is damaged at line 2, column 4: the key `a` is there twice"
)]
#[case("[true]", "is damaged: it does not hold an object")]
#[case("\0\0\0\0", "is damaged at line 1, column 1: expected value")]
fn a_damaged_storage_config_is_an_error_and_stays_as_it_is(
    #[case] contents: &str,
    #[case] expected: &str,
) {
    let dir = TestWorkspace::holding("storage_config.json", contents);

    let error = open(dir.path()).unwrap_err();

    let path = dir.path().join("storage_config.json");
    assert_eq!(error.to_string(), format!("{} {expected}", path.display()));
    assert_eq!(dir.text("storage_config.json"), contents);
}
