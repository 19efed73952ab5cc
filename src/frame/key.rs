//! What identifies a row within its series.

use std::cmp::Ordering;
use std::fmt;

use crate::model::time;

use super::{Cell, Column, KindOf, Profile};

/// What identifies a row within its series: its timestamp and, where several rows may share one, what tells them apart.
///
/// Sorts as rows of one series do. Written as `2026-06-01T09:30:00`. One further text stands behind a blank as it is:
/// `2026-06-01T00:00:00 capital gain`. Of several further values each stands behind a blank of its own, and blanks within a text
/// are written as `%20`, `%` as `%25`: `2026-06-01T09:30:00.500 1000042 - 2026-06-01T09:45:00.500`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The timestamp, nanoseconds of the wall clock since 1970.
    pub time: i64,
    /// The further values, in the order of the key: none for a bar, the kind of an event, what tells trades apart.
    pub more: Box<[KeyPart]>,
}

/// One further value of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyPart {
    /// Text.
    Text(Box<str>),
    /// A timestamp, nanoseconds since 1970.
    Time(i64),
}

impl KeyPart {
    /// Returns the value of a cell; `None` for one that no key has.
    pub(super) fn of(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(Self::Text(text.into())),
            Cell::Time(time) => Some(Self::Time(time)),
            Cell::Null | Cell::Int(_) | Cell::Float(_) | Cell::Flag(_) => None,
        }
    }

    /// Reads one of several parts, as `Display` of the key wrote it.
    fn read(kind: KindOf, text: &str) -> Option<Self> {
        match kind {
            KindOf::Time => time::parse(text).map(Self::Time),
            _ => Some(Self::Text(unescaped(text).into())),
        }
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        moment(f, self.time)?;
        match &*self.more {
            [KeyPart::Text(text)] => write!(f, " {text}"),
            parts => parts.iter().try_for_each(|part| {
                f.write_str(" ")?;
                match part {
                    KeyPart::Text(text) => f.write_str(&escaped(text)),
                    KeyPart::Time(time) => moment(f, *time),
                }
            }),
        }
    }
}

fn moment(f: &mut fmt::Formatter<'_>, nanos: i64) -> fmt::Result {
    write!(f, "{}", time::naive(nanos).format("%Y-%m-%dT%H:%M:%S%.f"))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace(' ', "%20")
}

fn unescaped(text: &str) -> String {
    text.replace("%20", " ").replace("%25", "%")
}

impl RowKey {
    /// Reads a key of rows of `profile`, as it is written; a day alone is its midnight.
    ///
    /// # Errors
    /// When the text is no such key.
    pub fn read(profile: &Profile, text: &str) -> Result<Self, String> {
        let found = || {
            let kinds: Vec<KindOf> = profile.further_key().map(|(_, kind)| kind).collect();
            let (moment, more) = match text.split_once(' ') {
                Some((moment, more)) => (moment, Some(more)),
                None => (text, None),
            };
            let time = time::parse(moment)?;
            let more: Box<[KeyPart]> = match (kinds.as_slice(), more) {
                ([], None) => Box::default(),
                ([KindOf::Text], Some(more)) => Box::new([KeyPart::Text(more.into())]),
                (kinds, Some(more)) => {
                    let parts: Vec<&str> = more.split(' ').collect();
                    if parts.len() != kinds.len() {
                        return None;
                    }
                    let parts = kinds.iter().zip(parts);
                    parts
                        .map(|(kind, part)| KeyPart::read(*kind, part))
                        .collect::<Option<_>>()?
                }
                _ => return None,
            };
            Some(Self { time, more })
        };
        found().ok_or_else(|| format!("`{text}` is no key of a row of {}", profile.dataset))
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
    use proptest::prelude::*;

    use super::*;
    use crate::model::Dataset;

    fn read(dataset: Dataset, text: &str) -> Result<RowKey, String> {
        RowKey::read(Profile::of(dataset), text)
    }

    #[test]
    fn a_key_reads_back_from_its_text() {
        for (dataset, text) in [
            (Dataset::Stocks, "2026-06-01T09:30:00"),
            (Dataset::Stocks, "1969-12-31T23:59:59.000000001"),
            (Dataset::Events, "2026-06-01T00:00:00 split"),
            (Dataset::Events, "2026-06-01T00:00:00 capital gain"),
            (Dataset::Events, "2026-06-01T00:00:00 50%20"),
            (
                Dataset::Trades,
                "2025-10-31T13:54:00.000123 1000042 - 2025-10-31T14:09:00.500",
            ),
            (
                Dataset::Trades,
                "2025-10-31T13:54:00 an%20id%25 A 2025-10-31T14:09:00",
            ),
        ] {
            assert_eq!(read(dataset, text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_text_that_lacks_a_part_or_has_one_more_is_no_key() {
        for (dataset, text) in [
            (Dataset::Stocks, "yesterday"),
            (Dataset::Stocks, "2026-06-01T09:30:00 split"),
            (Dataset::Events, "2026-06-01T00:00:00"),
            (Dataset::Trades, "2025-10-31T13:54:00"),
            (Dataset::Trades, "2025-10-31T13:54:00 1000042 -"),
            (Dataset::Trades, "2025-10-31T13:54:00 1000042 - soon"),
            (
                Dataset::Trades,
                "2025-10-31T13:54:00 1000042 - 2025-10-31T14:09:00 -",
            ),
        ] {
            assert!(read(dataset, text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_tells_trades_apart_reads_back(
            time in -4_000_000_000_000_000_000_i64..4_000_000_000_000_000_000,
            id in "[ %025a-]{0,6}|\\PC{0,6}",
            flag in "[ %-]{0,2}",
            published in -4_000_000_000_000_000_000_i64..4_000_000_000_000_000_000,
        ) {
            let more = [KeyPart::Text(id.into()), KeyPart::Text(flag.into()), KeyPart::Time(published)];
            let key = RowKey { time, more: Box::new(more) };

            prop_assert_eq!(read(Dataset::Trades, &key.to_string()), Ok(key));
        }
    }

    #[test]
    fn keys_sort_by_time_first_and_then_part_by_part() {
        let event = |text: &str| read(Dataset::Events, text).unwrap();
        let trade = |text: &str| {
            let text = format!("2026-06-01T09:30:00 {text}");
            read(Dataset::Trades, &text).unwrap()
        };

        assert!(event("2026-06-01T00:00:00 split") < event("2026-06-02T00:00:00 dividend"));
        assert!(event("2026-06-01T00:00:00 dividend") < event("2026-06-01T00:00:00 split"));
        assert!(trade("1 C 2026-06-03") < trade("2 A 2026-06-02"));
        assert!(trade("1 A 2026-06-03") < trade("1 C 2026-06-02"));
        assert!(trade("1 A 2026-06-02") < trade("1 A 2026-06-03"));
    }
}
