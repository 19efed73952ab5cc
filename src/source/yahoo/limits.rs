//! What a run learns of Yahoo's own limits while it asks: how far back it keeps bars, and how much it gives at once.
//!
//! Promises: what it tells is believed in both directions: that it keeps more, of all tickers in this run and in later ones, until
//! it tells otherwise; that it keeps less, of the ticker that was asked for. Deadlines are those of the settings all the same. Where all is wanted that it keeps, one
//! request for each interval of a run finds out whether the built-in limits are too narrow. An edge that has moved on
//! by the server's clock is stepped back from, a day at most. Settings that are wider than the server allows are named in the end.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::Yahoo;
use super::judge::{Verdict, judge};
use super::windows::{DAY, Reach, Windows};
use crate::http::HttpAnswer;
use crate::model::{Interval, Ticker};
use crate::sys::locked;

/// How often Yahoo may tell us its limits in one job before we stop believing it.
pub(super) const LESSONS: u32 = 2;
/// How far, in seconds, the first request stays away from an edge that was refused.
const MARGINS: [i64; 3] = [DAY / 48, DAY / 8, DAY];
/// No bars of less than a day are kept for so many seconds: whoever asks for such days is told how far back they are kept.
pub(super) const LONG_AGO: i64 = 3_650 * DAY;

/// What was learned in a run.
#[derive(Debug, Default)]
pub(super) struct Learned {
    reaches: Mutex<BTreeMap<Interval, Reach>>,
    /// Who asks, for each interval, whether Yahoo keeps more. A job that begins again is the same.
    lookouts: Mutex<BTreeMap<Interval, Ticker>>,
    /// Depths beyond the built-in ones, in days.
    depths: Mutex<BTreeMap<Interval, u32>>,
}

impl Learned {
    /// Returns what an earlier process learned, where the settings say nothing of it; nothing, if that cannot be understood.
    pub(super) fn of(told: Option<&str>, windows: &Windows) -> Self {
        let learned = Self::default();
        let built_in = Windows::default();
        for line in told.unwrap_or_default().lines() {
            let words = line.split_once(' ');
            let entry = words.and_then(|(interval, days)| {
                let interval: Interval = interval.parse().ok()?;
                Some((interval, days.parse::<u32>().ok()?))
            });
            let Some((interval, days)) = entry else {
                return Self::default();
            };
            let reach = windows.of(interval);
            let is_more = reach.depth_days.is_some_and(|depth| days > depth);
            if is_more && reach == built_in.of(interval) {
                let depth_days = Some(days);
                let deeper = Reach {
                    depth_days,
                    ..reach
                };
                locked(&learned.reaches).insert(interval, deeper);
                locked(&learned.depths).insert(interval, days);
            }
        }
        learned
    }

    /// Returns the text that `of` reads.
    pub(super) fn told(&self) -> Option<String> {
        let depths = locked(&self.depths);
        let lines = depths
            .iter()
            .map(|(interval, days)| format!("{interval} {days}\n"));
        Some(lines.collect::<String>()).filter(|text| !text.is_empty())
    }
}

impl Yahoo {
    /// Returns the limits of an interval as far as they are known.
    pub(super) fn reach(&self, interval: Interval) -> Reach {
        let learned = locked(&self.learned.reaches).get(&interval).copied();
        learned.unwrap_or_else(|| self.spec.windows.of(interval))
    }

    /// Changes the limits for all tickers of the run.
    pub(super) fn learn(&self, interval: Interval, change: impl FnOnce(&mut Reach)) {
        let mut reach = self.reach(interval);
        change(&mut reach);
        locked(&self.learned.reaches).insert(interval, reach);
    }

    /// Learns, for this process and later ones, that more days are kept than the built-in limits say; `None` where no more are.
    pub(super) fn learn_depth_of_all(&self, interval: Interval, days: Option<u32>) {
        let built_in = self.spec.windows.of(interval).depth_days;
        self.learn(interval, |reach| reach.depth_days = days.or(built_in));
        let mut depths = locked(&self.learned.depths);
        match days {
            Some(days) => depths.insert(interval, days),
            None => depths.remove(&interval),
        };
    }

    /// Tells whether nobody set the limits of an interval.
    pub(super) fn is_built_in(&self, interval: Interval) -> bool {
        self.spec.windows.of(interval) == Windows::default().of(interval)
    }

    /// Tells whether it is this ticker that looks whether more is kept.
    pub(super) fn is_lookout(&self, interval: Interval, ticker: &Ticker) -> bool {
        let mut lookouts = locked(&self.learned.lookouts);
        lookouts.entry(interval).or_insert_with(|| ticker.clone()) == ticker
    }
}

