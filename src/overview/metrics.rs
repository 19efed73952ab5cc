//! What a run leaves to a monitoring system: all that is told, gathered, and whether it may stand where somebody wants it.

use std::path::Path;

use super::textfile::{BEGINS, Outcome, render};
use super::{RequestCount, RequestWeek, SeriesStatus, Standing, survey};
use crate::backlog::{self, FeedMinutes, Owed};
use crate::catalog::Catalog;
use crate::gaps::read_books;
use crate::inventory::{self, Asked, Known};
use crate::mirror;
use crate::sys::atomic;
use crate::sys::{Access, Fs, FsResult, is_dir};
use crate::workspace::Workspace;

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// How long it took.
    pub seconds: f64,
    /// The exit code.
    pub exit_code: u8,
    /// Bars that were stored by all runs of the workspace.
    pub bars_total: u64,
}

/// What the registry tells of.
#[derive(Default)]
struct Registered {
    standing: Standing,
    requests: Vec<RequestWeek>,
    known: Known,
    lost: Vec<usize>,
}

/// Returns the text of the file of metrics. What cannot be read was told by the run.
pub fn metrics(workspace: &Workspace<'_>, ended: Ended) -> String {
    // What a damaged registry knows cannot be told; that it is damaged is the exit code.
    let catalog = workspace.catalog().ok().flatten();
    let registered = catalog.map(|catalog| Registered::of(workspace, &catalog));
    let registered = registered.unwrap_or_default();
    let mirrors = mirror::standings(workspace, &registered.known).into_iter();
    let mirrors: Vec<_> = mirrors
        .map(|(tree, found)| (tree, found.ok().flatten()))
        .collect();
    let (disk, now) = ((workspace.fs(), &workspace.places), workspace.clock().now());
    let feeds = FeedMinutes::recent(workspace.view(), disk, now).ok();
    render(&Outcome {
        now,
        seconds: ended.seconds,
        exit_code: ended.exit_code,
        bars_total: ended.bars_total,
        series: &registered.standing.series,
        unserved: &registered.standing.unserved,
        requests: &registered.requests,
        sizes: &inventory::sizes(&registered.known),
        mirrors: &mirrors,
        lost: &registered.lost,
        feeds: feeds.as_ref(),
    })
}

impl Registered {
    fn of(workspace: &Workspace<'_>, catalog: &Catalog) -> Self {
        let standing = survey(workspace, catalog).unwrap_or_default();
        let known = inventory::known(workspace, catalog, &Asked::default());
        Self {
            lost: lost(workspace, catalog, &standing.series),
            standing,
            requests: RequestCount::of(workspace).read_weeks(catalog, workspace.view()),
            known: known.unwrap_or_default(),
        }
    }
}

/// Returns how many sessions of each of the series were lost.
fn lost(workspace: &Workspace<'_>, catalog: &Catalog, series: &[SeriesStatus]) -> Vec<usize> {
    let owed = Owed {
        view: workspace.view(),
        catalog,
        now: workspace.clock().now(),
    };
    let of = |one: &SeriesStatus| {
        let (venue, interval) = (&one.venue, one.interval);
        let books = read_books(workspace.fs(), &workspace.places, [venue], &[interval]);
        backlog::lost_sessions(&owed, &books.unwrap_or_default(), (venue, interval))
    };
    series.iter().map(of).collect()
}

/// Tells why a file of metrics will not be written, as far as that can be seen.
pub fn obstacle_to_metrics(fs: &dyn Fs, path: &Path) -> Option<String> {
    let folder = atomic::parent(path);
    let foreseen = Access::at(fs, path, None)
        .and_then(|_| fs.resolve(folder))
        .and_then(|real| is_dir(fs, &real));
    match foreseen {
        Ok(_) => no_metrics(fs, path).ok().flatten(),
        Err(error) => Some(error.to_string()),
    }
}

/// Tells what lies in the place of a file of metrics, if it is none: a month, the registry, the settings, which is not overwritten
/// for a slip of the hand.
///
/// # Errors
/// When it cannot be read.
pub fn no_metrics(fs: &dyn Fs, path: &Path) -> FsResult<Option<String>> {
    let lies = fs.read(path)?.unwrap_or_default();
    let is_other = !lies.is_empty() && !lies.starts_with(BEGINS.as_bytes());
    Ok(is_other.then(|| format!("{} is no file of metrics", path.display())))
}
