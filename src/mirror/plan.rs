//! Which files a version consists of: what is rewritten, where rows go, and when a tier moves into the next one.
//!
//! Promises: pure. The files of a tier share no ticker, so a scan of one ticker opens at most one file of each of the four tiers.
//! Rows move when their tier has grown past its share; the tiers grow by one ratio from a refresh to the whole, so that each
//! row is written a few times in its life, however long the history is.

use super::extent::Extent;
use super::{Piece, Tier};

/// Rows that a refresh of an update may rewrite to move a tier; more is left to `barkeep mirror`.
const MOST_MOVED: u64 = 8_000_000;
/// How far past its share a tier may grow before an update moves it all the same.
const PATIENCE: f64 = 4.0;

/// How much a refresh may do beside what is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// What takes seconds.
    Light,
    /// All that is due.
    Whole,
}

/// Rows that go into one file, or make the first ones of a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) tier: Tier,
    /// The file that is rewritten; `None` where its tier has none yet.
    pub(super) piece: Option<usize>,
    /// What comes into it, by the number of the change, in the order of tickers.
    pub(super) gains: Vec<usize>,
}

/// What happens to the rows of one ticker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned<'c> {
    pub(super) ticker: &'c str,
    pub(super) extent: &'c Extent,
    /// Whether rows come.
    pub(super) has_rows: bool,
}

/// Returns the files that have to be rewritten for some changes, which are given in the order of tickers.
pub(super) fn jobs(pieces: &[Piece], changes: &[Planned<'_>]) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    let mut job_of = |tier: Tier, piece: Option<usize>| {
        let known = jobs
            .iter()
            .position(|job| (job.tier, job.piece) == (tier, piece));
        known.unwrap_or_else(|| {
            let gains = Vec::new();
            jobs.push(Job { tier, piece, gains });
            jobs.len() - 1
        })
    };
    let mut gains: Vec<(usize, usize)> = Vec::new();
    for (number, change) in changes.iter().enumerate() {
        let reach = change.extent.reach();
        let is_touched = |piece: &Piece| {
            piece.reaches(change.ticker) && reach.is_some_and(|reach| piece.overlaps(reach))
        };
        let mut deepest = None;
        for (at, piece) in pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| is_touched(piece))
        {
            job_of(piece.tier, Some(at));
            deepest = Some(deepest.map_or(piece.tier, |tier: Tier| tier.min(piece.tier)));
        }
        if change.has_rows {
            let first = if pieces.is_empty() {
                Tier::Base
            } else {
                Tier::Newest
            };
            let tier = deepest.unwrap_or(first);
            gains.push((job_of(tier, slot(pieces, tier, change.ticker)), number));
        }
    }
    for (job, number) in gains {
        if let Some(job) = jobs.get_mut(job) {
            job.gains.push(number);
        }
    }
    jobs
}

/// Returns the file of a tier that a ticker belongs into: the one whose range it lies in or follows; `None` where there is no
/// file of that tier.
pub(super) fn slot(pieces: &[Piece], tier: Tier, ticker: &str) -> Option<usize> {
    let of_tier = || {
        pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| piece.tier == tier)
    };
    let before = of_tier().filter(|(_, piece)| &*piece.tickers.0 <= ticker);
    let last = before.max_by(|(_, a), (_, b)| a.tickers.0.cmp(&b.tickers.0));
    let first = || of_tier().min_by(|(_, a), (_, b)| a.tickers.0.cmp(&b.tickers.0));
    last.or_else(first).map(|(at, _)| at)
}

/// Returns the tiers that have grown past their share, the largest first; `fresh` rows are about to come into the newest.
pub(super) fn due(pieces: &[Piece], fresh: u64, series: u64, effort: Effort) -> Vec<Tier> {
    let rows_of = |tier| -> u64 {
        let of_tier = pieces.iter().filter(|piece| piece.tier == tier);
        of_tier.map(|piece| piece.rows).sum()
    };
    let total: u64 = pieces.iter().map(|piece| piece.rows).sum::<u64>() + fresh;
    // A refresh brings a row of each series at least, when it brings a day.
    let unit = fresh.max(series).max(1);
    let ratio = (as_float(total) / as_float(unit)).powf(0.25).max(2.0);
    let mut incoming = fresh;
    let mut moving = Vec::new();
    let growing = [(Tier::Newest, 1), (Tier::Delta, 2), (Tier::Hot, 3)];
    for (tier, power) in growing {
        let rows = rows_of(tier);
        let share = as_float(unit) * ratio.powi(power);
        let grown = as_float(rows + incoming);
        let cost = rows + tier.below().map_or(0, rows_of);
        let is_cheap = effort == Effort::Whole || cost <= MOST_MOVED || grown > share * PATIENCE;
        incoming = 0;
        if rows > 0 && grown > share && is_cheap {
            moving.push(tier);
            incoming = rows;
        }
    }
    moving.reverse();
    moving
}

