//! The table of factors at a moment: what prices were adjusted to then, though payments were corrected and shares split since.

use barkeep::cli::Exit;
use rstest::rstest;

use crate::support::charts::YahooBar;
use crate::support::market::{Action, Market};

/// The evening on which somebody looked.
const THEN: &str = "2024-06-17T22:00:00Z";

/// Rows of a CSV, without its head.
fn rows(yahoo: &YahooBar, options: &[&str]) -> Vec<Vec<String>> {
    let args = ["export", "-o", "-", "--format", "csv", "-i", "1d"];
    let ran = yahoo.bar.run(&[&args, options].concat()).expect(Exit::Ok);
    let cells = |line: &str| line.split(',').map(str::to_owned).collect();
    ran.stdout.lines().skip(1).map(cells).collect()
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap()
}

/// Adjusted closes as a query makes them of the stored closes and of the rows of factors that were known at a moment.
fn by_table(yahoo: &YahooBar, known_at: Option<&str>) -> Vec<(String, f64)> {
    let factors = rows(yahoo, &["--factors"]);
    let is_known = |since: &str| known_at.is_none_or(|at| since <= at);
    let close = |row: Vec<String>| {
        let later = factors.iter().filter(|factor| row[1] < factor[1]);
        let known = later.filter(|factor| is_known(&factor[4]));
        let by: f64 = known
            .map(|factor| number(&factor[2]) * number(&factor[3]))
            .product();
        (row[1].clone(), number(&row[5]) * by)
    };
    rows(yahoo, &[]).into_iter().map(close).collect()
}

fn adjusted(yahoo: &YahooBar, options: &[&str]) -> Vec<(String, f64)> {
    let options = [&["--adjust=all"], options].concat();
    let close = |row: Vec<String>| (row[1].clone(), number(&row[5]));
    rows(yahoo, &options).into_iter().map(close).collect()
}

fn assert_alike(found: &[(String, f64)], expected: &[(String, f64)]) {
    assert!(!expected.is_empty());
    for (day, expected) in expected {
        let found = found
            .iter()
            .find(|(other, _)| other == day)
            .map(|(_, close)| close);
        let found = found.unwrap();
        assert!(
            (found / expected - 1.0).abs() < 1e-6,
            "{day}: {found} {expected}"
        );
    }
}

/// A payment that was corrected counted with its new amount at moments at which nobody knew it, and a split that came later
/// stayed in the prices of such a moment.
#[rstest]
#[case::a_payment_that_was_known(Action::Dividend, "2024-06-12T13:30:00Z")]
#[case::a_payment_told_later(Action::Dividend, "2024-06-18T13:30:00Z")]
#[case::a_payment_corrected_later(Action::Corrected, "2024-06-12T13:30:00Z")]
#[case::a_split_that_was_known(Action::Split, "2024-06-12T13:30:00Z")]
#[case::a_split_told_later(Action::Split, "2024-06-18T13:30:00Z")]
fn factors_known_at_a_moment_give_the_prices_as_they_were_adjusted_then(
    #[case] action: Action,
    #[case] listed: &'static str,
) {
    let market = Market { action, listed };
    let mut yahoo = Market::workspace(&["1d"], "");
    for day in ["11", "12", "13", "14", "17"] {
        market.update(&mut yahoo, &format!("2024-06-{day}T22:00:00Z"), &[]);
    }
    let then = adjusted(&yahoo, &[]);
    for day in ["18", "19", "20"] {
        market.update(&mut yahoo, &format!("2024-06-{day}T22:00:00Z"), &[]);
    }
    market.update(&mut yahoo, "2024-06-20T22:00:00Z", &["--rebase"]);

    assert_alike(&by_table(&yahoo, Some(THEN)), &then);
    assert_alike(&by_table(&yahoo, None), &adjusted(&yahoo, &[]));
    assert_alike(&adjusted(&yahoo, &["--as-of", THEN]), &then);
    let of_then = rows(&yahoo, &["--factors", "--as-of", THEN]);
    let is_then = |row: &Vec<String>| row[4].as_str() <= THEN;
    assert!(of_then.iter().all(is_then), "{of_then:?}");
}

#[test]
fn a_correction_is_a_row_of_its_own_that_is_known_since_it_was_told() {
    let listed = "2024-06-12T13:30:00Z";
    let market = Market {
        action: Action::Corrected,
        listed,
    };
    let mut yahoo = Market::workspace(&["1d"], "");
    for day in ["11", "12", "13", "14", "17", "18", "19"] {
        market.update(&mut yahoo, &format!("2024-06-{day}T22:00:00Z"), &[]);
    }

    let table = rows(&yahoo, &["--factors"]);

    let of: Vec<(&str, &str)> = table
        .iter()
        .map(|row| (row[1].as_str(), row[4].as_str()))
        .collect();
    assert_eq!(
        of,
        [
            ("2024-06-12", "2024-06-12T22:00:00Z"),
            ("2024-06-12", "2024-06-18T22:00:00Z")
        ]
    );
    let both = number(&table[0][3]) * number(&table[1][3]);
    assert!((both - 0.9).abs() < 1e-9, "{table:?}");
}
