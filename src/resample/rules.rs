//! Which trades count in a bar, by the rules of their feed.
//!
//! Promises: every published line has one answer, and what does not count has a reason. Leaves to others: which line of a
//! transaction counts (`resolve`), and what they are joined to (`trades`). `docs/bars.md` has the table, with reasons.

use std::sync::Arc;

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};

use crate::calendar::{Calendar, Day};
use crate::model::{instrument_symbol, time};

/// The rules of one feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueRules {
    book: Book,
    /// The currency whose series have the plain ISIN as their ticker.
    currency: Arc<str>,
}

/// How a venue trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Book {
    /// An order book with auctions, as Xetra's; also the rules of feeds that are not known by name.
    Auctions,
    /// One dealer or specialist all day. What the feed calls an auction is its usual way of trading.
    Dealer {
        /// When trading begins, whatever the hours of the listing exchange are.
        from: NaiveTime,
    },
}

/// An auction of a trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum AuctionKind {
    /// At the beginning of trading.
    Opening,
    /// At a fixed time within the session.
    Intraday,
    /// At the end of trading.
    Closing,
    /// After prices moved too far, at no fixed time.
    Unscheduled,
}

impl AuctionKind {
    /// Returns the word that is stored.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Intraday => "intraday",
            Self::Closing => "closing",
            Self::Unscheduled => "unscheduled",
        }
    }
}

/// Why a published line is in no bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftOut {
    /// A newer line of the same transaction counts in its place.
    Superseded,
    /// The transaction was cancelled.
    Cancelled,
    /// Agreed outside of the book and only reported to it.
    Reported,
    /// Its trading mode is none that is known.
    UnknownMode,
    /// It has no price, or one that is no number.
    NoPrice,
    /// It has no volume, or one that is no positive number.
    NoVolume,
    /// Traded before or after the session, which has no part in a bar of a day.
    Outside,
    /// Its price is per cent where those of its series are per unit, or the other way round.
    OtherNotation,
}

impl LeftOut {
    /// Returns why lines are in no bar where nobody would expect it, as the end of a sentence.
    pub fn surprise(self) -> Option<&'static str> {
        match self {
            Self::UnknownMode => Some("their trading mode is none that is known"),
            Self::OtherNotation => Some(
                "their prices are per cent where most of their series are per unit, or the other way round",
            ),
            Self::Superseded
            | Self::Cancelled
            | Self::Reported
            | Self::NoPrice
            | Self::NoVolume
            | Self::Outside => None,
        }
    }
}

/// What the rules look at in a line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks<'l> {
    pub(super) mode: Option<&'l str>,
    pub(super) system: Option<&'l str>,
    pub(super) venue: Option<&'l str>,
    pub(super) benchmark: Option<&'l str>,
    pub(super) last_trade: Option<&'l str>,
}

/// How a trade counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    /// Whether its price is one of the bar's. Its volume is in any case.
    pub(super) price: bool,
    /// The auction that it was made in.
    pub(super) auction: Option<AuctionKind>,
    /// Whether it is of the hours before and after the session, by what the feed says.
    pub(super) outside: bool,
}

/// The close of trading at the closing price ends so long after continuous trading.
const AFTER_CLOSE: TimeDelta = TimeDelta::minutes(15);

/// When nothing is known of a day, the hours of most others hold.
const USUAL: (NaiveTime, NaiveTime) = (clock(9, 0), clock(17, 30));

/// Dealers trade up to this moment, which is the end of the day for those who trade no longer.
const DEALERS_END: NaiveTime = clock(22, 0);

const fn clock(hour: u32, minute: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, minute, 0) {
        Some(time) => time,
        None => NaiveTime::MIN,
    }
}

impl VenueRules {
    /// Returns the rules of a feed by its code, for example `DETR`. `currency` is the main currency of its venue.
    pub fn of(feed: &str, currency: &str) -> Self {
        let book = match feed {
            "DGAT" => Book::Dealer { from: clock(7, 30) },
            "DFRA" => Book::Dealer { from: clock(8, 0) },
            _ => Book::Auctions,
        };
        Self {
            book,
            currency: currency.into(),
        }
    }

