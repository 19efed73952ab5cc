//! Wide bars, of a server that counts them from wherever a request begins and cuts them at both its ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use barkeep::cli::Exit;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use rstest::rstest;
use serde_json::json;

use crate::support::charts::YahooBar;
use crate::support::server::{Reply, Request};

/// From where a server counts its bars.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Counts {
    /// From the borders of the calendar.
    Borders,
    /// From the day of the first instant that is asked for; from the Monday after it on a weekend.
    Request,
    /// The same, but never from a day before the first trade.
    Trade,
    /// From the borders of the calendar, and stamped with the first session of each bar.
    Sessions,
}

/// What a server knows: sessions of nine hours from ten o'clock, one in each of which the price is another.
#[derive(Clone, Debug)]
struct Market {
    interval: &'static str,
    zone: Tz,
    counts: Counts,
    sessions: Vec<NaiveDate>,
    now: Arc<AtomicI64>,
}

type Bars = BTreeMap<NaiveDate, [i64; 5]>;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The border of the calendar, by another rule than that of the code.
fn border(interval: &str, day: NaiveDate) -> NaiveDate {
    let is_border = |day: NaiveDate| match interval {
        "1wk" => day.weekday() == Weekday::Mon,
        "1mo" => day.day() == 1,
        "3mo" => day.day() == 1 && [1, 4, 7, 10].contains(&day.month()),
        _ => (day - self::day("1962-01-01")).num_days() % 5 == 0,
    };
    let mut at = day;
    while !is_border(at) {
        at = at.pred_opt().unwrap();
    }
    at
}

impl Market {
    fn instant(&self, day: NaiveDate, hour: u32) -> i64 {
        let wall = day.and_hms_opt(hour, 0, 0).unwrap();
        self.zone
            .from_local_datetime(&wall)
            .earliest()
            .unwrap()
            .timestamp()
    }

    fn folded(&self, from: i64, to: i64, count: impl Fn(NaiveDate) -> NaiveDate) -> Bars {
        let mut bars = Bars::new();
        let to = to.min(self.now.load(Ordering::SeqCst));
        for (at, day) in (100..).zip(&self.sessions) {
            let opens = self.instant(*day, 10);
            if from <= opens && opens < to {
                let bar = bars
                    .entry(count(*day))
                    .or_insert([at, at + 1, at - 1, at, 0]);
                let [open, _, low, _, volume] = *bar;
                *bar = [open, at + 1, low, at, volume + 1];
            }
        }
        bars
    }

    fn asked(&self, from: i64, to: i64) -> Bars {
        let local = self.zone.timestamp_opt(from, 0).unwrap().date_naive();
        let rest = u64::from(local.weekday().num_days_from_monday());
        let mut first = match rest {
            5 | 6 => local + Days::new(7 - rest),
            _ => local,
        };
        if self.counts == Counts::Trade {
            first = first.max(self.sessions[0]);
        }
        let step = |count: i64| match self.interval {
            "1wk" => first + Days::new(7 * count.unsigned_abs()),
            "5d" => first + Days::new(5 * count.unsigned_abs()),
            "1mo" => first + Months::new(u32::try_from(count).unwrap()),
            _ => first + Months::new(3 * u32::try_from(count).unwrap()),
        };
        let length = match self.interval {
            "5d" => 5,
            "1wk" => 7,
            "1mo" => 31,
            _ => 92,
        };
        self.folded(from, to, |day| match self.counts {
            Counts::Borders => border(self.interval, day),
            Counts::Sessions => {
                let begin = border(self.interval, day);
                let session = self.sessions.iter().find(|session| **session >= begin);
                *session.unwrap()
            }
            Counts::Request | Counts::Trade => {
                let mut count = (day - first).num_days() / length;
                while step(count + 1) <= day {
                    count += 1;
                }
                step(count)
            }
        })
    }

