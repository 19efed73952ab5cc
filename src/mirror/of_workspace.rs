//! The mirrors of a workspace, all of them: which ones the settings ask for, where they are, and what they have still.
//!
//! Promises: a mirror that cannot be brought up to date or read is told, and keeps no other from it.

use std::path::{Path, PathBuf};

use super::lost::marked;
use super::lost_days;
use super::{
    LastCopies, LostDay, LostDays, LostStill, MirrorError, Mirroring, Place, Report, Standing,
    Thoroughness, Tree,
};
use crate::catalog::Catalog;
use crate::inventory::{self, Asked, InventoryError, Known};
use crate::ledger::Ledgers;
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

/// Returns where the mirrors lie, below the folder of all of them.
pub fn place<'p>(workspace: &'p Workspace<'_>, root: &'p Path) -> Place<'p> {
    let fs = workspace.fs();
    Place { fs, root }
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
pub(super) fn of_intervals(venue: &Venue, intervals: impl Iterator<Item = Interval>) -> Vec<Tree> {
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
    let place = place(workspace, &root);
    let all = switched_on(workspace).into_iter();
    let all = all.map(|tree| (tree.clone(), place.standing(&tree, known)));
    all.filter(|(tree, found)| tree.dataset == Dataset::Stocks || !matches!(found, Ok(None)))
        .collect()
}

/// Returns how all mirrors stand that the settings ask for or that are there: one that somebody made once may have last copies.
///
/// # Errors
/// When nobody can say which mirrors there are.
pub fn all_standings(
    workspace: &Workspace<'_>,
    known: &Known,
) -> Result<Standings, InventoryError> {
    let root = root(workspace);
    let place = place(workspace, &root);
    let mut all = standings(workspace, known);
    for tree in there(workspace, &Asked::default())? {
        if !all.iter().any(|(named, _)| *named == tree) {
            let found = place.standing(&tree, known);
            all.push((tree, found));
        }
    }
    Ok(all)
}

/// Returns the trees of the venues that are asked about whose mirror is there, whether the settings name it or not.
fn there(workspace: &Workspace<'_>, asked: &Asked) -> Result<Vec<Tree>, InventoryError> {
    let root = root(workspace);
    let place = place(workspace, &root);
    let mut trees = Vec::new();
    let venues = workspace.venues()?.into_iter();
    for venue in venues.filter(|venue| asked.means_venue(venue)) {
        for tree in Tree::all_of(&venue) {
            if workspace.fs().metadata(&place.folder(&tree).dir)?.is_some() {
                trees.push(tree);
            }
        }
    }
    Ok(trees)
}

/// Returns the first series of which the mirror of a tree has rows that are damaged or gone where they are stored, or may be, in
/// words; also of those that no refresh has marked yet, so that what is stored is read.
///
/// # Errors
/// When the mirror, or what is stored, cannot be read: then nobody knows.
pub(super) fn last_copy_in(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    tree: &Tree,
) -> Result<Option<String>, MirrorError> {
    let root = root(workspace);
    let fs = workspace.fs();
    let Some(version) = place(workspace, &root).folder(tree).last()? else {
        return Ok(None);
    };
    if let Some(marked) = marked(&version) {
        return Ok(Some(marked));
    }
    let all = |_: &StorageRequest| true;
    if tree.dataset == Dataset::Trades {
        return Ok(lost_days::lost_days(workspace, &root, &tree.venue, &all)?.first());
    }
    let known = known_of(workspace, catalog, std::slice::from_ref(tree))?;
    let found = super::last_copies(workspace, (fs, catalog, &known), &root, tree, &all)?;
    Ok(found.first())
}

/// Returns the days of trades that only mirrors have still, of the feeds that are asked about, and which mirrors could not be read.
///
/// # Errors
/// When nobody can say which mirrors there are.
pub fn all_lost_days(
    workspace: &Workspace<'_>,
    asked: &Asked,
) -> Result<(LostDays, Vec<String>), InventoryError> {
    let root = root(workspace);
    let (mut all, mut unread) = (LostDays::default(), Vec::new());
    let is_wanted = |request: &StorageRequest| asked.means(request);
    let venues = workspace.venues()?.into_iter();
    for venue in venues.filter(|venue| asked.means_venue(venue)) {
        match lost_days::lost_days(workspace, &root, &venue, &is_wanted) {
            Ok(found) => {
                all.days.extend(found.days);
                all.refused.extend(found.refused);
            }
            Err(error) => unread.push(unread_told(&Tree::of_trades(&venue), &error)),
        }
    }
    Ok((all, unread))
}

/// Returns the trades of a day that only its mirror has still, if they are those that were found. The ledgers
/// are those of a run, which reads them once for all days.
///
/// # Errors
/// When the mirror or what is stored cannot be read.
pub fn lost_trades(
    workspace: &Workspace<'_>,
    day: &LostDay,
    ledgers: &Ledgers,
) -> Result<LostStill, MirrorError> {
    lost_days::lost_trades(workspace, &root(workspace), day, ledgers)
}

fn unread_told(tree: &Tree, error: &MirrorError) -> String {
    let way_out = match error {
        MirrorError::Damaged { .. } => {
            "; barkeep mirror makes it anew and takes over what it has still"
        }
        _ => "",
    };
    format!("the mirror of {tree} cannot be read: {error}{way_out}")
}

/// Returns what the mirrors of the series that are asked about have still, but of trades, whether the settings name them or not,
/// and which mirrors could not be read.
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
    let mut trees = there(workspace, asked)?;
    trees.retain(|tree| tree.dataset != Dataset::Trades);
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
            Err(error) => unread.push(unread_told(&tree, &error)),
        }
    }
    Ok((all, unread))
}
