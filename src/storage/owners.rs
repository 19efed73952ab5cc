//! Whose a legacy file is: the one place of this rule.
//!
//! A file in the folder of a venue is that venue's. One in a shared folder is the venue's that its footer names; without
//! one, the ticker's home's; without one, the venue's that a migration is planned for; else the legacy venue's.
//! Promises: what the registry says is asked for once, and only if a file is there about which it could say something.
//! Leaves to others: reading footers (`newest`), moving files to where they belong (`rehouse`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::model::{Interval, Ticker, Venue};

/// The venues for which intervals are planned to be migrated.
pub type Planned = BTreeMap<Interval, Venue>;

/// What registry and plan say of legacy files, as far as it differs from "they are the legacy venue's".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The homes of tickers. Those that are at home at the legacy venue may be left out where nothing is planned.
    pub homes: BTreeMap<Ticker, Venue>,
    /// Tickers that another venue than the legacy one keeps.
    pub kept_beside: BTreeSet<Ticker>,
    /// The venues that files of tickers without a home are migrated for.
    pub planned: Planned,
}

/// Finds out what registry and plan say; what is planned beside the plan on disk is handed in.
type Ask = Box<dyn Fn(&Planned) -> Claims + Send + Sync>;

/// The venue that the shared folders are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyVenue {
    /// The venue.
    pub venue: Venue,
    /// Whether it has a folder of its own all the same, from a time when the shared ones were for another venue. Then it keeps
    /// that, and nobody writes to the shared ones.
    pub has_own_folder: bool,
}

/// Finds the venue that the shared folders are for.
type Find = Box<dyn Fn() -> LegacyVenue + Send + Sync>;

/// Whose the files in the shared legacy folders are.
pub struct Owners {
    legacy: OnceLock<LegacyVenue>,
    find: Find,
    ask: Ask,
    /// What is about to be planned.
    planned: RwLock<Planned>,
    claims: RwLock<Option<Arc<Claims>>>,
}

impl Owners {
    /// Returns the rule for a workspace.
    pub fn new(
        find: impl Fn() -> LegacyVenue + Send + Sync + 'static,
        ask: impl Fn(&Planned) -> Claims + Send + Sync + 'static,
    ) -> Self {
        Self {
            legacy: OnceLock::new(),
            find: Box::new(find),
            ask: Box::new(ask),
            planned: RwLock::default(),
            claims: RwLock::default(),
        }
    }

    /// Returns the venue that the shared folders are for.
    pub fn legacy_venue(&self) -> &Venue {
        &self.legacy().venue
    }

    fn legacy(&self) -> &LegacyVenue {
        self.legacy.get_or_init(&self.find)
    }

    /// Takes in which venue the shared folders are for, from whoever has just read the registry.
    pub fn decide(&self, find: impl FnOnce() -> LegacyVenue) {
        self.legacy.get_or_init(find);
    }

    /// Takes in what the registry says, from whoever has just read it.
    pub fn learn(&self, claims: impl FnOnce(&Planned) -> Claims) {
        let planned = self.planned.read().unwrap_or_else(PoisonError::into_inner);
        let claims = Arc::new(claims(&planned));
        drop(planned);
        *self.claims.write().unwrap_or_else(PoisonError::into_inner) = Some(claims);
    }

    /// Notes that an interval is about to be migrated for a venue, before a plan on disk says so.
    pub fn plan(&self, interval: Interval, venue: &Venue) {
        let mut planned = self.planned.write().unwrap_or_else(PoisonError::into_inner);
        planned.insert(interval, venue.clone());
        drop(planned);
        *self.claims.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn claims(&self) -> Arc<Claims> {
        let known = self.claims.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(claims) = &*known {
            return Arc::clone(claims);
        }
        drop(known);
        self.learn(|planned| (self.ask)(planned));
        let known = self.claims.read().unwrap_or_else(PoisonError::into_inner);
        known.clone().unwrap_or_default()
    }

    /// Tells whether a venue keeps its files in a folder of its own.
    pub fn has_own_folder(&self, venue: &Venue) -> bool {
        let legacy = self.legacy();
        *venue != legacy.venue || legacy.has_own_folder
    }

    /// Tells whether registry or plan give reason to ask whose the file of a ticker in a shared folder is. Where they give
    /// none, it is the legacy venue's until whoever reads it sees another name in it.
    pub(super) fn is_in_question(&self, ticker: &Ticker, interval: Interval) -> bool {
        let claims = self.claims();
        let planned = claims.planned.get(&interval);
        claims.kept_beside.contains(ticker) || planned.is_some_and(|one| self.has_own_folder(one))
    }

    /// Returns whose a file in a shared folder is that names this venue or none.
    pub(super) fn owner(&self, named: Option<Venue>, ticker: &Ticker, interval: Interval) -> Venue {
        named.unwrap_or_else(|| {
            let claims = self.claims();
            let home = claims.homes.get(ticker);
            let venue = home.or_else(|| claims.planned.get(&interval));
            venue.unwrap_or(self.legacy_venue()).clone()
        })
    }

    /// Returns the tickers that other venues than the legacy one keep.
    pub(super) fn kept_beside(&self) -> BTreeSet<Ticker> {
        self.claims().kept_beside.clone()
    }
}

impl fmt::Debug for Owners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owners")
            .field("legacy", &self.legacy)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}
