//! The aggregation itself: rows that stand in the order of their bars, and polars' first, highest, lowest, last and sum of each.
//!
//! Promises: prices of a bar are those of its first and last row that has one; a bar none of whose rows has a price has none.
//! Rows go through in blocks that end between two bars, so memory is bounded by the result.

use std::ops::Range;

use polars::prelude::{
    ChunkedArray, Column, DataFrame, Float64Chunked, GroupBy, Int64Chunked, IntoColumn,
    NewChunkedArray, PolarsError, PolarsNumericType, PolarsResult,
};
use polars::series::IsSorted;

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
    fn block(&self, rows: Range<usize>, all: &mut Groups) -> PolarsResult<()> {
        let key = self.key.get(rows.clone()).unwrap_or_default();
        let height = rows.len();
        let mut columns: Vec<Column> = vec![
            // Bars follow one another, so a group is a slice of rows and nothing is hashed.
            Int64Chunked::from_slice("key".into(), key)
                .with_sorted_flag(IsSorted::Ascending)
                .into_column(),
            floats("high", self.high, &rows),
            floats("low", self.low, &rows),
            ints("volume", self.volume, &rows),
        ];
        if let Some((trades, turnover)) = self.dealt {
            columns.push(ints("trades", trades, &rows));
            columns.push(floats("turnover", turnover, &rows));
        }
        let ends = Ends::of(self, &rows);
        ends.add_to(&mut columns);
        let frame = DataFrame::new(height, columns)?;
        let is_known = self.volume.part(rows).as_whole().is_some();
        let groups = frame.group_by(["key"])?.into_groups();
        // Without key columns of their own: polars would gather them for each aggregation.
        let groups = GroupBy::new(&frame, Vec::new(), groups, None);
        let groups = ends.take(groups, all)?;
        self.take(groups, is_known, all)
    }

    #[expect(deprecated, reason = "the eager aggregations have no other form")]
    fn take(&self, groups: GroupBy<'_>, is_known: bool, all: &mut Groups) -> PolarsResult<()> {
        let groups = groups.select(["key"]);
        extend(&mut all.key, groups.first()?.column("key_first")?.i64()?);
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
        if self.dealt.is_some() {
            let sums = groups.select(["trades", "turnover"]).sum()?;
            extend(&mut all.trades, sums.column("trades_sum")?.i64()?);
            extend(&mut all.turnover, sums.column("turnover_sum")?.f64()?);
        }
        Ok(())
    }
}

/// The first and the last prices of the rows of a block.
enum Ends<'r> {
    /// Every row has them.
    Whole { open: &'r [f64], close: &'r [f64] },
    /// Of rows that lack some it is asked which is the first and the last that has one.
    Some {
        open: &'r Values<f64>,
        close: &'r Values<f64>,
        rows: Range<usize>,
    },
}

impl<'r> Ends<'r> {
    fn of(rows: &Rows<'r>, block: &Range<usize>) -> Self {
        let open = rows.open.part(block.clone()).as_whole();
        let close = rows.close.part(block.clone()).as_whole();
        match open.zip(close) {
            Some((open, close)) => Self::Whole { open, close },
            None => Self::Some {
                open: rows.open,
                close: rows.close,
                rows: block.clone(),
            },
        }
    }

    #[expect(deprecated, reason = "the eager aggregations have no other form")]
    fn take<'g>(&self, groups: GroupBy<'g>, all: &mut Groups) -> PolarsResult<GroupBy<'g>> {
        let groups = groups.select(["open"]);
        match self {
            Self::Whole { .. } => {
                extend(&mut all.open, groups.first()?.column("open_first")?.f64()?);
                let groups = groups.select(["close"]);
                extend(&mut all.close, groups.last()?.column("close_last")?.f64()?);
                Ok(groups)
            }
            Self::Some { open, close, .. } => {
                let first = groups.min()?;
                gather(&mut all.open, open, first.column("open_min")?.i64()?);
                let groups = groups.select(["close"]);
                let last = groups.max()?;
                gather(&mut all.close, close, last.column("close_max")?.i64()?);
                Ok(groups)
            }
        }
    }

    fn add_to(&self, columns: &mut Vec<Column>) {
        match self {
            Self::Whole { open, close } => {
                columns.push(Float64Chunked::from_slice("open".into(), open).into_column());
                columns.push(Float64Chunked::from_slice("close".into(), close).into_column());
            }
            Self::Some { open, close, rows } => {
                let places = |name: &str, values: &Values<f64>| {
                    let place = |row: usize| values.get(row).and_then(|_| i64::try_from(row).ok());
                    let places = rows.clone().map(place);
                    Int64Chunked::from_iter_options(name.into(), places).into_column()
                };
                columns.push(places("open", open));
                columns.push(places("close", close));
            }
        }
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

/// Appends the values of the rows that stand at some places.
fn gather(all: &mut Values<f64>, values: &Values<f64>, places: &Int64Chunked) {
    let value = |place: i64| values.get(usize::try_from(place).ok()?);
    places
        .iter()
        .for_each(|place| all.push(place.and_then(value)));
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