    /// Returns the ticker of the series of an instrument in a currency.
    pub fn ticker(&self, isin: &str, currency: Option<&str>) -> String {
        instrument_symbol(isin, currency, &self.currency)
    }

    /// Says how a trade counts.
    pub(super) fn judge(&self, marks: Marks<'_>) -> Result<Counts, LeftOut> {
        let counts = |auction, outside| Counts {
            price: !marks.takes_its_price_elsewhere(),
            auction,
            outside,
        };
        let is_of_close = marks.last_trade == Some("C");
        match (self.book, marks.mode) {
            (_, Some("5")) => Err(LeftOut::Reported),
            (_, Some("4")) => Ok(counts(None, true)),
            (Book::Dealer { .. }, Some("O" | "I" | "K" | "U" | "2" | "3")) => {
                Ok(counts(None, false))
            }
            // Whatever its mode is called, a trade that is marked so was made in the closing auction and has its price.
            (Book::Auctions, Some("O" | "I" | "K" | "U" | "2" | "3")) if is_of_close => {
                Ok(Counts {
                    price: true,
                    auction: Some(AuctionKind::Closing),
                    outside: false,
                })
            }
            (Book::Auctions, Some("O")) => Ok(counts(Some(AuctionKind::Opening), false)),
            (Book::Auctions, Some("I")) => Ok(counts(Some(AuctionKind::Intraday), false)),
            (Book::Auctions, Some("K")) => Ok(counts(Some(AuctionKind::Closing), false)),
            (Book::Auctions, Some("U")) => Ok(counts(Some(AuctionKind::Unscheduled), false)),
            (Book::Auctions, Some("2" | "3")) => Ok(counts(None, false)),
            (_, Some(_) | None) => Err(LeftOut::UnknownMode),
        }
    }

    /// Returns the first moment of a day's session on the wall clock, and the first one after it; `None` on a day without one.
    pub(super) fn session(&self, calendar: &Calendar, moment: i64) -> Option<std::ops::Range<i64>> {
        let day = time::day(moment);
        let (open, close) = match calendar.day(day) {
            Day::Closed => return None,
            Day::Open(session) => (session.open, session.close),
            Day::Unknown => (day.and_time(USUAL.0), day.and_time(USUAL.1)),
        };
        let (first, after): (NaiveDateTime, NaiveDateTime) = match self.book {
            // The clock of the last trade at close shows that very minute.
            Book::Auctions => (open, close + AFTER_CLOSE + TimeDelta::minutes(1)),
            // On a half day nobody trades late, so nothing needs to be cut.
            Book::Dealer { from } => (
                day.and_time(from),
                day.and_time(DEALERS_END) + TimeDelta::minutes(1),
            ),
        };
        Some(time::nanos(first)?..time::nanos(after)?)
    }
}

