//! The mirrors of a workspace, all of them: which ones the settings ask for, where they are, and what they have still.
//!
//! Promises: a mirror that cannot be brought up to date or read is told, and keeps no other from it.

use std::path::PathBuf;

use super::{LastCopies, MirrorError, Mirroring, Place, Report, Standing, Thoroughness, Tree};
use crate::catalog::Catalog;
use crate::inventory::{self, Asked, InventoryError, Known};
use crate::model::{Dataset, Interval, StorageRequest, Venue};
use crate::workspace::Workspace;

/// What became of the mirror of each tree.
pub type Refreshed = Vec<(Tree, Result<Report, MirrorError>)>;
/// How the mirror of each tree stands; `None` when it is not made yet.
pub type Standings = Vec<(Tree, Result<Option<Standing>, MirrorError>)>;

/// Returns the folder of all mirrors.
pub fn root(workspace: &Workspace<'_>) -> PathBuf {
    let settings = workspace.config.settings();
    let chosen = settings.mirror_path.value.as_ref();
    chosen.map_or_else(
        || workspace.places.mirrors(),
        |path| workspace.places.root.join(path),
    )
}

/// Returns the trees that the settings have mirrored.
pub fn switched_on(workspace: &Workspace<'_>) -> Vec<Tree> {
    let mut trees = Vec::new();
    for (venue, source) in workspace.config.settings().sources() {
        trees.extend(of_intervals(venue, source.mirror.value.iter().copied()));
    }
    trees
}

/// Returns the trees of bars of some lengths, with those that come along.
pub fn of_intervals(venue: &Venue, intervals: impl Iterator<Item = Interval>) -> Vec<Tree> {
    let bars = intervals.flat_map(|interval| Tree::of_interval(venue, interval));
    let mut trees: Vec<Tree> = bars.collect();
    if !trees.is_empty() {
        trees.extend(Tree::without_interval(venue));
    }
    trees
}

/// Returns what is known of all series of the venues of trees.
///
/// # Errors
/// When the records cannot be read.
pub fn known_of(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    trees: &[Tree],
) -> Result<Known, InventoryError> {
    let mut venues: Vec<Venue> = trees.iter().map(|tree| tree.venue.clone()).collect();
    venues.dedup();
    let asked = Asked {
        venues,
        ..Asked::default()
    };
    inventory::known(workspace, catalog, &asked)
}

/// Brings mirrors up to date. Under the run lock.
pub fn refresh_each(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    known: &Known,
    trees: &[Tree],
    how: Thoroughness,
) -> Refreshed {
    let root = root(workspace);
    let mirroring = Mirroring {
        workspace,
        fs: workspace.fs(),
        catalog,
        known,
        root: &root,
        has_table: workspace.config.settings().mirror_table.value,
        run: &workspace.runs.next(),
        now: workspace.clock().now(),
    };
    let each = trees.iter();
    each.map(|tree| (tree.clone(), mirroring.refresh(tree, how)))
        .collect()
}

/// Brings the mirrors up to date that the settings ask for, as far as it takes seconds, and returns what somebody should know,
/// as sentences without a period. Under the run lock.
pub fn refresh_all(workspace: &Workspace<'_>, catalog: &Catalog) -> Vec<String> {
    let trees = switched_on(workspace);
    if trees.is_empty() {
        return Vec::new();
    }
    let known = match known_of(workspace, catalog, &trees) {
        Ok(known) => known,
        Err(error) => return vec![format!("no mirror is up to date: {error}")],
    };
    let done = refresh_each(workspace, catalog, &known, &trees, Thoroughness::Light);
    let told = done.into_iter().flat_map(|(tree, done)| match done {
        Ok(report) => [worth_telling(&report), strangers_of(&report)].concat(),
        Err(error) => vec![format!("the mirror of {tree} is not up to date: {error}")],
    });
    told.collect()
}

/// Returns what somebody should know of a refresh that went well.
pub fn worth_telling(report: &Report) -> Vec<String> {
    let mut told = report.told.clone();
    if let Some(reason) = &report.rebuilt {
        told.push(format!(
            "the mirror of {} was made anew, because it was damaged: {reason}",
            report.tree
        ));
    }
    told
}

/// Returns what stands where versions of a mirror do and is none, in words. It does no harm, and is told so that nobody wonders.
pub fn strangers_of(report: &Report) -> Vec<String> {
    let all = report.strangers.iter().map(|path| {
        let path = path.display();
        format!("{path} is no version that barkeep made for this workspace, and stays where it is")
    });
    all.collect()
}

/// Returns how the mirrors stand that the settings ask for. What only comes along with bars, and is not there, is left out.
pub fn standings(workspace: &Workspace<'_>, known: &Known) -> Standings {
    let root = root(workspace);
    let place = Place {
        fs: workspace.fs(),
        root: &root,
    };
    let all = switched_on(workspace).into_iter();
    let all = all.map(|tree| (tree.clone(), place.standing(&tree, known)));
    all.filter(|(tree, found)| tree.dataset == Dataset::Stocks || !matches!(found, Ok(None)))
        .collect()
}

/// Returns the first series of which the mirror of a tree has months that are damaged or gone where they are stored, in words.
///
/// # Errors
/// When the mirror cannot be read: then nobody knows.
pub fn last_copy_in(workspace: &Workspace<'_>, tree: &Tree) -> Result<Option<String>, MirrorError> {
    let root = root(workspace);
    let place = Place {
        fs: workspace.fs(),
        root: &root,
    };
    let Some(version) = place.folder(tree).current()? else {
        return Ok(None);
    };
    let mut series = version.series.iter();
    let kept = series.find(|(_, state)| !state.kept.is_empty());
    Ok(kept.map(|(ticker, state)| {
        let months: Vec<String> = state.kept.iter().map(ToString::to_string).collect();
        format!("{ticker} {}", months.join(" "))
    }))
}

/// Returns what the mirrors of the series that are asked about have still, whether the settings name them or not, and which
/// mirrors could not be read.
///
/// # Errors
/// When nobody can say which mirrors there are, or which series.
pub fn all_last_copies(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    asked: &Asked,
) -> Result<(LastCopies, Vec<String>), InventoryError> {
    let fs = workspace.fs();
    let root = root(workspace);
    let place = Place { fs, root: &root };
    let mut trees = Vec::new();
    let venues = workspace.venues()?.into_iter();
    for venue in venues.filter(|venue| asked.means_venue(venue)) {
        for tree in Tree::all_of(&venue) {
            if fs.metadata(&place.folder(&tree).dir)?.is_some() {
                trees.push(tree);
            }
        }
    }
    let (mut all, mut unread) = (LastCopies::default(), Vec::new());
    if trees.is_empty() {
        return Ok((all, unread));
    }
    let known = inventory::known(workspace, catalog, asked)?;
    let is_wanted = |request: &StorageRequest| asked.means(request);
    for tree in trees {
        let around = (fs, catalog, &known);
        match super::last_copies(workspace, around, &root, &tree, &is_wanted) {
            Ok(found) => {
                all.copies.extend(found.copies);
                all.refused.extend(found.refused);
            }
            Err(error) => unread.push(format!("the mirror of {tree} cannot be read: {error}")),
        }
    }
    Ok((all, unread))
}
