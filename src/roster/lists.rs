//! Lists of symbols: read, held against the last ones of their origins, and taken into tickers.json and the aliases.
//!
//! Promises: a list is taken whole or not at all, whatever becomes of the others; nothing is ever removed. An accepted list
//! is kept, so that the next one of its origin can be compared with it; a refused one leaves the old one where it is.

use chrono::NaiveDate;

use super::take_in::{ListChoice, TakenIn, take_in};
use super::{ListOrigin, RosterError, aliases, save};
use crate::catalog::{AliasTable, Catalog, Learned};
use crate::http::Http;
use crate::lock::LockGuard;
use crate::source::symbols::{Kind, ListError, SymbolList};
use crate::sys::{Shutdown, atomic};
use crate::workspace::Workspace;

/// What of lists is taken, for the default venue of a workspace.
#[derive(Clone, Copy, Debug)]
pub struct Import<'i> {
    /// The workspace.
    pub workspace: &'i Workspace<'i>,
    /// Only securities of these kinds; all when empty.
    pub kinds: &'i [Kind],
    /// Whether mnemonics are taken and no ticker.
    pub is_of_aliases: bool,
    /// Whether a list may be much shorter than the last one of its origin.
    pub accepts_shorter: bool,
    /// The day on which tickers are added.
    pub today: NaiveDate,
}

/// A list that was understood.
#[derive(Debug)]
pub struct ReadList {
    /// Where it comes from.
    pub origin: ListOrigin,
    /// What it says.
    pub list: SymbolList,
    bytes: Vec<u8>,
}

/// The lists of one question.
#[derive(Debug, Default)]
pub struct Lists {
    /// Those that can be taken.
    pub read: Vec<ReadList>,
    /// Why the others cannot.
    pub refused: Vec<RosterError>,
}

/// What lists change, in memory.
#[derive(Debug)]
pub struct Imported {
    /// The registry with their tickers.
    pub catalog: Catalog,
    /// What became of their symbols.
    pub taken: TakenIn,
    /// What became of the mnemonics, where a list has some.
    pub learned: Option<Learned>,
    aliases: Option<AliasTable>,
}

impl Import<'_> {
    /// Reads lists.
    ///
    /// # Errors
    /// When the program is asked to end, or a variable of the environment is no proxy.
    pub fn read(&self, origins: Vec<ListOrigin>, stop: &Shutdown) -> Result<Lists, RosterError> {
        let client = self.workspace.client()?;
        let mut lists = Lists::default();
        for origin in origins {
            match self.read_one(origin, &client, stop) {
                Ok(read) => lists.read.push(read),
                Err(error) if error.is_stop() => return Err(error),
                Err(refused) => lists.refused.push(refused),
            }
        }
        Ok(lists)
    }

    fn read_one(
        &self,
        origin: ListOrigin,
        client: &dyn Http,
        stop: &Shutdown,
    ) -> Result<ReadList, RosterError> {
        let bytes = origin.bytes(self.workspace.fs(), client, stop)?;
        let list = self.parsed(&bytes, &origin);
        let list = list.and_then(|list| {
            if self.is_of_aliases && list.mnemonics.is_none() {
                return Err(ListError::NoMnemonics);
            }
            if !self.kinds.is_empty() && !list.has_kinds() {
                return Err(ListError::NoKinds);
            }
            Ok(list)
        });
        let list = list.map_err(|reason| origin.refused(reason))?;
        Ok(ReadList {
            origin,
            list,
            bytes,
        })
    }

    /// Understands a list as the venue needs it: a feed of trades names instruments by ISIN, a source as Yahoo does.
    fn parsed(&self, bytes: &[u8], origin: &ListOrigin) -> Result<SymbolList, ListError> {
        let workspace = self.workspace;
        match workspace.view().feed(workspace.default_venue()) {
            Some(feed) => SymbolList::parse_for_feed(bytes, origin.forms, &feed.spec().currency),
            None => SymbolList::parse(bytes, origin.forms),
        }
    }

    /// Refuses the lists that are too short beside the last ones of their origins, unless they may be.
    ///
    /// # Errors
    /// When a list that was kept cannot be read.
    pub fn compared(&self, mut lists: Lists) -> Result<Lists, RosterError> {
        if self.accepts_shorter {
            return Ok(lists);
        }
        for read in std::mem::take(&mut lists.read) {
            let path = self.workspace.places.list(&read.origin.to_string());
            let last = self.workspace.fs().read(&path)?;
            let outcome = last.map_or(Ok(()), |last| {
                let last = self.parsed(&last, &read.origin);
                let last = last.map_err(|reason| RosterError::Incomparable {
                    origin: read.origin.to_string(),
                    kept: self.workspace.places.shown(&path).to_owned(),
                    reason,
                })?;
                let long_enough = read.list.check_length(&last);
                long_enough.map_err(|reason| read.origin.refused(reason))
            });
            match outcome {
                Ok(()) => lists.read.push(read),
                Err(refused) => lists.refused.push(refused),
            }
        }
        Ok(lists)
    }

    /// Takes lists into the registry and the aliases in memory.
    ///
    /// # Errors
    /// When what is known cannot be read.
    pub fn changed(&self, lists: &Lists) -> Result<Imported, RosterError> {
        let workspace = self.workspace;
        let mut catalog = workspace.catalog()?.unwrap_or_default();
        let all = || lists.read.iter().map(|read| &read.list);
        let mut taken = TakenIn::default();
        if !self.is_of_aliases {
            let venue = workspace.default_venue();
            let choice = ListChoice {
                venue,
                kinds: self.kinds,
                is_legacy: !workspace.config.is_partitioned_enabled(venue).0,
                today: self.today,
            };
            taken = take_in(&mut catalog, all(), choice);
        }
        let learned = aliases::learned(all(), workspace, self.today)?;
        Ok(Imported {
            catalog,
            taken,
            learned: learned.as_ref().map(|(_, learned)| *learned),
            // An older list than the last one changes nothing.
            aliases: learned
                .filter(|(_, learned)| learned.newer.is_none())
                .map(|(table, _)| table),
        })
    }

    /// Writes down what changed, and keeps the lists for the next ones to be compared with.
    ///
    /// # Errors
    /// When the lock is lost, or a file cannot be replaced.
    pub fn save(
        &self,
        lists: &Lists,
        imported: &Imported,
        held: &LockGuard<'_>,
    ) -> Result<(), RosterError> {
        let (fs, places) = (self.workspace.fs(), &self.workspace.places);
        if imported.catalog.is_changed() {
            save(fs, held, &imported.catalog)?;
        }
        if let Some(table) = &imported.aliases {
            aliases::save(table, held, self.workspace)?;
        }
        held.confirm()?;
        for ReadList { origin, bytes, .. } in &lists.read {
            let path = places.list(&origin.to_string());
            atomic::create_dirs(fs, &places.root, atomic::parent(&path))?;
            atomic::replace_from(fs, &held.temps(), &path, bytes, origin.rights(fs)?)?;
        }
        Ok(())
    }
}
