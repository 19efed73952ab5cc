//! Which series `check` looks through, and what is read of each.
//!
//! Promises: a ticker that lies on disk is looked at though tickers.json does not know it. What lies beside the bars and
//! is damaged is reported, and the bars are looked through without it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{CheckArgs, DamagedFile, Outcome};
use crate::calendar::Calendar;
use crate::catalog::{Catalog, Missing};
use crate::check::{self, Facts, Scope};
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::config::SourceKind;
use crate::frame::{self, MarketEvent};
use crate::inventory;
use crate::model::{Interval, PriceBasis, Series, StorageRequest, Ticker, Venue, time};
use crate::storage::{Layout, Stored};
use crate::workspace::{Found, Workspace};

/// The series of one ticker at one venue.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) venue: Venue,
    pub(super) ticker: Ticker,
    intervals: BTreeSet<Interval>,
    /// Days of which the user says that there was no session.
    pub(super) without_session: BTreeSet<NaiveDate>,
}

impl Asked {
    /// Returns the series of bars, those outside of the sessions among them.
    pub(super) fn requests(&self) -> impl Iterator<Item = (Interval, StorageRequest)> {
        self.intervals.iter().flat_map(|&interval| {
            let bars = StorageRequest::bars(self.venue.clone(), self.ticker.clone(), interval);
            let outside = interval.is_intraday().then(|| bars.outside()).flatten();
            let requests = std::iter::once(bars).chain(outside);
            requests.map(move |request| (interval, request))
        })
    }
}

impl Asked {
    /// Returns what is known of the sessions of the exchange; `zone` is the one whose clock the dates show.
    pub(super) fn calendar(
        &self,
        workspace: &Workspace<'_>,
        catalog: &Catalog,
        zone: Option<&str>,
    ) -> Calendar {
        let ticker = (&self.ticker, &self.venue);
        workspace.view().named_calendar(ticker, catalog, zone)
    }

    /// Returns the zone whose clock the dates show: what the files say, and of those of the predecessor, which say nothing,
    /// what the source said of the ticker.
    pub(super) fn timezone(&self, catalog: &Catalog, stored: Option<String>) -> Option<String> {
        stored.or_else(|| catalog.identity(&self.ticker, &self.venue)?.timezone)
    }
}

/// Returns the series that may be stored.
pub(super) fn asked(
    args: &CheckArgs,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
) -> Result<Vec<Asked>, Failure> {
    let known = workspace.venues()?;
    if let Some(venue) = args.venues.iter().find(|venue| !known.contains(venue)) {
        return Err(Failure::usage(format!(
            "the venue {venue} has no source, and nothing is stored of it"
        ))
        .hint("`barkeep config show` lists the sources"));
    }
    let is_meant = |venue: &&Venue| args.venues.is_empty() || args.venues.contains(venue);
    let intervals: Vec<Interval> = if args.intervals.is_empty() {
        Interval::ALL.to_vec()
    } else {
        args.intervals.clone()
    };
    let mut asked = Vec::new();
    for venue in known.iter().filter(is_meant) {
        let mut found: BTreeMap<Ticker, BTreeSet<Interval>> = BTreeMap::new();
        for &interval in &intervals {
            for ticker in inventory::tickers(workspace, catalog, venue, interval)? {
                found.entry(ticker).or_default().insert(interval);
            }
        }
        let is_meant = |ticker: &Ticker| args.tickers.is_empty() || args.tickers.contains(ticker);
        let of_venue = found.into_iter().filter(|(ticker, _)| is_meant(ticker));
        asked.extend(of_venue.map(|(ticker, intervals)| Asked {
            venue: venue.clone(),
            ticker,
            intervals,
            without_session: args.days.iter().copied().collect(),
        }));
    }
    Ok(asked)
}

