//! Feeds of trades: asked over the loopback server, and read from what was recorded.

mod recorded;

use barkeep::calendar::Calendar;
use barkeep::frame::Trade;
use barkeep::http::{Client, Proxies, Rate, RateLimiter, Spread};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crate::support::asking::Asking;
use crate::support::recorded::{recorded, recorded_data};
use crate::support::server::{Reply, Server};
use crate::support::workspace::TestWorkspace;
use barkeep::source::posttrade::{
    BarsOf, Downloaded, Feed, FeedError, FeedSpec, FileName, Freshness, Limits, Line, Listing,
    MinuteTrades, Span, TradesOfDaily, VaultSpec, is_covered, lines, witnesses,
};
use barkeep::sys::{Clock, Shutdown, Signal, Stopwatch};
use flate2::Compression;
use flate2::write::GzEncoder;

const RATE: Rate = Rate {
    max_requests: 30,
    per_seconds: 53,
    spread: Spread::Batches { apart_millis: 600 },
};
const MINUTE: &str = "DETR-posttrade-2026-09-18T13_54.json.gz";
const LINE: &str = r#"{"instrumentIdentificationCode":"DE000TEST001","transactionIdentificationCode":"1","price":1.5,"quantity":2,"tradingDateAndTime":"2026-09-18T13:54:00.5Z","publicationDateAndTime":"2026-09-18T13:54:00.6Z"}"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn feed_of(asking: &Asking, venue: &str, code: &str, limiter: &Arc<RateLimiter>) -> Feed {
    let mut settings = asking.settings.clone();
    settings.rate = RATE;
    let spec = FeedSpec {
        code: code.parse().unwrap(),
        base_url: asking.server.url("/"),
        rate: RATE,
        freshness: Freshness::Daily,
        bars: BarsOf::All,
        derive: Vec::new(),
        currency: "EUR".to_owned(),
        vault: VaultSpec {
            is_kept: true,
            days: 30,
            bytes: 1 << 30,
        },
        calendar: Calendar::of("XETR").unwrap(),
    };
    let client = Client::new(settings, Proxies::default(), Arc::clone(limiter));
    Feed::new(venue.parse().unwrap(), spec, Arc::new(client))
}

fn feed(asking: &Asking) -> Feed {
    feed_of(asking, "de:xetra", "DETR", &asking.limiter())
}

fn download(feed: &Feed, name: &str) -> Result<Downloaded, FeedError> {
    feed.download(&name.parse().unwrap(), &Shutdown::default())
}

fn path(name: &str) -> String {
    format!("/api/download/{name}")
}

