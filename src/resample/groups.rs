//! The aggregation itself: rows that stand in the order of their bars, and polars' highest, lowest and sum of each.
//!
//! Promises: prices of a bar are those of its first and last row that has one; a bar none of whose rows has a price has none.
//! Rows go through in blocks that end between two bars, so memory is bounded by the result.

use std::ops::Range;

use polars::prelude::{
    ChunkedArray, Column, DataFrame, Float64Chunked, GroupBy, GroupsType, IdxSize, Int64Chunked,
    IntoColumn, NewChunkedArray, PolarsError, PolarsNumericType, PolarsResult,
};

use crate::frame::Values;

use super::ResampleError;

/// Rows of a block; a bar of more of them makes it longer.
const BLOCK: usize = 1 << 16;

/// Rows in the order of their bars.
#[derive(Debug)]
pub(super) struct Rows<'r> {
    /// Which bar a row is in; never smaller than that of the row before.
    pub(super) key: &'r [i64],
    pub(super) open: &'r Values<f64>,
    pub(super) high: &'r Values<f64>,
    pub(super) low: &'r Values<f64>,
    pub(super) close: &'r Values<f64>,
    pub(super) volume: &'r Values<i64>,
    /// Trades of each row and price times volume; none of bars of a source.
    pub(super) dealt: Option<(&'r Values<i64>, &'r Values<f64>)>,
}

/// What the bars hold.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub(super) key: Values<i64>,
    pub(super) open: Values<f64>,
    pub(super) high: Values<f64>,
    pub(super) low: Values<f64>,
    pub(super) close: Values<f64>,
    pub(super) volume: Values<i64>,
    pub(super) trades: Values<i64>,
    pub(super) turnover: Values<f64>,
}

impl From<PolarsError> for ResampleError {
    fn from(error: PolarsError) -> Self {
        Self::Aggregation {
            reason: error.to_string(),
        }
    }
}

/// Returns one row for each bar.
pub(super) fn aggregate(rows: &Rows<'_>) -> Result<Groups, ResampleError> {
    let mut all = Groups::default();
    let mut first = 0;
    while first < rows.key.len() {
        let after = block_end(rows.key, first);
        rows.block(first..after, &mut all)?;
        first = after;
    }
    Ok(all)
}

/// Returns the end of the block that begins with a row: between two bars.
fn block_end(key: &[i64], first: usize) -> usize {
    let least = first + BLOCK;
    match key.get(least - 1) {
        None => key.len(),
        Some(last) => {
            let rest = key.get(least..).unwrap_or_default();
            least + rest.iter().take_while(|key| *key == last).count()
        }
    }
}

impl Rows<'_> {
    fn block(&self, rows: Range<usize>, all: &mut Groups) -> Result<(), ResampleError> {
        let bars = bars_of(self.key.get(rows.clone()).unwrap_or_default())?;
        self.take_ends(&bars, rows.start, all);
        let mut columns = vec![
            floats("high", self.high, &rows),
            floats("low", self.low, &rows),
            ints("volume", self.volume, &rows),
        ];
        if let Some((trades, turnover)) = self.dealt {
            columns.push(ints("trades", trades, &rows));
            columns.push(floats("turnover", turnover, &rows));
        }
        let frame = DataFrame::new(rows.len(), columns)?;
        // Slices that may overlap are gone through in one pass, where polars makes an array of each of the others; but that
        // pass takes a NaN for the highest and the lowest.
        let is_one_pass = [self.high, self.low].map(|prices| has_nan(prices, &rows)) == [false; 2];
        let is_known = self.volume.part(rows).as_whole().is_some();
        take_whole(groups(&frame, bars.clone(), is_one_pass), is_known, all)?;
        if self.dealt.is_some() {
            // In one pass floats are added up in another order: to the last bit, an average price is what it always was.
            take_dealt(groups(&frame, bars, false), all)?;
        }
        Ok(())
    }

    /// Takes what the first and the last rows of each bar say.
    fn take_ends(&self, bars: &[[IdxSize; 2]], offset: usize, all: &mut Groups) {
        for [first, rows] in bars {
            let first = offset + *first as usize;
            let rows = first..first + *rows as usize;
            all.key.push(self.key.get(first).copied());
            all.open
                .push(rows.clone().find_map(|row| self.open.get(row)));
            all.close
                .push(rows.rev().find_map(|row| self.close.get(row)));
        }
    }
}

