//! What identifies a row within its series.

use std::fmt;
use std::str::FromStr;

use crate::model::time;

use super::{Cell, Frame};

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

impl Frame {
    /// Returns what identifies a row. One that is not there has the key of 1970.
    pub fn key(&self, row: usize) -> RowKey {
        let mut key = RowKey {
            time: 0,
            more: None,
        };
        let columns = self.profile.key.iter();
        for &at in columns.filter(|at| Some(**at) != self.profile.owner) {
            match self.columns.get(at).map(|column| column.cell(row)) {
                Some(Cell::Time(time)) => key.time = time,
                Some(Cell::Text(text)) => key.more = Some(text.into()),
                _ => {}
            }
        }
        key
    }

    /// Returns the first row whose key is not before `key`. For rows of one owner, which stand in the order of their keys.
    pub fn position(&self, key: &RowKey) -> usize {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(middle) < *key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Returns the row with a key; `None` when there is none.
    pub fn find(&self, key: &RowKey) -> Option<usize> {
        let row = self.position(key);
        (row < self.rows && self.key(row) == *key).then_some(row)
    }

    /// Returns the keys of the first and the last row.
    pub fn key_span(&self) -> Option<(RowKey, RowKey)> {
        let last = self.rows.checked_sub(1)?;
        Some((self.key(0), self.key(last)))
    }
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
