//! JSON in the form in which the predecessor writes it.
//!
//! Promises: 4 blanks a level, `{}` and `[]` for what is empty, every character beyond printable ASCII as
//! `\uXXXX` (two of them outside the basic plane), floats as Python prints them, no line break at the end.
//! A value that came from such a file therefore goes back as the same bytes.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// Returns the bytes of a JSON value.
#[expect(
    clippy::expect_used,
    reason = "a JSON value has only text keys, and writing to memory does not fail"
)]
pub(super) fn bytes<T: Serialize>(value: &T) -> Vec<u8> {
    let mut serializer = Serializer::with_formatter(Vec::new(), PythonFormatter::new());
    value
        .serialize(&mut serializer)
        .expect("a JSON value is serialized into memory");
    serializer.into_inner()
}

struct PythonFormatter(PrettyFormatter<'static>);

impl PythonFormatter {
    fn new() -> Self {
        Self(PrettyFormatter::with_indent(b"    "))
    }
}

fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte)
}

impl Formatter for PythonFormatter {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        // Both languages print the shortest digits and turn to exponents at the same sizes;
        // Python signs the exponent and gives it two digits.
        let text = format!("{value:?}");
        match text.split_once('e') {
            None => writer.write_all(text.as_bytes()),
            Some((digits, exponent)) => match exponent.strip_prefix('-') {
                Some(size) => write!(writer, "{digits}e-{size:0>2}"),
                None => write!(writer, "{digits}e+{exponent:0>2}"),
            },
        }
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment.bytes().all(is_plain) {
            return writer.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            let mut units = [0; 2];
            match u8::try_from(c) {
                Ok(byte) if is_plain(byte) => writer.write_all(&[byte])?,
                _ => {
                    for unit in c.encode_utf16(&mut units) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(value: &serde_json::Value) -> String {
        String::from_utf8(bytes(value)).unwrap()
    }

    #[test]
    fn documents_are_indented_by_four_blanks_without_a_last_line_break() {
        let value = json!({"a": {"b": [1, 2]}, "c": {}, "d": [], "e": null});

        assert_eq!(
            written(&value),
            "{\n    \"a\": {\n        \"b\": [\n            1,\n            2\n        ]\n    },\n    \
             \"c\": {},\n    \"d\": [],\n    \"e\": null\n}"
        );
    }

    #[test]
    fn text_beyond_ascii_is_escaped_as_the_predecessor_does() {
        let value = json!("Mü\u{1f37a}\u{7f}\u{1}\t\"\\/");

        assert_eq!(
            written(&value),
            r#""M\u00fc\ud83c\udf7a\u007f\u0001\t\"\\/""#
        );
    }

    #[test]
    fn numbers_are_printed_as_python_prints_them() {
        // Each text is what `json.dumps(json.loads(text))` of Python 3 gives for it.
        for text in [
            "1.0",
            "0.1",
            "-0.0",
            "0.0001",
            "1e-05",
            "1.5e-07",
            "1e+16",
            "1.2345678901234568e+17",
            "1e+100",
            "5e-324",
            "1.7976931348623157e+308",
            "9007199254740993",
            "-9223372036854775808",
            "18446744073709551615",
            "123456789012345.6",
        ] {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();

            assert_eq!(written(&value), text);
        }
    }
}
