//! Which rows of which series can be taken out, and what of that still holds when it is done.
//!
//! Promises: what was shown to a person and what is planned under the run lock have to agree row by row and value by value: a
//! row that has changed meanwhile stays. Leaves to others: which bars (`check`), taking them out (`ingest`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::unmet::{Unmet, stored_among};
use super::{Findings, Subject};
use crate::catalog::Catalog;
use crate::check::{Facts, Finding, Kind, repair};
use crate::frame::Frame;
use crate::ingest::TakeOut;
use crate::model::{Interval, PriceBasis, Series, StorageRequest, time};
use crate::storage::{Layout, StorageError, Unwanted};
use crate::workspace::{Found, Workspace};

/// What can be done about one series.
#[derive(Debug)]
pub struct SeriesRepair {
    /// What is taken out.
    pub take: TakeOut,
    /// The rows that go.
    pub rows: Frame,
    /// What each of them is, and why it may go.
    pub gone: BTreeMap<i64, (Kind, String)>,
    /// Files without a row, afterwards or before.
    pub emptied: Vec<PathBuf>,
}

/// What can be done about all of them.
#[derive(Debug, Default)]
pub struct RepairPlan {
    /// Series of which rows can go.
    pub series: Vec<SeriesRepair>,
    /// Bars that stay, with their rows.
    pub doubtful: Vec<(StorageRequest, Finding, Frame)>,
    /// What was looked through, and could not be.
    pub findings: Findings,
}

impl RepairPlan {
    /// Counts the rows that go.
    pub fn rows(&self) -> usize {
        self.series.iter().map(|one| one.rows.len()).sum()
    }

    fn and(mut self, more: Self) -> Self {
        self.series.extend(more.series);
        self.doubtful.extend(more.doubtful);
        self.findings = self.findings.and(more.findings);
        self
    }
}