    fn body(&self, request: &Request) -> String {
        let at = |name| request.query(name).unwrap().parse::<i64>().unwrap();
        let bars = self.asked(at("period1"), at("period2"));
        let stamps: Vec<i64> = bars.keys().map(|day| self.instant(*day, 0)).collect();
        let of = |at: usize| bars.values().map(|bar| bar[at]).collect::<Vec<i64>>();
        let body = json!({"chart": {"error": null, "result": [{
            "meta": {
                "symbol": "AAPL", "exchangeName": "XXX", "currency": "USD", "instrumentType": "EQUITY",
                "exchangeTimezoneName": self.zone.name(), "dataGranularity": self.interval,
                "firstTradeDate": self.instant(self.sessions[0], 10),
            },
            "timestamp": stamps,
            "indicators": {
                "quote": [{"open": of(0), "high": of(1), "low": of(2), "close": of(3), "volume": of(4)}],
                "adjclose": [{"adjclose": of(3)}],
            },
        }]}});
        body.to_string()
    }

    /// A workspace that asks this market.
    fn workspace(&self, settings: &str) -> YahooBar {
        let yahoo = YahooBar::of("AAPL", self.interval, settings);
        let market = self.clone();
        yahoo
            .server
            .handle(move |request: &Request| Reply::json(market.body(request)));
        yahoo
    }

    fn update(&self, yahoo: &mut YahooBar, moment: &str, options: &[&str]) {
        let now: DateTime<Utc> = moment.parse().unwrap();
        self.now.store(now.timestamp(), Ordering::SeqCst);
        moment.clone_into(&mut yahoo.bar.now);
        let args: Vec<&str> = std::iter::once("update")
            .chain(options.iter().copied())
            .collect();
        let ran = yahoo.bar.run(&args).expect(Exit::Ok);
        assert!(!ran.stderr.contains("no border"), "{}", ran.stderr);
        let stored = stored(yahoo, self.interval);
        let true_bars = self.folded(i64::MIN, i64::MAX, |day| border(self.interval, day));
        let newest = true_bars.keys().next_back();
        for (begin, bar) in &stored {
            let expected = true_bars.get(begin);
            let is_over = Some(begin) != newest;
            let asked = format!("{self:?} at {moment} {options:?}: {begin}");
            assert!(expected.is_some(), "{asked} is no border");
            assert!(
                !is_over || expected == Some(bar),
                "{asked}: {bar:?}, not {expected:?}"
            );
        }
    }
}

fn stored(yahoo: &YahooBar, interval: &str) -> Bars {
    let csv = yahoo.csv("AAPL", interval);
    let bar = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |at: usize| format!("{:.0}", cells[at].parse::<f64>().unwrap());
        let numbers = [2, 3, 4, 5, 6].map(|at| number(at).parse().unwrap());
        (day(&cells[1][..10]), numbers)
    };
    csv.lines().skip(1).map(bar).collect()
}

fn market(interval: &'static str, zone: Tz, counts: Counts) -> Market {
    let is_session = |day: &NaiveDate| day.weekday().num_days_from_monday() < 5;
    Market {
        interval,
        zone,
        counts,
        // A Wednesday, so that the first period of each length is a part.
        sessions: day("2025-02-12")
            .iter_days()
            .take(480)
            .filter(is_session)
            .collect(),
        now: Arc::default(),
    }
}

#[rstest]
fn wide_bars_are_whole_and_begin_on_borders_whatever_is_asked(
    #[values("5d", "1wk", "1mo", "3mo")] interval: &'static str,
    #[values(Counts::Borders, Counts::Request)] counts: Counts,
    #[values(
        Tz::America__New_York,
        Tz::Asia__Tokyo,
        Tz::Australia__Lord_Howe,
        Tz::UTC
    )]
    zone: Tz,
    #[values(false, true)] is_window_first: bool,
) {
    let market = market(interval, zone, counts);
    let mut yahoo = market.workspace("");
    let middle = ["--start", "2025-09-17", "--end", "2025-11-06"];

    if is_window_first {
        market.update(&mut yahoo, "2026-02-19T09:00:00Z", &middle);
    }
    market.update(&mut yahoo, "2026-02-19T10:00:00Z", &[]);
    let bars = stored(&yahoo, interval).len();
    market.update(&mut yahoo, "2026-02-19T22:00:00Z", &middle);
    assert_eq!(stored(&yahoo, interval).len(), bars);
    market.update(
        &mut yahoo,
        "2026-02-20T22:00:00Z",
        &["--start", "2026-02-18", "--end", "2027-01-01"],
    );
    for moment in [
        "2026-02-23T23:00:00Z",
        "2026-03-04T22:00:00Z",
        "2026-04-10T22:00:00Z",
    ] {
        market.update(&mut yahoo, moment, &[]);
    }

    let newest = border(interval, day("2026-04-10"));
    assert!(stored(&yahoo, interval).contains_key(&newest));
}

