//! Stored prices that contradict each other: found by what stands beside them, and told with the numbers.
//!
//! Promises: pure, and nothing is changed. A finding is a suspicion with its reasons, never a verdict: which of two
//! prices is the right one is not in the data. What cannot be told from a move of the market is not told at all.
//! Leaves to others: reading the series (`audit`), printing (`cli`), healing them (`update`).

mod bases;
mod borders;
mod impossible;
mod of_another;
mod payments;
mod repair;
mod rows;
mod splits;
mod stands;
mod units;
mod who;

#[cfg(test)]
mod made;

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;

pub use repair::{Repair, repair};
pub use who::{Who, closes_agree, judge};

use crate::calendar::Calendar;
use crate::frame::basis::Unapplied;
use crate::frame::{Frame, MarketEvent};
use crate::model::{Interval, PriceBasis};
use rows::Rows;

/// What is stored of one series of bars, and beside it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The length of the bars.
    pub interval: Interval,
    /// What the prices contain.
    pub basis: PriceBasis,
    /// The bars.
    pub bars: Frame,
    /// Adjusted closes by their bars; empty when none are stored.
    pub adjusted: BTreeMap<i64, f64>,
    /// Payments and splits in the order of their days; empty when none are stored.
    pub events: Vec<MarketEvent>,
    /// Whether wide bars are counted from the borders of their intervals, and are not what a file says.
    pub has_borders: bool,
    /// The currency of the prices, if somebody wrote it down.
    pub currency: Option<String>,
    /// The first day of trading of who the symbol is, where it was another's before.
    pub first_of_another: Option<NaiveDate>,
    /// What is known of the sessions of the exchange.
    pub calendar: Calendar,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    #[default]
    All,
    /// Prices that stand on different bases.
    Basis,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Prices in another unit than those around them, such as pounds among pence.
    UnitJump,
    /// Prices that a split of that time was not applied to, or was applied to twice.
    UnappliedSplit,
    /// Older prices on another basis than newer ones.
    Seam,
    /// A dividend out of proportion to what it did to the prices.
    Dividend,
    /// Adjusted closes that do not move by what was paid.
    Adjustment,
    /// A gain that was taken out of the adjusted closes on its own, and as part of the dividend again.
    CapitalGain,
    /// A wide bar that begins before the one before is over.
    Overlap,
    /// A wide bar that begins on no border of its interval.
    OffBorder,
    /// A bar of a day on which the series rests, or its exchange held no session.
    OffDay,
    /// A bar of less than a day that begins between those of the grid.
    OffGrid,
    /// Bars that are stored twice, on two clocks.
    Twin,
    /// Bars on another clock than the newest ones.
    OtherClock,
    /// A bar that no trading can have made.
    Impossible,
    /// Bars of somebody else, who had the symbol before.
    OfAnother,
}

impl Kind {
    /// Returns the word that it is printed as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnitJump => "unit_jump",
            Self::UnappliedSplit => "unapplied_split",
            Self::Seam => "seam",
            Self::Dividend => "dividend",
            Self::Adjustment => "adjustment",
            Self::CapitalGain => "capital_gain",
            Self::Overlap => "overlap",
            Self::OffBorder => "off_border",
            Self::OffDay => "off_day",
            Self::OffGrid => "off_grid",
            Self::Twin => "twin",
            Self::OtherClock => "other_clock",
            Self::Impossible => "impossible",
            Self::OfAnother => "of_another",
        }
    }

    /// Tells whether bars stand where none should: fetched again, the others are right, and these stay.
    pub fn is_of_place(self) -> bool {
        matches!(
            self,
            Self::Overlap | Self::OffBorder | Self::OffDay | Self::OffGrid | Self::Twin
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that is suspected, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What is wrong.
    pub kind: Kind,
    /// The first bar that it is about.
    pub from: i64,
    /// The last bar that it is about.
    pub to: i64,
    /// How many times too large the suspected value is, where that can be said.
    pub factor: Option<f64>,
    /// Why, with the numbers, as a clause without a period.
    pub reason: String,
}

/// Returns what is suspicious in a series, in the order of time.
pub fn look(facts: &Facts, scope: Scope) -> Vec<Finding> {
    let rows = Rows::of(facts);
    let mut found = splits::find(&rows, facts);
    let known = found.clone();
    found.extend(bases::find(&rows, facts, &known));
    if scope == Scope::All {
        found.extend(units::find(&rows, facts, &known));
        let known = found.clone();
        found.extend(payments::find(&rows, facts, &known));
        found.extend(stands::find(facts));
        found.extend(impossible::find(facts));
        found.extend(of_another::find(facts));
    }
    found.sort_by_key(|finding| (finding.from, finding.to, finding.kind));
    found
}

/// Returns the rows of some bars that a split of that time was not applied to, in the order of time.
pub fn unapplied_splits(
    bars: Frame,
    interval: Interval,
    basis: PriceBasis,
    events: Vec<MarketEvent>,
) -> Vec<Unapplied> {
    let facts = Facts {
        interval,
        basis,
        bars,
        adjusted: BTreeMap::new(),
        events,
        has_borders: true,
        currency: None,
        first_of_another: None,
        calendar: Calendar::unlisted("UTC"),
    };
    let found = look(&facts, Scope::Basis).into_iter();
    let found = found.filter(|finding| finding.kind == Kind::UnappliedSplit);
    found
        .filter_map(|finding| {
            Some(Unapplied {
                from: finding.from,
                to: finding.to,
                times: finding.factor?,
            })
        })
        .collect()
}

/// Returns a number with as many digits as a person compares.
fn short(number: f64) -> String {
    let size = number.abs();
    let decimals: usize = match size {
        _ if size >= 1000.0 => 0,
        _ if size >= 100.0 => 1,
        _ if size >= 1.0 => 3,
        _ if size >= 0.01 => 4,
        _ => 7,
    };
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Returns how one price stands to another, from the difference of their logarithms.
fn moved(change: f64) -> String {
    if change.abs() < 1.0 {
        percent(change.exp_m1())
    } else {
        let way = if change > 0.0 { "higher" } else { "lower" };
        format!("{} times {way}", short(change.abs().exp()))
    }
}

/// Returns a change as a signed percentage.
fn percent(change: f64) -> String {
    format!("{:+.1} %", change * 100.0)
}