/// Returns the first row of each bar, counted from that of the block, and how many follow one another.
fn bars_of(key: &[i64]) -> Result<Vec<[IdxSize; 2]>, ResampleError> {
    let mut first = 0;
    let bar = |bar: &[i64]| {
        let rows = IdxSize::try_from(bar.len()).ok()?;
        let place = [first, rows];
        first = rows.checked_add(first)?;
        Some(place)
    };
    let bars: Option<_> = key.chunk_by(|a, b| a == b).map(bar).collect();
    bars.ok_or_else(|| ResampleError::Aggregation {
        reason: format!("{} rows are more than polars can number", key.len()),
    })
}

/// Returns the rows of a block in bars, without key columns: polars would gather them for each aggregation.
fn groups(frame: &DataFrame, bars: Vec<[IdxSize; 2]>, is_one_pass: bool) -> GroupBy<'_> {
    let bars = GroupsType::new_slice(bars, is_one_pass, true);
    GroupBy::new(frame, Vec::new(), bars.into_sliceable(), None)
}

#[expect(deprecated, reason = "the eager aggregations have no other form")]
fn take_whole(groups: GroupBy<'_>, is_known: bool, all: &mut Groups) -> PolarsResult<()> {
    let groups = groups.select(["high"]);
    extend(&mut all.high, groups.max()?.column("high_max")?.f64()?);
    let groups = groups.select(["low"]);
    extend(&mut all.low, groups.min()?.column("low_min")?.f64()?);
    let groups = groups.select(["volume"]);
    let sums = groups.sum()?;
    let sums = sums.column("volume_sum")?.i64()?;
    if is_known {
        extend(&mut all.volume, sums);
    } else {
        // A sum of nothing is no volume, where polars calls it zero.
        let highest = groups.max()?;
        let pairs = sums.iter().zip(highest.column("volume_max")?.i64()?.iter());
        pairs.for_each(|(sum, known)| all.volume.push(known.and(sum)));
    }
    Ok(())
}

#[expect(deprecated, reason = "the eager aggregations have no other form")]
fn take_dealt(groups: GroupBy<'_>, all: &mut Groups) -> PolarsResult<()> {
    let sums = groups.select(["trades", "turnover"]).sum()?;
    extend(&mut all.trades, sums.column("trades_sum")?.i64()?);
    extend(&mut all.turnover, sums.column("turnover_sum")?.f64()?);
    Ok(())
}

fn has_nan(values: &Values<f64>, rows: &Range<usize>) -> bool {
    let part = values.part(rows.clone());
    match part.as_whole() {
        Some(whole) => whole.iter().any(|value| value.is_nan()),
        None => part.iter().flatten().any(f64::is_nan),
    }
}

fn floats(name: &str, values: &Values<f64>, rows: &Range<usize>) -> Column {
    let part = values.part(rows.clone());
    match part.as_whole() {
        Some(whole) => Float64Chunked::from_slice(name.into(), whole),
        None => Float64Chunked::from_iter_options(name.into(), part.iter()),
    }
    .into_column()
}

fn ints(name: &str, values: &Values<i64>, rows: &Range<usize>) -> Column {
    let part = values.part(rows.clone());
    match part.as_whole() {
        Some(whole) => Int64Chunked::from_slice(name.into(), whole),
        None => Int64Chunked::from_iter_options(name.into(), part.iter()),
    }
    .into_column()
}

