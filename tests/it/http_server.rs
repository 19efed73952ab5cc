//! The loopback server of the tests does what it says, seen through a bare socket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::server::{Reply, Server, decoded};

/// Opens a connection that gives up after five seconds.
fn connect(server: &Server) -> TcpStream {
    let address = server.url("").trim_start_matches("http://").to_owned();
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
}

fn ask(stream: &mut TcpStream, target: &str) {
    let head = format!("GET {target} HTTP/1.1\r\nHost: here\r\nX-Mark: one\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
}

/// Reads one reply with a length, and what follows the head.
fn reply(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

#[test]
fn a_script_is_played_in_order_over_one_connection_and_its_last_reply_repeats() {
    let server = Server::start();
    server.on(
        "/a",
        [
            Reply::throttled("7"),
            Reply::redirect("/b"),
            Reply::json("{}"),
        ],
    );
    let mut stream = connect(&server);

    let heads: Vec<String> = (0..4)
        .map(|_| {
            ask(&mut stream, "/a");
            reply(&mut stream).0
        })
        .collect();

    assert!(heads[0].starts_with("HTTP/1.1 429 ") && heads[0].contains("Retry-After: 7\r\n"));
    assert!(heads[1].starts_with("HTTP/1.1 302 ") && heads[1].contains("Location: /b\r\n"));
    assert!(heads[2].starts_with("HTTP/1.1 200 ") && heads[2].contains("application/json"));
    assert_eq!(heads[2], heads[3]);
    assert!(server.requests().iter().all(|seen| seen.connection == 0));
}

#[test]
fn a_request_is_recorded_with_its_parameters_headers_and_time() {
    let server = Server::start();
    server.handle(|request| Reply::html(request.query("interval").unwrap_or("none")));
    let mut stream = connect(&server);

    ask(
        &mut stream,
        "/chart/%5EGSPC?interval=1d&events=div%7Csplits",
    );
    let (_, body) = reply(&mut stream);

    let seen = server.requests().remove(0);
    assert_eq!(body, b"1d");
    assert_eq!(
        (seen.method.as_str(), seen.path.as_str()),
        ("GET", "/chart/%5EGSPC")
    );
    assert_eq!(decoded(&seen.path), "/chart/^GSPC");
    assert_eq!(seen.query("events"), Some("div|splits"));
    assert_eq!(seen.header("x-mark"), Some("one"));
    assert!(seen.at < Duration::from_secs(5));
}

#[test]
fn what_has_no_script_and_no_handler_is_not_found() {
    let server = Server::start();
    let mut stream = connect(&server);

    ask(&mut stream, "/nowhere");

    assert!(reply(&mut stream).0.starts_with("HTTP/1.1 404 "));
}

#[test]
fn bodies_are_cut_dripped_and_compressed_as_scripted() {
    let server = Server::start();
    server.on("/cut", [Reply::new(200, "0123456789").truncated(4)]);
    server.on(
        "/drip",
        [Reply::new(200, "abc").dripping(Duration::from_millis(20))],
    );
    server.on("/bomb", [Reply::gzip_bomb(1 << 20)]);

    let mut cut = connect(&server);
    ask(&mut cut, "/cut");
    let mut all = String::new();
    cut.read_to_string(&mut all).unwrap();
    let mut stream = connect(&server);
    let began = Instant::now();
    ask(&mut stream, "/drip");
    let (_, dripped) = reply(&mut stream);
    let dripping = began.elapsed();
    ask(&mut stream, "/bomb");
    let (head, bomb) = reply(&mut stream);

    assert!(all.contains("Content-Length: 10\r\n") && all.ends_with("\r\n\r\n0123"));
    assert_eq!(dripped, b"abc");
    assert!(dripping >= Duration::from_millis(60), "{dripping:?}");
    assert!(head.contains("Content-Encoding: gzip"));
    assert!(bomb.len() < 20_000, "{} bytes", bomb.len());
}

#[test]
fn a_reset_is_an_error_of_the_socket_and_not_an_end() {
    let server = Server::start();
    server.on("/", [Reply::reset()]);
    let mut stream = connect(&server);

    ask(&mut stream, "/");
    let error = stream.read(&mut [0; 16]).unwrap_err();

    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn the_server_ends_at_once_while_a_client_waits_for_a_reply_that_never_comes() {
    let server = Server::start();
    server.on("/", [Reply::stall()]);
    let mut stream = connect(&server);
    ask(&mut stream, "/");
    while server.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }

    let began = Instant::now();
    drop(server);

    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0);
}
