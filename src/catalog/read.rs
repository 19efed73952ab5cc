//! The registry of tickers, and the questions to it.
//!
//! Promises: the predecessor's answers. A missing or malformed field never excludes a ticker.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Map, Value};

use super::block::{self, Block};
use super::entries::Entries;
use super::meant::Aliases;
use super::missing::{self, KnownRows};
use super::{
    CatalogError, CatalogWarning, LAST_GOOD_FILE, MAX_BYTES, TICKERS_FILE, fields, identity, place,
};
use crate::document::{self, Object};
use crate::model::{Identity, Interval, StorageRequest, Ticker, Venue, time};
use crate::sys::Fs;
use crate::sys::atomic::TempNames;

/// Days for which a series that was not found is left alone.
const COOLDOWN_DAYS: i64 = 30;

/// The registry of tickers, in memory.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub(super) entries: Entries,
    aliases: Aliases,
}

impl Catalog {
    /// Returns the path of the registry.
    pub fn path(workspace: &Path) -> PathBuf {
        workspace.join(TICKERS_FILE)
    }

    /// Reads the registry; `None` when there never was one.
    ///
    /// # Errors
    /// When it is there and cannot be read or understood, and when it is gone while its last good generation is there: a new one
    /// would begin without the tickers that are kept, and take the place of that generation at its second save.
    pub fn load(fs: &dyn Fs, workspace: &Path) -> Result<Option<Self>, CatalogError> {
        match document::read_object(fs, &Self::path(workspace), MAX_BYTES) {
            Ok(Some(found)) => Ok(Some(Self::from_document(found))),
            Ok(None) => match fs.metadata(&workspace.join(LAST_GOOD_FILE))? {
                Some(_) => Err(CatalogError::gone(workspace)),
                None => Ok(None),
            },
            Err(error) => Err(CatalogError::document(fs, workspace, error)),
        }
    }

    /// Takes in a document, ticker by ticker.
    pub fn from_document(document: Object) -> Self {
        Self {
            entries: Entries::of(document),
            aliases: Aliases::default(),
        }
    }

    /// Takes in what the exchanges call tickers. Nothing of it is a part of the file.
    pub fn know_aliases(&mut self, aliases: Aliases) {
        self.aliases = aliases;
    }

    /// Returns what the exchanges call tickers, as far as somebody has handed it in.
    pub fn aliases(&self) -> &Aliases {
        &self.aliases
    }

    /// Returns the mnemonic of a ticker at a venue.
    pub fn mnemonic(&self, ticker: &Ticker, venue: &Venue) -> Option<&str> {
        self.aliases.mnemonic(ticker, venue).map(Ticker::as_str)
    }

    /// Returns the mnemonic of the ticker of a series, if its venue has one.
    pub fn mnemonic_of(&self, request: &StorageRequest) -> Option<&str> {
        self.mnemonic(request.series.ticker()?, request.venue.as_ref()?)
    }

    /// Returns the ticker of a series, with its mnemonic behind it where there is one.
    pub fn called(&self, request: &StorageRequest) -> String {
        let ticker = request.series.ticker();
        let ticker = ticker.map(ToString::to_string).unwrap_or_default();
        match self.mnemonic_of(request) {
            Some(mnemonic) => format!("{ticker} {mnemonic}"),
            None => ticker,
        }
    }

    /// Returns every usable ticker, in the order of the file.
    pub fn tickers(&self) -> &[Ticker] {
        self.entries.tickers()
    }

    /// Tells whether a ticker has an entry, usable or not.
    pub fn contains(&self, ticker: &Ticker) -> bool {
        self.entries.contains(ticker)
    }

    /// Returns what was found wrong while loading.
    pub fn warnings(&self) -> &[CatalogWarning] {
        self.entries.warnings()
    }

    /// Returns the groups of tickers that differ only in case, which some disks cannot tell apart.
    pub fn case_twins(&self) -> Vec<Vec<Ticker>> {
        self.entries.case_twins()
    }

    /// Tells whether something was recorded that the file does not hold.
    pub fn is_changed(&self) -> bool {
        self.entries.is_changed()
    }

