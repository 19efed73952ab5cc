//! Dividends and splits between two runs, at every hour of the day: what is stored is what a new workspace would get.

use barkeep::cli::Exit;
use rstest::rstest;

use crate::support::charts::{DAY, YahooBar};
use crate::support::market::{Action, EX, Market, at};
use crate::support::server::{Reply, Request};

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
    let mut yahoo = Market::workspace(intervals, "");
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
    let mut yahoo = Market::workspace(&WIDE, settings);

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
    let mut yahoo = Market::workspace(&WIDE, "");

    let sent = ["11", "12", "13", "14", "17"].map(|day| {
        market.update(&mut yahoo, &format!("2024-06-{day}T22:00:00Z"), &[]);
        yahoo.server.requests().len()
    });

    assert_eq!(sent, [3, 9, 12, 15, 18]);
}

/// The minutes of a month and a half were lost, and with them what would have told the ratio of the split: older rows
/// stood at four times the prices of newer ones.
#[rstest]
#[case::in_reach("2024-07-05T22:00:00Z", 1)]
#[case::out_of_reach("2024-07-25T22:00:00Z", 1)]
#[case::nothing_lost("2024-06-14T22:00:00Z", 0)]
fn minutes_from_before_a_split_and_an_outage_are_divided_once(
    #[case] after: &str,
    #[case] asked: usize,
    #[values("", "prepost = true")] settings: &str,
) {
    let market = Market {
        action: Action::Split,
        listed: EX,
    };
    let mut yahoo = Market::workspace(&["1m"], settings);
    market.update(&mut yahoo, "2024-05-31T22:00:00Z", &[]);
    let before = closes(&yahoo);

    let said = market.update(&mut yahoo, after, &[]);

    let divided: Vec<f64> = before.iter().map(|close| close / 4.0).collect();
    assert!(closes(&yahoo).starts_with(&divided), "{:?}", closes(&yahoo));
    assert!(said.contains("multiplied by 0.25"), "{said}");
    assert_eq!(daily_requests(&yahoo), asked);
    let ledger = yahoo.bar.run(&["revisions", "AAA"]).expect(Exit::Ok).stdout;
    assert!(
        ledger.contains("files/") && ledger.contains("0.25"),
        "{ledger}"
    );

    market.update(&mut yahoo, "2024-07-26T22:00:00Z", &[]);
    market.update(&mut yahoo, "2024-09-26T22:00:00Z", &[]);
    assert!(closes(&yahoo).starts_with(&divided), "never twice");
}

/// Of a history that was fetched again after a split the newer half did not come: it stayed on the old basis, and the
/// mark of the next run called the split known.
#[test]
fn a_history_that_comes_by_half_is_asked_for_again() {
    let market = Market {
        action: Action::Split,
        listed: EX,
    };
    let mut yahoo = Market::workspace(&["1m"], "");
    market.update(&mut yahoo, "2024-06-11T22:00:00Z", &[]);
    let before = closes(&yahoo);
    let (now, asked) = (at("2024-06-14T22:00:00Z"), yahoo.server.requests().len());
    yahoo.server.handle(move |request: &Request| {
        let start: i64 = request.query("period1").unwrap().parse().unwrap();
        let is_second_page = (20 * DAY..23 * DAY).contains(&(now - start));
        if is_second_page {
            return Reply::json("{\"chart\":{\"result\":[{\"meta\":{\"curr".to_owned());
        }
        market.answer(request, now)
    });
    "2024-06-14T22:00:00Z".clone_into(&mut yahoo.bar.now);

    let ran = yahoo.bar.run(&["update"]);

    assert_ne!(ran.exit, Exit::Ok);
    assert_eq!(yahoo.server.requests().len(), asked + 4, "{ran:?}");
    assert_eq!(closes(&yahoo), before);
    market.update(&mut yahoo, "2024-06-14T22:01:00Z", &[]);
    let divided: Vec<f64> = before.iter().map(|close| close / 4.0).collect();
    assert!(closes(&yahoo).starts_with(&divided), "{:?}", closes(&yahoo));
}

fn closes(yahoo: &YahooBar) -> Vec<f64> {
    let csv = yahoo.csv("AAA", "1m");
    let close = |line: &str| line.split(',').nth(5).unwrap().parse().unwrap();
    csv.lines().skip(1).map(close).collect()
}

fn daily_requests(yahoo: &YahooBar) -> usize {
    let is_daily = |request: &Request| request.query("interval").unwrap() == "1d";
    let requests = yahoo.server.requests();
    requests.iter().filter(|request| is_daily(request)).count()
}

/// An earlier version had stored the minutes on both sides of an outage and a split as they came. `check --basis` named
/// the split and `update --rebase`, which said that nothing was new.
#[test]
fn a_seam_in_minutes_that_are_lost_is_healed_when_somebody_asks_for_it() {
    let market = Market {
        action: Action::Split,
        listed: EX,
    };
    // As today's runs move minutes across a split that is told, it was not told at that time.
    let silent = Market {
        listed: "2024-06-18T13:30:00Z",
        ..market
    };
    let mut yahoo = Market::workspace(&["1m", "1d"], "");
    let (early, late) = ("2024-06-11T22:00:00Z", "2024-06-17T22:00:00Z");
    let days = ["--start", "2024-06-03", "--end", "2024-06-11"];
    silent.update(
        &mut yahoo,
        early,
        &[&["--interval", "1m"][..], &days].concat(),
    );
    let before = closes(&yahoo);
    let days = ["--start", "2024-06-12", "--end", "2024-06-17"];
    silent.update(
        &mut yahoo,
        late,
        &[&["--interval", "1m"][..], &days].concat(),
    );
    market.update(&mut yahoo, "2024-06-19T22:00:00Z", &["--interval", "1d"]);
    let seam = yahoo.bar.run(&["check", "--basis"]);
    assert!(seam.stdout.contains("unapplied_split"), "{seam:?}");

    let said = market.update(&mut yahoo, "2024-07-20T22:00:00Z", &["--rebase"]);

    let divided: Vec<f64> = before.iter().map(|close| close / 4.0).collect();
    assert!(closes(&yahoo).starts_with(&divided), "{:?}", closes(&yahoo));
    assert!(said.contains("multiplied by 0.25"), "{said}");
    yahoo.bar.run(&["check", "--basis"]).expect(Exit::Ok);
    market.update(&mut yahoo, "2024-07-21T22:00:00Z", &["--rebase"]);
    assert!(closes(&yahoo).starts_with(&divided), "never twice");
}
