//! Inputs that a new file cannot hold, and whether what they held is still there.

use super::*;

/// What of a file has no place in a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// Another row of one day, with other values.
    Duplicate,
    /// Another row of one day, with the same values: nothing is lost without it.
    Repetition,
    Volumes,
    Sequences,
    /// Volumes beyond what a whole number can be.
    Huge,
    Column,
    Index,
}

pub(super) const ALL_ODD: [Odd; 7] = [
    Odd::Duplicate,
    Odd::Repetition,
    Odd::Volumes,
    Odd::Sequences,
    Odd::Huge,
    Odd::Column,
    Odd::Index,
];

impl Odd {
    pub(super) fn rows(self) -> Vec<ForeignBar> {
        let mut rows = days("C", &DAYS);
        rows.iter_mut()
            .enumerate()
            .for_each(|(at, row)| row.sequence = even(at));
        match self {
            // The row that came first loses, and stands in the middle of the file.
            Self::Duplicate => rows.insert(
                1,
                ForeignBar {
                    price: Some(11.0),
                    volume: Some(LOSING_VOLUME),
                    sequence: Some(0),
                    ..rows[1].clone()
                },
            ),
            Self::Repetition => rows.insert(1, rows[1].clone()),
            _ => {}
        }
        rows
    }

    pub(super) fn file(self) -> ForeignFile {
        let file = ForeignFile::of(self.rows());
        match self {
            Self::Duplicate | Self::Repetition => file,
            Self::Volumes => ForeignFile {
                volume: Whole::Fraction,
                ..file
            },
            Self::Sequences => ForeignFile {
                sequence: Whole::Fraction,
                ..file
            },
            Self::Huge => ForeignFile {
                volume: Whole::Huge,
                ..file
            },
            Self::Column => ForeignFile {
                extra: Some("vwap"),
                ..file
            },
            Self::Index => ForeignFile {
                is_index_odd: true,
                ..file
            },
        }
    }

    /// Returns a sound file of further rows, and of those that are read from the odd one: so much alike that a writer
    /// which compares the two finds no other fault.
    pub(super) fn twin(self, more: &[(&'static str, f64)]) -> Vec<u8> {
        let mut rows = days("C", more);
        for (at, mut row) in (0..).zip(days("C", &DAYS)) {
            row.sequence = even(at);
            row.volume = row.volume.filter(|_| self != Self::Huge);
            rows.push(row);
        }
        ForeignFile::of(rows).bytes()
    }

    /// Tells whether rows of barkeep can hold every value.
    pub(super) fn fits_rows(self) -> bool {
        matches!(self, Self::Duplicate | Self::Repetition)
    }
}

/// A half more than an even number is rounded to it.
pub(super) fn even(at: usize) -> Option<i64> {
    i64::try_from(2 * at).ok()
}

/// Tells whether every value of a planted file is still somewhere in the workspace: the file as it was, or each of its
/// rows with exactly its values.
pub(super) fn survives(odd: Odd, planted: &[u8], tree: &[Vec<u8>], factor: f64) -> bool {
    let is_whole = tree.iter().any(|bytes| bytes == planted);
    is_whole || odd.fits_rows() && has_rows(&odd.rows(), tree, factor)
}

/// `factor` is that of a basis to which the prices were moved, of which the ledger has the old ones.
pub(super) fn has_rows(rows: &[ForeignBar], tree: &[Vec<u8>], factor: f64) -> bool {
    let profile = Profile::of(Dataset::Stocks);
    let decoded = tree
        .iter()
        .filter_map(|bytes| codec::decode(&Bytes::from(bytes.clone()), profile).ok());
    let stored: Vec<Row> = decoded
        .flat_map(|file| frame::bars_of(&file.ordered.frame).collect::<Vec<_>>())
        .collect();
    rows.iter().all(|row| {
        stored.iter().any(|bar| {
            let prices = [bar.open, bar.high, bar.low, bar.close];
            bar.date == row.date
                && prices == [row.price.map(|price| price * factor); 4]
                && bar.volume == row.volume.map(Into::into)
        })
    })
}
