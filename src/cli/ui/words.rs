//! Sizes, times and commands as words, beside the counts and lists of all rooms.

use std::fmt::Display;

use chrono::{DateTime, Utc};

pub(in crate::cli) use crate::model::words::{count, grouped, left_of, some_of};

/// Returns a size in the unit that fits.
pub(in crate::cli) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = bytes as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            let decimals = usize::from(unit != "bytes");
            return format!("{value:.decimals$} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

/// Returns a duration as people say it.
pub(in crate::cli) fn duration(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float beyond the range becomes its end"
    )]
    let whole = seconds.max(0.0) as u64;
    match whole {
        0..60 => format!("{:.1} s", seconds.max(0.1)),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Returns an instant as documents and tables have it.
pub(in crate::cli) fn moment(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns a word as it must be typed in a shell.
pub(in crate::cli) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Says of a file that it is none of a series, though it lies among its files.
pub(in crate::cli) fn misplaced(path: impl Display) -> String {
    format!(
        "{path} is misplaced: it is no file of the series that it lies beside, and was not read"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_short() {
        assert_eq!(size(17), "17 bytes");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(duration(3.44), "3.4 s");
        assert_eq!(duration(125.0), "2 min 5 s");
        assert_eq!(duration(7380.0), "2 h 3 min");
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("BRK.B"), "BRK.B");
        assert_eq!(quoted("^GSPC"), "'^GSPC'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
