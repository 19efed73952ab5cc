//! Which published line of each transaction counts.
//!
//! Promises: the newest publication counts, whatever order the lines came in; of lines that were published at one moment a
//! cancellation goes before an amendment, and that before a new trade. So an amendment that is published twice, and a
//! cancellation that comes before what it cancels, have the outcome of the usual order. New trades of two instruments are two
//! transactions, whatever their id; a correction that names another instrument than the only trade of its id corrects that.

use std::collections::{HashMap, HashSet};

use crate::frame::{Column, Frame};

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is the newest of its transaction and no cancellation.
    Counts,
    /// A newer line of its transaction counts in its place.
    Superseded,
    /// The newest line of its transaction cancels it.
    Cancelled,
    /// It is a cancellation itself, which has no place in a bar.
    Cancels,
}

/// Lines by what becomes of them.
#[derive(Debug)]
pub(super) struct Resolved {
    /// By row.
    pub(super) fates: Vec<Fate>,
    /// Transactions of which a correction is there, and no line of the trade itself.
    pub(super) unmatched: Vec<String>,
}

/// What is known of a transaction.
struct Transaction {
    newest: usize,
    published: (i64, u8),
    has_trade: bool,
}

/// Judges the lines.
pub(super) fn resolve(trades: &Frame) -> Resolved {
    let lines = Published::of(trades);
    let mut fates = vec![Fate::Counts; trades.len()];
    let mut transactions: HashMap<(&str, Option<&str>), Transaction> = HashMap::new();
    let doubtful = lines.doubtful();
    let shared = lines.ids_of_several(&doubtful);
    let name_of = |row: usize| {
        let id = lines.id(row);
        (id, shared.contains(id).then(|| lines.isin(row)))
    };
    for &row in &doubtful {
        let rank = rank(lines.flag(row));
        let published = (lines.published(row), rank);
        let known = transactions.entry(name_of(row)).or_insert(Transaction {
            newest: row,
            published,
            has_trade: false,
        });
        known.has_trade |= rank == 0;
        if published >= known.published {
            (known.newest, known.published) = (row, published);
        }
    }
    for &row in &doubtful {
        let newest = transactions.get(&name_of(row));
        let newest = newest.map_or(row, |known| known.newest);
        let fate = match (is_cancellation(lines.flag(row)), newest == row) {
            (true, _) => Fate::Cancels,
            (false, true) => Fate::Counts,
            (false, false) if is_cancellation(lines.flag(newest)) => Fate::Cancelled,
            (false, false) => Fate::Superseded,
        };
        if let Some(place) = fates.get_mut(row) {
            *place = fate;
        }
    }
    let unmatched = transactions.iter().filter(|(_, known)| !known.has_trade);
    let mut unmatched: Vec<String> = unmatched.map(|((id, _), _)| (*id).to_owned()).collect();
    unmatched.sort_unstable();
    Resolved { fates, unmatched }
}

/// The columns by which lines are judged.
struct Published<'f> {
    ids: Option<&'f Column>,
    isins: Option<&'f Column>,
    flags: Option<&'f Column>,
    at: Option<&'f Column>,
    rows: usize,
}

impl<'f> Published<'f> {
    fn of(trades: &'f Frame) -> Self {
        let column = |name: &str| {
            let at = trades.profile().position(name);
            at.and_then(|at| trades.columns().get(at))
        };
        Self {
            ids: column("trans_id"),
            isins: column("isin"),
            flags: column("modification_flag"),
            at: column("distribution_time_ns"),
            rows: trades.len(),
        }
    }

