//! The predecessor's files of trades: 22 columns, of which some have other names, types or values than those of today.
//!
//! Promises: every value has a place. `venue` is the execution venue; nanoseconds move into columns of their own and the
//! timestamps keep the microseconds; what was published without a modification flag is a new trade; a trade without a time of
//! publication is sorted as if it had been published when it was traded, and has no nanoseconds of it.
//! Leaves to others: types (`types`), and who asks for a file to be written anew (`storage`).

use crate::frame::{Cell, Column, ColumnSpec, Profile, Values};
use crate::model::{Dataset, TimeUnit};

/// What the predecessor called the execution venue.
const VENUE: &str = "venue";
/// What nothing can be said without. Of all others, whole columns may be missing: a schema of the feed had no such key.
const NEEDED: [&str; 3] = ["isin", "trans_id", "trade_time"];
/// Timestamps, and where their nanoseconds stand.
const TIMES: [(&str, &str); 2] = [
    ("trade_time", "trade_time_ns"),
    ("distribution_time", "distribution_time_ns"),
];

/// Returns where the predecessor has a column that is called otherwise today.
pub(super) fn stand_in(
    spec: &ColumnSpec,
    profile: &Profile,
    place_of: &impl Fn(&str) -> Option<usize>,
) -> Option<usize> {
    let is_it = profile.dataset == Dataset::Trades && spec.name == "execution_venue";
    is_it.then(|| place_of(VENUE)).flatten()
}

/// Tells whether a file of trades may lack a column.
pub(super) fn may_lack(spec: &ColumnSpec, profile: &Profile) -> bool {
    profile.dataset == Dataset::Trades && !NEEDED.contains(&spec.name)
}

/// Tells whether a file has trades in the predecessor's columns.
pub(super) fn is_older(profile: &Profile, place_of: &impl Fn(&str) -> Option<usize>) -> bool {
    let lacks_nanos = || TIMES.iter().any(|(_, nanos)| place_of(nanos).is_none());
    profile.dataset == Dataset::Trades && lacks_nanos()
}

/// Brings columns that were read from such a file into the form of today.
pub(super) fn completed(profile: &Profile, columns: &mut [Column]) {
    let traded = match column(profile, columns, "trade_time") {
        Some(Column::Time(times)) => times.clone(),
        _ => return,
    };
    for (time, nanos) in TIMES {
        let Some(Column::Time(times)) = column(profile, columns, time) else {
            continue;
        };
        let exact = times.clone();
        let sorted = exact.iter().zip(traded.iter());
        let sorted: Values<i64> = sorted
            .map(|(own, traded)| Some(cut(own.or(traded)?)))
            .collect();
        *times = sorted;
        if let Some(column) = column(profile, columns, nanos) {
            *column = Column::Int(exact);
        }
    }
    if let Some(flags) = column(profile, columns, "modification_flag") {
        let of = |row: usize| match flags.cell(row) {
            Cell::Text(flag) => Some(flag.into()),
            _ => Some("-".into()),
        };
        *flags = Column::Text((0..flags.len()).map(of).collect());
    }
}

fn column<'c>(profile: &Profile, columns: &'c mut [Column], name: &str) -> Option<&'c mut Column> {
    let at = profile.position(name)?;
    columns.get_mut(at)
}

/// Cuts a time off at its microseconds.
fn cut(nanos: i64) -> i64 {
    let micro = TimeUnit::Micros.nanos();
    nanos.div_euclid(micro) * micro
}
