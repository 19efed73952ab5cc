//! Jumps that are told, and crashes that are not.

use super::*;
use crate::check::made::{bars, daily, facts, frame, on};
use crate::check::{Scope, look};
use crate::frame::{Bar, EventKind, MarketEvent, Volume};
use crate::model::time::DAY;

fn split(day: i64, numerator: f64, denominator: f64) -> MarketEvent {
    on(
        day,
        EventKind::Split {
            numerator,
            denominator,
        },
    )
}

/// Days before one are not divided by a ratio.
fn undivided(count: usize, until: usize, ratio: f64) -> Vec<f64> {
    let mut closes = daily(count, 50.0);
    closes[..until].iter_mut().for_each(|close| *close *= ratio);
    closes
}

#[test]
fn rows_before_a_split_that_were_not_divided_are_found_and_divided_ones_are_not() {
    for (numerator, denominator) in [(4.0, 1.0), (3.0, 2.0), (1.0, 10.0), (1.0, 10_000.0)] {
        let ratio = numerator / denominator;
        let mut bad = facts(&undivided(80, 40, ratio));
        bad.events = vec![split(40, numerator, denominator)];
        let mut healthy = facts(&daily(80, 50.0));
        healthy.events.clone_from(&bad.events);

        let found = look(&bad, Scope::Basis);

        assert_eq!(found.len(), 1, "{ratio}: {found:?}");
        assert_eq!(found[0].kind, Kind::UnappliedSplit);
        assert_eq!((found[0].from, found[0].to), (0, 39 * DAY));
        assert!((found[0].factor.unwrap() / ratio - 1.0).abs() < 1e-9);
        assert_eq!(look(&healthy, Scope::All), []);
    }
}

#[test]
fn a_single_row_beside_a_split_is_found() {
    let mut closes = daily(80, 50.0);
    closes[38] *= 0.0001;
    let mut bad = facts(&closes);
    bad.events = vec![split(40, 1.0, 10_000.0)];

    let found = look(&bad, Scope::All);

    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].from, found[0].to), (38 * DAY, 38 * DAY));
}

fn scale(row: &mut Bar, times: f64) {
    for price in [&mut row.open, &mut row.high, &mut row.low, &mut row.close] {
        *price = price.map(|price| price * times);
    }
}

/// Eleven days around a split of which some are off by a ratio, on a market whose volumes are noisy.
fn few(off: std::ops::Range<usize>, times: f64) -> Facts {
    let volumes = [41, 45, 190, 260, 170, 72, 83, 45, 46, 82, 65];
    let mut rows = bars(&daily(11, 800.0));
    for (at, (row, volume)) in rows.iter_mut().zip(volumes).enumerate() {
        let is_off = off.contains(&at);
        let traded = f64::from(volume) * 10_000.0;
        row.volume = Some(Volume::from(if is_off { traded / times } else { traded }));
        if is_off {
            scale(row, times);
        }
    }
    let mut few = facts(&[]);
    few.bars = frame(rows);
    few
}

#[test]
fn a_day_or_a_short_run_among_few_right_ones_is_found_with_factor_and_neighbours() {
    for (numerator, denominator) in [(3.0, 8.0), (8.0, 3.0), (1.0, 10.0), (3.0, 2.0)] {
        let ratio: f64 = numerator / denominator;
        for (run, times) in [
            (2..3, ratio),
            (2..3, 1.0 / ratio),
            (2..5, ratio),
            (6..7, ratio),
        ] {
            let mut bad = few(run.clone(), times);
            bad.events = vec![split(8, numerator, denominator)];

            let found = look(&bad, Scope::Basis);

            assert_eq!(found.len(), 1, "{ratio} {run:?} {times}: {found:?}");
            let span = |at: usize| i64::try_from(at).unwrap() * DAY;
            assert_eq!(
                found[0].kind,
                Kind::UnappliedSplit,
                "{ratio} {run:?} {times}: {found:?}"
            );
            assert_eq!(
                (found[0].from, found[0].to),
                (span(run.start), span(run.end - 1))
            );
            assert!((found[0].factor.unwrap() / times - 1.0).abs() < 1e-9);
            assert_eq!(
                found[0].reason.contains("twice"),
                (times / ratio).ln().abs() > 0.1,
                "{found:?}"
            );
        }
    }
    let mut bad = few(2..3, 0.375);
    bad.events = vec![split(8, 3.0, 8.0)];
    let reason = look(&bad, Scope::Basis).remove(0).reason;
    assert!(
        reason.contains("of 1970-01-02 before and of 1970-01-04 after"),
        "{reason}"
    );
    assert!(
        reason.contains("the split of 1970-01-09 was 3:8"),
        "{reason}"
    );
}

