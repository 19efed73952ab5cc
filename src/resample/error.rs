//! Why bars cannot be made.

use crate::model::Interval;

/// Why bars cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResampleError {
    /// The rows are none that bars are made of.
    #[error("{found} are no {wanted}")]
    OtherRows {
        /// What they are.
        found: &'static str,
        /// What they should be.
        wanted: &'static str,
    },
    /// Bars of this length do not fill those of that length.
    #[error("bars of {from} cannot be joined to bars of {to}")]
    NotAMultiple {
        /// The length of the finer bars.
        from: Interval,
        /// The length of the coarser bars.
        to: Interval,
    },
    /// The calendar has no zone whose clock its times could be told by.
    #[error("the calendar names no time zone that is known: {zone}")]
    NoZone {
        /// What it names.
        zone: String,
    },
    /// The bars do not hold what their rows hold together. A bug, caught before anything is stored.
    #[error("the bars of {series} hold a volume of {bars}, and their rows one of {rows}")]
    NotConserved {
        /// The series.
        series: String,
        /// What the bars hold together.
        bars: String,
        /// What the rows hold together.
        rows: String,
    },
    /// The volumes of a series cannot be counted exactly.
    #[error("the volumes of {series} have too many digits to be counted exactly")]
    Inexact {
        /// The series.
        series: String,
    },
    /// The aggregation was refused.
    #[error("polars cannot aggregate the rows: {reason}")]
    Aggregation {
        /// What it says.
        reason: String,
    },
}
