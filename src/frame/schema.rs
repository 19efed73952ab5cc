//! The columns of each dataset: names, kinds, keys.
//!
//! The bar profile is the predecessor's, name for name and in its order, so that its reader and everybody's
//! queries go on working. A profile is the only place that knows a column's name.

use crate::model::{Dataset, Unclear};

/// What kind of values a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindOf {
    /// UTF-8 text.
    Text,
    /// 64-bit signed integers.
    Int,
    /// 64-bit floats.
    Float,
    /// Timestamps without a zone.
    Time,
    /// Truth values.
    Flag,
}

/// One column of a profile.
#[derive(Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The name in the file.
    pub name: &'static str,
    /// The kind of its values.
    pub kind: KindOf,
    /// The format version with which it came. One that came later may be missing in a file, and counts in fingerprint and
    /// version of a file only if it has a value there: so those of older files hold.
    pub since: u32,
}

impl ColumnSpec {
    /// Tells whether older files of its dataset lack it.
    pub fn came_later(&self) -> bool {
        self.since > FIRST_VERSION
    }

    const fn of(name: &'static str, kind: KindOf) -> Self {
        Self {
            name,
            kind,
            since: FIRST_VERSION,
        }
    }
}

/// The format version of columns that were there from the beginning.
pub const FIRST_VERSION: u32 = 1;

/// How one of two rows with the same key is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeRule {
    /// The highest `sequence` wins, a missing one counts as newest, ties go to the later batch; but a row that lacks prices
    /// which the other one has, being null, NaN or zero, and has none that the other lacks, never replaces it.
    HighestSequence {
        /// Where the sequence stands.
        sequence: usize,
        /// Where the prices stand.
        prices: &'static [usize],
    },
    /// The later batch wins.
    Later,
}

/// The shape of rows of a dataset. A dataset has more than one where its rows come into being in more than one way; the files
/// of a tree have one and the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// The dataset.
    pub dataset: Dataset,
    /// What the rows are called in messages.
    pub name: &'static str,
    /// The columns, in file order.
    pub columns: &'static [ColumnSpec],
    /// The columns that identify a row, most significant first; they also give the order of rows.
    pub key: &'static [usize],
    /// The column by which rows are cut into partitions.
    pub time: usize,
    /// The column that names the series in every row, if there is one.
    pub owner: Option<usize>,
    /// Which of two rows with one key is kept.
    pub rule: MergeRule,
}

const fn text(name: &'static str) -> ColumnSpec {
    ColumnSpec::of(name, KindOf::Text)
}
const fn int(name: &'static str) -> ColumnSpec {
    ColumnSpec::of(name, KindOf::Int)
}
const fn float(name: &'static str) -> ColumnSpec {
    ColumnSpec::of(name, KindOf::Float)
}
const fn time(name: &'static str) -> ColumnSpec {
    ColumnSpec::of(name, KindOf::Time)
}
const fn flag(name: &'static str) -> ColumnSpec {
    ColumnSpec::of(name, KindOf::Flag)
}

static OF_BARS: [ColumnSpec; 8] = [
    text("stock"),
    time("date"),
    float("open"),
    float("high"),
    float("low"),
    float("close"),
    int("volume"),
    int("sequence"),
];

const fn bars(dataset: Dataset) -> Profile {
    Profile {
        dataset,
        name: "bars of a source",
        columns: &OF_BARS,
        key: &[0, 1],
        time: 1,
        owner: Some(0),
        rule: MergeRule::HighestSequence {
            sequence: 7,
            prices: &[2, 3, 4, 5],
        },
    }
}

/// Bars made of trades: the columns of all bars, of which the volume may be a fraction, and two more.
static OF_BARS_OF_TRADES: [ColumnSpec; 10] = [
    text("stock"),
    time("date"),
    float("open"),
    float("high"),
    float("low"),
    float("close"),
    float("volume"),
    int("sequence"),
    int("trades"),
    float("vwap"),
];

