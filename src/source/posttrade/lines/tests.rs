//! Files that are whole, cut, damaged, endless or none.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

fn line(number: usize) -> String {
    format!(
        r#"{{"isin":"DE000TEST001","transIdCode":"{number}","lastTrade":1.5,"lastQty":2,"lastTradeTime":"2025-10-31T13:54:00Z","distributionDateTime":"2025-10-31T13:54:00Z"}}"#
    ) + "\n"
}

fn text(count: usize) -> String {
    (0..count).map(line).collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// What became of a file: its trades by number, its bad lines, and the outcome.
struct Outcome {
    trades: Vec<usize>,
    bad: Vec<BadLine>,
    read: Result<Read, LinesError>,
}

fn read_within(bytes: &[u8], limits: Limits) -> Outcome {
    let (mut trades, mut bad) = (Vec::new(), Vec::new());
    let read = lines(bytes, limits, &mut |line| match line {
        Line::Trade(trade) => trades.push(trade.trans_id.parse().unwrap()),
        Line::Bad(line) => bad.push(line),
    });
    Outcome { trades, bad, read }
}

fn read(bytes: &[u8]) -> Outcome {
    read_within(bytes, Limits::default())
}

#[test]
fn a_minute_without_trades_is_a_whole_file() {
    let empty = gzip(b"");
    assert_eq!(empty.len(), 20);

    let outcome = read(&empty);

    assert_eq!(outcome.read.unwrap(), Read::default());
}

#[test]
fn a_file_is_read_packed_or_not_with_or_without_a_last_end_of_line() {
    let whole = text(3);
    for text in [
        whole.as_str(),
        whole.trim_end(),
        &whole.replace('\n', "\r\n"),
        &whole.replace('\n', "\n\n"),
        &format!("\u{feff}{whole}"),
    ] {
        for bytes in [gzip(text.as_bytes()), text.as_bytes().to_vec()] {
            if bytes.starts_with(BYTE_ORDER_MARK) {
                continue;
            }
            let outcome = read(&bytes);

            assert_eq!(outcome.trades, [0, 1, 2]);
            let read = outcome.read.unwrap();
            assert_eq!((read.trades, read.bad), (3, 0));
            assert_eq!(read.bytes, text.len() as u64);
        }
    }
}

#[test]
fn several_gzip_in_succession_are_one_file_and_what_follows_is_noted() {
    let members = [
        gzip(line(0).as_bytes()),
        gzip(b""),
        gzip(line(1).as_bytes()),
    ]
    .concat();
    for trailer in [
        b"".as_slice(),
        b"\0\0\0\0",
        b"garbage",
        &[0x1f],
        &[0x1f, 0x20, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    ] {
        let outcome = read(&[members.as_slice(), trailer].concat());

        assert_eq!(outcome.trades, [0, 1]);
        match outcome.read {
            Ok(read) => assert_eq!(read.has_trailer, !trailer.is_empty()),
            // One byte may be the beginning of another member.
            Err(error) => assert!(
                matches!(error, LinesError::Cut { lines: 2 }) && trailer.len() == 1,
                "{error}"
            ),
        }
    }
}

#[test]
fn a_cut_file_gives_whole_lines_and_is_never_taken_for_whole() {
    let whole = gzip(text(40).as_bytes());
    for end in 2..whole.len() {
        let outcome = read(&whole[..end]);

        let Err(LinesError::Cut { lines }) = outcome.read else {
            panic!("{end} bytes: {:?}", outcome.read);
        };
        assert_eq!(
            outcome.trades,
            (0..usize::try_from(lines).unwrap()).collect::<Vec<_>>()
        );
        assert!(outcome.bad.is_empty(), "half a line is no line");
    }
    assert!(read(&whole).read.is_ok());
}

#[test]
fn a_second_member_that_breaks_off_is_cut_too() {
    let second = gzip(text(3).as_bytes());
    for end in 1..second.len() {
        let bytes = [gzip(line(0).as_bytes()).as_slice(), &second[..end]].concat();

        assert!(
            matches!(read(&bytes).read, Err(LinesError::Cut { .. })),
            "{end}"
        );
    }
}

#[test]
fn one_wrong_byte_is_damage_wherever_it_is() {
    let whole = gzip(text(20).as_bytes());
    // The header of ten bytes has a time and a system that nobody checks.
    for at in 10..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;

        let read = read(&bytes).read;

        assert!(read.is_err(), "byte {at}: {read:?}");
    }
}

#[test]
fn a_bad_line_costs_itself_and_is_handed_out_with_its_place() {
    let half = &line(1)[..40];
    let text = format!("{}{half}\n{}", line(0), line(2));

    let outcome = read(&gzip(text.as_bytes()));

    assert_eq!(outcome.trades, [0, 2]);
    assert_eq!(outcome.read.unwrap().bad, 1);
    let bad = &outcome.bad[0];
    assert_eq!((bad.line, bad.offset), (2, line(0).len() as u64));
    assert_eq!(bad.bytes, half.as_bytes());
    assert!(bad.reason.contains("EOF"), "{}", bad.reason);
}

#[test]
fn a_file_that_was_packed_while_it_was_written_breaks_off() {
    let whole = text(2);

    for end in line(0).len() + 1..whole.len() - 2 {
        let outcome = read(&gzip(&whole.as_bytes()[..end]));

        assert_eq!((outcome.trades.len(), outcome.bad.len()), (1, 0));
        let breaks_off = matches!(outcome.read, Err(LinesError::Cut { lines: 1 }));
        assert!(breaks_off, "byte {end}: {:?}", outcome.read);
    }
}

#[test]
fn a_file_without_the_beginning_of_any_line_is_none_of_trades() {
    let line = line(0);
    let array = format!("[{}]", line.trim_end());
    for text in ["<html>busy</html>", "busy\n", "null", &array] {
        let outcome = read(&gzip(text.as_bytes()));

        let is_none = matches!(outcome.read, Err(LinesError::NoTrades));
        assert!(is_none, "{text}: {:?}", outcome.read);
    }
    // A line of trades with a value that makes no sense is a bad line, also where it is the only one.
    let outcome = read(&gzip(
        line.replace("\"lastQty\":2", "\"lastQty\":-2").as_bytes(),
    ));
    assert_eq!(outcome.read.unwrap().bad, 1);
}

#[test]
fn a_file_of_unknown_keys_is_an_error_that_names_the_first_line() {
    let renamed = |count| text(count).replace("isin", "securityIdentifier");
    for text in [renamed(1), renamed(99), renamed(5_000)] {
        let outcome = read(&gzip(text.as_bytes()));

        let Err(LinesError::UnknownSchema { line: 1, reason }) = outcome.read else {
            panic!("{:?}", outcome.read);
        };
        assert!(reason.contains("instrument"), "{reason}");
        assert!(outcome.trades.is_empty() && outcome.bad.is_empty());
    }
}

#[test]
fn keys_that_change_in_the_middle_are_an_error_and_a_few_such_lines_are_bad() {
    let renamed = |count| text(count).replace("isin", "securityIdentifier");

    let few = read(&gzip(
        format!("{}{}{}", text(2), renamed(99), line(9)).as_bytes(),
    ));
    let many = read(&gzip(
        format!("{}{}{}", text(2), renamed(100), line(9)).as_bytes(),
    ));

    assert_eq!((few.trades.len(), few.bad.len()), (3, 99));
    assert!(few.read.is_ok());
    assert!(matches!(
        many.read,
        Err(LinesError::UnknownSchema { line: 3, .. })
    ));
    assert_eq!((many.trades.len(), many.bad.len()), (2, 0));
}

#[test]
fn a_file_of_one_broken_line_has_a_bad_line_and_no_new_schema() {
    let broken = format!("{}\n", &line(0)[..30]);

    let outcome = read(&gzip(broken.as_bytes()));

    assert_eq!((outcome.bad.len(), outcome.read.unwrap().bad), (1, 1));
}

#[test]
fn a_line_that_is_too_long_costs_itself_and_not_the_memory() {
    let limits = Limits {
        line: 1_000,
        ..Limits::default()
    };
    let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(3_000_000));
    let text = format!("{}{long}{}", line(0), line(1));

    let outcome = read_within(&gzip(text.as_bytes()), limits);

    assert_eq!(outcome.trades, [0, 1]);
    assert_eq!(outcome.bad[0].bytes.len(), 1_000);
    assert!(
        outcome.bad[0].reason.contains("3000009 bytes"),
        "{}",
        outcome.bad[0].reason
    );
    assert_eq!(outcome.read.unwrap().bytes, text.len() as u64);
}

