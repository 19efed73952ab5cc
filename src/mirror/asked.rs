//! Mirrors that a person asks for, and what is refused of it: nobody loses rows unawares that only a mirror has still.

use std::path::PathBuf;

use super::of_workspace::{last_copy_in, of_intervals, place, root, switched_on};
use super::{Folder, MirrorError, Tree, Version};
use crate::catalog::Catalog;
use crate::model::{Dataset, Interval, Unclear, Venue};
use crate::sys::atomic::TempNames;
use crate::workspace::Workspace;

/// Which mirrors are asked for; what is empty narrows nothing.
#[derive(Clone, Copy, Debug)]
pub struct AskedMirrors<'a> {
    /// Of these venues.
    pub venues: &'a [Venue],
    /// Of bars of these lengths, also where the settings name none.
    pub intervals: &'a [Interval],
    /// Of trades, and not of bars.
    pub are_of_trades: bool,
}

impl AskedMirrors<'_> {
    /// Tells whether a mirror is asked for by itself, and does not only come along.
    pub fn means(self, tree: &Tree) -> bool {
        let dataset = if self.are_of_trades {
            Dataset::Trades
        } else {
            Dataset::Stocks
        };
        tree.dataset == dataset
    }

    /// Returns the trees that are asked for, with those that come along.
    ///
    /// # Errors
    /// `Unclear` when there are none.
    pub fn trees(self, workspace: &Workspace<'_>) -> Result<Vec<Tree>, Unclear> {
        let mut trees = if self.are_of_trades && !self.venues.is_empty() {
            self.venues.iter().map(Tree::of_trades).collect()
        } else if self.intervals.is_empty() {
            switched_on(workspace)
        } else {
            let venues = match self.venues {
                [] => std::slice::from_ref(workspace.default_venue()),
                venues => venues,
            };
            let of = |venue| of_intervals(venue, self.intervals.iter().copied());
            venues.iter().flat_map(of).collect()
        };
        trees.retain(|tree| self.venues.is_empty() || self.venues.contains(&tree.venue));
        trees.retain(|tree| !self.are_of_trades || tree.dataset == Dataset::Trades);
        if !trees.is_empty() {
            return Ok(trees);
        }
        let mut sources = workspace.config.settings().sources();
        let what = if sources.any(|(_, source)| !source.mirror.value.is_empty()) {
            "the settings have no mirror of that venue"
        } else {
            "the settings name no interval to mirror"
        };
        Err(Unclear::words(what).hint(
            "name an interval: barkeep mirror -i 1d; or set mirror = [\"1d\"] for a source in barkeep.toml",
        ))
    }

    /// Returns the one that is meant where a single one can be.
    ///
    /// # Errors
    /// `Unclear` when several are.
    pub fn only(self, trees: &[Tree]) -> Result<&Tree, Unclear> {
        let mut meant = trees.iter().filter(|tree| self.means(tree));
        match (meant.next(), meant.next()) {
            (Some(tree), None) => Ok(tree),
            _ => Err(
                Unclear::words("several mirrors are meant, and --path is of one").hint(
                    "name its venue and interval: barkeep mirror --path --venue us:yahoo -i 1d",
                ),
            ),
        }
    }
}

/// Says that the mirror of a tree, of those that were asked for, is not there.
pub fn absent(tree: &Tree, asked: &[Tree]) -> Unclear {
    let unclear = Unclear::rows(format!("there is no mirror of {tree}"));
    let options = options(tree, asked);
    unclear.hint(format!("make it: barkeep mirror {options}"))
}

/// Returns what mends the mirror of a tree, of those that were asked for, whether the settings name it or not.
pub fn mending(tree: &Tree, asked: &[Tree]) -> String {
    let options = options(tree, asked);
    format!("make it anew: barkeep mirror --full {options}")
}

/// Returns the options by which a mirror is meant. What comes along with bars has no interval of its own.
fn options(tree: &Tree, asked: &[Tree]) -> String {
    let mut of_venue = asked.iter().filter(|one| one.venue == tree.venue);
    let interval = tree.interval.or(of_venue.find_map(|one| one.interval));
    let of = match interval {
        _ if tree.dataset == Dataset::Trades => " --trades".to_owned(),
        Some(interval) => format!(" -i {interval}"),
        None => String::new(),
    };
    format!("--venue {}{of}", tree.venue)
}

/// Refuses to lose rows that only a mirror has still, also where nobody can say whether there are any.
///
/// # Errors
/// `Unclear` when there are some, or may be.
pub fn refuse_last_copies(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    trees: &[Tree],
) -> Result<(), Unclear> {
    for tree in trees {
        match last_copy_in(workspace, catalog, tree) {
            Ok(None) => {}
            Ok(Some(series)) => {
                let unclear = format!("the mirror of {tree} has the last copy of {series}");
                return Err(Unclear::words(unclear).hint(
                    "put it back: barkeep check --repair; or lose it: the same command with --yes",
                ));
            }
            Err(error) => {
                let unclear =
                    format!("the mirror of {tree} may have the last copy of something: {error}");
                return Err(Unclear::words(unclear)
                    .hint("what it has is lost by the same command with --yes"));
            }
        }
    }
    Ok(())
}

/// Removes the mirror of a tree, and returns what stays where it is, since nobody made it; `None` when there is no mirror.
///
/// # Errors
/// When it is another workspace's, or cannot be removed.
pub fn drop_mirror(
    workspace: &Workspace<'_>,
    tree: &Tree,
) -> Result<Option<Vec<PathBuf>>, MirrorError> {
    let temps = TempNames::of(workspace.runs.next());
    let root = root(workspace);
    let folder = place(workspace, &root).folder(tree);
    folder.drop(&temps, tree, &workspace.places)
}

/// Returns where readers find the rows of a ticker in a state of a mirror, or of all tickers: a folder or its files.
pub fn paths(
    folder: &Folder<'_>,
    version: &Version,
    name: Option<&str>,
    are_of_trades: bool,
) -> Vec<PathBuf> {
    if name.is_none() && version.is_linked {
        return vec![folder.version_dir(version.number)];
    }
    // Which instruments were traded no list says, but between which they lie.
    let is_absent = |name: &str| !are_of_trades && !version.series.contains_key(name);
    if name.is_some_and(is_absent) {
        return Vec::new();
    }
    let files = version.files_of(name);
    files.map(|piece| folder.path_of(version, piece)).collect()
}