#[test]
fn healthy_days_before_a_split_and_a_panic_by_its_ratio_are_no_short_run() {
    let mut healthy = few(2..3, 1.0);
    healthy.events = vec![split(8, 3.0, 8.0)];
    assert_eq!(look(&healthy, Scope::All), []);

    let mut bad = few(2..3, 0.5);
    bad.events = vec![split(8, 2.0, 1.0)];
    let rows = || crate::frame::bars_of(&bad.bars).collect::<Vec<_>>();
    let mut quiet = rows();
    quiet[2].volume = Some(Volume::Units(100_000));
    let mut wide = rows();
    wide[2].high = wide[2].close.map(|close| close * 1.08);
    wide[2].low = wide[2].close.map(|close| close * 0.95);

    for rows in [quiet, wide] {
        let panic = Facts {
            bars: frame(rows),
            ..bad.clone()
        };
        assert_eq!(look(&panic, Scope::Basis), []);
    }
    assert_eq!(look(&bad, Scope::Basis).len(), 1);
}

/// Half of the price is paid out on the day of the split, which moves it as the split would have.
#[test]
fn a_payment_on_the_day_of_a_split_is_neither_taken_for_it_nor_hides_another_day() {
    let paid = 490.0;
    let made = |off: std::ops::Range<usize>| {
        let mut rows: Vec<_> = crate::frame::bars_of(&few(off, 0.375).bars).collect();
        let close = rows[7].close.unwrap();
        for row in &mut rows[8..] {
            scale(row, 1.0 - paid / close);
        }
        let mut made = few(0..0, 1.0);
        made.events = vec![
            on(8, EventKind::Dividend { amount: paid }),
            split(8, 3.0, 8.0),
        ];
        let closes = rows
            .iter()
            .map(|row| row.close.unwrap())
            .collect::<Vec<_>>();
        made.adjusted = crate::check::made::adjusted(&closes, &[(8, 1.0 - paid / close)]);
        made.bars = frame(rows);
        made
    };

    let (healthy, bad) = (made(0..0), made(2..3));

    assert_eq!(look(&healthy, Scope::All), []);
    let found = look(&bad, Scope::All);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].from, found[0].to), (2 * DAY, 2 * DAY));
    for mut facts in [healthy, bad] {
        let told = look(&facts, Scope::Basis);
        facts.adjusted.clear();
        assert_eq!(look(&facts, Scope::Basis), told, "without adjusted closes");
    }
}

#[test]
fn rows_that_were_divided_twice_are_found() {
    let mut bad = facts(&undivided(80, 40, 0.25));
    bad.events = vec![split(40, 4.0, 1.0)];

    let found = look(&bad, Scope::Basis);

    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].reason.contains("twice"), "{found:?}");
}

#[test]
fn a_seam_long_before_the_split_is_found() {
    let mut bad = facts(&undivided(200, 40, 4.0));
    bad.events = vec![split(180, 4.0, 1.0)];

    let found = look(&bad, Scope::Basis);

    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].kind, found[0].to), (Kind::Seam, 39 * DAY));
}

/// Apple halved on 29 September 2000, four years before a split of two to one.
#[test]
fn a_crash_by_the_ratio_of_a_later_split_is_no_seam() {
    let closes = undivided(200, 40, 2.0);
    let mut rows = bars(&closes);
    rows[40].high = Some(closes[40] * 1.25);
    rows[40].volume = Some(Volume::Units(12_000));
    let mut crash = facts(&closes);
    crash.bars = frame(rows);
    crash.events = vec![split(180, 2.0, 1.0)];

    assert_eq!(look(&crash, Scope::Basis), []);
}

#[test]
fn a_jump_without_a_known_split_needs_volumes_that_change_the_other_way() {
    let closes = undivided(80, 40, 4.0);
    let mut seam = facts(&closes);
    let mut rows = bars(&closes);
    for row in &mut rows[40..] {
        row.volume = Some(Volume::Units(4000));
    }
    seam.bars = frame(rows);

    let found = look(&seam, Scope::Basis);

    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].kind, found[0].to), (Kind::Seam, 39 * DAY));
    assert_eq!(look(&facts(&closes), Scope::Basis), [], "volumes stay");
}

#[test]
fn prices_as_they_were_traded_jump_at_splits() {
    let mut traded = facts(&undivided(80, 40, 4.0));
    traded.events = vec![split(40, 4.0, 1.0)];
    traded.basis = PriceBasis::AsTraded;

    assert_eq!(look(&traded, Scope::All), []);
}