/// Its times fit each other, so nothing but the file says that they are wrong.
#[test]
fn a_line_that_was_published_after_its_file_costs_itself() {
    let moment: chrono::DateTime<chrono::Utc> = "2025-10-31T13:54:00Z".parse().unwrap();
    let limits = Limits {
        latest: moment.timestamp_nanos_opt().unwrap(),
        ..Limits::default()
    };
    let late = line(1).replace("2025-10-31T13:54:00Z", "2025-10-31T13:54:00.000000001Z");

    let outcome = read_within(&gzip((line(0) + &late + &line(2)).as_bytes()), limits);

    assert_eq!(outcome.trades, [0, 2]);
    assert_eq!(outcome.bad[0].line, 2);
    assert!(outcome.bad[0].reason.contains("long after its file"));
}

#[test]
fn what_unpacks_to_more_than_trades_ever_do_is_refused() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b'\n'; 64 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    let by_ratio = read(&bomb);
    let by_size = read_within(
        &gzip(text(1_000).as_bytes()),
        Limits {
            inflated: 100_000,
            ..Limits::default()
        },
    );

    for outcome in [by_ratio.read, by_size.read] {
        assert!(
            matches!(outcome, Err(LinesError::TooLarge { .. })),
            "{outcome:?}"
        );
    }
}

#[test]
fn what_is_no_file_of_trades_is_told_at_once() {
    for bytes in [b"".as_slice(), b"<html>", b"[]", b"PK\x03\x04", b"\x00"] {
        assert!(matches!(read(bytes).read, Err(LinesError::NoTrades)));
    }
}

#[test]
fn a_reader_that_fails_is_no_damage_of_the_file() {
    struct Failing(Vec<u8>, usize);
    impl std::io::Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.1 == self.0.len() {
                return Err(std::io::Error::other("input/output error"));
            }
            buffer[0] = self.0[self.1];
            self.1 += 1;
            Ok(1)
        }
    }
    let whole = gzip(text(40).as_bytes());
    for end in 0..whole.len() {
        let reader = Failing(whole[..end].to_vec(), 0);

        let read = lines(reader, Limits::default(), &mut |_| {});

        assert!(
            matches!(read, Err(LinesError::Unreadable(_))),
            "{end}: {read:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail_otherwise_than_by_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        is_packed: bool,
    ) {
        let bytes = if is_packed { gzip(&bytes) } else { bytes };

        let outcome = read(&bytes);

        prop_assert!(outcome.trades.is_empty());
    }
}
