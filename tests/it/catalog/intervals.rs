//! The registry of intervals.

use super::*;

#[test]
fn intervals_keep_their_order_and_count_once() {
    let dir = TestWorkspace::holding("intervals.json", r#"["1d", "1h", "1d", "60m"]"#);
    let mut intervals = Intervals::load(&OsFs, dir.path()).unwrap().unwrap();

    assert_eq!(intervals.as_slice(), [D1, Interval::H1, Interval::M60]);
    assert!(!intervals.is_changed());
    assert!(!intervals.add(Interval::H1));
    assert!(intervals.add(Interval::M1));
    assert!(intervals.remove(Interval::M60));
    Intervals::save(&OsFs, &temps(), dir.path(), &intervals.to_bytes()).unwrap();

    assert_eq!(
        dir.text("intervals.json"),
        "[\n    \"1d\",\n    \"1h\",\n    \"1m\"\n]"
    );
}

#[rstest]
#[case(
    r#"["1d", "4h"]"#,
    "names `4h`, which is not an interval (1m 2m 5m 15m 30m 60m 90m 1h 1d 5d 1wk 1mo 3mo)"
)]
#[case(
    r#"{"1d": true}"#,
    "is damaged: it does not hold an array of interval names"
)]
#[case("[1]", "is damaged: it does not hold an array of interval names")]
#[case("[\"1d\"", "is damaged at line 1, column 5: EOF while parsing a list")]
#[case("", "is empty")]
fn intervals_that_make_no_sense_are_an_error_and_stay_as_they_are(
    #[case] contents: &str,
    #[case] expected: &str,
) {
    let dir = TestWorkspace::holding("intervals.json", contents);

    let error = Intervals::load(&OsFs, dir.path()).unwrap_err();

    let path = dir.path().join("intervals.json");
    assert_eq!(error.to_string(), format!("{} {expected}", path.display()));
    assert_eq!(dir.text("intervals.json"), contents);
}
