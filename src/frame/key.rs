//! What identifies a row within its series.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::model::time;

use super::{Column, Profile};

/// What identifies a row within its series: its timestamp and, where several rows may share one, what tells them apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The timestamp, nanoseconds of the wall clock since 1970.
    pub time: i64,
    /// The further text of the key, such as the kind of an event.
    pub more: Option<Box<str>>,
}

/// Written as `2026-06-01T09:30:00`, with the further text after a blank: `2026-06-01T00:00:00 split`.
impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = time::naive(self.time).format("%Y-%m-%dT%H:%M:%S%.f");
        match &self.more {
            None => write!(f, "{moment}"),
            Some(more) => write!(f, "{moment} {more}"),
        }
    }
}

impl FromStr for RowKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (moment, more) = match text.split_once(' ') {
            Some((moment, more)) => (moment, Some(more.into())),
            None => (text, None),
        };
        let time = time::parse(moment).ok_or_else(|| format!("`{text}` is no key of a row"))?;
        Ok(Self { time, more })
    }
}

/// Compares the keys of two rows, column by column.
pub(super) fn compare_keys(
    profile: &Profile,
    a: &[Column],
    i: usize,
    b: &[Column],
    j: usize,
) -> Ordering {
    profile
        .key
        .iter()
        .map(|&at| match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) => a.compare(i, b, j),
            _ => Ordering::Equal,
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_text() {
        for (text, more) in [
            ("2026-06-01T09:30:00", None),
            ("1969-12-31T23:59:59.000000001", None),
            ("2026-06-01T00:00:00 split", Some("split")),
            ("2026-06-01T00:00:00 capital gain", Some("capital gain")),
        ] {
            let key: RowKey = text.parse().unwrap();

            assert_eq!(key.more.as_deref(), more);
            assert_eq!(key.to_string(), text);
        }
        assert!("yesterday".parse::<RowKey>().is_err());
    }

    #[test]
    fn keys_sort_by_time_first() {
        let key = |text: &str| text.parse::<RowKey>().unwrap();

        assert!(key("2026-06-01T00:00:00 split") < key("2026-06-02T00:00:00 dividend"));
        assert!(key("2026-06-01T00:00:00 dividend") < key("2026-06-01T00:00:00 split"));
    }
}
