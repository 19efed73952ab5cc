//! The HTTP client against a server that behaves, and against one that does not.

use std::time::{Duration, Instant};

use barkeep::http::{Client, Http, HttpError, HttpRequest, Proxies};
use barkeep::sys::{Shutdown, Signal};

use crate::support::asking::Asking;
use crate::support::server::{Reply, Server};

#[test]
fn every_status_is_an_answer_with_its_body() {
    for status in [200, 204, 304, 400, 401, 403, 404, 418, 422] {
        let asking = Asking::new();
        let body = if status == 204 || status == 304 {
            ""
        } else {
            "{\"chart\":"
        };
        asking.server.on("/a", [Reply::new(status, body)]);

        let answer = asking.get("/a").unwrap();

        assert_eq!(
            (answer.status, answer.body),
            (status, body.as_bytes().to_vec())
        );
        assert_eq!(
            asking.server.requests().len(),
            1,
            "{status} was asked again"
        );
    }
}

#[test]
fn what_a_source_needs_of_the_head_is_kept_and_bodies_are_decompressed() {
    let asking = Asking::new();
    let page = Reply::html("<p>consent</p>").gzipped();
    asking.server.on("/page", [page.header("Retry-After", "7")]);
    asking.server.on("/empty", [Reply::new(200, "")]);

    let page = asking.get("/page").unwrap();
    let empty = asking.get("/empty").unwrap();

    assert_eq!(page.body, b"<p>consent</p>");
    assert_eq!(
        page.content_type.as_deref(),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.retry_after.as_deref(), Some("7"));
    assert_eq!((empty.content_type, empty.body), (None, Vec::new()));
}

#[test]
fn a_request_says_who_asks_and_what_it_was_told_to_say() {
    let mut asking = Asking::new();
    asking.settings.user_agent = "Mozilla/5.0 (X11)".to_owned();
    asking.server.on("/a", [Reply::json("{}")]);
    let request = HttpRequest {
        headers: vec![("Accept-Language".to_owned(), "en".to_owned())],
        ..HttpRequest::of(asking.server.url("/a?period1=0&symbol=%5EGSPC"))
    };

    asking.client().get(&request, &Shutdown::default()).unwrap();

    let seen = asking.server.requests().remove(0);
    assert_eq!(seen.header("user-agent"), Some("Mozilla/5.0 (X11)"));
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    assert_eq!(seen.header("accept-language"), Some("en"));
    assert_eq!(seen.query("symbol"), Some("^GSPC"));
}

#[test]
fn one_client_keeps_its_connection() {
    let asking = Asking::new();
    asking.server.on("/a", [Reply::json("{}")]);
    let client = asking.client();

    for _ in 0..3 {
        asking.get_by(&client, "/a").unwrap();
    }

    let connections: Vec<_> = asking
        .server
        .requests()
        .iter()
        .map(|r| r.connection)
        .collect();
    assert_eq!(connections, [0, 0, 0]);
    assert_eq!(client.requests(), 3);
}

#[test]
fn a_server_error_is_asked_again_twice_and_then_an_answer() {
    let asking = Asking::new();
    let bad = || Reply::new(502, "bad gateway");
    asking.server.on("/back", [bad(), bad(), Reply::json("{}")]);
    asking.server.on("/gone", [bad()]);
    let client = asking.client();

    let back = asking.get_by(&client, "/back").unwrap();
    let gone = asking.get_by(&client, "/gone").unwrap();

    assert_eq!((back.status, gone.status), (200, 502));
    assert_eq!(asking.clock.waits(), [1.0, 4.0, 1.0, 4.0]);
    assert_eq!((client.requests(), asking.server.requests().len()), (6, 6));
}

#[test]
fn an_answer_that_breaks_off_is_asked_again_and_never_taken_for_a_short_one() {
    let cut = || Reply::json("{\"chart\":{\"result\":[]}}").truncated(9);
    for break_off in [cut, Reply::reset] {
        let asking = Asking::new();
        asking.server.on("/a", [break_off(), Reply::json("{}")]);
        asking.server.on("/b", [break_off()]);

        let answer = asking.get("/a").unwrap();
        let error = asking.get("/b").unwrap_err();

        assert_eq!(answer.body, b"{}");
        assert!(matches!(error, HttpError::Transport { .. }), "{error:?}");
        assert_eq!(asking.clock.waits(), [1.0, 1.0, 4.0]);
    }
}

#[test]
fn a_compressed_answer_that_breaks_off_is_no_answer() {
    let asking = Asking::new();
    let whole = Reply::json(vec![b' '; 300_000]).gzipped();
    asking.server.on("/a", [whole.truncated(100)]);

    let error = asking.get("/a").unwrap_err();

    assert!(matches!(error, HttpError::Transport { .. }), "{error:?}");
}

#[test]
fn a_port_where_nobody_listens_is_a_transport_error() {
    let asking = Asking::new();
    let gone = Server::start().url("/a");

    let error = asking
        .client()
        .get(&HttpRequest::of(gone), &Shutdown::default());

    let error = error.unwrap_err();
    assert!(
        matches!(&error, HttpError::Transport { reason } if reason.contains("refused")),
        "{error}"
    );
}

#[test]
fn silence_and_a_drip_end_at_the_deadline() {
    let drip = || Reply::new(200, vec![b'x'; 5_000]).dripping(Duration::from_millis(30));
    for endless in [Reply::stall, drip] {
        let asking = Asking::new().with_timeout(300);
        asking.server.on("/a", [endless()]);
        let began = Instant::now();

        let error = asking.get("/a").unwrap_err();

        let after = Duration::from_millis(300);
        assert_eq!(error, HttpError::Timeout { after });
        assert_eq!(asking.server.requests().len(), 3);
        assert!(
            began.elapsed() < Duration::from_secs(4),
            "{:?}",
            began.elapsed()
        );
    }
}

