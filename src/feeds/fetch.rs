//! Asking a feed, on a thread of its own, and reading what comes.
//!
//! Promises: nothing here changes a file. What the vault has and nobody read goes first, and is not downloaded. A plan is chosen
//! anew after each file that may change it, and no file is asked for twice in a run.
//! Leaves to others: keeping and storing (`run`), which follows message by message: the channel bounds what is in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::arrival::{Arrival, Listed};
use super::plan::{self, pace_of};
use super::reader::Reader;
use super::seen::Seen;
use super::{Extent, FeedRunError, FeedTask, Marks};
use crate::ingest::{FailureKind, FileFailure};
use crate::model::Digest;
use crate::source::posttrade::{
    Downloaded, FeedError, FileName, Held, HeldDaily, Listing, Looked, MinuteTrades, Reason, Span,
    TradesOfDaily, choose, is_covered, witnesses,
};
use crate::vault::{Vault, VaultFile};

/// A feed that did not answer so many requests one after the other is left alone for this run.
const MOST_FAILURES: u32 = 3;
/// So many minute files whose form nobody knew are asked for once more in a run: the feed may have mended them. A daily file is
/// always, being one request for all of its minutes.
const MOST_ASKED_AGAIN: usize = 8;

/// So many of the last days with marks may have been marked in part when `state` was saved.
const LAST_MARKED: usize = 3;

/// Asks a feed for all that a run needs of it. `send` takes what comes, and says whether somebody listens still.
pub fn fetch(task: &FeedTask<'_>, send: &dyn Fn(Arrival) -> bool) {
    let mut fetching = Fetching {
        task,
        reader: Reader::new(send),
        marks: Marks::of(task.places, task.feed.venue()),
        listing: Listing::default(),
        held: Held::default(),
        passed_over: BTreeSet::new(),
        asked_again: 0,
        dailies: BTreeMap::new(),
        read: BTreeSet::new(),
    };
    if let Err(error) = fetching.work() {
        let kind = FailureKind::Disk;
        send(failed(None, error.to_string(), kind));
    }
    fetching.reader.flush();
    send(Arrival::Over(fetching.held));
}

pub(super) fn failed(file: Option<&FileName>, reason: String, kind: FailureKind) -> Arrival {
    let file = file.map(ToString::to_string);
    Arrival::Failed(FileFailure { kind, file, reason }, None)
}

struct Fetching<'t, 'l> {
    task: &'t FeedTask<'l>,
    reader: Reader<'t>,
    marks: Marks,
    listing: Listing,
    held: Held,
    passed_over: BTreeSet<FileName>,
    /// Minute files in the vault of a form that nobody knows, that are asked for once more.
    asked_again: usize,
    /// What the daily files that were read in this run have.
    dailies: BTreeMap<NaiveDate, TradesOfDaily>,
    /// Files with trades that this run has read.
    read: BTreeSet<Span>,
}

impl Fetching<'_, '_> {
    fn work(&mut self) -> Result<(), FeedRunError> {
        let is_heard = self.list();
        self.held = plan::held(self.task, (&mut self.marks, &self.listing))?;
        self.take_unread()?;
        if is_heard {
            self.download_all()?;
        }
        self.read_days_again()
    }

    /// Reads files of days once more of which minutes came after them: of two values of one trade that of the day counts, whichever
    /// run reads it, as far as the vault has it.
    fn read_days_again(&mut self) -> Result<(), FeedRunError> {
        let minutes = self.read.iter().filter_map(|span| match span {
            Span::Minute(minute) => Some(minute.date()),
            Span::Daily(_) => None,
        });
        let is_read_before = |day: &NaiveDate| {
            let held = self.held.days.get(day);
            let has_daily = held.is_some_and(|held| held.daily.is_some());
            has_daily && !self.read.contains(&Span::Daily(*day))
        };
        let days: BTreeSet<NaiveDate> = minutes.filter(is_read_before).collect();
        let vault = Vault::of(self.task.fs, &self.task.places.vault());
        for day in days {
            let name = self.name(Span::Daily(day));
            let files = vault.days(&self.task.shelf)?.remove(&day);
            for file in &files.unwrap_or_default() {
                let contents = vault.read(&self.task.shelf, day, file)?;
                let records = contents.iter().flat_map(crate::vault::Contents::records);
                for record in records.filter(|record| record.head.name == name.to_string()) {
                    self.reader.read_trades(&name, record.bytes);
                }
            }
        }
        Ok(())
    }

    fn name(&self, span: Span) -> FileName {
        let feed = self.task.feed.spec().code.clone();
        FileName { feed, span }
    }

    /// Asks what the feed has, and tells whether it said so.
    fn list(&mut self) -> bool {
        match self.task.feed.list(self.task.stop) {
            Ok(listing) => {
                // All of it is remembered: what nobody wanted is there to be had all the same.
                let listing = self.task.there(listing);
                self.listing = self.task.wanted(listing.clone());
                let at = self.task.clock.now();
                self.reader.say(Arrival::Listed(Listed { listing, at }));
                true
            }
            Err(error) => {
                self.fail(None, error);
                false
            }
        }
    }

