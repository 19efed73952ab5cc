//! What an update would do.

use std::collections::BTreeSet;

use crate::backlog::FeedMinutes;
use crate::catalog::Catalog;
use crate::gaps::{GapBooks, read_books};
use crate::ingest::Registry;
use crate::model::{Interval, Unclear, Venue};
use crate::overview;
use crate::update::{self, Feeding, RunOptions, UpdatePlan, UpdateRequest};
use crate::workspace::{View, Workspace};

use super::{CycleError, Strangers};

/// An update that somebody wants.
#[derive(Clone, Debug)]
pub struct Cycle<'c> {
    /// The workspace.
    pub workspace: &'c Workspace<'c>,
    /// What is asked for.
    pub request: UpdateRequest,
    /// How it is done.
    pub options: RunOptions,
    /// Whether only sessions are asked for that are open and that their sources keep still.
    pub is_filling_gaps: bool,
    /// Whether rows are given up of which none is there any more.
    pub accepts_missing: bool,
}

/// What an update would do.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: UpdatePlan,
    /// Tickers that were named and are not in it, since no venue of the question keeps them.
    pub strangers: Strangers,
}

impl Cycle<'_> {
    /// Reads tickers.json.
    ///
    /// # Errors
    /// `WithoutRegistry` when there is none; when it cannot be used.
    pub fn registry(&self) -> Result<Registry, CycleError> {
        let found = Registry::load(self.workspace.fs(), &self.workspace.places.root)?;
        let found = found.ok_or(CycleError::WithoutRegistry)?;
        self.workspace.learn(Some(found.catalog()));
        Ok(found)
    }

    /// Returns what an update looks at.
    pub(super) fn view(&self) -> View<'_> {
        View {
            is_replay: matches!(self.request.feeding, Feeding::Replayed { .. }),
            ..self.workspace.view()
        }
    }

    /// Plans the update. A plan is a pure look.
    ///
    /// # Errors
    /// `Unclear` when no ticker that was named can be asked for; else what cannot be read.
    pub fn plan(&self, catalog: &Catalog) -> Result<Planned, CycleError> {
        let (workspace, view) = (self.workspace, self.view());
        let strangers = Strangers::of(&self.request, catalog, |ticker, venue| {
            view.makes_bars_of(ticker, venue)
        });
        let named = self.request.tickers.len();
        if named > 0 && strangers.count() == named {
            // What exchanges call tickers is not known to the registry of a run.
            let known = workspace.catalog().ok().flatten();
            let known = known.as_ref().unwrap_or(catalog);
            self.refusal(&strangers, known).map_or(Ok(()), Err)?;
        }
        let intervals = workspace.intervals()?;
        let request = UpdateRequest {
            waiting: view.waiting(catalog, workspace.fs(), &workspace.places)?,
            gaps: self.remembered(catalog, &intervals)?,
            filled_feeds: self.filled_feeds()?,
            ..self.request.clone()
        };
        let plan = update::plan(&request, view, catalog, &intervals)?;
        Ok(Planned { plan, strangers })
    }

    /// Says why named tickers are not asked for; `None` when there are none.
    pub fn refusal(&self, strangers: &Strangers, catalog: &Catalog) -> Option<Unclear> {
        strangers.refusal(self.request.venues.first(), catalog)
    }

    /// Returns what a person should know of the toggles, as sentences without a period.
    pub fn toggle_warnings(&self, plan: &UpdatePlan) -> Vec<String> {
        overview::toggle_warnings(plan, self.workspace.config.storage_config())
    }

    /// Returns what is remembered of gaps, if only these are to be filled.
    fn remembered(
        &self,
        catalog: &Catalog,
        intervals: &[Interval],
    ) -> Result<Option<GapBooks>, CycleError> {
        if !self.is_filling_gaps {
            return Ok(None);
        }
        let named = &self.request.intervals;
        let intervals = if named.is_empty() { intervals } else { named };
        let (fs, places) = (self.workspace.fs(), &self.workspace.places);
        Ok(Some(read_books(fs, places, &catalog.venues(), intervals)?))
    }

    /// Returns the feeds that have no gap, if only gaps are to be filled.
    fn filled_feeds(&self) -> Result<BTreeSet<Venue>, CycleError> {
        if !self.is_filling_gaps {
            return Ok(BTreeSet::new());
        }
        Ok(self.minutes()?.without_open(self.workspace.view()))
    }

    /// Reads how the minutes of feeds stand.
    pub(super) fn minutes(&self) -> Result<FeedMinutes, CycleError> {
        let disk = (self.workspace.fs(), &self.workspace.places);
        let now = self.workspace.clock().now();
        Ok(FeedMinutes::recent(self.workspace.view(), disk, now)?)
    }
}