/// Looks through the series of one ticker.
pub(super) fn look(
    asked: &Asked,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    shell: &Shell<'_>,
    scope: Scope,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut events: Option<Vec<MarketEvent>> = None;
    for (interval, request) in asked.requests() {
        let Found { layout, stored } = match workspace.read(catalog, &request) {
            Ok(Some(found)) => found,
            Ok(None) => {
                outcome
                    .missing
                    .extend(missing(catalog, asked, &request, None));
                continue;
            }
            Err(error) => {
                outcome.troubles.push((request, error.into()));
                continue;
            }
        };
        // What is damaged is told as that.
        if stored.damaged.is_empty() {
            let newest = stored.frame.span().map(|(_, newest)| time::day(newest));
            outcome
                .missing
                .extend(missing(catalog, asked, &request, newest));
        }
        outcome.add(damage(&stored, shell));
        outcome.misplaced.extend_from_slice(&stored.misplaced);
        if stored.frame.is_empty() {
            continue;
        }
        let events = events.get_or_insert_with(|| {
            let found = workspace.reading(catalog).events(&request);
            let found = found.map(|(stored, events)| {
                outcome.misplaced.extend(stored.misplaced);
                events
            });
            or_trouble(found, &mut outcome, &request)
        });
        let timezone = asked.timezone(catalog, stored.provenance.timezone.clone());
        let facts = Facts {
            interval,
            basis: or_trouble(
                basis(workspace, &request, layout, &stored),
                &mut outcome,
                &request,
            ),
            adjusted: if interval.is_intraday() {
                BTreeMap::new()
            } else {
                let reading = workspace.reading(catalog);
                let found = reading.closes(&request, &asked.ticker, interval);
                let closes = found.map(|stored| {
                    outcome.misplaced.extend(stored.misplaced);
                    frame::closes_of(&stored.frame)
                });
                or_trouble(closes, &mut outcome, &request)
            },
            calendar: asked.calendar(workspace, catalog, timezone.as_deref()),
            has_borders: has_borders(workspace, &asked.venue),
            bars: stored.frame,
            events: events.clone(),
            currency: currency(catalog, asked),
            first_of_another: catalog.first_of_another(&asked.ticker, &asked.venue),
        };
        outcome.series += 1;
        outcome.bars += facts.bars.len();
        let findings = check::look(&facts, scope);
        let findings = findings
            .into_iter()
            .map(|finding| (request.clone(), finding));
        outcome.findings.extend(findings);
    }
    outcome
}

/// A maker of files names a week by any of its days.
pub(super) fn has_borders(workspace: &Workspace<'_>, venue: &Venue) -> bool {
    let settings = workspace.config.settings();
    let mut described = settings.sources();
    let of_venue = described.find(|(known, _)| *known == venue);
    of_venue.is_some_and(|(_, source)| source.kind.value != Some(SourceKind::Files))
}

/// Returns which bars the registry knows and the disk has not.
fn missing(
    catalog: &Catalog,
    asked: &Asked,
    request: &StorageRequest,
    left: Option<NaiveDate>,
) -> Option<(StorageRequest, Missing)> {
    let Series::Bars { ticker, interval } = &request.series else {
        return None;
    };
    let known = catalog.last_data_date(ticker, &asked.venue, *interval)?;
    let is_gone = left.is_none_or(|left| left < known);
    is_gone.then(|| (request.clone(), Missing { left, known }))
}

/// Files of the predecessor do not say their basis; the tree that they lie in tells.
fn basis(
    workspace: &Workspace<'_>,
    request: &StorageRequest,
    layout: Layout,
    stored: &Stored,
) -> Result<PriceBasis, Failure> {
    if stored.provenance.basis != PriceBasis::Unknown {
        return Ok(stored.provenance.basis);
    }
    let basis = workspace.stores.basis(request, layout)?;
    Ok(basis.unwrap_or_default())
}

fn currency(catalog: &Catalog, asked: &Asked) -> Option<String> {
    catalog.identity(&asked.ticker, &asked.venue)?.currency
}

pub(super) fn damage(stored: &Stored, shell: &Shell<'_>) -> Outcome {
    let file = |damage: &crate::storage::Damage| DamagedFile {
        path: shell.shown(&damage.path).to_string(),
        reason: damage.reason.clone(),
        request: damage.request.clone(),
        partition: damage.partition,
    };
    Outcome {
        damaged: stored.damaged.iter().map(file).collect(),
        ..Outcome::default()
    }
}

/// What cannot be read counts as not there, and is told.
fn or_trouble<T: Default>(
    found: Result<T, impl Into<Failure>>,
    outcome: &mut Outcome,
    request: &StorageRequest,
) -> T {
    found.unwrap_or_else(|failure| {
        outcome.troubles.push((request.clone(), failure.into()));
        T::default()
    })
}
