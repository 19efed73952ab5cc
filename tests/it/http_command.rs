//! A command of the user's that fetches in place of the built-in client.

use std::path::Path;
use std::time::{Duration, Instant};

use barkeep::http::{Http, HttpError, HttpRequest};
use barkeep::sys::{Fs, OsFs, Shutdown, Signal};

use crate::support::asking::Asking;

/// A client whose command is a line of shell; `$0` is the address.
fn shell(line: &str) -> Asking {
    Asking::new().with_command(&["/bin/sh", "-c", line])
}

fn reason(error: HttpError) -> String {
    match error {
        HttpError::Transport { reason } | HttpError::Command { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn standard_output_is_the_body_and_the_address_the_last_argument() {
    let asking = shell("printf 'body of %s' \"$0\"; echo noise >&2");

    let answer = asking.get("/a?b=%5E").unwrap();

    let body = format!("body of {}", asking.server.url("/a?b=%5E"));
    assert_eq!((answer.status, answer.body), (200, body.into_bytes()));
    assert!(asking.server.requests().is_empty());
}

#[test]
fn the_address_goes_where_its_placeholder_is_and_no_shell_reads_it() {
    let asking = Asking::new().with_command(&["/usr/bin/printf", "%s,%s", "<{url}>", "end"]);

    let answer = asking.get("/$(id);x").unwrap();

    let body = format!("<{}>,end", asking.server.url("/$(id);x"));
    assert_eq!(String::from_utf8(answer.body).unwrap(), body);
}

#[test]
fn the_last_line_of_standard_error_gives_the_status() {
    let said = shell("echo '{}'; echo progress >&2; echo 'barkeep-status: 404' >&2");
    let not_last = shell("echo 'barkeep-status: 404' >&2; echo more >&2");
    let nonsense = shell("echo 'barkeep-status: fine' >&2");

    assert_eq!(said.get("/a").unwrap().status, 404);
    assert_eq!(not_last.get("/a").unwrap().status, 200);
    assert!(reason(nonsense.get("/a").unwrap_err()).contains("fine"));
}

#[test]
fn the_status_of_a_command_is_treated_as_that_of_a_server() {
    let asking = shell("echo 'barkeep-status: 429' >&2");

    let error = asking.get("/a").unwrap_err();

    assert!(matches!(error, HttpError::Throttled { .. }), "{error:?}");
    assert_eq!(asking.clock.waits(), [1.0, 4.0]);
}

#[test]
fn an_exit_code_is_a_transport_error_with_the_last_words_and_is_tried_again() {
    let asking = shell(
        "echo rows; echo first >&2; echo 'no route' >&2; echo 'barkeep-status: 000' >&2; exit 7",
    );
    let client = asking.client();

    let error = asking.get_by(&client, "/a").unwrap_err();

    assert_eq!(reason(error), "/bin/sh ended with exit code 7: no route");
    assert_eq!(client.requests(), 3);
}

#[test]
fn a_command_that_is_not_there_is_no_matter_of_the_network() {
    let asking = Asking::new().with_command(&["/nowhere/fetch"]);
    let client = asking.client();

    let error = asking.get_by(&client, "/a").unwrap_err();

    assert!(matches!(error, HttpError::Command { .. }), "{error:?}");
    assert!(error.to_string().contains("/nowhere/fetch"), "{error}");
    assert_eq!(client.requests(), 1);
    let empty = Asking::new().with_command(&[]);
    assert!(matches!(empty.get("/a"), Err(HttpError::Command { .. })));
}

#[test]
fn what_takes_too_long_or_says_too_much_is_ended() {
    let slow = shell("sleep 30").with_timeout(200);
    let mut loud = shell("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done");
    loud.settings.body_limit = 10_000;
    let began = Instant::now();

    let after = Duration::from_millis(200);
    assert_eq!(slow.get("/a"), Err(HttpError::Timeout { after }));
    assert_eq!(loud.get("/a"), Err(HttpError::TooLarge { limit: 10_000 }));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn much_on_standard_error_stops_nobody() {
    let asking =
        shell("head -c 1000000 /dev/zero >&2; echo >&2; echo 'barkeep-status: 404' >&2; echo ok");

    let answer = asking.get("/a").unwrap();

    assert_eq!((answer.status, answer.body), (404, b"ok\n".to_vec()));
}

#[test]
fn a_stop_ends_the_command_and_what_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let pid = dir.path().join("pid");
    let line = format!("sleep 60 & echo $! > {}; wait", pid.display());
    let asking = shell(&line);
    let (client, stop) = (asking.client(), Shutdown::default());
    let request = HttpRequest::of(asking.server.url("/a"));

    let (outcome, took) = std::thread::scope(|scope| {
        let asked = scope.spawn(|| client.get(&request, &stop));
        while read(&pid).is_none_or(|text| !text.ends_with('\n')) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let raised = Instant::now();
        stop.raise(Signal::Terminate);
        (asked.join().unwrap(), raised.elapsed())
    });

    let started = read(&pid).unwrap();
    assert_eq!(outcome, Err(HttpError::Stopped));
    assert!(took < Duration::from_secs(1), "{took:?}");
    let is_dead = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !lives(started.trim())
    });
    assert!(is_dead, "what the command had started lives on");
}

fn read(path: &Path) -> Option<String> {
    let bytes = OsFs.read(path).unwrap()?;
    Some(String::from_utf8(bytes).unwrap())
}

/// Tells whether a process is there and is more than a body that nobody has fetched yet.
fn lives(pid: &str) -> bool {
    let stat = OsFs.read(&Path::new("/proc").join(pid).join("stat"));
    let stat = stat.ok().flatten().unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat).into_owned();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[test]
fn a_living_process_is_told_from_a_dead_one() {
    assert!(lives("self"));
    assert!(!lives("4194305"));
}

#[test]
fn a_command_that_leaves_a_child_behind_is_answered_all_the_same() {
    let asking = shell("sleep 60 & echo ok");
    let began = Instant::now();

    let answer = asking.get("/a").unwrap();

    assert_eq!(answer.body, b"ok\n");
    assert!(began.elapsed() < Duration::from_secs(3));
}
