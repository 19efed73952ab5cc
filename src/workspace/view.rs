//! What every command looks at: settings, stores and sources. Changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::calendar::Calendars;
use crate::catalog::{Block, Catalog, KnownRows};
use crate::config::ConfigService;
use crate::layout::Places;
use crate::ledger::read_records;
use crate::model::{Interval, Series, StorageRequest, Ticker, Venue, instrument_of};
use crate::source::MarketDataSource;
use crate::source::posttrade::{BarsOf, Feed};
use crate::storage::{Layout, RoutingFacts, StorageError, Stores, waiting_series};
use crate::sys::Fs;

use super::DataRoot;

/// What every command looks at.
#[derive(Clone, Copy, Debug)]
pub struct View<'l> {
    /// Settings and toggles.
    pub config: &'l ConfigService<'l>,
    /// Both layouts.
    pub stores: &'l Stores,
    /// The sources of bars that are configured.
    pub sources: &'l [Arc<dyn MarketDataSource>],
    /// The feeds of trades that are.
    pub feeds: &'l [Arc<Feed>],
    /// The calendars of exchanges.
    pub calendars: &'l Calendars,
    /// Whether what feeds have is made anew, so that it need not be there.
    pub is_replay: bool,
}

impl View<'_> {
    /// Returns the feed of a venue; `None` of one that has bars, or nothing.
    pub fn feed(&self, venue: &Venue) -> Option<&Arc<Feed>> {
        self.feeds.iter().find(|feed| feed.venue() == venue)
    }

    /// Tells whether a series is one that somebody wants: its ticker is kept at its venue, or a feed there has bars made of
    /// whatever is traded.
    pub fn is_wanted(&self, catalog: &Catalog, request: &StorageRequest) -> bool {
        let (Some(venue), Some(ticker)) = (&request.venue, request.series.ticker()) else {
            return true;
        };
        let is_of_all = |feed: &Arc<Feed>| feed.spec().bars == BarsOf::All;
        catalog.is_at(ticker, venue) || self.feed(venue).is_some_and(is_of_all)
    }

    /// Tells whether a feed makes bars of an instrument without an entry in tickers.json.
    pub fn makes_bars_of(&self, ticker: &Ticker, venue: &Venue) -> bool {
        let feed = self.feed(venue);
        let makes_all = feed.is_some_and(|feed| feed.spec().bars == BarsOf::All);
        makes_all && instrument_of(ticker.as_str()).is_some()
    }

    /// Returns the source of bars of a venue.
    pub fn source(&self, venue: &Venue) -> Option<&Arc<dyn MarketDataSource>> {
        self.sources.iter().find(|source| source.venue() == venue)
    }

    /// Tells whether a series may be asked for today. One that was not found rests, but never until what it missed is gone
    /// at its source.
    pub fn is_due(
        &self,
        catalog: &Catalog,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        today: NaiveDate,
    ) -> bool {
        let depth = self
            .source(venue)
            .and_then(|source| source.depth_days(interval));
        catalog.is_due(ticker, venue, interval, today, depth.map(|days| days / 2))
    }

    /// Returns what settings and registry say about a series.
    pub fn routing_facts(&self, catalog: &Catalog, venue: &Venue, series: &Series) -> RoutingFacts {
        let (is_partitioned, _) = self.config.is_partitioned_enabled(venue);
        let toggle = if is_partitioned {
            Layout::Partitioned
        } else {
            Layout::Legacy
        };
        let (is_eligible, has_block) = match series {
            Series::Bars { ticker, interval } => (
                self.config.partitions(venue, *interval),
                matches!(
                    catalog.storage_block(ticker, venue, *interval),
                    Block::Partitioned { .. }
                ),
            ),
            Series::Events { .. }
            | Series::Auctions { .. }
            | Series::Adjusted { .. }
            | Series::Prepost { .. }
            | Series::Trades { .. } => (true, false),
        };
        RoutingFacts {
            toggle,
            is_eligible,
            has_block,
        }
    }

    /// Tells whether rows can be stored. If not, what is fetched is staged beside tickers.json, and no command but one that
    /// a person gave (`--accept-missing`) merges, records or rolls forward anything.
    pub fn data_root(&self, catalog: &Catalog) -> DataRoot {
        let is_bare = self.is_bare(catalog);
        if matches!(is_bare, Ok(true)) {
            return DataRoot::Absent;
        }
        match self.stores.refusal() {
            Some(refusal) => DataRoot::Shut {
                reason: refusal.to_string(),
            },
            // Where a disk does not answer, nothing can be committed either.
            None if is_bare.is_err() => DataRoot::Absent,
            None => DataRoot::There,
        }
    }

    /// Returns the series of which rows wait in staging or in a journal. Where the data root may not even be looked into,
    /// nothing of it counts as gone, and those beside tickers.json are all that anybody knows of.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn waiting(
        &self,
        catalog: &Catalog,
        fs: &dyn Fs,
        places: &Places,
    ) -> Result<BTreeSet<StorageRequest>, StorageError> {
        match waiting_series(fs, places) {
            Err(_) if self.data_root(catalog).refusal().is_some() => {
                waiting_series(fs, &places.without_disk())
            }
            waiting => waiting,
        }
    }

    /// Tells whether rows are known and none lies there.
    fn is_bare(&self, catalog: &Catalog) -> Result<bool, StorageError> {
        match catalog.known_rows() {
            KnownRows::None if self.feeds.is_empty() || self.is_replay => Ok(false),
            // What cannot be looked into may have them.
            KnownRows::None => {
                Ok(self.stores.is_data_bare().unwrap_or(false) && self.knows_rows_of_feeds())
            }
            // Flat folders hold legacy files only.
            KnownRows::InPartitions => self.stores.is_data_bare(),
            KnownRows::Anywhere => match self.stores.are_flat_folders_bare() {
                Ok(false) => Ok(false),
                flat => Ok(self.stores.is_data_bare()? && flat?),
            },
        }
    }

    /// Tells whether rows of feeds are recorded, which have no entry in the registry. Records that cannot be read may have some.
    fn knows_rows_of_feeds(&self) -> bool {
        let (fs, places) = (self.stores.fs(), self.stores.places());
        self.feeds.iter().any(|feed| {
            let known = read_records(fs, places, feed.venue());
            known.map_or(true, |known| {
                known.series.values().any(|record| record.rows > 0)
            })
        })
    }
}
