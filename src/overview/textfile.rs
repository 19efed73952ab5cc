//! The outcome of a run as a Prometheus textfile.
//!
//! Promises: the form that the textfile collector of the node exporter reads: help and type of each metric once, no
//! timestamps, a newline at the end. Each interval of a venue that has tickers has every metric after every run that
//! could read the registry: what never happened is 0, and what will not is infinite, so that alerts can be written.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, Utc};

use super::{RequestWeek, SeriesStatus};
use crate::backlog::{FeedMinutes, MinutesInState};
use crate::gaps::MinuteState;
use crate::ingest::Unserved;
use crate::inventory::Size;
use crate::mirror::{Standing, Tree};
use crate::model::{Interval, Venue};

/// What a run leaves to be told.
#[derive(Debug)]
pub(super) struct Outcome<'o> {
    /// When the run ended.
    pub(super) now: DateTime<Utc>,
    /// How long it took.
    pub(super) seconds: f64,
    /// The exit code.
    pub(super) exit_code: u8,
    /// Bars that were stored by all runs of this workspace.
    pub(super) bars_total: u64,
    /// How series stand.
    pub(super) series: &'o [SeriesStatus],
    /// What nobody can be asked for.
    pub(super) unserved: &'o [Unserved],
    /// What the venues were asked in the last seven days.
    pub(super) requests: &'o [RequestWeek],
    /// How much is kept.
    pub(super) sizes: &'o [Size],
    /// The mirrors, and how each of them stands that is made and can be read.
    pub(super) mirrors: &'o [(Tree, Option<Standing>)],
    /// Sessions that were lost, for each of the series.
    pub(super) lost: &'o [usize],
    /// The minutes of feeds.
    pub(super) feeds: Option<&'o FeedMinutes>,
}

/// How the file begins, whatever it says.
pub(super) const BEGINS: &str = "# HELP barkeep_";

/// Returns the text of the file, which begins with `BEGINS`.
pub(super) fn render(outcome: &Outcome<'_>) -> String {
    let mut text = String::new();
    for (name, help, samples) in of_run(outcome) {
        metric(&mut text, "gauge", name, help, &samples);
    }
    let total = plain(outcome.bars_total.to_string());
    let help = "Bars stored new or changed by all runs.";
    metric(&mut text, "counter", "bars_written_total", help, &total);
    let gauges = of_series(outcome)
        .into_iter()
        .chain(of_venues(outcome))
        .chain(kept(outcome.sizes))
        .chain(mirrors(outcome.mirrors))
        .chain(outcome.feeds.into_iter().flat_map(of_feeds));
    for (name, help, samples) in gauges {
        metric(&mut text, "gauge", name, help, &samples);
    }
    text
}

/// What is told of the run.
fn of_run(outcome: &Outcome<'_>) -> [Metric; 4] {
    let build = labels(&[("version", env!("CARGO_PKG_VERSION"))]);
    [
        (
            "build_info",
            "The version that ran last.",
            vec![(build, "1".to_owned())],
        ),
        (
            "last_run_timestamp_seconds",
            "When the last run ended.",
            plain(outcome.now.timestamp().to_string()),
        ),
        (
            "run_duration_seconds",
            "How long the last run took.",
            plain(outcome.seconds.to_string()),
        ),
        (
            "exit_code",
            "The exit code of the last run.",
            plain(outcome.exit_code.to_string()),
        ),
    ]
}

/// Returns the sample of a metric without labels.
fn plain(value: String) -> Vec<(String, String)> {
    vec![(String::new(), value)]
}

/// What is told of what the venues were asked, and of their tickers.
fn of_venues(outcome: &Outcome<'_>) -> [Metric; 4] {
    let weeks = |of: fn(&RequestWeek) -> String| -> Vec<(String, String)> {
        let weeks = outcome.requests.iter();
        weeks
            .map(|one| (labels(&at(&one.venue)), of(one)))
            .collect()
    };
    let left_out = outcome.unserved.iter();
    let left_out = left_out.map(|one| (labels(&at(&one.venue)), one.tickers.len().to_string()));
    [
        (
            "requests_last_7_days",
            "Requests that were sent in the last seven days.",
            weeks(|one| one.in_week.to_string()),
        ),
        (
            "tickers_last_7_days",
            "Tickers that these requests were for.",
            weeks(|one| one.tickers.to_string()),
        ),
        (
            "tickers_without_source",
            "Tickers that nobody can be asked for.",
            left_out.collect(),
        ),
        ("tickers", "Tickers by state.", states(outcome.series)),
    ]
}