    /// Reads what earlier runs downloaded and did not come to store, before what is published by now. A pack is made of what was stored,
    /// unless no file of its day is marked: who restores data and `state` from a backup has a newer vault.
    fn take_unread(&mut self) -> Result<(), FeedRunError> {
        let fs = self.task.fs;
        let vault = Vault::of(fs, &self.task.places.vault());
        let known = self.marks.known_days(fs)?;
        // Of older ones all is marked, and so many marks are not opened by every run.
        let newest = known.iter().nth_back(LAST_MARKED - 1);
        let is_sure = |day: &NaiveDate| known.contains(day) && newest.is_some_and(|at| day < at);
        for (day, files) in vault.days(&self.task.shelf)? {
            let has_pack = files.contains(&VaultFile::Pack);
            let is_forgotten = has_pack && !is_sure(&day) && !self.marks.day(fs, day)?.has_any();
            let is_unread = |file: &&VaultFile| **file != VaultFile::Pack || is_forgotten;
            for file in files.iter().filter(is_unread) {
                self.take_unread_of(&vault, day, file)?;
            }
        }
        Ok(())
    }

    /// Reads what nobody has read of a file in the vault.
    fn take_unread_of(
        &mut self,
        vault: &Vault<'_>,
        day: NaiveDate,
        file: &VaultFile,
    ) -> Result<(), FeedRunError> {
        let contents = vault.read(&self.task.shelf, day, file)?;
        for record in contents.iter().flat_map(crate::vault::Contents::records) {
            if self.task.stop.is_raised() {
                return Ok(());
            }
            let head = &record.head;
            let Ok(name) = head.name.parse::<FileName>() else {
                continue;
            };
            let marks = self.marks.day(self.task.fs, day)?;
            if !marks.has_read(&head.name, head.digest.half()) {
                self.take(&name, record.bytes, true)?;
            }
        }
        Ok(())
    }

    fn download_all(&mut self) -> Result<(), FeedRunError> {
        let mut failures = 0;
        loop {
            let requests = choose(&Looked {
                listing: &self.listing,
                held: &self.held,
                passed_over: &self.passed_over,
                now: self.task.clock.now(),
                freshness: self.task.feed.spec().freshness,
                calendar: &self.task.feed.spec().calendar,
                pace: pace_of(self.task),
            });
            if requests.is_empty() {
                return Ok(());
            }
            self.reader.say(Arrival::Planned(requests.len()));
            for request in requests {
                if self.task.stop.is_raised() || !self.reader.is_heard {
                    return Ok(());
                }
                match self.download(&request.name)? {
                    Asked::Answered => failures = 0,
                    Asked::Unanswered => failures += 1,
                    Asked::GivenUp => return Ok(()),
                }
                if failures >= MOST_FAILURES {
                    return Ok(());
                }
                if !matches!(request.reason, Reason::Minute | Reason::Again) {
                    break;
                }
            }
        }
    }

    fn download(&mut self, name: &FileName) -> Result<Asked, FeedRunError> {
        // Whatever comes of it: what is there now is not there otherwise in this run.
        self.passed_over.insert(name.clone());
        match self.task.feed.download(name, self.task.stop) {
            Ok(Downloaded::File(bytes)) => {
                self.take(name, &bytes, false)?;
                Ok(Asked::Answered)
            }
            Ok(Downloaded::Gone) => {
                let reason = "it was listed, and the feed has it no more".to_owned();
                // The server was there, and wanted no fewer requests.
                let gone = failed(Some(name), reason, FailureKind::Refused);
                self.reader.say(gone);
                Ok(Asked::Answered)
            }
            Err(FeedError::Stopped { .. }) => Ok(Asked::GivenUp),
            Err(error) => {
                let asked = match error {
                    FeedError::Malformed { .. } => Asked::Answered,
                    FeedError::Transport { .. } => Asked::Unanswered,
                    _ => Asked::GivenUp,
                };
                self.fail(Some(name), error);
                Ok(asked)
            }
        }
    }

    fn fail(&mut self, file: Option<&FileName>, error: FeedError) {
        let reason = error.to_string();
        let (kind, body) = match error {
            FeedError::Stopped { .. } => return,
            FeedError::Malformed { body, .. } => (FailureKind::Malformed, body),
            _ => (FailureKind::Source, None),
        };
        let file = file.map(ToString::to_string);
        let failure = FileFailure { kind, file, reason };
        self.reader.say(Arrival::Failed(failure, body));
    }

