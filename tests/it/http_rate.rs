//! Budgets, hosts that ask for a rest, and hosts that are down: over threads, sources and runs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use barkeep::http::{Client, Http, HttpError, HttpRequest, Proxies, Rate, Tries};
use barkeep::sys::{Clock, Fs, FsResult, Shutdown, Signal};

use crate::support::asking::Asking;
use crate::support::server::{Reply, Server};
use crate::support::sim::Fault;

/// The file of the server's host.
fn state_file(asking: &Asking) -> String {
    let host = asking.server.url("").replace("http://", "");
    format!("/w/state/rate/{}.json", host.replace(':', "_"))
}

fn answering(asking: Asking) -> Asking {
    asking.server.handle(|_| Reply::json("{}"));
    asking
}

#[test]
fn a_host_that_asks_for_a_rest_gets_it_and_is_then_asked_again() {
    let date = "Mon, 02 Mar 2026 10:00:09 GMT";
    for (retry_after, wait) in [("7", 7.0), (date, 9.0), ("0", 1.0)] {
        let asking = Asking::new();
        let replies = [Reply::throttled(retry_after), Reply::json("{}")];
        asking.server.on("/a", replies);

        let answer = asking.get("/a").unwrap();

        assert_eq!(answer.status, 200);
        assert_eq!(asking.clock.waits(), [wait], "{retry_after}");
    }
}