/// What is told of the minutes of feeds. What a feed forgets next is no metric of a source of bars: a feed keeps a day, and
/// something of it is always open.
fn of_feeds(feeds: &FeedMinutes) -> [Metric; 6] {
    let sums = feeds.by_state();
    let (silent, missed) = (feeds.silent(), feeds.missed());
    let last_loss = feeds.last_loss();
    let each = |of: &dyn Fn(&Venue) -> String| -> Vec<(String, String)> {
        let venues = feeds.feeds();
        venues
            .map(|venue| (labels(&at(venue)), of(venue)))
            .collect()
    };
    let next_loss = |venue: &Venue| {
        let of_feed = sums.iter().filter(|one| one.venue == *venue);
        let next = of_feed.filter_map(|one| one.next_loss).min();
        next.map_or_else(|| "+Inf".to_owned(), |at| at.timestamp().to_string())
    };
    [
        (
            "feed_minutes",
            "Minutes of feeds of the last 31 days by state.",
            minutes(feeds, &sums),
        ),
        (
            "feed_next_loss_timestamp_seconds",
            "When a feed first forgets a minute that nothing stands for.",
            each(&next_loss),
        ),
        (
            "feed_missed_minutes",
            "Minutes that a feed forgets before they can be fetched at the budget of its server.",
            each(&|venue| missed.get(venue).copied().unwrap_or_default().to_string()),
        ),
        (
            "feed_last_loss_timestamp_seconds",
            "When a feed last forgot minutes that were not fetched, within 31 days; 0 for never.",
            each(&|venue| {
                let last = last_loss.get(venue);
                last.map_or(0, DateTime::timestamp).to_string()
            }),
        ),
        (
            "feed_silent_days",
            "Days of trading of the last 31 days on which a feed had no trade.",
            each(&|venue| silent.get(venue).map_or(0, Vec::len).to_string()),
        ),
        (
            "feed_last_silent_timestamp_seconds",
            "Midnight UTC of the last day of trading on which a feed had no trade, within 31 days; 0 for none.",
            each(&|venue| {
                let last = silent.get(venue).and_then(|days| days.last());
                last.map_or_else(|| "0".to_owned(), |day| midnight(*day))
            }),
        ),
    ]
}

/// Counts the minutes of each feed in each state, also in those that have none: an alert compares them with those of yesterday.
fn minutes(feeds: &FeedMinutes, sums: &[MinutesInState]) -> Vec<(String, String)> {
    let mut samples = Vec::new();
    for venue in feeds.feeds() {
        for state in MinuteState::ALL {
            let [market, source] = at(venue);
            let mut of_feed = sums.iter();
            let sum = of_feed.find(|one| one.venue == *venue && one.state == state);
            let labels = labels(&[market, source, ("state", state.as_str())]);
            samples.push((labels, sum.map_or(0, |one| one.minutes).to_string()));
        }
    }
    samples
}

/// A metric: its name, its help, and its samples.
type Metric = (&'static str, &'static str, Vec<(String, String)>);

/// What is told for each interval of a venue.
fn of_series(outcome: &Outcome<'_>) -> [Metric; 5] {
    let each = |of: fn(&SeriesStatus) -> String| -> Vec<(String, String)> {
        let series = outcome.series.iter();
        series.map(|one| (labels(&place(one)), of(one))).collect()
    };
    let lost = outcome.series.iter().zip(outcome.lost);
    let lost = lost.map(|(one, sessions)| (labels(&place(one)), sessions.to_string()));
    [
        (
            "last_success_timestamp_seconds",
            "Midnight UTC of the day on which rows last came.",
            each(|one| one.last_success.map_or_else(|| "0".to_owned(), midnight)),
        ),
        (
            "backlog_windows",
            "Windows, each a request, that bring everything up to date.",
            each(|one| one.backlog.to_string()),
        ),
        (
            "next_loss_timestamp_seconds",
            "When the source first forgets something that was not fetched.",
            each(|one| {
                let moment = one.next_loss.map(|loss| loss.timestamp().to_string());
                moment.unwrap_or_else(|| "+Inf".to_owned())
            }),
        ),
        (
            "missed_sessions",
            "Sessions that the source forgets before they can be fetched at its budget, whatever is asked for first.",
            each(|one| one.missed.to_string()),
        ),
        (
            "lost_sessions",
            "Sessions that the source forgot before they were fetched, as far as is remembered.",
            lost.collect(),
        ),
    ]
}

