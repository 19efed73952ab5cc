//! The command by which what is lost of a series is fetched again.
//!
//! Promises: it fetches all that was lost, and of other series nothing. A function of the series and its days.

use chrono::NaiveDate;

use super::interval_of;
use crate::model::words::quoted;
use crate::model::{Series, StorageRequest};

/// Days that lie before and after all that a source may have.
const EVER: [&str; 2] = ["1900-01-01", "2100-01-01"];

/// Returns the command that fetches days of a series again, and what comes along with bars by the bars of its ticker; a feed has
/// forgotten its trades and auctions, and the vault has them.
pub fn refetch(request: &StorageRequest, days: Option<(NaiveDate, NaiveDate)>) -> String {
    let is_of_feed = is_of_feed(&request.series);
    let how = if is_of_feed { " --replay" } else { "" };
    let update = format!("barkeep update{how}{}", asking_for(request));
    if is_of_feed {
        let since = days.map(|(first, _)| format!(" --since {first}"));
        return update + &since.unwrap_or_default();
    }
    // A file without a partition was the whole history. Without days the run would ask for what follows the newest
    // known row only, and that one was recorded before the file was damaged.
    let (first, last) = match days {
        Some((first, last)) => (first.to_string(), last.to_string()),
        None => EVER.map(str::to_owned).into(),
    };
    format!("{update} --start {first} --end {last}")
}

/// Returns the days that are fetched again, of lost days or of nobody knows which.
pub fn refetched(days: Option<(NaiveDate, NaiveDate)>) -> Option<(NaiveDate, NaiveDate)> {
    let [first, last] = EVER;
    let ever = || Some((first.parse().ok()?, last.parse().ok()?));
    days.or_else(ever)
}

/// Tells whether a feed alone had what a series is of.
pub fn is_of_feed(series: &Series) -> bool {
    matches!(series, Series::Trades { .. } | Series::Auctions { .. })
}

/// Returns the options by which `update` asks for one series.
pub fn asking_for(request: &StorageRequest) -> String {
    let series = &request.series;
    let ticker = series.ticker().filter(|_| !is_of_feed(series));
    let ticker = ticker.map(|ticker| format!(" --ticker {}", quoted(ticker.as_str())));
    // Events come along with bars of every length.
    let interval = interval_of(series).map(|interval| format!(" --interval {interval}"));
    let venue = request.venue.as_ref();
    let venue = venue.map(|venue| format!(" --venue {venue}"));
    [ticker, interval, venue].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Interval;

    #[test]
    fn what_comes_along_with_bars_is_fetched_again_by_the_bars_of_its_ticker() {
        let ticker = || "BRK B".parse().unwrap();
        let interval = Interval::D1;
        for (series, options) in [
            (
                Series::Adjusted {
                    ticker: ticker(),
                    interval,
                },
                "--ticker 'BRK B' --interval 1d --venue us:mine --start 1900-01-01 --end 2100-01-01",
            ),
            (
                Series::Events { ticker: ticker() },
                "--ticker 'BRK B' --venue us:mine --start 1900-01-01 --end 2100-01-01",
            ),
            (
                Series::Auctions { ticker: ticker() },
                "--replay --venue us:mine",
            ),
        ] {
            let request = StorageRequest {
                venue: Some("us:mine".parse().unwrap()),
                series,
            };

            assert_eq!(refetch(&request, None), format!("barkeep update {options}"));
        }
    }

    #[test]
    fn a_lost_history_is_fetched_again_whole_and_not_from_its_newest_row_on() {
        let venue = "us:mine".parse().unwrap();
        let request = StorageRequest::bars(venue, "A".parse().unwrap(), Interval::D1);

        assert_eq!(
            refetch(&request, None),
            "barkeep update --ticker A --interval 1d --venue us:mine --start 1900-01-01 --end 2100-01-01"
        );
    }
}
