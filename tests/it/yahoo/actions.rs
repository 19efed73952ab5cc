//! Dividends and splits between two runs, at every hour of the day: what is stored is what a new workspace would get.

use barkeep::cli::Exit;
use rstest::rstest;

use crate::support::charts::YahooBar;
use crate::support::market::{Action, EX, Market};

const WIDE: [&str; 3] = ["1d", "1wk", "1mo"];

/// What is shown of every interval.
fn shown(yahoo: &YahooBar, intervals: &[&str]) -> Vec<String> {
    let show = |interval: &&str| {
        [&[][..], &["--adjust", "all"]].map(|options: &[&str]| {
            let ran = yahoo.show("AAA", interval, options).expect(Exit::Ok);
            format!("{interval} {options:?}\n{}", ran.stdout)
        })
    };
    intervals.iter().flat_map(show).collect()
}

fn fresh(market: Market, moment: &str, intervals: &[&str]) -> Vec<String> {
    let mut yahoo = market.workspace(intervals, "");
    market.update(&mut yahoo, moment, &[]);
    shown(&yahoo, intervals)
}

/// At two in the morning the day of a dividend had begun, and the midnight that its event is kept under was no later
/// than the run: the closes of all days before the settle window kept what they were adjusted to before it.
#[rstest]
#[case::in_the_night("06:00:00Z", EX)]
#[case::after_the_close("22:00:00Z", EX)]
#[case::listed_a_day_late("22:00:00Z", "2024-06-13T13:30:00Z")]
fn a_dividend_is_in_every_adjusted_close_before_it(
    #[case] hour: &str,
    #[case] listed: &'static str,
    #[values("", "settle_sessions = 1")] settings: &str,
    #[values(Action::Dividend, Action::Split)] action: Action,
) {
    let market = Market { action, listed };
    let mut yahoo = market.workspace(&WIDE, settings);

    for day in ["11", "12", "13", "14", "17"] {
        market.update(&mut yahoo, &format!("2024-06-{day}T{hour}"), &[]);
    }

    let expected = fresh(market, &format!("2024-06-17T{hour}"), &WIDE);
    for (stored, expected) in shown(&yahoo, &WIDE).iter().zip(&expected) {
        assert_eq!(stored, expected);
    }
}

#[test]
fn an_event_costs_each_interval_one_request_more_and_only_once() {
    let market = Market {
        action: Action::Dividend,
        listed: EX,
    };
    let mut yahoo = market.workspace(&WIDE, "");

    let sent = ["11", "12", "13", "14", "17"].map(|day| {
        market.update(&mut yahoo, &format!("2024-06-{day}T22:00:00Z"), &[]);
        yahoo.server.requests().len()
    });

    assert_eq!(sent, [3, 9, 12, 15, 18]);
}
