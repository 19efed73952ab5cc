//! Which of several recorded toggles decides, and which one that was.

use std::fmt;

use crate::model::{Slug, Venue};

/// What a toggle is set for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToggleScope {
    /// Everything that has no toggle of its own.
    Global,
    /// Every source of one market.
    Market(Slug),
    /// One source of one market.
    Source(Venue),
}

impl fmt::Display for ToggleScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("everything"),
            Self::Market(market) => write!(f, "market {market}"),
            Self::Source(venue) => write!(f, "source {venue}"),
        }
    }
}

/// Which record decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToggleOrigin {
    /// The toggle of the source.
    Source,
    /// The toggle of the market.
    Market,
    /// The global toggle.
    Global,
    /// Nothing is recorded.
    Default,
    /// No record: what is made of trades is partitioned from the start.
    Feed,
}

impl ToggleOrigin {
    /// Returns the word that people and `--json` see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Market => "market",
            Self::Global => "global",
            Self::Default => "default",
            Self::Feed => "feed",
        }
    }
}

impl fmt::Display for ToggleOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is recorded for one venue, from the most to the least specific.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recorded {
    pub(super) source: Option<bool>,
    pub(super) market: Option<bool>,
    pub(super) global: Option<bool>,
}

impl Recorded {
    /// Returns the most specific toggle; off when nothing is recorded.
    pub(super) fn decide(self) -> (bool, ToggleOrigin) {
        let by = |origin| move |is_enabled| (is_enabled, origin);
        (self.source.map(by(ToggleOrigin::Source)))
            .or_else(|| self.market.map(by(ToggleOrigin::Market)))
            .or_else(|| self.global.map(by(ToggleOrigin::Global)))
            .unwrap_or((false, ToggleOrigin::Default))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_record_decides_even_when_it_says_no() {
        let mut recorded = Recorded {
            source: Some(false),
            market: Some(true),
            global: Some(true),
        };
        assert_eq!(recorded.decide(), (false, ToggleOrigin::Source));

        recorded.source = None;
        assert_eq!(recorded.decide(), (true, ToggleOrigin::Market));

        recorded.market = None;
        assert_eq!(recorded.decide(), (true, ToggleOrigin::Global));

        recorded.global = None;
        assert_eq!(recorded.decide(), (false, ToggleOrigin::Default));
    }
}
