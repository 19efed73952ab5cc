//! Looks through the series of bars.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::{Findings, Subject};
use crate::catalog::{Catalog, Missing};
use crate::check::{self, Facts, Finding, Kind, Scope};
use crate::frame::{self, MarketEvent};
use crate::model::{Interval, PriceBasis, Series, StorageRequest, Ticker, time};
use crate::observe::{Event, Observer, Work};
use crate::storage::{Layout, StorageError, Stored};
use crate::workspace::{Found, Reading, Workspace};

/// Looks through series side by side, those of one ticker one after the other, so that few are in memory at once.
pub(super) fn look(
    subjects: &[Subject],
    (workspace, catalog): (&Workspace<'_>, &Catalog),
    scope: Scope,
    observer: &(dyn Observer + Sync),
) -> Findings {
    let series = subjects.iter().flat_map(Subject::requests).count();
    observer.observe(Event::CheckPlanned { series });
    let of_ticker = |subject: &Subject| {
        if workspace.stop().is_raised() {
            return Findings::default();
        }
        let found = look_at(subject, workspace, catalog, scope);
        for (_, request) in subject.requests() {
            observer.observe(Event::Step {
                work: Work::Check,
                series: request.series,
            });
        }
        found
    };
    subjects
        .par_iter()
        .map(of_ticker)
        .reduce(Findings::default, Findings::and)
}

fn look_at(
    subject: &Subject,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    scope: Scope,
) -> Findings {
    let mut findings = Findings::default();
    let mut events: Option<Vec<MarketEvent>> = None;
    for (interval, request) in subject.requests() {
        let Found { layout, stored } = match workspace.read(catalog, &request) {
            Ok(Some(found)) => found,
            Ok(None) => {
                let missing = missing(catalog, subject, &request, None);
                findings.missing.extend(missing);
                continue;
            }
            Err(error) => {
                findings.troubles.push((request, error.into()));
                continue;
            }
        };
        // What is damaged is told as that.
        if stored.damaged.is_empty() {
            let newest = stored.frame.span().map(|(_, newest)| time::day(newest));
            let missing = missing(catalog, subject, &request, newest);
            findings.missing.extend(missing);
        }
        findings.add_damage(&stored);
        findings.misplaced.extend_from_slice(&stored.misplaced);
        if scope == Scope::All {
            let found = on_other_clocks(&stored).map(|finding| (request.clone(), finding));
            findings.contradictions.extend(found);
        }
        if stored.frame.is_empty() {
            continue;
        }
        let reading = workspace.reading(catalog);
        let events = events.get_or_insert_with(|| events_of(reading, &request, &mut findings));
        let basis = findings.or_trouble(basis(workspace, &request, layout, &stored), &request);
        let of = (&request, &subject.ticker, interval);
        let adjusted = adjusted_closes(reading, of, &mut findings);
        let identity = catalog.identity(&subject.ticker, &subject.venue);
        let facts = Facts {
            interval,
            basis,
            adjusted,
            calendar: subject.calendar(workspace, catalog, stored.provenance.timezone.clone()),
            has_borders: subject.has_borders(workspace),
            bars: stored.frame,
            events: events.clone(),
            currency: identity.and_then(|identity| identity.currency),
            first_of_another: catalog.first_of_another(&subject.ticker, &subject.venue),
        };
        findings.series += 1;
        findings.bars += facts.bars.len();
        let found = check::look(&facts, scope).into_iter();
        let found = found.map(|finding| (request.clone(), finding));
        findings.contradictions.extend(found);
    }
    findings
}

/// Returns the bars that the zone of the newest ones does not fit.
fn on_other_clocks(stored: &Stored) -> impl Iterator<Item = Finding> {
    stored.other_clocks.iter().map(|file| Finding {
        kind: Kind::OtherClock,
        from: file.span.0,
        to: file.span.1,
        factor: None,
        reason: format!(
            "they are on the clock of {}, and the newest bars on that of {}",
            file.zone, file.newest
        ),
    })
}

fn events_of(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
    findings: &mut Findings,
) -> Vec<MarketEvent> {
    let found = reading.events(request);
    let found = found.map(|(stored, events)| {
        findings.misplaced.extend(stored.misplaced);
        events
    });
    findings.or_trouble(found, request)
}

fn adjusted_closes(
    reading: Reading<'_, '_>,
    (request, ticker, interval): (&StorageRequest, &Ticker, Interval),
    findings: &mut Findings,
) -> BTreeMap<i64, f64> {
    if interval.is_intraday() {
        return BTreeMap::new();
    }
    let found = reading.closes(request, ticker, interval);
    let closes = found.map(|stored| {
        findings.misplaced.extend(stored.misplaced);
        frame::closes_of(&stored.frame)
    });
    findings.or_trouble(closes, request)
}

/// Returns which bars the registry knows and the disk has not.
fn missing(
    catalog: &Catalog,
    subject: &Subject,
    request: &StorageRequest,
    left: Option<NaiveDate>,
) -> Option<(StorageRequest, Missing)> {
    let Series::Bars { ticker, interval } = &request.series else {
        return None;
    };
    let known = catalog.last_data_date(ticker, &subject.venue, *interval)?;
    let is_gone = left.is_none_or(|left| left < known);
    is_gone.then(|| (request.clone(), Missing { left, known }))
}

/// Files of the predecessor do not say their basis; the tree that they lie in tells.
fn basis(
    workspace: &Workspace<'_>,
    request: &StorageRequest,
    layout: Layout,
    stored: &Stored,
) -> Result<PriceBasis, StorageError> {
    if stored.provenance.basis != PriceBasis::Unknown {
        return Ok(stored.provenance.basis);
    }
    let basis = workspace.stores.basis(request, layout)?;
    Ok(basis.unwrap_or_default())
}
