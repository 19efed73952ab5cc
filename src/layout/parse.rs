//! From a path to what it names, for scans and clean-up.

use std::path::{Component, Path};

use crate::model::{Dataset, Feed, Interval, PartitionKey, Series, StorageRequest, Ticker, Venue};

use super::{Level, PartitionPathBuilder};

/// What a file of the partitioned layout holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedPartition {
    /// The series.
    pub request: StorageRequest,
    /// The partition.
    pub partition: PartitionKey,
}

/// Returns what the file of a partition in the folder at `path`, relative to the data root, would hold.
pub fn parse_partition_folder(path: &Path) -> Option<ParsedPartition> {
    let parts = segments(path)?;
    let (request, rest) = parse_series(&parts)?;
    let series = Level::of_series(request.series.dataset());
    let level = rest
        .iter()
        .try_fold(series, |level, name| level.enter(name))?;
    let partition = level.partition()?;
    Some(ParsedPartition { request, partition })
}

/// Returns the series whose rows are staged at `path`, relative to the `fetched` directory of a run.
pub fn parse_staged(path: &Path) -> Option<StorageRequest> {
    let parts = segments(path)?;
    match parse_series(&parts)? {
        (request, [file]) if file.starts_with("month=") && file.ends_with(".parquet") => {
            Some(request)
        }
        _ => None,
    }
}

/// What stands for the venue in the name of a series without one.
const NOWHERE: &str = "*/*/";
/// A venue that only helps with parsing.
const ANYWHERE: &str = "us/any/";

/// Returns the name of a series, such as `us/yahoo/stocks_1d/ticker=AAPL`.
pub fn series_name(request: &StorageRequest) -> String {
    let name = |request: &StorageRequest| {
        let series = request.partitioned().ok()?;
        let dir = PartitionPathBuilder::new(Path::new("")).series_dir(series);
        Some(dir.to_string_lossy().into_owned())
    };
    name(request).unwrap_or_else(|| {
        let placed = StorageRequest {
            venue: "us:any".parse().ok(),
            series: request.series.clone(),
        };
        name(&placed)
            .unwrap_or_default()
            .replacen(ANYWHERE, NOWHERE, 1)
    })
}

/// Returns the series of a name that `series_name` made.
pub fn parse_series_name(name: &str) -> Option<StorageRequest> {
    let placed = name
        .strip_prefix(NOWHERE)
        .map(|rest| format!("{ANYWHERE}{rest}"));
    let parts = segments(Path::new(placed.as_deref().unwrap_or(name)))?;
    let (request, rest) = parse_series(&parts)?;
    rest.is_empty().then(|| StorageRequest {
        venue: request.venue.filter(|_| placed.is_none()),
        series: request.series,
    })
}

/// Tells whether a name is a temporary file: barkeep's own, the predecessor's, or the ADR's `*.partial`.
pub fn is_temporary(name: &str) -> bool {
    (name.starts_with('.') && name.contains(".tmp-"))
        || name.starts_with("data.parquet.tmp-")
        || name.ends_with(".partial")
        || name == "trades.tmp"
}

fn segments(path: &Path) -> Option<Vec<&str>> {
    path.components()
        .map(|component| match component {
            Component::Normal(segment) => segment.to_str(),
            _ => None,
        })
        .collect()
}

