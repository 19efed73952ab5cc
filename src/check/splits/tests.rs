//! Jumps that are told, and crashes that are not.

use super::*;
use crate::check::made::{bars, daily, facts, frame, on};
use crate::check::{Scope, look};
use crate::frame::{EventKind, MarketEvent, Volume};
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