impl Marks<'_> {
    /// Tells whether the price was not made by this trade: it is the middle of another book's, or that of a benchmark.
    fn takes_its_price_elsewhere(self) -> bool {
        let is_benchmark = matches!(self.benchmark, Some("B" | "S"));
        let is_midpoint =
            self.system == Some("3") || self.venue.is_some_and(|venue| venue.starts_with("XEM"));
        is_benchmark || is_midpoint
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn marks(mode: &str) -> Marks<'_> {
        Marks {
            mode: Some(mode),
            ..Marks::default()
        }
    }

    const fn counted(auction: Option<AuctionKind>, outside: bool) -> Counts {
        Counts {
            price: true,
            auction,
            outside,
        }
    }

    #[rstest]
    #[case("2", Ok(counted(None, false)))]
    #[case("3", Ok(counted(None, false)))]
    #[case("O", Ok(counted(Some(AuctionKind::Opening), false)))]
    #[case("I", Ok(counted(Some(AuctionKind::Intraday), false)))]
    #[case("K", Ok(counted(Some(AuctionKind::Closing), false)))]
    #[case("U", Ok(counted(Some(AuctionKind::Unscheduled), false)))]
    #[case("4", Ok(counted(None, true)))]
    #[case("5", Err(LeftOut::Reported))]
    #[case("9", Err(LeftOut::UnknownMode))]
    #[case("", Err(LeftOut::UnknownMode))]
    fn each_mode_of_xetra_counts_in_one_way(
        #[case] mode: &str,
        #[case] expected: Result<Counts, LeftOut>,
    ) {
        assert_eq!(VenueRules::of("DETR", "EUR").judge(marks(mode)), expected);
    }

    #[rstest]
    #[case("DGAT")]
    #[case("DFRA")]
    fn what_a_dealer_calls_an_auction_is_its_usual_trading(#[case] feed: &str) {
        for mode in ["U", "O", "I", "K", "2", "3"] {
            let found = VenueRules::of(feed, "EUR").judge(marks(mode));
            assert_eq!(found, Ok(counted(None, false)), "{mode}");
        }
        let reported = VenueRules::of(feed, "EUR").judge(marks("5"));
        assert_eq!(reported, Err(LeftOut::Reported));
        let unmarked = VenueRules::of(feed, "EUR").judge(Marks::default());
        assert_eq!(unmarked, Err(LeftOut::UnknownMode));
    }

    #[test]
    fn a_price_that_was_made_elsewhere_is_none_of_the_bars_but_for_the_closing_auction() {
        let rules = VenueRules::of("DETR", "EUR");
        let price = |marks| rules.judge(marks).map(|counts| counts.price);
        let midpoint = Marks {
            system: Some("3"),
            ..marks("2")
        };

        assert_eq!(price(midpoint), Ok(false));
        assert_eq!(
            price(Marks {
                venue: Some("XEMA"),
                ..marks("2")
            }),
            Ok(false)
        );
        assert_eq!(
            price(Marks {
                venue: Some("XETA"),
                ..marks("2")
            }),
            Ok(true)
        );
        for (flag, expected) in [("B", false), ("S", false), ("-", true)] {
            let found = price(Marks {
                benchmark: Some(flag),
                ..marks("2")
            });
            assert_eq!(found, Ok(expected), "{flag}");
        }
        let of_close = Marks {
            last_trade: Some("C"),
            benchmark: Some("S"),
            ..midpoint
        };
        assert_eq!(
            rules.judge(of_close),
            Ok(counted(Some(AuctionKind::Closing), false))
        );
    }

    #[rstest]
    // A usual day, the last one of the year, a holiday, and a day beyond the table.
    #[case("DETR", "2026-09-18", Some(("09:00", "17:46")))]
    #[case("DETR", "2026-12-30", Some(("09:00", "14:16")))]
    #[case("DGAT", "2026-09-18", Some(("07:30", "22:01")))]
    #[case("DFRA", "2026-09-18", Some(("08:00", "22:01")))]
    #[case("DGAT", "2026-12-30", Some(("07:30", "22:01")))]
    #[case("DETR", "2026-12-25", None)]
    #[case("DGAT", "2026-12-25", None)]
    #[case("DETR", "2100-01-04", Some(("09:00", "17:46")))]
    fn a_session_is_that_of_the_venue_and_the_day(
        #[case] feed: &str,
        #[case] day: &str,
        #[case] expected: Option<(&str, &str)>,
    ) {
        let calendar = Calendar::of("XETR").unwrap();
        let at = |clock: &str| time::parse(&format!("{day}T{clock}")).unwrap();

        let found = VenueRules::of(feed, "EUR").session(&calendar, at("12:00"));

        assert_eq!(found, expected.map(|(first, after)| at(first)..at(after)));
    }

    #[test]
    fn a_series_is_an_instrument_in_a_currency() {
        let rules = VenueRules::of("DETR", "EUR");

        assert_eq!(rules.ticker("DE0007100000", Some("EUR")), "DE0007100000");
        assert_eq!(
            rules.ticker("DE0007100000", Some("USD")),
            "DE0007100000.USD"
        );
        assert_eq!(rules.ticker("DE0007100000", None), "DE0007100000.XXX");
    }
}