fn parse_series<'p>(parts: &'p [&'p str]) -> Option<(StorageRequest, &'p [&'p str])> {
    let [market, source, tree, series, rest @ ..] = parts else {
        return None;
    };
    let venue: Venue = format!("{market}:{source}").parse().ok()?;
    let series = parse_in_tree(tree, series)?;
    Some((
        StorageRequest {
            venue: Some(venue),
            series,
        },
        rest,
    ))
}

/// Returns the series of a name below the folder of a venue, such as `stocks_1d/ticker=AAPL`.
pub fn parse_series_at(venue: &Venue, name: &str) -> Option<StorageRequest> {
    let (tree, series) = name.split_once('/')?;
    Some(StorageRequest {
        venue: Some(venue.clone()),
        series: parse_in_tree(tree, series)?,
    })
}

fn parse_in_tree(tree: &str, series: &str) -> Option<Series> {
    let ticker = || Ticker::from_segment(series.strip_prefix("ticker=")?).ok();
    Some(if tree == Dataset::Events.as_str() {
        Series::Events { ticker: ticker()? }
    } else if tree == Dataset::Auctions.as_str() {
        Series::Auctions { ticker: ticker()? }
    } else if tree == Dataset::Trades.as_str() {
        Series::Trades {
            feed: Feed::from_segment(series)?,
        }
    } else {
        let (dataset, interval) = tree.split_once('_')?;
        let (ticker, interval): (Ticker, Interval) = (ticker()?, interval.parse().ok()?);
        if dataset == Dataset::Stocks.as_str() {
            Series::Bars { ticker, interval }
        } else if dataset == Dataset::Adjusted.as_str() && !interval.is_intraday() {
            Series::Adjusted { ticker, interval }
        } else if dataset == Dataset::Prepost.as_str() && interval.is_intraday() {
            Series::Prepost { ticker, interval }
        } else {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::PartitionPathBuilder;
    use super::*;

    proptest! {
        #[test]
        fn every_built_path_is_understood_again(symbol in "\\PC{1,10}", year in 1677_i32..2262, month in 1_u32..13) {
            if let Ok(ticker) = symbol.parse::<Ticker>() {
                let request = StorageRequest::bars("us:demo".parse().unwrap(), ticker, Interval::M60);
                let partition = PartitionKey::month(year, month).unwrap();
                let path = PartitionPathBuilder::new(Path::new("")).file(request.partitioned().unwrap(), partition);

                prop_assert_eq!(path.components().count(), 7);
                prop_assert_eq!(parse_partition_folder(path.parent().unwrap()), Some(ParsedPartition { request, partition }));
            }
        }
    }

    #[test]
    fn hours_outside_of_the_session_are_a_tree_of_their_own() {
        let path = "us/yahoo/prepost_1m/ticker=A/year=2025/month=01/data.parquet";

        let parsed = parse_partition_folder(Path::new(path).parent().unwrap()).unwrap();

        assert_eq!(parsed.request.to_string(), "A prepost 1m at us:yahoo");
        let series = parsed.request.partitioned().unwrap();
        let built = PartitionPathBuilder::new(Path::new("")).file(series, parsed.partition);
        assert_eq!(built, Path::new(path));
    }

    #[test]
    fn the_name_of_a_series_gives_it_back() {
        let ticker: Ticker = "BRK/A=X".parse().unwrap();
        let feed = "DETR".parse().unwrap();
        let all = [
            Series::Bars {
                ticker: ticker.clone(),
                interval: Interval::D1,
            },
            Series::Prepost {
                ticker: ticker.clone(),
                interval: Interval::M1,
            },
            Series::Adjusted {
                ticker: ticker.clone(),
                interval: Interval::D1,
            },
            Series::Events { ticker },
            Series::Trades { feed },
        ];
        for series in all {
            for venue in [None, "de:xetra".parse().ok()] {
                let request = StorageRequest {
                    venue,
                    series: series.clone(),
                };
                let name = series_name(&request);
                assert_eq!(parse_series_name(&name), Some(request), "{name}");
                assert_eq!(parse_series_name(&format!("{name}/x")), None);
            }
        }
    }

    #[test]
    fn strangers_are_not_partitions() {
        for path in [
            "",
            "a",
            "../us/yahoo/events/ticker=A",
            "us/yahoo/stocks_7d/ticker=A/year=2025/month=01",
            "us/yahoo/prepost_1d/ticker=A/year=2025/month=01",
            "us/yahoo/adjusted_1m/ticker=A",
            "us/yahoo/stocks_1d/ticker=A",
            "us/yahoo/stocks_1d/ticker=A/year=2025",
            "us/yahoo/stocks_1d/ticker=A/year=2025/month=1",
            "us/yahoo/stocks_1d/ticker=A/year=2025/month=13",
            "us/yahoo/stocks_1d/ticker=/year=2025/month=01",
            "us/yahoo/events/ticker=A/year=2025/month=01",
            "us/yahoo/trades/venue=X/year=2025/month=01",
            "us/yahoo/trades/venue=x/year=2025/month=01/day=02",
        ] {
            assert_eq!(parse_partition_folder(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn only_known_patterns_are_temporary() {
        for name in [
            "data.parquet.tmp-1-2-3",
            ".data.parquet.tmp-x-1",
            "x.partial",
            "trades.tmp",
        ] {
            assert!(is_temporary(name), "{name}");
        }
        for name in ["x.tmp", "data.parquet", "notes.txt", ".hidden"] {
            assert!(!is_temporary(name), "{name}");
        }
    }
}