    /// Reads a file, and notes what it says of what else is needed.
    fn take(
        &mut self,
        name: &FileName,
        bytes: &[u8],
        from_vault: bool,
    ) -> Result<(), FeedRunError> {
        if !from_vault {
            let at = self.task.clock.now();
            let (name, bytes) = (name.clone(), bytes.to_vec());
            self.reader.say(Arrival::Downloaded { name, at, bytes });
        }
        let mut seen = Seen::of(name.span);
        let mut has_trades = false;
        let extent = self.reader.read(name, bytes, from_vault, &mut |trade| {
            has_trades = true;
            seen.add(trade);
        });
        if has_trades {
            self.read.insert(name.span);
        }
        if extent != Some(Extent::Whole) {
            // Its bytes are there; the same ones need not be asked for again at once.
            if !(from_vault && extent.is_none() && self.may_ask_again(name.span)) {
                self.passed_over.insert(name.clone());
            }
            return Ok(());
        }
        match seen {
            Seen::Minute(minute) => self.note_minute(&minute)?,
            Seen::Daily(daily) => self.note_daily(name.span.day(), daily, Digest::of(bytes))?,
        }
        Ok(())
    }

    /// Tells whether a file whose form an earlier run did not know is asked for once more.
    fn may_ask_again(&mut self, span: Span) -> bool {
        if matches!(span, Span::Daily(_)) {
            return true;
        }
        self.asked_again += 1;
        self.asked_again <= MOST_ASKED_AGAIN
    }

    fn note_minute(&mut self, minute: &MinuteTrades) -> Result<(), FeedRunError> {
        let day = minute.minute().date();
        let held = self.held.days.get(&day);
        let is_witness = held.is_some_and(|held| {
            let daily = held.daily.as_ref();
            daily.is_some_and(|daily| daily.witnesses.contains_key(&minute.minute()))
                || held.is_unproven()
        });
        let is_covered = if is_witness {
            self.daily(day)?.map(|daily| is_covered(daily, minute))
        } else {
            None
        };
        self.held.note_minute(minute, is_covered);
        Ok(())
    }

    /// Returns what the daily file has: as it was read in this run, else out of the vault.
    fn daily(&mut self, day: NaiveDate) -> Result<Option<&TradesOfDaily>, FeedRunError> {
        if !self.dailies.contains_key(&day) {
            let name = self.name(Span::Daily(day));
            if let Some(Seen::Daily(daily)) = self
                .again(day, &BTreeSet::from([name.clone()]))?
                .remove(&name)
            {
                self.dailies.insert(day, daily);
            }
        }
        Ok(self.dailies.get(&day))
    }

    /// Judges a daily file by minutes that are held already; those that are not are downloaded for it.
    fn note_daily(
        &mut self,
        day: NaiveDate,
        daily: TradesOfDaily,
        digest: Digest,
    ) -> Result<(), FeedRunError> {
        let held = self.held.days.entry(day).or_default();
        let on = (day, &self.task.feed.spec().calendar);
        let chosen = witnesses(&daily, on, held, &self.listing, digest.half().number());
        let there: BTreeSet<_> = chosen
            .iter()
            .filter(|minute| held.minutes.contains_key(minute))
            .copied()
            .collect();
        held.daily = Some(HeldDaily::of(&daily, chosen));
        let name = |minute| FileName {
            feed: self.task.feed.spec().code.clone(),
            span: Span::Minute(minute),
        };
        let mut again = self.again(day, &there.iter().map(|minute| name(*minute)).collect())?;
        let Some(held) = self.held.days.get_mut(&day) else {
            return Ok(());
        };
        for minute in there {
            let counted = held.minutes.get(&minute).map_or(0, |held| held.within);
            let is_covered = match again.remove(&name(minute)) {
                Some(Seen::Minute(trades)) => is_covered(&daily, &trades),
                // The vault has it no more: how many there were is known still.
                _ => counted <= daily.minutes().get(&minute).copied().unwrap_or_default(),
            };
            if let Some(daily) = &mut held.daily {
                daily.witnesses.insert(minute, Some(is_covered));
            }
        }
        self.dailies.insert(day, daily);
        Ok(())
    }

    /// Looks once more at files of a day that were read before, as far as the vault has them.
    fn again(
        &self,
        day: NaiveDate,
        wanted: &BTreeSet<FileName>,
    ) -> Result<HashMap<FileName, Seen>, FeedRunError> {
        let mut found = HashMap::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let vault = Vault::of(self.task.fs, &self.task.places.vault());
        let files = vault
            .days(&self.task.shelf)?
            .remove(&day)
            .unwrap_or_default();
        for file in &files {
            let contents = vault.read(&self.task.shelf, day, file)?;
            for record in contents.iter().flat_map(crate::vault::Contents::records) {
                let name = record.head.name.parse::<FileName>().ok();
                let Some(name) = name.filter(|name| wanted.contains(name)) else {
                    continue;
                };
                let mut seen = Seen::of(name.span);
                let content = super::read::read(&name, record.bytes, &mut |trade| seen.add(&trade));
                if content.extent == Some(Extent::Whole) {
                    found.insert(name, seen);
                }
            }
        }
        Ok(found)
    }
}

/// What came of a question.
enum Asked {
    Answered,
    Unanswered,
    GivenUp,
}