fn extend<T>(all: &mut Values<T::Native>, more: &ChunkedArray<T>)
where
    T: PolarsNumericType,
    T::Native: Copy + Default,
{
    match more.cont_slice() {
        Ok(whole) => {
            let whole = Values::whole(whole.to_vec());
            all.extend(&whole, 0..whole.len());
        }
        Err(_) => more.iter().for_each(|value| all.push(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<T: Copy + Default>(values: &[Option<T>]) -> Values<T> {
        values.iter().copied().collect()
    }

    fn cells<T: Copy + Default>(values: &Values<T>) -> Vec<Option<T>> {
        values.iter().collect()
    }

    #[test]
    fn a_bar_has_the_first_and_the_last_price_that_its_rows_have() {
        let prices = values(&[None, Some(3.0), Some(1.0), None, None, Some(7.0)]);
        let volume = values(&[Some(5), Some(6), None, None, None, Some(1)]);

        let groups = aggregate(&Rows {
            key: &[1, 1, 1, 1, 2, 9],
            open: &prices,
            high: &prices,
            low: &prices,
            close: &prices,
            volume: &volume,
            dealt: None,
        })
        .unwrap();

        assert_eq!(cells(&groups.key), [Some(1), Some(2), Some(9)]);
        assert_eq!(cells(&groups.open), [Some(3.0), None, Some(7.0)]);
        assert_eq!(cells(&groups.high), [Some(3.0), None, Some(7.0)]);
        assert_eq!(cells(&groups.low), [Some(1.0), None, Some(7.0)]);
        assert_eq!(cells(&groups.close), [Some(1.0), None, Some(7.0)]);
        assert_eq!(cells(&groups.volume), [Some(11), None, Some(1)]);
        assert!(groups.trades.is_empty());
    }

    /// Every way in which four rows of two bars have, lack or spoil their prices, against a look at each bar alone.
    #[test]
    fn a_price_that_is_no_number_is_neither_the_highest_nor_the_lowest() {
        let words = [None, Some(f64::NAN), Some(1.0), Some(2.0)];
        let key = [1, 1, 1, 2];
        for case in 0..words.len().pow(4) {
            let cells: Vec<_> = (0..4).map(|row| words[(case >> (2 * row)) % 4]).collect();
            let prices = values(&cells);
            let ones = Values::whole(vec![1; 4]);

            let groups = aggregate(&Rows {
                key: &key,
                open: &prices,
                high: &prices,
                low: &prices,
                close: &prices,
                volume: &ones,
                dealt: None,
            })
            .unwrap();

            let bars = [&cells[..3], &cells[3..]];
            let bits = |price: Option<f64>| price.map(f64::to_bits);
            let best = |of: fn(f64, f64) -> f64| {
                bars.map(|bar| bits(bar.iter().copied().flatten().reduce(of)))
            };
            let found = |prices: &Values<f64>| [0, 1].map(|bar| bits(prices.get(bar)));
            assert_eq!(found(&groups.high), best(f64::max), "{cells:?}");
            assert_eq!(found(&groups.low), best(f64::min), "{cells:?}");
        }
    }

    /// A bar of more rows than a block has, and bars that end with it, before it and after it.
    #[test]
    fn blocks_end_between_bars() {
        for lengths in [
            vec![BLOCK + 1, 1],
            vec![BLOCK, BLOCK],
            vec![BLOCK - 1, 2, BLOCK],
            vec![1; 5],
        ] {
            let bars = lengths.iter().zip(0..);
            let key: Vec<i64> = bars.flat_map(|(rows, bar)| vec![bar; *rows]).collect();
            let rows = key.len();
            let price: Values<f64> = (0..rows)
                .map(|row| Some(f64::from(u32::try_from(row).unwrap())))
                .collect();
            let ones = Values::whole(vec![1; rows]);

            let groups = aggregate(&Rows {
                key: &key,
                open: &price,
                high: &price,
                low: &price,
                close: &price,
                volume: &ones,
                dealt: Some((&ones, &price)),
            })
            .unwrap();

            let expected: Vec<Option<i64>> = lengths
                .iter()
                .map(|rows| i64::try_from(*rows).ok())
                .collect();
            assert_eq!(cells(&groups.volume), expected);
            assert_eq!(cells(&groups.trades), expected);
            let first = lengths.iter().scan(0, |row, rows| {
                *row += rows;
                Some(price.get(*row - rows))
            });
            assert_eq!(cells(&groups.open), first.collect::<Vec<_>>());
        }
    }
}