#[test]
fn a_stop_abandons_a_request_in_flight() {
    let drip = || Reply::new(200, vec![b'x'; 5_000]).dripping(Duration::from_millis(20));
    for endless in [Reply::stall, drip] {
        let asking = Asking::new();
        asking.server.on("/a", [endless()]);
        let (client, stop) = (asking.client(), Shutdown::default());
        let request = HttpRequest::of(asking.server.url("/a"));

        let took = std::thread::scope(|scope| {
            let asked = scope.spawn(|| client.get(&request, &stop));
            while asking.server.requests().is_empty() {
                std::thread::sleep(Duration::from_millis(1));
            }
            let raised = Instant::now();
            stop.raise(Signal::Terminate);
            assert_eq!(asked.join().unwrap(), Err(HttpError::Stopped));
            raised.elapsed()
        });

        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}

#[test]
fn a_run_that_is_being_stopped_sends_nothing() {
    let asking = Asking::new();
    let stop = Shutdown::default();
    stop.raise(Signal::Interrupt);

    let error = asking
        .client()
        .get(&HttpRequest::of(asking.server.url("/a")), &stop);

    assert_eq!(error, Err(HttpError::Stopped));
    assert!(asking.server.requests().is_empty());
}

#[test]
fn a_body_is_bounded_after_decompression_and_its_limit_itself_is_allowed() {
    let mut asking = Asking::new();
    asking.settings.body_limit = 100_000;
    asking.server.on("/bomb", [Reply::gzip_bomb(200 << 20)]);
    asking
        .server
        .on("/plain", [Reply::new(200, vec![b' '; 100_001])]);
    asking.server.on("/just", [Reply::gzip_bomb(100_000)]);

    for path in ["/bomb", "/plain"] {
        let error = asking.get(path).unwrap_err();
        assert_eq!(error, HttpError::TooLarge { limit: 100_000 }, "{path}");
    }
    assert_eq!(asking.get("/just").unwrap().body.len(), 100_000);
    assert_eq!(
        asking.server.requests().len(),
        3,
        "a large answer was asked again"
    );
}

#[test]
fn redirects_within_the_host_are_followed_three_times() {
    let asking = Asking::new();
    let next = |to: &str| [Reply::redirect(to)];
    asking.server.on("/1", next("/2?a=b"));
    asking.server.on("/2", next(&asking.server.url("/3")));
    asking.server.on("/3", next("4"));
    asking.server.on("/4", [Reply::json("{}")]);
    asking.server.on("/circle", next("/circle"));

    let answer = asking.get("/1").unwrap();
    let error = asking.get("/circle").unwrap_err();

    let asked: Vec<_> = asking
        .server
        .requests()
        .into_iter()
        .map(|r| r.path)
        .collect();
    assert_eq!(answer.body, b"{}");
    assert!(matches!(error, HttpError::Redirected { .. }), "{error:?}");
    assert_eq!(asked[..4], ["/1", "/2", "/3", "/4"]);
    assert_eq!(asked.len(), 8);
}

#[test]
fn a_redirect_to_another_host_is_named_and_not_followed() {
    let (asking, other) = (Asking::new(), Server::start());
    asking
        .server
        .on("/a", [Reply::redirect(&other.url("/consent"))]);

    let error = asking.get("/a").unwrap_err();

    let to = other.url("/consent");
    assert_eq!(error, HttpError::Redirected { to });
    assert!(other.requests().is_empty());
}

#[test]
fn a_redirect_without_a_place_is_an_answer() {
    let asking = Asking::new();
    asking.server.on("/a", [Reply::new(302, "where?")]);

    assert_eq!(asking.get("/a").unwrap().body, b"where?");
}

#[test]
fn a_proxy_is_asked_in_place_of_the_host_unless_the_host_is_exempt() {
    let asking = Asking::new();
    asking.server.on("/a", [Reply::json("{}")]);
    let proxied = |exempt: &str| {
        let proxies = Proxies::from(|name| match name {
            "HTTP_PROXY" => Some(asking.server.url("")),
            "NO_PROXY" => Some(exempt.to_owned()),
            _ => None,
        });
        let client = Client::new(asking.settings.clone(), proxies.unwrap(), asking.limiter());
        let request = HttpRequest::of("http://quotes.invalid/a");
        client.get(&request, &Shutdown::default())
    };

    let through = proxied("127.0.0.1").unwrap();
    let direct = proxied(".invalid").unwrap_err();

    let seen = asking.server.requests();
    assert_eq!(through.body, b"{}");
    assert_eq!(
        (seen[0].method.as_str(), seen[0].path.as_str()),
        ("CONNECT", "quotes.invalid:80")
    );
    assert_eq!(seen[1].header("host"), Some("quotes.invalid"));
    assert_eq!(seen.len(), 2);
    assert!(matches!(direct, HttpError::Transport { .. }), "{direct:?}");
}

#[test]
fn an_address_or_header_that_cannot_be_sent_is_told_before_anything_is_sent() {
    let asking = Asking::new();
    let client = asking.client();
    let bad_header = HttpRequest {
        headers: vec![("X".to_owned(), "a\r\nb".to_owned())],
        ..HttpRequest::of(asking.server.url("/a"))
    };

    for request in [HttpRequest::of("quotes.example/a"), bad_header] {
        let error = client.get(&request, &Shutdown::default()).unwrap_err();

        assert!(matches!(error, HttpError::Address { .. }), "{error:?}");
    }
    assert!(asking.server.requests().is_empty());
}
