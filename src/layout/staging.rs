//! Paths of staged rows: `<run>/fetched/us/yahoo/stocks_1d/ticker=AAPL/month=2025-12.parquet`.

use std::path::{Path, PathBuf};

use crate::model::{PartitionKey, PartitionedSeries};

use super::PartitionPathBuilder;

/// Returns where the rows of one fetch are staged. A fetch that spans months has one file, named by both ends.
pub fn staged_rows(
    run_dir: &Path,
    series: PartitionedSeries<'_>,
    first: PartitionKey,
    last: PartitionKey,
) -> PathBuf {
    let dir = PartitionPathBuilder::new(&run_dir.join("fetched")).series_dir(series);
    let name = if first == last {
        format!("month={first}.parquet")
    } else {
        format!("month={first}..{last}.parquet")
    };
    dir.join(name)
}