#[expect(
    clippy::cast_precision_loss,
    reason = "shares of rows need no more than 52 bits"
)]
fn as_float(rows: u64) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    fn piece(tier: Tier, tickers: (&str, &str), span: (i64, i64), rows: u64) -> Piece {
        Piece {
            tier,
            digest: Digest::of(format!("{tier:?}{tickers:?}").as_bytes()),
            tickers: (tickers.0.into(), tickers.1.into()),
            span,
            rows,
            bytes: rows * 10,
            day: None,
        }
    }

    fn version() -> Vec<Piece> {
        vec![
            piece(Tier::Base, ("A", "F"), (0, 100), 1000),
            piece(Tier::Base, ("G", "M"), (0, 100), 1000),
            piece(Tier::Hot, ("A", "M"), (101, 150), 300),
            piece(Tier::Newest, ("B", "L"), (151, 155), 20),
        ]
    }

    fn at(times: &[i64]) -> Extent {
        Extent {
            times: times.iter().copied().collect(),
            ..Extent::default()
        }
    }

    fn new(times: std::ops::RangeInclusive<i64>) -> Extent {
        Extent {
            fresh: vec![times],
            ..Extent::default()
        }
    }

    /// The files that a change of one ticker rewrites, and the one that takes its rows.
    fn rewritten(ticker: &str, extent: &Extent) -> (Vec<Option<usize>>, Vec<Option<usize>>) {
        let change = Planned {
            ticker,
            extent,
            has_rows: true,
        };
        let jobs = jobs(&version(), &[change]);
        let of = |jobs: Vec<&Job>| jobs.into_iter().map(|job| job.piece).collect();
        (
            of(jobs.iter().collect()),
            of(jobs.iter().filter(|job| !job.gains.is_empty()).collect()),
        )
    }

    #[test]
    fn a_new_day_rewrites_the_newest_file_alone() {
        for ticker in ["A", "B", "M", "Z"] {
            let (all, taking) = rewritten(ticker, &new(160..=160));

            assert_eq!(all, [Some(3)], "{ticker}");
            assert_eq!(taking, [Some(3)], "{ticker}");
        }
    }

    #[test]
    fn a_revision_rewrites_the_file_that_has_the_row() {
        assert_eq!(rewritten("H", &at(&[50])), (vec![Some(1)], vec![Some(1)]));
        assert_eq!(rewritten("H", &at(&[120])), (vec![Some(2)], vec![Some(2)]));
        assert_eq!(rewritten("H", &at(&[152])), (vec![Some(3)], vec![Some(3)]));
    }

    #[test]
    fn a_whole_series_leaves_every_file_and_comes_into_the_largest() {
        let (all, taking) = rewritten("C", &Extent::all());

        assert_eq!(all, [Some(0), Some(2), Some(3)]);
        assert_eq!(taking, [Some(0)]);
    }

    #[test]
    fn what_only_leaves_comes_nowhere() {
        let extent = at(&[120]);
        let change = Planned {
            ticker: "C",
            extent: &extent,
            has_rows: false,
        };

        let jobs = jobs(&version(), &[change]);

        let gains = Vec::new();
        let (tier, piece) = (Tier::Hot, Some(2));
        assert_eq!(jobs, [Job { tier, piece, gains }]);
    }

    #[test]
    fn the_first_rows_are_the_base() {
        let (extent, has_rows) = (Extent::all(), true);
        let changes = ["A", "B"].map(|ticker| Planned {
            ticker,
            extent: &extent,
            has_rows,
        });

        let jobs = jobs(&[], &changes);

        let (tier, piece, gains) = (Tier::Base, None, vec![0, 1]);
        assert_eq!(jobs, [Job { tier, piece, gains }]);
    }

    /// Plays the tiers over many days by their rows alone, and returns how many rows were written for each that came.
    fn written_per_row(history: u64, days: u64, effort: Effort) -> f64 {
        let series = 60;
        let mut rows = [history * series, 0, 0, 0];
        let mut written = 0;
        for _ in 0..days {
            let pieces: Vec<Piece> = Tier::ALL
                .into_iter()
                .zip(rows)
                .filter(|(_, rows)| *rows > 0)
                .map(|(tier, rows)| piece(tier, ("A", "Z"), (0, 1), rows))
                .collect();
            for tier in due(&pieces, series, series, effort) {
                let at = Tier::ALL.iter().position(|known| *known == tier).unwrap();
                rows[at - 1] += std::mem::take(&mut rows[at]);
                written += rows[at - 1];
            }
            rows[3] += series;
            written += rows[3];
        }
        let all: u64 = rows.iter().sum();
        assert_eq!(all, (history + days) * series, "no row gets lost");
        as_float(written) / as_float(days * series)
    }

    #[test]
    fn a_row_is_written_a_few_times_in_its_life() {
        for history in [20, 250, 5_000] {
            let times = written_per_row(history, 2_000, Effort::Whole);

            assert!(times < 30.0, "{history} days before: {times} times");
            assert!(times > 2.0, "{history} days before: nothing ever moves");
        }
    }

    #[test]
    fn what_takes_long_is_left_to_the_command_but_not_for_ever() {
        let large = |hot| {
            vec![
                piece(Tier::Base, ("A", "Z"), (0, 1), 900_000_000),
                piece(Tier::Hot, ("A", "Z"), (2, 3), hot),
            ]
        };
        let (fresh, series) = (3_600_000, 9_276);

        assert_eq!(due(&large(300_000_000), fresh, series, Effort::Light), []);
        assert_eq!(
            due(&large(300_000_000), fresh, series, Effort::Whole),
            [Tier::Hot]
        );
        assert_eq!(
            due(&large(3_000_000_000), fresh, series, Effort::Light),
            [Tier::Hot]
        );
    }
}