/// Such a bar is made anew of all its trades, so the later one is right, also where it has no prices left: a trade that was
/// cancelled has none.
const fn bars_of_trades(dataset: Dataset) -> Profile {
    Profile {
        dataset,
        name: "bars made of trades",
        columns: &OF_BARS_OF_TRADES,
        key: &[0, 1],
        time: 1,
        owner: Some(0),
        rule: MergeRule::Later,
    }
}

static BARS: Profile = bars(Dataset::Stocks);

static BARS_OF_TRADES: Profile = bars_of_trades(Dataset::Stocks);

static PREPOST: Profile = bars(Dataset::Prepost);

static PREPOST_OF_TRADES: Profile = bars_of_trades(Dataset::Prepost);

static EVENTS: Profile = Profile {
    dataset: Dataset::Events,
    name: "events",
    columns: &[
        text("stock"),
        time("date"),
        text("kind"),
        float("amount"),
        float("numerator"),
        float("denominator"),
        ColumnSpec {
            since: 2,
            ..text("currency")
        },
    ],
    key: &[0, 1, 2],
    time: 1,
    owner: Some(0),
    rule: MergeRule::Later,
};

static ADJUSTED: Profile = Profile {
    dataset: Dataset::Adjusted,
    name: "adjusted closes",
    columns: &[text("stock"), time("date"), float("adjclose")],
    key: &[0, 1],
    time: 1,
    owner: Some(0),
    rule: MergeRule::Later,
};

static AUCTIONS: Profile = Profile {
    dataset: Dataset::Auctions,
    name: "auctions",
    columns: &[
        text("stock"),
        time("date"),
        text("kind"),
        float("price"),
        float("volume"),
        int("trades"),
        time("printed"),
    ],
    key: &[0, 1, 2],
    time: 1,
    owner: Some(0),
    rule: MergeRule::Later,
};

static TRADES: Profile = Profile {
    dataset: Dataset::Trades,
    name: "trades",
    columns: &[
        text("message_id"),
        text("source_name"),
        text("isin"),
        text("instrument_id"),
        text("trans_id"),
        int("tick_id"),
        float("price"),
        float("volume"),
        text("currency"),
        int("quote_type"),
        time("trade_time"),
        int("trade_time_ns"),
        time("distribution_time"),
        int("distribution_time_ns"),
        text("execution_venue"),
        text("publication_venue"),
        text("tick_action"),
        text("instrument_code"),
        text("market_mechanism"),
        text("trading_system"),
        text("trading_mode"),
        text("negotiated_flag"),
        text("modification_flag"),
        text("benchmark_flag"),
        text("pub_deferral"),
        flag("algo_indicator"),
        text("last_trade_indicator"),
        float("notional_amount"),
        text("notional_currency"),
        text("extra"),
    ],
    // Every published line is a row: an amendment or a cancellation keeps the id of the trade and is published later.
    // With the time in front, rows stand in the order of trading.
    key: &[10, 4, 22, 12],
    time: 10,
    owner: None,
    rule: MergeRule::Later,
};

