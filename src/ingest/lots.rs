//! What is merged at a time, and what side by side: bounds memory.

use std::collections::BTreeMap;

use crate::layout;
use crate::model::{Granularity, PartitionKey, StorageRequest};
use crate::storage::StagedRows;

/// Series that are read and merged side by side before one thread writes them.
const SIDE_BY_SIDE: usize = 32;

/// What is merged and joins a group as one: a series, or one day of a series that is cut by days.
#[derive(Clone, Debug)]
pub(super) struct Lot {
    pub(super) request: StorageRequest,
    pub(super) staged: Vec<StagedRows>,
}

/// Returns what is staged in lots that are merged side by side. A day of a feed has as many rows as a year of many series: it
/// is alone.
pub(super) fn lots(staged: &[StagedRows]) -> Vec<Vec<Lot>> {
    let mut by_series: BTreeMap<&StorageRequest, Vec<&StagedRows>> = BTreeMap::new();
    for rows in staged {
        by_series.entry(&rows.request).or_default().push(rows);
    }
    let (mut small, mut lots) = (Vec::new(), Vec::new());
    for (request, staged) in by_series {
        let lot = |staged: &[&StagedRows]| Lot {
            request: request.clone(),
            staged: staged.iter().map(|rows| (*rows).clone()).collect(),
        };
        match by_day(request, &staged) {
            Some(days) => lots.extend(days.values().map(|staged| vec![lot(staged)])),
            None => small.push(lot(&staged)),
        }
    }
    let small = small.chunks(SIDE_BY_SIDE).map(<[Lot]>::to_vec);
    small.chain(lots).collect()
}

/// Returns what is staged of a series by its days; `None` when it is not cut by days, or something of it has rows of several:
/// one file has one writer in a group.
fn by_day<'s>(
    request: &StorageRequest,
    staged: &[&'s StagedRows],
) -> Option<BTreeMap<PartitionKey, Vec<&'s StagedRows>>> {
    let granularity = request.series.dataset().granularity();
    if granularity != Granularity::Day {
        return None;
    }
    let mut days: BTreeMap<PartitionKey, Vec<&StagedRows>> = BTreeMap::new();
    for rows in staged {
        let day = layout::staged_partition(&rows.path)?;
        days.entry(day).or_default().push(rows);
    }
    Some(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::parse_series_name;

    fn staged(series: &str, file: &str) -> StagedRows {
        let path = format!("/ws/partition-staging/run/fetched/{series}/{file}");
        StagedRows::on_disk(path.into(), parse_series_name(series).unwrap())
    }

    fn sizes(staged: &[StagedRows]) -> Vec<Vec<usize>> {
        let lots = lots(staged);
        let sizes = lots
            .iter()
            .map(|some| some.iter().map(|lot| lot.staged.len()).collect());
        sizes.collect()
    }

    #[test]
    fn series_are_merged_side_by_side_and_days_of_a_feed_one_after_the_other() {
        let feed = "de/xetra/trades/venue=DETR";
        let all = [
            staged(feed, "month=2025-10-31.parquet"),
            staged("us/demo/stocks_1d/ticker=A", "month=2025-10.parquet"),
            staged(feed, "month=2025-10-30.parquet"),
            staged(
                "us/demo/stocks_1d/ticker=B",
                "month=2025-10..2025-11.parquet",
            ),
            staged(feed, "month=2025-10-31.2.parquet"),
        ];

        assert_eq!(sizes(&all), [vec![1, 1], vec![1], vec![2]]);
    }

    #[test]
    fn a_feed_of_which_something_spans_days_is_one_lot() {
        let feed = "de/xetra/trades/venue=DETR";
        let all = [
            staged(feed, "month=2025-10-31.parquet"),
            staged(feed, "month=2025-10-30..2025-10-31.parquet"),
        ];

        assert_eq!(sizes(&all), [[2]]);
    }
}