/// A server that never counts from before the first trade is asked from a border after it.
///
/// Periods between the first trade and the first border on which a request can begin were skipped without a word (March 2025
/// begins on a Saturday, and so do the quarters of 2023), and so was the first one.
#[rstest]
fn no_bar_is_skipped_that_is_counted_or_stamped_from_the_first_trade(
    #[values("1wk", "1mo", "3mo")] interval: &'static str,
    #[values(Tz::America__New_York, Tz::Asia__Tokyo)] zone: Tz,
    #[values(Counts::Trade, Counts::Sessions)] counts: Counts,
    #[values("2025-02-12", "2023-03-08", "2025-12-30", "2026-02-03")] first: &str,
) {
    let mut market = market(interval, zone, counts);
    market.sessions = day(first).iter_days().take(1200).collect();
    market
        .sessions
        .retain(|day| day.weekday().num_days_from_monday() < 5);
    market
        .sessions
        .retain(|day| day.day() != 1 || day.month() != 1);
    market
        .sessions
        .retain(|day| *day != self::day("2026-03-02"));
    let mut yahoo = market.workspace("");

    for moment in [
        "2026-02-19T22:00:00Z",
        "2026-02-24T22:00:00Z",
        "2026-04-10T22:00:00Z",
    ] {
        market.update(&mut yahoo, moment, &[]);
    }

    let stored: Vec<NaiveDate> = stored(&yahoo, interval).into_keys().collect();
    let until = market.now.load(Ordering::SeqCst);
    let expected = market.folded(i64::MIN, until, |day| border(interval, day));
    assert!(stored.iter().eq(expected.keys()), "{stored:?}");
}

#[rstest]
#[case("1wk", "{ \"1wk\" = { request_days = 45 } }")]
#[case("1wk", "{ \"1wk\" = { request_days = 3 } }")]
#[case("1mo", "{ \"1mo\" = { request_days = 100 } }")]
#[case("3mo", "{ \"3mo\" = { request_days = 60, depth_days = 400 } }")]
#[case("1wk", "{ \"1wk\" = { request_days = 45, depth_days = 200 } }")]
fn requests_that_are_cut_are_cut_at_borders(
    #[case] interval: &'static str,
    #[case] windows: &str,
    #[values(Tz::America__New_York, Tz::Asia__Tokyo)] zone: Tz,
) {
    let mut market = market(interval, zone, Counts::Request);
    let depth = "depth_days = 400";
    let windows = if windows.contains("depth") {
        windows.to_owned()
    } else {
        windows.replace(" } }", &format!(", {depth} }} }}"))
    };
    market
        .sessions
        .retain(|session| *session >= day("2025-06-11"));
    let mut yahoo = market.workspace(&format!("windows = {windows}"));

    market.update(&mut yahoo, "2026-02-19T22:00:00Z", &[]);
    market.update(&mut yahoo, "2026-03-19T22:00:00Z", &[]);

    let stored: Vec<NaiveDate> = stored(&yahoo, interval).into_keys().collect();
    let from = stored.first().unwrap();
    let expected = market.folded(market.instant(*from, 0), i64::MAX, |day| {
        border(interval, day)
    });
    assert!(stored.iter().eq(expected.keys()), "{stored:?}");
}