    fn id(&self, row: usize) -> &'f str {
        text(self.ids, row)
    }

    fn isin(&self, row: usize) -> &'f str {
        text(self.isins, row)
    }

    /// Returns the ids under which there are new trades of more than one instrument.
    fn ids_of_several(&self, rows: &[usize]) -> HashSet<&'f str> {
        let mut known: HashMap<&str, &str> = HashMap::new();
        let trades = rows.iter().filter(|row| rank(self.flag(**row)) == 0);
        let several = trades.filter(|row| {
            let isin = self.isin(**row);
            *known.entry(self.id(**row)).or_insert(isin) != isin
        });
        several.map(|row| self.id(*row)).collect()
    }

    fn flag(&self, row: usize) -> &'f str {
        text(self.flags, row)
    }

    fn published(&self, row: usize) -> i64 {
        whole(self.at, row)
    }

    /// Returns the rows that are no new trades, and those whose transaction may have another line: the digest of its id is met
    /// twice. All others count, and nearly all lines are others: so only numbers are compared, of which a row takes eight bytes.
    fn doubtful(&self) -> Vec<usize> {
        let all: Vec<u64> = (0..self.rows).map(|row| digest(self.id(row))).collect();
        let mut sorted = all.clone();
        sorted.sort_unstable();
        let pairs = sorted.iter().zip(sorted.iter().skip(1));
        let twice: HashSet<u64> = pairs.filter(|(a, b)| a == b).map(|(a, _)| *a).collect();
        let is_doubtful = |(row, digest): &(usize, &u64)| {
            rank(self.flag(*row)) != 0 || (!twice.is_empty() && twice.contains(*digest))
        };
        let rows = all.iter().enumerate().filter(is_doubtful);
        rows.map(|(row, _)| row).collect()
    }
}

/// Returns a number that two ids rarely share. Those that do are looked at more closely, and nothing else depends on it.
fn digest(id: &str) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(ODD).rotate_left(29);
    let (eights, rest) = id.as_bytes().as_chunks::<8>();
    let sum = eights.iter().map(|eight| u64::from_le_bytes(*eight));
    let sum = sum.fold(id.len() as u64, mix);
    rest.iter().map(|byte| u64::from(*byte)).fold(sum, mix)
}

fn is_cancellation(flag: &str) -> bool {
    flag == "C"
}

fn rank(flag: &str) -> u8 {
    match flag {
        "C" => 2,
        "A" => 1,
        _ => 0,
    }
}

fn text(column: Option<&Column>, row: usize) -> &str {
    match column {
        Some(Column::Text(texts)) => texts.get(row).map_or("", |text| text),
        _ => "",
    }
}