/// Plans what can be taken out; `without_session` are days of which a person says that there was none. Series are looked through
/// side by side, those of one ticker one after the other, so that few are in memory at once.
pub(super) fn plan(
    subjects: &[Subject],
    (workspace, catalog): (&Workspace<'_>, &Catalog),
    without_session: &BTreeSet<NaiveDate>,
) -> RepairPlan {
    let planning = Planning {
        workspace,
        catalog,
        without_session,
    };
    let of_ticker = |subject: &Subject| {
        let mut plan = RepairPlan::default();
        for (interval, request) in subject.requests() {
            if workspace.stop().is_raised() {
                break;
            }
            if let Err(error) = planning.look(&mut plan, subject, (interval, &request)) {
                plan.findings.troubles.push((request, error.into()));
            }
        }
        plan
    };
    subjects
        .par_iter()
        .map(of_ticker)
        .reduce(RepairPlan::default, RepairPlan::and)
}

/// Returns what is planned now of what was shown, row by row.
pub(super) fn agreed(shown: &[SeriesRepair], now: Vec<SeriesRepair>) -> Vec<TakeOut> {
    let of_series: BTreeMap<&StorageRequest, &SeriesRepair> =
        shown.iter().map(|one| (&one.take.request, one)).collect();
    let mut agreed = Vec::new();
    for planned in now {
        let Some(shown) = of_series.get(&planned.take.request) else {
            continue;
        };
        let mut take = planned.take;
        // The values, too, are those that somebody has seen.
        let row = |frame: &Frame, stamp: i64| frame.at(|other| other == stamp);
        take.unwanted.retain(|stamp, _| {
            shown.gone.contains_key(stamp) && row(&shown.rows, *stamp) == row(&planned.rows, *stamp)
        });
        agreed.push(take);
    }
    agreed
}

/// Returns what of that which was shown does not go any more: rows that have changed, and rows that are out already.
pub(super) fn unmet(
    shown: &[SeriesRepair],
    agreed: &[TakeOut],
    around: (&Workspace<'_>, &Catalog),
) -> Unmet {
    let mut unmet = Unmet::default();
    for one in shown {
        let request = &one.take.request;
        let agreed = agreed.iter().find(|agreed| agreed.request == *request);
        let goes = |stamp| agreed.is_some_and(|agreed| agreed.unwanted.contains_key(&stamp));
        let stays = one.rows.at(|stamp| !goes(stamp));
        if !stays.is_empty() {
            let is_there = stored_among(&stays, around, request).unwrap_or(stays.len());
            unmet.add(request, stays.len() - is_there, stays.len());
        }
    }
    unmet
}

struct Planning<'p> {
    workspace: &'p Workspace<'p>,
    catalog: &'p Catalog,
    without_session: &'p BTreeSet<NaiveDate>,
}

impl Planning<'_> {
    fn look(
        &self,
        plan: &mut RepairPlan,
        subject: &Subject,
        (interval, request): (Interval, &StorageRequest),
    ) -> Result<(), StorageError> {
        let (workspace, catalog) = (self.workspace, self.catalog);
        let Some(Found { layout, stored }) = workspace.read(catalog, request)? else {
            return Ok(());
        };
        plan.findings.add_damage(&stored);
        plan.findings.series += 1;
        plan.findings.bars += stored.frame.len();
        let facts = Facts {
            interval,
            basis: PriceBasis::Unknown,
            bars: stored.frame,
            adjusted: BTreeMap::new(),
            events: Vec::new(),
            calendar: subject.calendar(workspace, catalog, stored.provenance.timezone),
            has_borders: subject.has_borders(workspace),
            currency: None,
            first_of_another: None,
        };
        let found = repair(&facts, self.without_session);
        for finding in found.doubtful {
            let rows = facts.bars.at(|stamp| stamp == finding.from);
            plan.doubtful.push((request.clone(), finding, rows));
        }
        let gone = found.gone;
        let planned = self.of_series(request, layout, &facts.bars, &gone)?;
        let has_rows = planned.as_ref().is_some_and(|one| !one.rows.is_empty());
        plan.series.extend(planned);
        if has_rows && !interval.is_intraday() {
            // Its adjusted close says nothing without a bar.
            let ticker = subject.ticker.clone();
            let beside = StorageRequest {
                venue: request.venue.clone(),
                series: Series::Adjusted { ticker, interval },
            };
            if let Some(Found { layout, stored }) = workspace.read(catalog, &beside)? {
                let planned = self.of_series(&beside, layout, &stored.frame, &gone)?;
                plan.series.extend(planned);
            }
        }
        Ok(())
    }

    /// Returns what becomes of one series; `None` when nothing does.
    fn of_series(
        &self,
        request: &StorageRequest,
        layout: Layout,
        frame: &Frame,
        gone: &BTreeMap<i64, (Kind, String)>,
    ) -> Result<Option<SeriesRepair>, StorageError> {
        let rows = frame.at(|stamp| gone.contains_key(&stamp));
        let why = |stamp: i64| Some((stamp, gone.get(&stamp)?));
        let gone: BTreeMap<i64, (Kind, String)> = rows
            .times()
            .filter_map(why)
            .map(|(stamp, why)| (stamp, why.clone()))
            .collect();
        let reasons = gone.iter();
        let unwanted: Unwanted = reasons
            .map(|(stamp, (kind, why))| (*stamp, format!("{kind}: {why}")))
            .collect();
        let stores = &self.workspace.stores;
        let without = stores.prepare_without(request, layout, &unwanted)?;
        if without.is_nothing() {
            return Ok(None);
        }
        let stays = frame.times().filter(|stamp| !gone.contains_key(stamp));
        Ok(Some(SeriesRepair {
            take: TakeOut {
                request: request.clone(),
                layout,
                unwanted,
                newest: stays.max().map(time::day),
            },
            rows,
            emptied: without.emptied,
            gone,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Column, Profile, Texts, Values};
    use crate::model::Dataset;

    fn one(ticker: &str, rows: &[(i64, f64)]) -> SeriesRepair {
        let (venue, symbol) = ("us:demo".parse().unwrap(), ticker.parse().unwrap());
        let profile = Profile::of(Dataset::Stocks);
        let columns = profile.columns.iter().enumerate().map(|(at, spec)| {
            match Column::nulls(spec.kind, rows.len()) {
                Column::Text(_) => Column::Text(Texts::same(Some(ticker.into()), rows.len())),
                Column::Time(_) => Column::Time(rows.iter().map(|(day, _)| Some(*day)).collect()),
                Column::Float(_) if at == 2 => Column::Float(Values::whole(
                    rows.iter().map(|(_, price)| *price).collect(),
                )),
                other => other,
            }
        });
        let why = || "no session".to_owned();
        let stamps = rows.iter().map(|(stamp, _)| *stamp);
        SeriesRepair {
            take: TakeOut {
                request: StorageRequest::bars(venue, symbol, Interval::D1),
                layout: Layout::Partitioned,
                unwanted: stamps.clone().map(|stamp| (stamp, why())).collect(),
                newest: None,
            },
            rows: Frame::ordered(profile, columns.collect()).frame,
            gone: stamps.map(|stamp| (stamp, (Kind::OffDay, why()))).collect(),
            emptied: Vec::new(),
        }
    }

    #[test]
    fn only_a_row_that_was_shown_and_is_still_the_same_goes() {
        let shown = [one("A", &[(1, 1.0), (2, 2.0), (3, f64::NAN)])];
        let now = vec![
            one("A", &[(1, 1.0), (2, 2.5), (3, f64::NAN), (4, 4.0)]),
            one("B", &[(1, 1.0)]),
        ];

        let agreed = agreed(&shown, now);

        let stamps = |take: &TakeOut| take.unwanted.keys().copied().collect::<Vec<i64>>();
        let agreed: Vec<Vec<i64>> = agreed.iter().map(stamps).collect();
        assert_eq!(agreed, [vec![1, 3]]);
    }
}