impl Profile {
    /// Returns the profile that rows of a dataset have unless they say otherwise.
    pub fn of(dataset: Dataset) -> &'static Self {
        match dataset {
            Dataset::Stocks => &BARS,
            Dataset::Events => &EVENTS,
            Dataset::Adjusted => &ADJUSTED,
            Dataset::Prepost => &PREPOST,
            Dataset::Auctions => &AUCTIONS,
            Dataset::Trades => &TRADES,
        }
    }

    /// Returns the columns that tell rows of one series and time apart, in the order of the key, with their kinds.
    pub fn further_key(&self) -> impl Iterator<Item = (usize, KindOf)> + '_ {
        let is_further = |at: &&usize| Some(**at) != self.owner && **at != self.time;
        let further = self.key.iter().filter(is_further);
        further.filter_map(|at| Some((*at, self.columns.get(*at)?.kind)))
    }

    /// Returns the profile of bars that are made of trades; `None` of a dataset that has no bars.
    pub fn of_trades(dataset: Dataset) -> Option<&'static Self> {
        match dataset {
            Dataset::Stocks => Some(&BARS_OF_TRADES),
            Dataset::Prepost => Some(&PREPOST_OF_TRADES),
            Dataset::Events | Dataset::Adjusted | Dataset::Auctions | Dataset::Trades => None,
        }
    }

    /// Tells whether rows are bars made of trades.
    pub fn is_of_trades(&self) -> bool {
        std::ptr::eq(self.columns, OF_BARS_OF_TRADES.as_slice())
    }

    /// Tells whether rows of both can be those of one series.
    pub fn joins(&self, other: &Self) -> bool {
        std::ptr::eq(self.columns, other.columns)
    }

    /// Returns the profiles that rows of a dataset may have, the usual one first.
    pub fn all_of(dataset: Dataset) -> impl Iterator<Item = &'static Self> {
        [Self::of(dataset)]
            .into_iter()
            .chain(Self::of_trades(dataset))
    }

    /// Returns the position of a column by its name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|spec| spec.name == name)
    }

    /// Returns the positions of columns by their names.
    ///
    /// # Errors
    /// `Unclear` when there is no column of a name.
    pub fn positions(&self, names: &[String]) -> Result<Vec<usize>, Unclear> {
        let position = |name: &String| {
            self.position(name.trim()).ok_or_else(|| {
                let names: Vec<&str> = self.columns.iter().map(|spec| spec.name).collect();
                let names = names.join(", ");
                Unclear::words(format!("there is no column `{name}`, but {names}"))
            })
        };
        let positions: Vec<usize> = names.iter().map(position).collect::<Result<_, _>>()?;
        let mut before = positions.iter().enumerate();
        let twice =
            before.find(|(at, position)| positions.iter().take(*at).any(|one| one == *position));
        match twice.and_then(|(at, _)| names.get(at)) {
            Some(name) => Err(Unclear::words(format!(
                "the column `{name}` is named twice"
            ))),
            None => Ok(positions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_profile_is_the_predecessors() {
        let names: Vec<_> = Profile::of(Dataset::Stocks)
            .columns
            .iter()
            .map(|spec| spec.name)
            .collect();

        assert_eq!(
            names,
            [
                "stock", "date", "open", "high", "low", "close", "volume", "sequence"
            ]
        );
    }

    #[test]
    fn columns_that_came_later_stand_last_and_are_no_key() {
        for profile in Dataset::ALL.into_iter().flat_map(Profile::all_of) {
            let later = profile.columns.iter().position(ColumnSpec::came_later);
            let (first, after) = profile
                .columns
                .split_at(later.unwrap_or(profile.columns.len()));
            assert!(first.iter().all(|spec| !spec.came_later()));
            assert!(after.iter().all(ColumnSpec::came_later));
            assert!(profile.key.iter().all(|at| *at < first.len()));
        }
    }

    #[test]
    fn every_profile_points_at_columns_of_the_right_kind() {
        let of = |dataset| Profile::all_of(dataset).map(move |profile| (dataset, profile));
        for (dataset, profile) in Dataset::ALL.into_iter().flat_map(of) {
            assert_eq!(profile.dataset, dataset);
            assert_eq!(profile.columns[profile.time].kind, KindOf::Time);
            assert!(profile.key.contains(&profile.time));
            assert!(profile.key.iter().all(|&at| at < profile.columns.len()));
            // A key sorts by its time first, then by the further columns: so must rows of one owner.
            let behind_owner = profile.key.iter().find(|at| Some(**at) != profile.owner);
            assert_eq!(behind_owner, Some(&profile.time));
            let mut further = profile.further_key();
            assert!(further.all(|(_, kind)| matches!(kind, KindOf::Text | KindOf::Time)));
            assert!(
                profile
                    .owner
                    .is_none_or(|at| profile.columns[at].kind == KindOf::Text)
            );
        }
    }
}
