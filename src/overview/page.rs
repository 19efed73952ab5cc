//! What the page about a workspace is made of: every series with its months, what was rewritten, what is in quarantine.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::SeriesStatus;
use crate::catalog::Catalog;
use crate::inventory::{self, Asked, InventoryError, Listed, interval_of};
use crate::ledger::{Rewrite, SeriesRecord, latest_rewrites};
use crate::model::words::count;
use crate::model::{Interval, PartitionKey, PriceBasis, Series, Venue, time};
use crate::query::Provisional;
use crate::sys::{FsResult, Kind};
use crate::workspace::Workspace;

/// How many revisions and cases the page names.
const MOST_NAMED: usize = 200;

/// When and where a page is made.
#[derive(Clone, Copy)]
pub struct Made<'m> {
    /// The moment.
    pub at: DateTime<Utc>,
    /// The day.
    pub today: NaiveDate,
    /// How a path is shown.
    pub shown: &'m dyn Fn(&Path) -> String,
}

impl fmt::Debug for Made<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made")
            .field("at", &self.at)
            .field("today", &self.today)
            .finish_non_exhaustive()
    }
}

/// Returns what the page of a workspace is made of; `standing` is how its series stand.
///
/// # Errors
/// When a folder, a record or the ledger cannot be read.
pub fn document(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    standing: &[SeriesStatus],
    made: Made<'_>,
) -> Result<Value, InventoryError> {
    let known = inventory::known(workspace, catalog, &Asked::default())?;
    let damaged: Vec<Value> = known
        .damaged
        .iter()
        .map(|(path, reason)| json!([(made.shown)(path), reason]))
        .collect();
    let listed = inventory::list(known, workspace.view(), catalog, made.today);
    let mut page = Page::default();
    let mut provisional = Provisional::of(workspace, catalog, made.at);
    for one in &listed {
        page.add(one, catalog, &mut provisional)?;
    }
    let groups = groups(&page, standing);
    let (quarantine, cases) = quarantine(workspace)?;
    let places: BTreeMap<usize, usize> = {
        let numbers = page.groups.values().map(|(number, _)| *number);
        numbers.zip(0..).collect()
    };
    let series = page.series.into_iter().map(|(group, mut row)| {
        if let Some(place) = row.get_mut(1) {
            *place = json!(places.get(&group));
        }
        Value::Array(row)
    });
    Ok(json!({
        "made": made.at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "today": days(made.today),
        "root": workspace.places.root.display().to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "tickers": page.tickers,
        "states": page.states,
        "bases": page.bases,
        "series": series.collect::<Vec<_>>(),
        "groups": groups,
        "revisions": revisions(workspace, &listed)?,
        "quarantine": quarantine,
        "quarantineTotal": cases,
        "damaged": damaged,
    }))
}

/// Returns what is told of each tree: what its source has for it still.
fn groups(page: &Page, standing: &[SeriesStatus]) -> Vec<Value> {
    let groups = page.groups.iter().map(|((venue, name), (_, interval))| {
        let is_it =
            |status: &&SeriesStatus| status.venue == *venue && Some(status.interval) == *interval;
        let status = standing.iter().find(is_it);
        json!({
            "venue": venue.to_string(),
            "name": name,
            "isOfBars": interval.is_some(),
            "backlog": status.map_or(0, |status| status.backlog),
            "hours": status.and_then(|status| status.hours),
            "nextLoss": status.and_then(|status| status.next_loss).map(|loss| loss.date_naive().to_string()),
            "willLose": status.is_some_and(SeriesStatus::will_lose),
        })
    });
    groups.collect()
}

/// The parts of the page that repeat, each once.
#[derive(Debug, Default)]
struct Page {
    tickers: Vec<String>,
    at_ticker: BTreeMap<String, usize>,
    states: Vec<&'static str>,
    bases: Vec<&'static str>,
    /// By venue and name of the tree: a number in the order of appearance, and of bars their length.
    groups: BTreeMap<(Venue, String), (usize, Option<Interval>)>,
    series: Vec<(usize, Vec<Value>)>,
}

impl Page {
    fn add(
        &mut self,
        one: &Listed,
        catalog: &Catalog,
        provisional: &mut Provisional<'_>,
    ) -> FsResult<()> {
        let series = &one.request.series;
        let (Some(venue), Some(ticker)) = (&one.request.venue, series.ticker()) else {
            return Ok(());
        };
        let of_bars = match series {
            Series::Bars { interval, .. } => Some(*interval),
            _ => None,
        };
        let next = self.groups.len();
        let key = (venue.clone(), tree_of(series));
        let (group, _) = *self.groups.entry(key).or_insert((next, of_bars));
        let next = self.tickers.len();
        let ticker_at = *self.at_ticker.entry(ticker.to_string()).or_insert(next);
        if ticker_at == next {
            self.tickers.push(ticker.to_string());
        }
        let record = one.record.as_ref();
        let exact = record.filter(|record| record.is_exact());
        let day = |nanos: Option<i64>| nanos.map(|nanos| days(time::day(nanos)));
        let (provisional, lost) = match of_bars {
            Some(interval) => (
                provisional.days_within(
                    (ticker, venue, interval),
                    record.and_then(|record| record.first.zip(record.last)),
                )?,
                catalog.lost(ticker, venue, interval),
            ),
            None => (Vec::new(), Vec::new()),
        };
        let begin = record.and_then(|record| record.first).map(time::day);
        let lost = lost.iter().filter_map(|(from, to)| {
            let from = months((*from).or(begin)?);
            Some([from, months(*to) - from + 1])
        });
        let mut provisional: Vec<i32> = provisional.into_iter().map(months).collect();
        provisional.dedup();
        let basis = record.map_or(PriceBasis::Unknown, |record| record.basis);
        let row = vec![
            json!(ticker_at),
            Value::Null,
            json!(place_of(&mut self.states, one.state.as_str())),
            json!(day(record.and_then(|record| record.first))),
            json!(day(record.and_then(|record| record.last))),
            json!(exact.map(|record| record.rows)),
            json!(exact.map(|record| record.files)),
            json!(exact.map(|record| record.bytes)),
            json!(place_of(&mut self.bases, basis.as_str())),
            json!(record.map(held).unwrap_or_default()),
            json!(provisional),
            json!(lost.flatten().collect::<Vec<i32>>()),
        ];
        self.series.push((group, row));
        Ok(())
    }
}

