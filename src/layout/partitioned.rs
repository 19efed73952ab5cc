//! Paths of the partitioned layout: `us/yahoo/stocks_1d/ticker=AAPL/year=2025/month=12/data.parquet`.

use std::path::{Path, PathBuf};

use crate::model::{Dataset, Interval, PartitionKey, PartitionedSeries, Series, Ticker, Venue};

/// Builds paths below a data root. Takes only series whose venue is known.
#[derive(Clone, Debug)]
pub struct PartitionPathBuilder {
    root: PathBuf,
}

impl PartitionPathBuilder {
    /// Returns a builder of paths below `root`.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Returns the directory of all series of one dataset and interval: the unit that queries scan.
    pub fn tree(&self, venue: &Venue, dataset: Dataset, interval: Option<Interval>) -> PathBuf {
        let name = match interval {
            Some(interval) => format!("{dataset}_{interval}"),
            None => dataset.to_string(),
        };
        self.root
            .join(venue.market.as_str())
            .join(venue.source.as_str())
            .join(name)
    }

    /// Returns the tree that holds a series.
    pub fn tree_of(&self, series: PartitionedSeries<'_>) -> PathBuf {
        let interval = match series.series {
            Series::Bars { interval, .. }
            | Series::Adjusted { interval, .. }
            | Series::Prepost { interval, .. } => Some(*interval),
            Series::Events { .. } | Series::Auctions { .. } | Series::Trades { .. } => None,
        };
        self.tree(series.venue, series.series.dataset(), interval)
    }

    /// Returns the directory of one series.
    pub fn series_dir(&self, series: PartitionedSeries<'_>) -> PathBuf {
        let segment = match series.series {
            Series::Bars { ticker, .. }
            | Series::Events { ticker }
            | Series::Auctions { ticker }
            | Series::Adjusted { ticker, .. }
            | Series::Prepost { ticker, .. } => {
                format!("ticker={}", ticker.segment())
            }
            Series::Trades { feed } => feed.segment(),
        };
        self.tree_of(series).join(segment)
    }

    /// Returns the directories under which the predecessor or an earlier build kept a ticker that is spelled otherwise now.
    pub fn earlier_series_dirs(&self, series: PartitionedSeries<'_>) -> Vec<PathBuf> {
        let spellings = series.series.ticker().map(Ticker::earlier_segments);
        let tree = self.tree_of(series);
        let dir = |segment: String| tree.join(format!("ticker={segment}"));
        spellings.unwrap_or_default().into_iter().map(dir).collect()
    }

    /// Returns the file of one partition.
    pub fn file(&self, series: PartitionedSeries<'_>, key: PartitionKey) -> PathBuf {
        self.file_in(&self.series_dir(series), series.series.dataset(), key)
    }

    /// Returns the file of one partition below the directory of its series.
    pub fn file_in(&self, series_dir: &Path, dataset: Dataset, key: PartitionKey) -> PathBuf {
        let mut path = series_dir.to_owned();
        path.extend(folders(key));
        path.push(dataset.file_name());
        path
    }
}

/// Returns the names of the folders between that of a series and the file of a partition.
pub(super) fn folders(key: PartitionKey) -> Vec<String> {
    match key {
        PartitionKey::Whole => Vec::new(),
        PartitionKey::Month { year, month } => {
            vec![format!("year={year:04}"), format!("month={month:02}")]
        }
        PartitionKey::Day(day) => ["year=%Y", "month=%m", "day=%d"]
            .map(|form| day.format(form).to_string())
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::model::StorageRequest;

    fn path(ticker: &str, interval: Interval, year: i32, month: u32) -> String {
        let request = StorageRequest::bars(
            "de:xetra".parse().unwrap(),
            ticker.parse().unwrap(),
            interval,
        );
        let key = PartitionKey::month(year, month).unwrap();
        PartitionPathBuilder::new(Path::new("data"))
            .file(request.partitioned().unwrap(), key)
            .display()
            .to_string()
    }

    #[test]
    fn paths_are_venue_first_and_zero_padded() {
        assert_eq!(
            path("DBK", Interval::M1, 2025, 3),
            "data/de/xetra/stocks_1m/ticker=DBK/year=2025/month=03/data.parquet"
        );
    }

    #[test]
    fn a_symbol_that_breaks_readers_is_encoded() {
        assert_eq!(
            path("EURUSD=X", Interval::D1, 2025, 12),
            "data/de/xetra/stocks_1d/ticker=EURUSD%3DX/year=2025/month=12/data.parquet"
        );
    }

    #[test]
    fn trades_are_filed_by_feed_and_day_and_events_by_ticker() {
        let builder = PartitionPathBuilder::new(Path::new("data"));
        let venue = Some("de:xetra".parse().unwrap());
        let trades = StorageRequest {
            venue: venue.clone(),
            series: Series::Trades {
                feed: "DETR".parse().unwrap(),
            },
        };
        let events = StorageRequest {
            venue,
            series: Series::Events {
                ticker: "DBK".parse().unwrap(),
            },
        };
        let day = PartitionKey::Day(NaiveDate::from_ymd_opt(2025, 1, 2).unwrap());

        let trades = builder.file(trades.partitioned().unwrap(), day);
        let events = builder.file(events.partitioned().unwrap(), PartitionKey::Whole);

        assert_eq!(
            trades.display().to_string(),
            "data/de/xetra/trades/venue=DETR/year=2025/month=01/day=02/trades.parquet"
        );
        assert_eq!(
            events.display().to_string(),
            "data/de/xetra/events/ticker=DBK/data.parquet"
        );
    }

    #[test]
    fn without_a_venue_there_is_no_partitioned_path() {
        let request = StorageRequest {
            venue: None,
            series: Series::Events {
                ticker: "DBK".parse().unwrap(),
            },
        };

        assert!(request.partitioned().is_err());
    }
}