#[test]
fn a_feed_is_listed_and_its_files_are_downloaded_as_they_are() {
    let asking = Asking::new();
    let body = gzip(LINE);
    asking.server.on(
        "/api/DETR-posttrade",
        [Reply::json(format!(r#"{{"CurrentFiles":["{MINUTE}"]}}"#))],
    );
    asking
        .server
        .on(&path(MINUTE), [Reply::new(200, body.clone())]);
    let feed = feed(&asking);

    let listing = feed.list(&Shutdown::default()).unwrap();
    let name = listing.files.first().unwrap();
    let file = feed.download(name, &Shutdown::default()).unwrap();

    assert_eq!(file, Downloaded::File(body));
    assert_eq!(feed.requests(), 2);
    let requests = asking.server.requests();
    assert_eq!(requests[0].header("accept"), Some("application/json"));
}

#[test]
fn a_signed_address_on_another_host_is_followed_at_once_and_costs_no_turn() {
    let asking = Asking::new();
    let store = Server::start();
    store.on("/signed", [Reply::new(200, gzip(LINE))]);
    asking.server.on(
        &path(MINUTE),
        [Reply::redirect(&store.url("/signed?Expires=2"))],
    );
    let feed = feed(&asking);

    for _ in 0..31 {
        assert!(matches!(download(&feed, MINUTE), Ok(Downloaded::File(_))));
    }

    let waits = asking.clock.waits();
    assert_eq!(waits[..29], [0.6; 29], "no turn for the redirect");
    assert_eq!(waits[29..], [35.6]);
    assert_eq!(store.requests().len(), 31);
    let is_kept = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains("signed");
    assert!(!asking.fs.snapshot().values().any(is_kept));
}

#[test]
fn a_signed_address_that_is_over_is_not_asked_again_but_the_first_one() {
    let asking = Asking::new();
    let store = Server::start();
    store.on("/signed/1", [Reply::new(403, "expired")]);
    store.on("/signed/2", [Reply::new(503, "")]);
    store.on("/signed/3", [Reply::new(200, gzip(LINE))]);
    let sent_on = ["/signed/1", "/signed/2", "/signed/3"];
    asking.server.on(
        &path(MINUTE),
        sent_on.map(|to| Reply::redirect(&store.url(to))),
    );

    let file = download(&feed(&asking), MINUTE).unwrap();

    assert!(matches!(file, Downloaded::File(_)));
    assert_eq!(store.requests().len(), 3);
    assert_eq!(asking.server.requests().len(), 3);
}

#[test]
fn feeds_of_one_host_share_one_budget_over_runs() {
    let asking = Asking::new();
    asking.server.handle(|_| Reply::new(200, gzip(LINE)));
    let start = asking.clock.now();

    for _run in 0..2 {
        let limiter = asking.limiter();
        for (venue, code) in [
            ("de:xetra", "DETR"),
            ("de:frankfurt", "DFRA"),
            ("de:tradegate", "DGAT"),
        ] {
            let feed = feed_of(&asking, venue, code, &limiter);
            for at in 0..10 {
                let name = format!("{code}-posttrade-2026-09-18T13_0{at}.json.gz");
                download(&feed, &name).unwrap();
            }
        }
    }

    let waited = (asking.clock.now() - start).num_milliseconds();
    assert_eq!(waited, 29 * 600 + 35_600 + 29 * 600);
}

#[test]
fn a_file_that_the_feed_has_no_more_is_gone_and_asked_for_once() {
    for status in [404, 410] {
        let asking = Asking::new();
        asking
            .server
            .on(&path(MINUTE), [Reply::new(status, "no such file")]);

        let outcome = download(&feed(&asking), MINUTE).unwrap();

        assert_eq!(outcome, Downloaded::Gone);
        assert_eq!(asking.server.requests().len(), 1);
    }
}

#[test]
fn bursts_of_429_pages_of_gateways_and_cut_answers_are_asked_again() {
    let whole = || Reply::new(200, gzip(LINE));
    let troubles = [
        Reply::throttled("7"),
        Reply::new(429, "Too Many Requests"),
        Reply::new(502, ""),
        Reply::html("<html>maintenance</html>"),
        Reply::new(200, ""),
        whole().truncated(10),
        Reply::reset(),
    ];
    for trouble in troubles {
        let asking = Asking::new();
        asking
            .server
            .on(&path(MINUTE), [trouble.clone(), trouble.clone(), whole()]);

        let outcome = download(&feed(&asking), MINUTE);

        assert!(
            matches!(outcome, Ok(Downloaded::File(_))),
            "{trouble:?}: {outcome:?}"
        );
    }
}

/// A reply that never changes, and whether an error is what is to become of it.
type Case = (Reply, fn(&FeedError) -> bool);

#[test]
fn what_stays_wrong_is_an_error_by_what_can_be_done() {
    let cases: [Case; 5] = [
        (
            Reply::throttled("5"),
            |error| matches!(error, FeedError::Throttled { retry_after, .. } if *retry_after == Duration::from_secs(5)),
        ),
        (Reply::new(500, ""), |error| {
            matches!(error, FeedError::Transport { .. })
        }),
        (Reply::reset(), |error| {
            matches!(error, FeedError::Transport { .. })
        }),
        (
            Reply::html("<html>"),
            |error| matches!(error, FeedError::Malformed { body: Some(body), .. } if body == b"<html>"),
        ),
        (
            Reply::new(403, "forbidden"),
            |error| matches!(error, FeedError::Malformed { reason, .. } if reason.contains("403")),
        ),
    ];
    for (reply, is_it) in cases {
        let asking = Asking::new();
        asking.server.on(&path(MINUTE), [reply.clone()]);

        let error = download(&feed(&asking), MINUTE).unwrap_err();

        assert!(is_it(&error), "{reply:?}: {error:?}");
    }
}

#[test]
fn a_listing_that_is_none_is_kept_and_one_that_is_refused_is_no_empty_one() {
    let asking = Asking::new();
    let feed = feed(&asking);
    let page = "<html>moved</html>";
    asking.server.on("/api/DETR-posttrade", [Reply::html(page)]);

    let error = feed.list(&Shutdown::default()).unwrap_err();
    let FeedError::Malformed {
        body: Some(body), ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(body, page.as_bytes());

    asking
        .server
        .on("/api/DETR-posttrade", [Reply::new(404, "")]);
    let error = feed.list(&Shutdown::default()).unwrap_err();
    assert!(matches!(error, FeedError::Malformed { .. }), "{error:?}");
}

#[test]
fn a_stop_ends_a_request() {
    let asking = Asking::new();
    asking.server.on(&path(MINUTE), [Reply::stall()]);
    let stop = Shutdown::default();
    stop.raise(Signal::Interrupt);

    let error = feed(&asking)
        .download(&MINUTE.parse().unwrap(), &stop)
        .unwrap_err();

    assert!(matches!(error, FeedError::Stopped { .. }), "{error:?}");
}

#[test]
fn the_three_feeds_are_opened_without_settings_and_are_no_sources_of_bars() {
    let workspace = TestWorkspace::holding("barkeep.toml", "");
    let opened = workspace.open().unwrap();
    let view = opened.view();

    for (venue, code) in [
        ("de:xetra", "DETR"),
        ("de:frankfurt", "DFRA"),
        ("de:tradegate", "DGAT"),
    ] {
        let venue = venue.parse().unwrap();
        let feed = view.feed(&venue).unwrap();

        assert_eq!(feed.spec().code.as_str(), code);
        assert_eq!(feed.spec().rate, RATE);
        assert_eq!(feed.spec().base_url, "https://mfs.deutsche-boerse.com");
        assert!(view.source(&venue).is_none());
    }
}

#[test]
fn settings_that_a_feed_cannot_honour_are_refused_by_name() {
    for (key, named) in [
        ("", "`feed` is missing"),
        ("feed = \"DE-TR\"", "`feed`"),
        ("feed = \"DEUR\"\nderive = [\"1d\"]", "`derive`"),
        ("feed = \"DEUR\"\ncurrency = \"euro\"", "`currency`"),
        ("feed = \"DEUR\"\nmax_requests = 5", "`per_seconds`"),
    ] {
        let toml = format!("[sources.\"de:eurex\"]\nkind = \"posttrade\"\n{key}\n");
        let workspace = TestWorkspace::holding("barkeep.toml", toml);

        let error = workspace.open().unwrap_err().to_string();

        assert!(
            error.contains(named) && error.contains("de:eurex"),
            "{error}"
        );
    }
}