fn place_of(words: &mut Vec<&'static str>, word: &'static str) -> usize {
    words
        .iter()
        .position(|known| *known == word)
        .unwrap_or_else(|| {
            words.push(word);
            words.len() - 1
        })
}

/// Returns what a series is beside its ticker.
fn tree_of(series: &Series) -> String {
    let dataset = series.dataset();
    match (series, interval_of(series)) {
        (Series::Bars { .. }, Some(interval)) => interval.to_string(),
        (_, Some(interval)) => format!("{dataset}_{interval}"),
        _ => dataset.to_string(),
    }
}

/// Returns the months that a series has: first, how many, first, how many. One that is not cut has those between its ends.
fn held(record: &SeriesRecord) -> Vec<i32> {
    let month = |key: &PartitionKey| key.days().map(|(day, _)| months(day));
    let ranges = record.months.iter();
    let ranges = ranges.filter_map(|(first, last)| Some((month(first)?, month(last)?)));
    let mut ranges: Vec<(i32, i32)> = ranges.collect();
    if let (true, true, Some(first), Some(last)) = (
        ranges.is_empty(),
        record.is_legacy,
        record.first,
        record.last,
    ) {
        ranges.push((months(time::day(first)), months(time::day(last))));
    }
    ranges
        .into_iter()
        .flat_map(|(first, last)| [first, last - first + 1])
        .collect()
}

fn days(day: NaiveDate) -> i32 {
    day.num_days_from_ce() - NaiveDate::default().num_days_from_ce()
}

fn months(day: NaiveDate) -> i32 {
    (day.year() - 1970) * 12 + i32::try_from(day.month0()).unwrap_or_default()
}

fn revisions(workspace: &Workspace<'_>, listed: &[Listed]) -> Result<Vec<Value>, InventoryError> {
    let mut venues: Vec<&Venue> = listed
        .iter()
        .filter_map(|one| one.request.venue.as_ref())
        .collect();
    venues.dedup();
    let mut all: Vec<Rewrite> = Vec::new();
    for venue in venues {
        all.extend(latest_rewrites(
            workspace.fs(),
            &workspace.places,
            venue,
            MOST_NAMED,
        )?);
    }
    all.sort_by_key(|one| Reverse(one.at));
    let rows = all.into_iter().take(MOST_NAMED).map(|one| {
        let what = rewritten(&one);
        let at = one.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        json!([at, one.series.to_string(), one.partition.to_string(), what])
    });
    Ok(rows.collect())
}

/// Says what a rewrite did.
fn rewritten(one: &Rewrite) -> String {
    match (one.replaced, one.factor) {
        (_, Some(factor)) => format!("all prices times {factor}"),
        (None, None) => "most values replaced".to_owned(),
        (Some(0), None) => format!("{} taken out", count(one.removed, "row", "rows")),
        (Some(replaced), None) => {
            let replaced = count(replaced, "value", "values");
            match one.removed {
                0 => format!("{replaced} replaced"),
                rows => format!(
                    "{replaced} replaced, {} taken out",
                    count(rows, "row", "rows")
                ),
            }
        }
    }
}

/// Returns the newest cases of the quarantine, and how many there are.
fn quarantine(workspace: &Workspace<'_>) -> Result<(Vec<Value>, usize), InventoryError> {
    let (fs, folder) = (workspace.fs(), &workspace.places.quarantine);
    let mut cases = fs.list(folder)?.unwrap_or_default();
    cases.retain(|entry| entry.kind == Kind::Dir);
    let total = cases.len();
    let mut rows = Vec::new();
    for case in cases.iter().rev().take(MOST_NAMED) {
        let read = fs.read(&folder.join(&case.name).join("reason.json"));
        let reason = match read {
            Ok(Some(bytes)) => serde_json::from_slice::<Value>(&bytes).unwrap_or_default(),
            Ok(None) => Value::Null,
            // One that cannot be read is none that is not there.
            Err(error) => json!({ "reason": error.to_string() }),
        };
        let text = |key: &str| {
            reason
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or("?")
                .to_owned()
        };
        rows.push(json!([case.name, text("file"), text("reason")]));
    }
    Ok((rows, total))
}
