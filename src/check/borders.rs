//! Bars of a day and wider that hold the same days.
//!
//! Promises: a day or period that a maker of files begins otherwise is not named, unless two bars hold it.

use super::stands::finding;
use super::{Facts, Finding, Kind};
use crate::model::{Interval, time};

/// Finds bars of a day and wider that hold days of the one before: in a daily series, bars of less than a day.
pub(super) fn overlaps(facts: &Facts) -> Vec<Finding> {
    let interval = facts.interval;
    let stamps: Vec<i64> = facts.bars.times().collect();
    let mut found = Vec::new();
    for pair in stamps.windows(2) {
        let &[a, b] = pair else { continue };
        let is_within = match interval {
            Interval::D5 => b - a < 5 * time::DAY,
            _ => interval.period(time::day(a)) == interval.period(time::day(b)),
        };
        if is_within {
            let (first, second) = (time::day(a), time::day(b));
            let reason = if interval == Interval::D1 {
                let clock = time::naive(b).format("%H:%M:%S");
                format!("{first} has another bar, of {clock}: a day is one bar")
            } else {
                format!("the bar of {second} begins before that of {first} is over")
            };
            found.push(finding(Kind::Overlap, a, b, reason));
        }
    }
    found
}

/// Finds wide bars that begin within a period, where the borders are known.
pub(super) fn off_borders(facts: &Facts) -> Vec<Finding> {
    let interval = facts.interval;
    if !facts.has_borders || interval == Interval::D5 {
        return Vec::new();
    }
    let stamps: Vec<i64> = facts.bars.times().collect();
    let mut found = Vec::new();
    let is_stray = |stamp: i64| {
        let day = time::day(stamp);
        interval
            .period(day)
            .is_some_and(|period| period.start != day)
    };
    for run in stamps.chunk_by(|a, b| is_stray(*a) == is_stray(*b)) {
        if let (Some(&from), Some(&to)) = (run.first(), run.last())
            && is_stray(from)
        {
            let borders = match interval {
                Interval::Wk1 => "weeks begin on Monday",
                Interval::Mo1 => "months begin on the first",
                _ => "quarters begin on the first of January, April, July and October",
            };
            let bars = match run.len() {
                1 => "this bar does not".to_owned(),
                many => format!("these {many} bars do not"),
            };
            let reason = format!("{borders}, and {bars}: bars on two grids hold the same days");
            found.push(finding(Kind::OffBorder, from, to, reason));
        }
    }
    found
}