fn whole(column: Option<&Column>, row: usize) -> i64 {
    match column {
        Some(Column::Int(values)) => values.get(row).unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use crate::frame::{Trade, rows_of_trades};

    use super::*;

    fn line(id: &str, flag: &str, published: i64) -> Trade {
        Trade {
            isin: "DE0007100000".into(),
            trans_id: id.into(),
            modification_flag: flag.into(),
            distribution_time: published * 1_000,
            price: Some(1.0),
            volume: Some(1.0),
            ..Trade::default()
        }
    }

    /// Returns the flag and the publication of the line that counts, for every order in which the lines may come.
    fn outcome(lines: &[(&str, i64)]) -> Option<(String, i64)> {
        let mut outcomes = Vec::new();
        for turn in 0..lines.len() {
            for is_reversed in [false, true] {
                let mut turned = lines.to_vec();
                turned.rotate_left(turn);
                if is_reversed {
                    turned.reverse();
                }
                let trades: Vec<Trade> = turned
                    .iter()
                    .map(|(flag, at)| line("1", flag, *at))
                    .collect();
                let frame = rows_of_trades(&trades).frame;
                let resolved = resolve(&frame);
                let counts = resolved.fates.iter().position(|fate| *fate == Fate::Counts);
                assert!(
                    resolved
                        .fates
                        .iter()
                        .filter(|fate| **fate == Fate::Counts)
                        .count()
                        < 2
                );
                outcomes.push(counts.map(|row| {
                    let (flags, published) = (&frame.columns()[22], &frame.columns()[13]);
                    let published = whole(Some(published), row) / 1_000;
                    (text(Some(flags), row).to_owned(), published)
                }));
            }
        }
        assert!(
            outcomes.windows(2).all(|pair| pair[0] == pair[1]),
            "{outcomes:?}"
        );
        outcomes.pop().flatten()
    }

    #[test]
    fn the_newest_publication_counts_in_whatever_order_lines_came() {
        let some = |flag: &str, at| Some((flag.to_owned(), at));

        assert_eq!(outcome(&[("-", 1)]), some("-", 1));
        assert_eq!(outcome(&[("-", 1), ("A", 2)]), some("A", 2));
        assert_eq!(outcome(&[("-", 1), ("A", 2), ("A", 3)]), some("A", 3));
        assert_eq!(outcome(&[("-", 1), ("C", 2)]), None);
        assert_eq!(outcome(&[("-", 1), ("A", 2), ("C", 3)]), None);
        // Published again after it was cancelled.
        assert_eq!(outcome(&[("-", 1), ("C", 2), ("-", 3)]), some("-", 3));
        assert_eq!(outcome(&[("-", 1), ("-", 2)]), some("-", 2));
        // At one moment.
        assert_eq!(outcome(&[("-", 1), ("A", 1)]), some("A", 1));
        assert_eq!(outcome(&[("-", 1), ("A", 1), ("C", 1)]), None);
        assert_eq!(outcome(&[("C", 2)]), None);
    }

    #[test]
    fn new_trades_of_two_instruments_are_two_transactions_whatever_their_id() {
        let other = |flag: &str, published| Trade {
            isin: "DE0007164600".into(),
            ..line("1", flag, published)
        };
        let fates = |lines: &[Trade]| resolve(&rows_of_trades(lines).frame).fates;

        let both = fates(&[line("1", "-", 1), other("-", 2)]);
        // Of one transaction, and corrected to another instrument.
        let corrected = fates(&[line("1", "-", 1), other("A", 2)]);
        let mut one_is_cancelled = fates(&[line("1", "-", 1), other("-", 2), other("C", 3)]);
        one_is_cancelled.sort_by_key(|fate| *fate as u8);

        assert_eq!(both, [Fate::Counts, Fate::Counts]);
        assert!(corrected.contains(&Fate::Superseded) && corrected.contains(&Fate::Counts));
        assert_eq!(
            one_is_cancelled,
            [Fate::Counts, Fate::Cancelled, Fate::Cancels]
        );
    }

    /// What is said of each line by a look at all others.
    fn judged(lines: &Frame) -> Vec<Fate> {
        let column = |at: usize| lines.columns().get(at);
        let line = |row| {
            let (id, flag) = (text(column(4), row), text(column(22), row));
            (id, flag, (whole(column(13), row), rank(flag), row))
        };
        let fate = |row| {
            let (id, flag, _) = line(row);
            let of_id = (0..lines.len()).map(line).filter(|other| other.0 == id);
            let newest = of_id.max_by_key(|other| other.2).unwrap();
            match (flag, newest.1) {
                ("C", _) => Fate::Cancels,
                _ if newest.2.2 == row => Fate::Counts,
                (_, "C") => Fate::Cancelled,
                _ => Fate::Superseded,
            }
        };
        (0..lines.len()).map(fate).collect()
    }

    proptest! {
        #[test]
        fn lines_are_judged_as_by_a_look_at_all_others(
            all in vec((0..6_u8, 0..3_usize, 0..3_i64, 0..4_i64), 0..14),
        ) {
            let trades = all.iter().map(|(id, flag, published, traded)| Trade {
                trade_time: *traded,
                ..line(&id.to_string(), ["-", "A", "C"][*flag], *published)
            });
            let frame = rows_of_trades(&trades.collect::<Vec<_>>()).frame;

            let resolved = resolve(&frame);

            prop_assert_eq!(resolved.fates, judged(&frame));
        }
    }

    #[test]
    fn corrections_of_trades_that_are_not_there_are_named() {
        let lines = [
            line("2", "C", 1),
            line("3", "-", 1),
            line("3", "C", 2),
            line("1", "A", 1),
        ];

        let resolved = resolve(&rows_of_trades(&lines).frame);

        assert_eq!(resolved.unmatched, ["1", "2"]);
    }
}
