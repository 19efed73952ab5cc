//! Lines as their values, by the quick way and by JSON.

use super::*;

const LINE: &str = r#"{"messageId":"posttrade","isin":"DE000TEST001","currency":"EUR","lastQty":159.00,"lastTrade":56.2,"tickId":33976320,"transIdCode":"x \u00fc"}"#;

/// A line is read the same in both ways, or in one only.
fn is_plain(line: &str) -> bool {
    let plain = Values::plain(line.as_bytes());
    let is_plain = plain.is_some();
    if let Some(plain) = plain {
        assert_eq!(Ok(plain), Values::of_json(line.as_bytes()), "{line}");
    }
    is_plain
}

#[test]
fn a_line_of_a_feed_is_plain_and_means_what_json_says() {
    let line = LINE.replace("\\u00fc", "\u{fc}");

    assert!(is_plain(&line));
    assert_eq!(
        Values::plain(line.as_bytes()).unwrap().take(Field::TickId),
        Some(Scalar::Int(33_976_320))
    );
    assert!(!is_plain(LINE), "an escape");
}

#[test]
fn every_number_means_what_json_says() {
    for (number, expected) in [
        ("0", true),
        ("7", true),
        ("10", true),
        ("0.5", true),
        ("159.00", true),
        ("0.1", true),
        ("123456789.012345", true),
        ("999999999999999", true),
        ("1234567890123456", false),
        ("1.23456789012345678", false),
        ("00", false),
        ("01", false),
        ("00.5", false),
        (".5", false),
        ("5.", false),
        ("1.2.3", false),
        ("-1", false),
        ("-0", false),
        ("+1", false),
        ("1e3", false),
        ("1.5e3", false),
        ("1E3", false),
        ("", false),
        ("1_0", false),
        ("true", false),
        ("null", false),
        ("[1]", false),
        ("\"1\"1", false),
    ] {
        assert_eq!(
            is_plain(&format!("{{\"price\":{number}}}")),
            expected,
            "{number}"
        );
        assert_eq!(
            is_plain(&format!("{{\"price\":{number},\"quantity\":1}}")),
            expected,
            "{number}"
        );
    }
}

#[test]
fn a_text_ends_at_the_first_byte_that_is_not_plain() {
    let is_end = |byte: u8| byte == b'"' || byte == b'\\' || byte < b' ';
    for length in 0..20 {
        for place in 0..=length {
            for byte in 0..=u8::MAX {
                // Behind the first one, whatever is there changes nothing.
                for filling in *b"a\"\\\x1f\x00\xff\x80!#" {
                    let mut bytes = vec![b'z'; length];
                    bytes
                        .iter_mut()
                        .skip(place)
                        .for_each(|after| *after = filling);
                    if let Some(at) = bytes.get_mut(place) {
                        *at = byte;
                    }
                    let expected = bytes.iter().position(|byte| is_end(*byte));
                    assert_eq!(plain_length(&bytes), expected, "{bytes:?}");
                }
            }
        }
    }
}

/// Every cut of a line and every byte of it that becomes another one is read as JSON reads it.
#[test]
fn a_line_that_is_changed_anywhere_means_what_json_says() {
    let line = LINE.replace("\\u00fc", "z");
    for at in 0..line.len() {
        is_plain(&line[..at]);
        for byte in [
            "\"", "\\", "{", "}", ",", ":", "0", ".", "-", "e", " ", "\n", "\t", "\u{1}", "\u{fc}",
            "x",
        ] {
            is_plain(&format!("{}{byte}{}", &line[..at], &line[at + 1..]));
            is_plain(&format!("{}{byte}{}", &line[..at], &line[at..]));
        }
    }
}

#[test]
fn keys_that_come_twice_or_are_not_known_are_left_to_json() {
    assert!(!is_plain(r#"{"price":1,"price":1}"#));
    assert!(!is_plain(r#"{"price":1,"lastTrade":1}"#));
    assert!(!is_plain(r#"{"price":1,"other":1}"#));
    assert!(!is_plain("{}"));
    assert!(!is_plain(r#"{"price":1}{"#));
    assert!(!is_plain(r#"{"price":1,}"#));
    assert!(!is_plain(r#"{"price":1 }"#));
}
