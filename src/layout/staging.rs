//! Paths of staged rows: `<run>/fetched/us/yahoo/stocks_1d/ticker=AAPL/month=2025-12.parquet`.

use std::path::{Path, PathBuf};

use crate::model::{PartitionKey, PartitionedSeries};

use super::PartitionPathBuilder;

/// Whether rows join those that are known of their series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Continuity {
    /// They do: the newest of them is the newest known row.
    #[default]
    Joined,
    /// They lie behind a gap, as days that were asked for by name may. The file's name says so, so that whoever
    /// finishes the run knows it, too.
    Apart,
}

const APART: &str = ".apart";

/// Returns whether the rows staged at `path` join those that are known.
pub fn continuity(path: &Path) -> Continuity {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy())
        .unwrap_or_default();
    if name.contains(APART) {
        Continuity::Apart
    } else {
        Continuity::Joined
    }
}

/// Returns the one partition whose rows are staged at `path`; `None` when they are of several.
pub fn staged_partition(path: &Path) -> Option<PartitionKey> {
    let name = path.file_name()?.to_str()?.strip_prefix("month=")?;
    // Behind the partition stand marks, and the number of a fetch that is not the first.
    let (partition, marks) = name.split_once('.')?;
    (!marks.starts_with('.')).then(|| partition.parse().ok())?
}

/// Returns where the rows of one fetch are staged. A fetch that spans months has one file, named by both ends.
pub fn staged_rows(
    run_dir: &Path,
    series: PartitionedSeries<'_>,
    first: PartitionKey,
    last: PartitionKey,
    continuity: Continuity,
) -> PathBuf {
    let dir = PartitionPathBuilder::new(&run_dir.join("fetched")).series_dir(series);
    let mark = match continuity {
        Continuity::Joined => "",
        Continuity::Apart => APART,
    };
    let name = if first == last {
        format!("month={first}{mark}.parquet")
    } else {
        format!("month={first}..{last}{mark}.parquet")
    };
    dir.join(name)
}
