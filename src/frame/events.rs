//! Dividends, splits and capital gains, as a source delivers them.

/// One corporate action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketEvent {
    /// The day on which it takes effect, midnight on the exchange's clock, nanoseconds since 1970.
    pub date: i64,
    /// What happened.
    pub kind: EventKind,
}

/// What a corporate action is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EventKind {
    /// Cash per share, in the currency of the prices.
    Dividend {
        /// How much.
        amount: f64,
    },
    /// `denominator` old shares became `numerator` new ones.
    Split {
        /// New shares.
        numerator: f64,
        /// Old shares.
        denominator: f64,
    },
    /// A fund paid out gains, per share, in the currency of the prices.
    CapitalGain {
        /// How much.
        amount: f64,
    },
}
