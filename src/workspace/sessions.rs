//! By which calendar the bars of a ticker are judged: that of its own exchange, and never another one's.

use std::collections::BTreeSet;

use crate::calendar::Calendar;
use crate::catalog::Catalog;
use crate::model::{Interval, StorageRequest, Ticker, Venue, time};
use crate::source::yahoo::calendar_of;

use super::{View, Workspace};

/// The zone of a ticker of which nothing is known.
const NOWHERE: &str = "UTC";
/// The days of an exchange are those of so many of its tickers; more would not add any.
const MOST_TEACHERS: usize = 8;

impl View<'_> {
    /// Returns the calendar of the exchange that a ticker's source named, for claims on which something is taken away. Before
    /// it named one, no more is known than the zone whose clock stored bars show.
    pub fn named_calendar(
        &self,
        (ticker, venue): (&Ticker, &Venue),
        catalog: &Catalog,
        zone: Option<&str>,
    ) -> Calendar {
        let named = self.calendar_by_name((ticker, venue), catalog);
        named.unwrap_or_else(|| Calendar::unlisted(zone.unwrap_or(NOWHERE)))
    }

    /// Returns the calendar by which days are told to be missing: that of the exchange; before the source named one, what it
    /// can tell of the symbol, or the days of the zone.
    pub fn likely_calendar(
        &self,
        (ticker, venue): (&Ticker, &Venue),
        catalog: &Catalog,
        zone: Option<&str>,
    ) -> Calendar {
        let named = self.calendar_by_name((ticker, venue), catalog);
        let by_source = || self.source(venue)?.calendar(ticker, self.calendars);
        let by_zone = || zone.map(|zone| self.calendars.of_zone(zone));
        named
            .or_else(by_source)
            .or_else(by_zone)
            .unwrap_or_else(|| Calendar::unlisted(NOWHERE))
    }

    fn calendar_by_name(
        &self,
        (ticker, venue): (&Ticker, &Venue),
        catalog: &Catalog,
    ) -> Option<Calendar> {
        calendar_of(&catalog.identity(ticker, venue)?, self.calendars)
    }
}

/// The calendar by which gaps are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapCalendar {
    /// The days.
    pub calendar: Calendar,
    /// The tickers of the same exchange by whose bars its days are known; empty where somebody wrote them down.
    pub learned_from: Vec<Ticker>,
}

/// Returns the calendar by which gaps of a stored series are looked for. Where no table has the exchange, its days are those
/// of which other tickers of it have bars.
pub fn gap_calendar(
    workspace: &Workspace<'_>,
    request: &StorageRequest,
    catalog: &Catalog,
    zone: Option<&str>,
) -> GapCalendar {
    let listed = |calendar| GapCalendar {
        calendar,
        learned_from: Vec::new(),
    };
    let (Some(ticker), Some(venue)) = (request.series.ticker(), request.venue.as_ref()) else {
        return listed(Calendar::unlisted(zone.unwrap_or(NOWHERE)));
    };
    let calendar = workspace
        .view()
        .likely_calendar((ticker, venue), catalog, zone);
    if !calendar.is_unlisted() {
        return listed(calendar);
    }
    let mut learned_from = Vec::new();
    let mut days = BTreeSet::new();
    for other in same_exchange((ticker, venue), catalog).take(MOST_TEACHERS) {
        let daily = StorageRequest::bars(venue.clone(), other.clone(), Interval::D1);
        // A ticker that cannot be read teaches nothing, and is told where it is asked for.
        let Ok(Some(found)) = workspace.reading(catalog).read(&daily) else {
            continue;
        };
        days.extend(found.stored.frame.times().map(time::day));
        learned_from.push(other);
    }
    let zone = calendar.zone().unwrap_or(NOWHERE);
    match Calendar::of_days(zone, days) {
        Some(calendar) => GapCalendar {
            calendar,
            learned_from,
        },
        None => listed(calendar),
    }
}

/// Returns the other tickers of a venue that the source put on the same exchange.
fn same_exchange<'c>(
    (ticker, venue): (&'c Ticker, &'c Venue),
    catalog: &'c Catalog,
) -> impl Iterator<Item = Ticker> {
    let exchange = |ticker: &Ticker| catalog.identity(ticker, venue)?.exchange;
    let own = exchange(ticker);
    let others = catalog.tickers_at(venue).into_iter();
    others.filter(move |other| other != ticker && own.is_some() && exchange(other) == own)
}