/// Returns what Yahoo says of its depth where it refuses a request for that reason.
pub(super) fn told_depth(answer: &HttpAnswer) -> Option<u32> {
    match judge(answer) {
        Verdict::OutOfReach { days } => days,
        _ => None,
    }
}

/// Returns the limits after a refusal that told how many days one request may have, if that is news.
pub(super) fn shorter(reach: Reach, days: Option<u32>, lessons: &mut u32) -> Option<Reach> {
    let days =
        days.filter(|days| *days > 0 && reach.request_days.is_none_or(|known| *days < known))?;
    *lessons = lessons.checked_sub(1)?;
    Some(Reach {
        request_days: Some(days),
        ..reach
    })
}

/// A request that reached too far back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(super) start: i64,
    /// The moment of the question.
    pub(super) now: i64,
    /// By how many seconds the server's clock is ahead, as far as it said so.
    pub(super) ahead: i64,
}

/// Returns the limits after a refusal that told so many days; `None` when nothing it says keeps the next request from the same.
pub(super) fn after(
    refused: Refused,
    reach: Reach,
    days: Option<u32>,
    lessons: &mut u32,
) -> Option<Reach> {
    let is_further = |reach: &Reach| reach.earliest(refused.now) > refused.start;
    let told = Reach {
        depth_days: Some(days.or(reach.depth_days)?),
        ..reach
    };
    if is_further(&told) && *lessons > 0 {
        *lessons -= 1;
        return Some(told);
    }
    // It said nothing new: by its own clock, the edge has moved on.
    let by_clock = Some(refused.ahead).filter(|ahead| *ahead <= DAY);
    let mut margins = by_clock.into_iter().chain(MARGINS);
    let edge_margin = margins.find(|margin| *margin > reach.edge_margin)?;
    let stepped_back = Reach {
        edge_margin,
        ..reach
    };
    Some(stepped_back).filter(is_further)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_770_000_000;

    fn minutes() -> Reach {
        Windows::default().of(Interval::M1)
    }

    /// The first request of all that these limits allow is refused.
    fn refused(reach: Reach, ahead: i64) -> Refused {
        Refused {
            start: reach.earliest(NOW),
            now: NOW,
            ahead,
        }
    }

    #[test]
    fn depths_are_told_to_later_processes_as_far_as_settings_leave_them_open() {
        let mut windows = Windows::default();
        let told = "1m 60\n1h 900\n";
        assert_eq!(
            Learned::of(Some(told), &windows).told().as_deref(),
            Some(told)
        );
        for text in ["1m", "1m x", "1m 60\n1h", "7q 60", "1m 30", "1d 60"] {
            assert_eq!(Learned::of(Some(text), &windows).told(), None, "{text}");
        }
        windows.set(
            Interval::M1,
            Reach {
                depth_days: Some(20),
                ..minutes()
            },
        );
        assert_eq!(
            Learned::of(Some(told), &windows).told().as_deref(),
            Some("1h 900\n")
        );
    }

    #[test]
    fn less_is_believed_as_often_as_there_are_lessons() {
        let mut lessons = 1;

        let edge = refused(minutes(), 0);
        let first = after(edge, minutes(), Some(7), &mut lessons).unwrap();
        let second = after(edge, minutes(), Some(6), &mut lessons).unwrap();

        assert_eq!(
            (first.depth_days, first.edge_margin),
            (Some(7), minutes().edge_margin)
        );
        assert_eq!(
            (second.depth_days, second.edge_margin),
            (minutes().depth_days, MARGINS[0])
        );
        assert_eq!(lessons, 0);
    }

    #[test]
    fn an_edge_is_stepped_back_from_by_the_clocks_or_by_margins_up_to_a_day() {
        let margins = |ahead| {
            let (mut reach, mut seen) = (minutes(), Vec::new());
            while let Some(next) = after(refused(reach, ahead), reach, Some(30), &mut 2) {
                seen.push(next.edge_margin);
                reach = next;
            }
            seen
        };

        assert_eq!(margins(0), MARGINS);
        assert_eq!(margins(900), [900, MARGINS[0], MARGINS[1], MARGINS[2]]);
        assert_eq!(margins(40 * DAY), MARGINS);
    }

    #[test]
    fn what_begins_after_the_edge_and_is_refused_all_the_same_teaches_nothing() {
        let late = Refused {
            start: NOW - DAY,
            ..refused(minutes(), 0)
        };

        assert_eq!(after(late, minutes(), Some(30), &mut 2), None);
        assert_eq!(after(late, minutes(), None, &mut 2), None);
    }
}
