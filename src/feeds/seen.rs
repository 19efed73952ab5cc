//! What is remembered of the trades of a file while it is read.

use crate::frame::Trade;
use crate::source::posttrade::{MinuteTrades, Span, TradesOfDaily};

/// What is remembered of the trades of a file while it is read.
pub(super) enum Seen {
    Minute(MinuteTrades),
    Daily(TradesOfDaily),
}

impl Seen {
    pub(super) fn of(span: Span) -> Self {
        match span {
            Span::Minute(minute) => Self::Minute(MinuteTrades::of(minute)),
            Span::Daily(_) => Self::Daily(TradesOfDaily::default()),
        }
    }

    pub(super) fn add(&mut self, trade: &Trade) {
        match self {
            Self::Minute(minute) => minute.add(trade),
            Self::Daily(daily) => daily.add(trade),
        }
    }
}