#[test]
fn a_host_that_never_has_enough_rest_is_throttled_after_three_tries() {
    let asking = Asking::new();
    asking.server.on("/said", [Reply::throttled("5")]);
    asking
        .server
        .on("/unsaid", [Reply::new(429, "Too Many Requests")]);

    let said = asking.get("/said").unwrap_err();
    asking.clock.pass(3600);
    let unsaid = asking.get("/unsaid").unwrap_err();

    for (error, seconds) in [(said, 5), (unsaid, 60)] {
        let HttpError::Throttled { retry_after, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(retry_after.as_secs(), seconds);
    }
    assert_eq!(asking.clock.waits(), [5.0, 5.0, 1.0, 4.0]);
    assert_eq!(asking.server.requests().len(), 6);
}

#[test]
fn a_rest_too_long_for_this_run_is_kept_by_the_next_ones_until_it_is_over() {
    let asking = Asking::new();
    asking
        .server
        .on("/a", [Reply::throttled("3600"), Reply::json("{}")]);

    let first = asking.get("/a").unwrap_err();
    asking.clock.pass(60);
    let second = asking.get("/a").unwrap_err();
    asking.clock.pass(3_000);
    let third = asking.get("/a").unwrap();

    let seconds = |error| match error {
        HttpError::Throttled { retry_after, .. } => retry_after.as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!((seconds(first), seconds(second)), (3600, 3540));
    assert_eq!(third.status, 200);
    assert_eq!(asking.clock.waits(), [540.0]);
    assert_eq!(asking.server.requests().len(), 2);
}

#[test]
fn ten_runs_in_succession_stay_within_the_budget_of_one() {
    let asking = answering(Asking::new().with_rate(20, 60));
    let start = asking.clock.now();
    let mut sent = Vec::new();

    for _run in 0..10 {
        let client = asking.client();
        for _ in 0..5 {
            asking.get_by(&client, "/a").unwrap();
            sent.push((asking.clock.now() - start).num_milliseconds());
        }
    }

    let busiest = sent.iter().map(|from| {
        sent.iter()
            .filter(|at| (*from..from + 60_000).contains(*at))
            .count()
    });
    assert_eq!(busiest.max(), Some(20));
    assert!(sent[49] < 160_000, "slower than the budget: {sent:?}");
    assert_eq!(asking.server.requests().len(), 50);
}

#[test]
fn tries_and_redirects_are_paid_from_the_budget_too() {
    let asking = Asking::new().with_rate(2, 100);
    asking.server.on("/a", [Reply::redirect("/b")]);
    asking
        .server
        .on("/b", [Reply::new(500, ""), Reply::json("{}")]);

    asking.get("/a").unwrap();

    // The second request earns its turn after 50 s; of the wait for the third, the pause of a second is a part.
    assert_eq!(asking.clock.waits(), [50.0, 1.0, 49.0]);
}

#[test]
fn threads_and_sources_share_the_budget_of_a_host_and_the_stricter_one_holds() {
    let asking = answering(Asking::new().with_rate(10, 10));
    let limiter = asking.limiter();
    let strict = Client::new(
        asking.settings.clone(),
        Proxies::default(),
        Arc::clone(&limiter),
    );
    let mut settings = asking.settings.clone();
    settings.rate = Rate::NONE;
    let lax = Client::new(settings, Proxies::default(), limiter);
    let start = asking.clock.now();

    asking.get_by(&strict, "/a").unwrap();
    std::thread::scope(|scope| {
        for client in [&strict, &lax, &strict, &lax] {
            scope.spawn(|| {
                for _ in 0..5 {
                    asking.get_by(client, "/a").unwrap();
                }
            });
        }
    });

    let waited: f64 = asking.clock.waits().iter().sum();
    assert_eq!(asking.server.requests().len(), 21);
    assert!(asking.clock.now() > start && waited >= 20.0, "{waited}");
}

#[test]
fn hosts_have_budgets_of_their_own() {
    let asking = answering(Asking::new().with_rate(1, 100));
    let other = Server::start();
    let client = asking.client();

    asking.get_by(&client, "/a").unwrap();
    client
        .get(&HttpRequest::of(other.url("/a")), &Shutdown::default())
        .unwrap();

    assert!(asking.clock.waits().is_empty());
}

#[test]
fn a_turn_that_is_too_far_away_is_refused_and_costs_nothing() {
    let asking = answering(Asking::new().with_rate(1, 3600));
    let client = asking.client();
    asking.get_by(&client, "/a").unwrap();

    for _ in 0..3 {
        let error = asking.get_by(&client, "/a").unwrap_err();
        assert!(matches!(error, HttpError::Throttled { .. }), "{error:?}");
    }
    asking.clock.pass(3600);
    asking.get_by(&client, "/a").unwrap();

    assert!(asking.clock.waits().is_empty());
    assert_eq!(client.requests(), 2);
}

/// Raises the flag in place of waiting.
#[derive(Debug)]
struct Interrupting(chrono::DateTime<chrono::Utc>);

impl Clock for Interrupting {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0
    }

    fn sleep(&self, _wait: Duration, stop: &Shutdown) {
        stop.raise(Signal::Terminate);
    }
}

#[test]
fn a_stop_ends_the_wait_for_a_turn_and_nothing_is_sent() {
    let asking = answering(Asking::new());
    let fs: Arc<dyn Fs> = Arc::new(asking.fs.clone());
    let clock: Arc<dyn Clock> = Arc::new(Interrupting(asking.clock.now()));
    let run = barkeep::model::RunId::new(asking.clock.now(), 1, 1);
    let temps = barkeep::sys::atomic::TempNames::of(run);
    let limiter = barkeep::http::RateLimiter::new(fs, clock, Path::new("/w/state"), temps);
    let rate = Rate::evenly(1, 60);
    let gate = limiter.gate("q.example", rate);

    gate.wait_turn(&Tries::default(), &Shutdown::default())
        .unwrap();

    assert_eq!(
        gate.wait_turn(&Tries::default(), &Shutdown::default()),
        Err(HttpError::Stopped)
    );
}

#[test]
fn a_damaged_file_and_one_that_cannot_be_read_are_taken_for_a_host_that_was_just_asked() {
    let damaged = answering(Asking::new().with_rate(1, 60));
    damaged
        .fs
        .plant(&state_file(&damaged), b"{\"schema\":1,\"full");
    let mut unreadable = answering(Asking::new().with_rate(1, 60));
    unreadable.fs = unreadable.fs.again().fail_read(1, 5, Fault::Once);
    let absent = answering(Asking::new().with_rate(1, 60));

    let waits = [damaged, unreadable, absent].map(|asking| {
        asking.get("/a").unwrap();
        asking.clock.waits()
    });

    assert_eq!(waits, [vec![60.0], vec![60.0], vec![]]);
}

#[test]
fn a_clock_that_was_set_back_costs_one_filling_and_keeps_a_rest() {
    let asking = answering(Asking::new().with_rate(1, 60));
    asking.server.on("/rest", [Reply::throttled("3600")]);
    asking.get("/a").unwrap();
    asking.clock.pass(-86_400);

    asking.get("/a").unwrap();
    let waited = asking.clock.waits();
    asking.clock.pass(60);
    asking.get("/rest").unwrap_err();
    asking.clock.pass(-86_400);
    let error = asking.get("/a").unwrap_err();

    assert_eq!(waited, [60.0]);
    assert!(
        matches!(error, HttpError::Throttled { retry_after, .. } if retry_after.as_secs() == 3600)
    );
}

#[test]
fn the_state_is_written_at_the_first_request_once_a_second_and_at_the_end() {
    let asking = answering(Asking::new().with_rate(1000, 10));
    let client = asking.client();
    let read = || -> FsResult<_> { asking.fs.read(Path::new(&state_file(&asking))) };

    asking.get_by(&client, "/a").unwrap();
    let first = read().unwrap().unwrap();
    asking.get_by(&client, "/a").unwrap();
    let second = read().unwrap().unwrap();
    asking.clock.pass(1);
    asking.get_by(&client, "/a").unwrap();
    let third = read().unwrap().unwrap();
    asking.get_by(&client, "/a").unwrap();
    drop(client);
    let last = read().unwrap().unwrap();

    assert_eq!(first, second);
    assert_ne!(second, third);
    assert_ne!(third, last);
    let names: Vec<_> = asking.fs.snapshot().into_keys().collect();
    assert_eq!(names.len(), 2, "temporary files were left: {names:?}");
}

#[test]
fn a_disk_that_takes_nothing_costs_the_memory_of_the_budget_and_not_the_answers() {
    let mut asking = answering(Asking::new().with_rate(2, 60));
    asking.fs = asking.fs.again().fail_call(1, 28, Fault::Forever);
    let limiter = asking.limiter();
    let client = Client::new(
        asking.settings.clone(),
        Proxies::default(),
        Arc::clone(&limiter),
    );

    for _ in 0..3 {
        asking.get_by(&client, "/a").unwrap();
    }

    assert_eq!(asking.clock.waits(), [30.0, 30.0]);
    assert!(limiter.flush().unwrap_err().is_out_of_space());
}

#[test]
fn a_host_that_fails_five_times_in_succession_is_left_alone_for_a_minute() {
    let asking = Asking::new();
    asking.server.on("/down", [Reply::reset()]);
    asking.server.on("/up", [Reply::json("{}")]);
    let client = asking.client();

    let down: Vec<_> = (0..4)
        .map(|_| asking.get_by(&client, "/down").unwrap_err())
        .collect();
    let sent = client.requests();
    asking.clock.pass(61);
    let back = asking.get_by(&client, "/up");
    let after = asking.get_by(&client, "/up");

    assert!(matches!(down[1], HttpError::Transport { .. }), "{down:?}");
    assert!(
        down[2..]
            .iter()
            .all(|error| matches!(error, HttpError::CircuitOpen { failures: 5, .. })),
        "{down:?}"
    );
    assert_eq!(sent, 5);
    assert!(back.is_ok() && after.is_ok());
}

/// A gateway that is restarted in the middle of a run: what is left to be asked waits for it, and nothing fails by that.
#[test]
fn a_host_that_has_answered_is_waited_for_and_given_up_after_three_probes() {
    let asking = Asking::new();
    asking.server.on("/a", [Reply::json("{}")]);
    asking.server.on("/bad", [Reply::reset()]);
    asking.server.on("/back", [Reply::json("{}")]);
    let client = asking.client();
    let shut = |client: &Client| {
        for _ in 0..2 {
            asking.get_by(client, "/bad").unwrap_err();
        }
    };

    asking.get_by(&client, "/a").unwrap();
    shut(&client);
    let waited_before: f64 = asking.clock.waits().iter().sum();
    let back = asking.get_by(&client, "/back");
    let waited: f64 = asking.clock.waits().iter().sum::<f64>() - waited_before;

    assert!(back.is_ok(), "{back:?}");
    assert!((59.0..=61.0).contains(&waited), "{waited} s");

    shut(&client);
    let sent = client.requests();
    let probes: Vec<_> = (0..4)
        .map(|_| asking.get_by(&client, "/bad").unwrap_err())
        .collect();
    assert!(
        matches!(probes[3], HttpError::CircuitOpen { .. }),
        "{probes:?}"
    );
    assert_eq!(client.requests(), sent + 3, "one for each minute");
}

#[test]
fn answers_of_any_kind_keep_the_host_open() {
    let asking = Asking::new();
    asking.server.on("/flaky", [Reply::reset()]);
    asking.server.on("/404", [Reply::new(404, "{}")]);
    let client = asking.client();

    for _ in 0..4 {
        asking.get_by(&client, "/flaky").unwrap_err();
        asking.get_by(&client, "/404").unwrap();
    }

    assert_eq!(client.requests(), 16);
}

#[test]
fn addresses_whose_server_errors_persist_count_once_each() {
    let asking = Asking::new();
    asking.server.on("/500", [Reply::new(500, "")]);
    let client = asking.client();

    let statuses: Vec<_> = (0..6)
        .map(|_| asking.get_by(&client, "/500").map(|a| a.status))
        .collect();

    assert_eq!(statuses[..5], [Ok(500), Ok(500), Ok(500), Ok(500), Ok(500)]);
    assert!(matches!(statuses[5], Err(HttpError::CircuitOpen { .. })));
}

#[test]
fn nothing_is_written_for_a_host_without_a_budget_that_never_complains() {
    let asking = answering(Asking::new());

    asking.get("/a").unwrap();

    let files = asking.fs.snapshot();
    assert_eq!(files.len(), 1, "{:?}", files.keys());
}

#[test]
fn threads_that_meet_one_bad_moment_together_do_not_shut_the_host() {
    let asking = Asking::new();
    let arrived = AtomicUsize::new(0);
    asking.server.handle(move |_| {
        if arrived.fetch_add(1, Ordering::SeqCst) >= 8 {
            return Reply::json("{}");
        }
        let began = Instant::now();
        while arrived.load(Ordering::SeqCst) < 8 && began.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Reply::throttled("2")
    });
    let client = asking.client();

    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| asking.get_by(&client, "/a").unwrap());
        }
    });

    assert_eq!(client.requests(), 16);
}