/// What is told for each dataset of a venue.
fn kept(sizes: &[Size]) -> [Metric; 7] {
    let each = |of: fn(&Size) -> u64| -> Vec<(String, String)> {
        let sample = |one: &Size| {
            let [market, source] = at(&one.venue);
            let labels = labels(&[market, source, ("dataset", one.dataset.as_str())]);
            (labels, of(one).to_string())
        };
        sizes.iter().map(sample).collect()
    };
    [
        (
            "stored_series",
            "Series that are recorded as stored.",
            each(|one| one.series),
        ),
        (
            "unrecorded_series",
            "Series that are stored and not recorded yet.",
            each(|one| one.unrecorded),
        ),
        (
            "series_with_lost_rows",
            "Series of which rows were stored that are not there.",
            each(|one| one.lossy),
        ),
        (
            "stored_rows",
            "Rows that are recorded as stored.",
            each(|one| one.rows),
        ),
        (
            "stored_files",
            "Files that are recorded as stored.",
            each(|one| one.files),
        ),
        (
            "stored_inodes",
            "Files and folders that are recorded as stored.",
            each(|one| one.inodes),
        ),
        (
            "stored_bytes",
            "Bytes of the files that are recorded as stored.",
            each(|one| one.bytes),
        ),
    ]
}

fn mirrors(mirrors: &[(Tree, Option<Standing>)]) -> [Metric; 4] {
    let each = |number: fn(Option<&Standing>) -> Option<String>| -> Vec<(String, String)> {
        let sample = |(tree, standing): &(Tree, Option<Standing>)| {
            let [market, source] = at(&tree.venue);
            let interval = tree.interval.map_or("", Interval::as_str);
            let dataset = ("dataset", tree.dataset.as_str());
            let labels = labels(&[market, source, dataset, ("interval", interval)]);
            Some((labels, number(standing.as_ref())?))
        };
        mirrors.iter().filter_map(sample).collect()
    };
    [
        (
            "mirror_refreshed_timestamp_seconds",
            "When a mirror was brought up to date last; 0 for never.",
            each(|one| {
                let refreshed = one.and_then(|one| one.refreshed);
                Some(refreshed.map_or(0, |at| at.timestamp()).to_string())
            }),
        ),
        (
            "mirror_version",
            "The version of a mirror that readers take, of mirrors that can be read.",
            each(|one| Some(one?.version.number.to_string())),
        ),
        (
            "mirror_table_version",
            "The newest version of the table of a mirror that can be read; 0 for none.",
            each(|one| Some(one?.table.unwrap_or(0).to_string())),
        ),
        (
            "mirror_series_behind",
            "Series of which rows are stored that a mirror has not and could have, of mirrors that can be read.",
            each(|one| Some(one?.behind.to_string())),
        ),
    ]
}

fn states(series: &[SeriesStatus]) -> Vec<(String, String)> {
    let mut samples = Vec::new();
    for one in series {
        let [market, source, interval] = place(one);
        for (state, number) in [
            ("active", one.active),
            ("resting", one.resting),
            ("given_up", one.not_found),
        ] {
            let labels = labels(&[market, source, interval, ("state", state)]);
            samples.push((labels, number.to_string()));
        }
    }
    samples
}

fn place(one: &SeriesStatus) -> [(&'static str, &str); 3] {
    let [market, source] = at(&one.venue);
    [market, source, ("interval", one.interval.as_str())]
}

fn at(venue: &Venue) -> [(&'static str, &str); 2] {
    [
        ("market", venue.market.as_str()),
        ("source", venue.source.as_str()),
    ]
}

fn midnight(day: NaiveDate) -> String {
    let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc();
    midnight.timestamp().to_string()
}

fn metric(text: &mut String, kind: &str, name: &str, help: &str, samples: &[(String, String)]) {
    if samples.is_empty() {
        return;
    }
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "# HELP barkeep_{name} {help}\n# TYPE barkeep_{name} {kind}"
    );
    for (labels, value) in samples {
        let _ = writeln!(text, "barkeep_{name}{labels} {value}");
    }
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |value: &str| {
        value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_escaped_as_prometheus_reads_it() {
        assert_eq!(labels(&[("a", "x\\\"\n")]), r#"{a="x\\\"\n"}"#);
    }

    #[test]
    fn a_metric_without_samples_is_left_out() {
        let mut text = String::new();
        metric(&mut text, "gauge", "x", "Nothing.", &[]);

        assert_eq!(text, "");
    }
}