/// Two bars of one week are on no grid that anybody knows, and asked for alone, that week has none.
#[test]
fn bars_that_share_a_week_are_left_out_with_a_word() {
    let market = market("1wk", Tz::America__New_York, Counts::Borders);
    let mut yahoo = market.workspace("");
    let odd = market.clone();
    yahoo.server.handle(move |request: &Request| {
        let (from, to) = (
            odd.instant(day("2026-02-02"), 0),
            odd.instant(day("2026-02-10"), 0),
        );
        let begun = odd.instant(day("2026-02-09"), 0);
        if request.query("period1") == Some(&begun.to_string()) {
            let none = r#"{"chart":{"result":null,"error":{"code":"Bad Request","description":"Data doesn't exist"}}}"#;
            return Reply::new(400, none);
        }
        let body = odd
            .body(request)
            .replace(&from.to_string(), &to.to_string())
            .replace(&begun.to_string(), &(to + 86_400).to_string());
        Reply::json(body)
    });
    let moment = "2026-02-19T22:00:00Z";
    market.now.store(
        moment.parse::<DateTime<Utc>>().unwrap().timestamp(),
        Ordering::SeqCst,
    );
    moment.clone_into(&mut yahoo.bar.now);

    let ran = yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let said = "a bar of 2026-02-10 begins on no border of 1wk and is left out";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let stored: Vec<NaiveDate> = stored(&yahoo, "1wk").into_keys().collect();
    assert!(stored.contains(&day("2026-02-16")), "{stored:?}");
    assert!(!stored.contains(&day("2026-02-09")), "{stored:?}");
}

/// Weeks of Thursdays, as an older build stored them, had weeks of Mondays put between them without a word.
#[test]
fn bars_of_an_older_grid_are_told_when_new_ones_come() {
    let market = market("1wk", Tz::America__New_York, Counts::Borders);
    let mut yahoo = market.workspace("");
    let settings = yahoo.bar.text("barkeep.toml");
    let files =
        "[sources.\"us:yahoo\"]\nkind = \"files\"\npath = \"incoming\"\ninterval = \"1wk\"\n";
    yahoo.bar.write("barkeep.toml", files);
    let lines = ["2025-11-06", "2025-11-13", "2025-11-20"];
    let lines = lines.map(|day| format!("{day},1,1,1,1,1\n")).concat();
    let csv = format!("Date,Open,High,Low,Close,Volume\n{lines}");
    yahoo.bar.write("incoming/AAPL.csv", csv);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    yahoo.bar.write("barkeep.toml", settings);
    let said = "3 of the stored bars begin on no border";

    for (moment, is_told) in [
        ("2026-02-19T22:00:00Z", true),
        ("2026-02-20T22:00:00Z", false),
        ("2026-02-23T22:00:00Z", true),
    ] {
        let now: DateTime<Utc> = moment.parse().unwrap();
        market.now.store(now.timestamp(), Ordering::SeqCst);
        moment.clone_into(&mut yahoo.bar.now);
        let ran = yahoo.bar.run(&["update"]).expect(Exit::Ok);
        assert_eq!(ran.stderr.contains(said), is_told, "{}", ran.stderr);
    }
}

/// The request for a bar alone may fail: the ticker does, and the next run asks for that bar again.
#[test]
fn a_bar_whose_own_request_failed_is_asked_for_again() {
    let market = market("1mo", Tz::America__New_York, Counts::Trade);
    let mut yahoo = market.workspace("");
    let broken = market.clone();
    yahoo.server.handle(move |request: &Request| {
        let at = |name| request.query(name).unwrap().parse::<i64>().unwrap();
        let is_one = at("period2") - at("period1") < 40 * 86_400;
        Reply::json(if is_one {
            "[1, 2".to_owned()
        } else {
            broken.body(request)
        })
    });
    let moment = "2026-02-19T22:00:00Z";
    let now: DateTime<Utc> = moment.parse().unwrap();
    market.now.store(now.timestamp(), Ordering::SeqCst);
    moment.clone_into(&mut yahoo.bar.now);
    let ran = yahoo.bar.run(&["update"]).expect(Exit::Partial);
    assert!(ran.stderr.contains("AAPL"), "{}", ran.stderr);
    assert!(!stored(&yahoo, "1mo").contains_key(&day("2025-03-01")));
    let whole = market.clone();
    yahoo
        .server
        .handle(move |request: &Request| Reply::json(whole.body(request)));

    market.update(&mut yahoo, "2026-02-20T22:00:00Z", &[]);

    let stored: Vec<NaiveDate> = stored(&yahoo, "1mo").into_keys().collect();
    assert_eq!(
        stored[..3],
        [day("2025-02-01"), day("2025-03-01"), day("2025-04-01")]
    );
}
