//! Columns of several series side by side, one row for each moment at which one of them has a value.

use super::Column;

/// Returns the moments of all series, in order, and the column of each with a place for every moment: null where the series has no
/// row. The moments of a series are given in order.
pub fn side_by_side(series: &[(Vec<i64>, Column)]) -> (Vec<i64>, Vec<Column>) {
    let mut moments: Vec<i64> = Vec::new();
    for (times, _) in series {
        // Mostly they are those of the series before.
        if *times != moments {
            moments.extend(times);
            moments.sort_unstable();
            moments.dedup();
        }
    }
    let columns = series.iter().map(|(times, column)| {
        let mut next = times.iter().enumerate().peekable();
        let rows = moments.iter().map(|moment| {
            let found = next.next_if(|(_, time)| *time == moment);
            // A row beyond the end is null.
            found.map_or(usize::MAX, |(row, _)| row)
        });
        let rows: Vec<usize> = rows.collect();
        column.take(&rows)
    });
    let columns = columns.collect();
    (moments, columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Values;

    #[test]
    fn each_series_has_its_values_at_its_moments_and_nulls_elsewhere() {
        for a in 0..8_u32 {
            for b in 0..8_u32 {
                let times = |set: u32| (0..3).filter(move |at| set & (1 << at) != 0).map(i64::from);
                let series = [a, b].map(|set| {
                    let values = times(set).map(|at| at * 10);
                    let column = Column::Int(Values::whole(values.collect()));
                    (times(set).collect::<Vec<i64>>(), column)
                });

                let (moments, columns) = side_by_side(&series);

                assert_eq!(moments, times(a | b).collect::<Vec<i64>>());
                for (set, column) in [a, b].into_iter().zip(&columns) {
                    let value = |at: &i64| (set & (1 << at) != 0).then_some(at * 10);
                    let expected: Values<i64> = moments.iter().map(value).collect();
                    assert_eq!(*column, Column::Int(expected));
                }
            }
        }
    }
}