    /// Returns the bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.entries.to_bytes()
    }

    /// Copies the registry as it lies on disk to the last good generation; `false` when there is none.
    ///
    /// # Errors
    /// When the registry on disk is damaged, or a file cannot be read or written.
    pub fn keep_last_good(
        fs: &dyn Fs,
        temps: &TempNames,
        workspace: &Path,
    ) -> Result<bool, CatalogError> {
        let path = Self::path(workspace);
        let Some(bytes) = fs.read(&path)? else {
            return Ok(false);
        };
        let judged = document::parse_object(&bytes, &path, MAX_BYTES);
        judged.map_err(|error| CatalogError::document(fs, workspace, error))?;
        document::save_copy(fs, temps, &path, &workspace.join(LAST_GOOD_FILE), &bytes)?;
        Ok(true)
    }

    /// Replaces the registry with bytes of `to_bytes`, keeping the last good generation. The caller holds the
    /// run lock.
    ///
    /// # Errors
    /// When the registry on disk is damaged: it is then left for a person to look at. When writing fails.
    pub fn save(
        fs: &dyn Fs,
        temps: &TempNames,
        workspace: &Path,
        bytes: &[u8],
    ) -> Result<(), CatalogError> {
        Self::keep_last_good(fs, temps, workspace)?;
        Ok(document::save(fs, temps, &Self::path(workspace), bytes)?)
    }

    /// Returns the tickers of a venue in the order of the file: those at home there and those with records of it.
    pub fn tickers_at(&self, venue: &Venue) -> Vec<Ticker> {
        let is_there = |ticker: &&Ticker| self.is_at(ticker, venue);
        self.tickers().iter().filter(is_there).cloned().collect()
    }

    /// Tells whether a usable ticker is kept at a venue.
    pub fn is_at(&self, ticker: &Ticker, venue: &Venue) -> bool {
        self.records(ticker, venue).is_some()
    }

    /// Returns every venue that usable tickers are kept at.
    pub fn venues(&self) -> BTreeSet<Venue> {
        place::venues_of_all(self.entries.all())
    }

    /// Returns the venues that one ticker is kept at, its home first.
    pub fn venues_of(&self, ticker: &Ticker) -> Vec<Venue> {
        let entry = self.entries.get(ticker).into_iter();
        entry.flat_map(place::venues).collect()
    }

    /// Tells whether a ticker is not given up as a whole. One without records is active.
    pub fn is_active(&self, ticker: &Ticker, venue: &Venue) -> bool {
        self.records(ticker, venue)
            .is_none_or(|records| !fields::is_not_found(records))
    }

    /// Tells whether a series may be asked for today: not while a not-found is younger than 30 days, or than `most`
    /// days where the source forgets sooner.
    ///
    /// A ticker that is given up as a whole is asked for again through the intervals that gave it up, once
    /// their 30 days are over; its other intervals wait for that.
    pub fn is_due(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        today: NaiveDate,
        most: Option<u32>,
    ) -> bool {
        let missing = self
            .interval(ticker, venue, interval)
            .filter(|entry| fields::is_not_found(entry));
        match missing {
            Some(entry) => has_cooled(entry, today, most),
            None => self.is_active(ticker, venue),
        }
    }

    /// Returns the day of the newest row that is known; `None` when there is none or it is no date.
    pub fn last_data_date(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
    ) -> Option<NaiveDate> {
        fields::date(self.interval(ticker, venue, interval)?, "last_data_date")
    }

    /// Returns the day on which rows last came; `None` when none ever did.
    pub fn last_found_date(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
    ) -> Option<NaiveDate> {
        fields::date(self.interval(ticker, venue, interval)?, "last_found_date")
    }

    /// Returns the day on which the source last answered; `None` when it never did.
    pub fn last_checked(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
    ) -> Option<NaiveDate> {
        fields::date(self.interval(ticker, venue, interval)?, "last_checked")
    }

    /// Counts the tickers of a venue of which the source said something on a day or after it.
    pub fn checked_since(&self, venue: &Venue, day: NaiveDate) -> usize {
        let is_checked = |ticker: &&Ticker| {
            let records = self.records(ticker, venue);
            let checked = records.and_then(|records| fields::date(records, "last_checked"));
            checked.is_some_and(|checked| checked >= day)
        };
        self.tickers().iter().filter(is_checked).count()
    }

    /// Returns the wall clock of the newest intraday row, unless the day says that another writer went on.
    pub fn last_data_at(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
    ) -> Option<NaiveDateTime> {
        last_data_at(self.interval(ticker, venue, interval)?)
    }

    /// Returns where a series was put.
    pub fn storage_block(&self, ticker: &Ticker, venue: &Venue, interval: Interval) -> Block {
        if self.entries.is_unusable(ticker) {
            return Block::Damaged;
        }
        self.interval(ticker, venue, interval)
            .map_or(Block::Absent, |entry| block::read(entry.get("storage")))
    }

    /// Tells whether the storage block of a series says that a migration compared its partitions with its legacy file.
    pub fn is_storage_verified(&self, ticker: &Ticker, venue: &Venue, interval: Interval) -> bool {
        let block = self.interval(ticker, venue, interval);
        let block = block.and_then(|entry| entry.get("storage"));
        block.is_some_and(|block| block.get("verified_at").is_some_and(Value::is_string))
    }

    /// Returns the venue that the top level of a ticker's entry, and so what the predecessor stored, is of. An entry that
    /// records nothing does not say so.
    pub fn home(&self, ticker: &Ticker) -> Option<Venue> {
        let entry = self
            .entries
            .get(ticker)
            .filter(|entry| !place::is_blank(entry))?;
        place::home(entry)
    }

    /// Tells whether a ticker is kept at another venue than this one, beside it or instead.
    pub fn is_kept_beside(&self, ticker: &Ticker, venue: &Venue) -> bool {
        self.entries.get(ticker).is_some_and(|entry| {
            let is_elsewhere = !place::is_home(entry, venue) && !place::is_blank(entry);
            is_elsewhere || place::has_further(entry)
        })
    }

    /// Tells whether the whole history of a series is to be asked for again.
    pub fn wants_whole(&self, ticker: &Ticker, venue: &Venue, interval: Interval) -> bool {
        let entry = self.interval(ticker, venue, interval);
        entry.and_then(|entry| entry.get("refetch")?.as_bool()) == Some(true)
    }

    /// Returns the mark that the source left at the last download.
    pub fn mark(&self, ticker: &Ticker, venue: &Venue, interval: Interval) -> Option<&str> {
        self.interval(ticker, venue, interval)?
            .get("mark")?
            .as_str()
    }

    /// Returns the days whose rows were known and are gone for good, as closed spans; without a first day all up to the last.
    pub fn lost(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
    ) -> Vec<(Option<NaiveDate>, NaiveDate)> {
        let entry = self.interval(ticker, venue, interval);
        entry.map(missing::lost).unwrap_or_default()
    }

    /// Returns the stamps of stored bars that were not over when they came, oldest first.
    pub fn provisional(&self, ticker: &Ticker, venue: &Venue, interval: Interval) -> Vec<i64> {
        let entry = self.interval(ticker, venue, interval);
        let stamps = entry.and_then(|entry| entry.get("provisional")?.as_array());
        let stamps = stamps.into_iter().flatten().filter_map(Value::as_str);
        stamps.filter_map(time::parse).collect()
    }

    pub(super) fn records(&self, ticker: &Ticker, venue: &Venue) -> Option<&Object> {
        place::records(self.entries.get(ticker)?, venue)
    }

    pub(super) fn interval(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
    ) -> Option<&Object> {
        self.records(ticker, venue)?
            .get("intervals")?
            .get(interval.as_str())
            .and_then(Value::as_object)
    }

    /// Returns who a ticker is at a venue; `None` when nothing is recorded.
    pub fn identity(&self, ticker: &Ticker, venue: &Venue) -> Option<Identity> {
        identity::known(self.records(ticker, venue)?)
    }

    /// Returns the first day of trading of who a ticker is at a venue, where the symbol was another's before.
    pub fn first_of_another(&self, ticker: &Ticker, venue: &Venue) -> Option<NaiveDate> {
        identity::first_of_another(self.records(ticker, venue)?)
    }

    /// Returns the tickers of a venue of which the source says something else than what is known, with what it says.
    pub fn refused_at(&self, venue: &Venue) -> Vec<(Ticker, Identity)> {
        let refused = |ticker: Ticker| {
            let seen = identity::seen(self.records(&ticker, venue)?)?;
            Some((ticker, seen))
        };
        let tickers = self.tickers_at(venue).into_iter();
        tickers.filter_map(refused).collect()
    }

    /// Returns the series of bars at a venue of which rows are known, in the order of the file.
    pub fn series_known_at(&self, venue: &Venue) -> Vec<(Ticker, Interval)> {
        let mut known = Vec::new();
        for ticker in self.tickers() {
            let records = self.records(ticker, venue);
            let intervals = records.and_then(|records| records.get("intervals")?.as_object());
            for (name, entry) in intervals.into_iter().flatten() {
                let has_rows = entry
                    .as_object()
                    .is_some_and(|entry| fields::date(entry, "last_data_date").is_some());
                if let (true, Ok(interval)) = (has_rows, name.parse()) {
                    known.push((ticker.clone(), interval));
                }
            }
        }
        known
    }

    /// Tells which rows are known of all series together.
    pub fn known_rows(&self) -> KnownRows {
        missing::known_rows(self.all_records())
    }

    /// Returns how long the file with the newest row was when that row was stored; `None` when nobody wrote it down.
    pub fn newest_bytes(&self, ticker: &Ticker, venue: &Venue, interval: Interval) -> Option<u64> {
        missing::newest_bytes(self.interval(ticker, venue, interval)?)
    }

    /// Returns the records of every usable ticker at every venue.
    fn all_records(&self) -> impl Iterator<Item = &Object> {
        self.entries.all().flat_map(|entry| {
            let further = entry.get("venues").and_then(Value::as_object);
            let further = further.into_iter().flat_map(Map::values);
            std::iter::once(entry).chain(further.filter_map(Value::as_object))
        })
    }
}

/// Returns the stamp of an interval's newest row if it falls on the day of the newest row.
pub(super) fn last_data_at(entry: &Object) -> Option<NaiveDateTime> {
    let stamp = time::parse(entry.get("last_data_at")?.as_str()?)?;
    let moment = time::naive(stamp);
    (fields::date(entry, "last_data_date") == Some(moment.date())).then_some(moment)
}

fn has_cooled(entry: &Object, today: NaiveDate, most: Option<u32>) -> bool {
    let Some(found_missing) = fields::date(entry, "last_not_found_date") else {
        return true;
    };
    let rest = most.map_or(COOLDOWN_DAYS, |most| COOLDOWN_DAYS.min(most.into()));
    (today - found_missing).num_days() >= rest
}
