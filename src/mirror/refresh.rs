//! Bringing a mirror up to date.
//!
//! Promises: readers get the next state when it is whole and durable, and until then the last one. A mirror that is damaged is
//! built anew; one of another workspace or of a later form is left alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::build::{Builder, Zones};
use super::changes::{Change, Changes, Rows, Sizes, find};
use super::days;
use super::folder::Folder;
use super::plan::{Effort, due};
use super::read::{Origin, Unread};
use super::table::Log;
use super::{MirrorError, Piece, Place, Tree, Version};
use crate::catalog::Catalog;
use crate::codec::Scans;
use crate::frame::Profile;
use crate::inventory::Known;
use crate::layout::Places;
use crate::model::{Dataset, RunId};
use crate::storage::compression_for;
use crate::sys::atomic::{self, TempNames, create_dirs};
use crate::sys::{Fs, FsResult};
use crate::workspace::Workspace;

/// What a mirror has beside the columns of its tree.
pub(super) const INSTANTS: &str = "utc";
/// Where a workspace keeps the name by which its mirrors know it.
const NAME: &str = "mirror-id";

/// How thorough a refresh is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// What is new, and what takes seconds beside it.
    Light,
    /// What is new, and all that is due.
    Whole,
    /// All of the tree, whatever the mirror has: what the tree has lost leaves.
    Anew,
}

/// What bringing mirrors up to date takes. The caller holds the run lock, so that no rows change meanwhile.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Mirroring<'m, 's> {
    pub workspace: &'m Workspace<'s>,
    pub fs: &'m dyn Fs,
    /// tickers.json.
    pub catalog: &'m Catalog,
    /// What is known of all series of the venue.
    pub known: &'m Known,
    /// The folder of all mirrors.
    pub root: &'m Path,
    /// Whether the files are a table, too.
    pub has_table: bool,
    pub run: &'m RunId,
    /// The moment.
    pub now: DateTime<Utc>,
}

/// What a refresh did.
#[derive(Clone, Debug)]
pub struct Report {
    /// The tree.
    pub tree: Tree,
    /// The state that readers take now; `None` where there are no rows.
    pub version: Option<u64>,
    /// How many series differed; of trades, how many days.
    pub changed: usize,
    /// How many series it has.
    pub series: usize,
    /// How many rows.
    pub rows: u64,
    /// How many files.
    pub files: usize,
    /// How many bytes of files are new in it.
    pub written: u64,
    /// How many series have rows that their tree has lost.
    pub kept: usize,
    /// Why it was built anew, if it was damaged.
    pub rebuilt: Option<String>,
    /// What somebody should know.
    pub told: Vec<String>,
    /// What has the name of a state and is none: it stays.
    pub strangers: Vec<PathBuf>,
}

impl Mirroring<'_, '_> {
    /// Brings the mirror of a tree up to date.
    ///
    /// # Errors
    /// When the mirror is not ours, another process is at it, the disk refuses, or rows cannot be encoded. Readers have the last
    /// state then.
    pub fn refresh(&self, tree: &Tree, how: Thoroughness) -> Result<Report, MirrorError> {
        let (fs, root) = (self.fs, self.root);
        if root.starts_with(&self.workspace.places.data) {
            let path = root.to_owned();
            return Err(MirrorError::AmongData { path });
        }
        let folder = Place { fs, root }.folder(tree);
        let table = Log::of(&folder, tree);
        let is_known = |request| tree.holds(request);
        let has_series =
            self.known.records.keys().any(is_known) || self.known.unrecorded.iter().any(is_known);
        if !has_series && fs.metadata(&folder.dir)?.is_none() {
            return Ok(report(tree, None, 0));
        }
        let temps = TempNames::of(self.run.clone());
        let workspace = self.name(&temps)?;
        let _lock = folder.open(&temps)?;
        let (last, mut rebuilt) = match folder.current() {
            Ok(last) => (last, None),
            Err(MirrorError::Damaged { path, reason }) => {
                (None, Some(format!("{}: {reason}", path.display())))
            }
            Err(error) => return Err(error),
        };
        if last
            .as_ref()
            .is_some_and(|last| last.workspace != workspace)
        {
            return Err(MirrorError::Foreign { path: folder.dir });
        }
        let basis = last.as_ref().filter(|_| how != Thoroughness::Anew);
        let replaced = last.as_ref().filter(|_| how == Thoroughness::Anew);
        let effort = match how {
            Thoroughness::Light => Effort::Light,
            Thoroughness::Whole | Thoroughness::Anew => Effort::Whole,
        };
        let states = folder.states(Some(&workspace))?;
        let made = match self.next(tree, &folder, &temps, Last { basis, replaced }, effort) {
            Err(MirrorError::Damaged { path, reason }) if basis.is_some() => {
                rebuilt = Some(format!("{}: {reason}", path.display()));
                self.next(tree, &folder, &temps, Last::default(), effort)
            }
            made => made,
        };
        let mut made = made?;
        if made.is_new {
            made.version.number = states.next(table.last()?);
            made.version.workspace = workspace;
            folder.publish(&temps, &mut made.version)?;
        }
        let kept = states.kept(&made.version, self.now);
        if self.has_table {
            made.told.extend(table.follow(&temps, &kept)?);
        } else {
            table.remove(&temps)?;
        }
        folder.note(&temps, self.now)?;
        folder.tidy(&temps, &kept, &states)?;
        let known: Vec<_> = basis.iter().flat_map(|basis| &basis.pieces).collect();
        let is_written = |piece: &&Piece| !known.iter().any(|old| old.digest == piece.digest);
        let written = made.version.pieces.iter().filter(is_written);
        Ok(Report {
            written: written.map(|piece| piece.bytes).sum(),
            rebuilt,
            told: made.told,
            strangers: states.strangers,
            ..report(tree, Some(&made.version), made.changed)
        })
    }

    /// Makes the next state, of which only the files are written.
    fn next(
        &self,
        tree: &Tree,
        folder: &Folder<'_>,
        temps: &TempNames,
        Last { basis, replaced }: Last<'_>,
        effort: Effort,
    ) -> Result<Made, MirrorError> {
        if tree.dataset == Dataset::Trades {
            return days::next(self, (tree, folder), temps, Last { basis, replaced });
        }
        let usual = Profile::of(tree.dataset);
        let profile = basis
            .map(|basis| folder.profile(basis, usual))
            .transpose()?;
        let mut origin = Origin {
            workspace: self.workspace,
            catalog: self.catalog,
            fs: self.fs,
            profile: profile.flatten(),
        };
        // Every file is looked at for it: once a day, and where a person asks.
        let is_first = basis.is_some_and(|last| last.made.date_naive() != self.now.date_naive());
        let sizes = if is_first || effort == Effort::Whole {
            Sizes::Compared
        } else {
            Sizes::Trusted
        };
        let Changes {
            of_series: mut changes,
            mut told,
            mark,
        } = find(origin, (tree, folder), self.known, basis, sizes)?;
        let mut version = basis.cloned().unwrap_or_else(|| nothing(self.now));
        let changed = changes.len();
        // A mark that moved on alone is no reason for a new state: what is behind it is looked through again.
        if changes.is_empty() && basis.is_some() {
            return Ok(Made {
                version,
                is_new: false,
                changed,
                told,
            });
        }
        if origin.profile.is_none() {
            origin.profile = profile_of(origin, &changes)?;
        }
        let zones = version.series.iter();
        let zones = zones.filter_map(|(ticker, state)| Some((ticker.clone(), state.zone.clone()?)));
        let mut zones: Zones = zones.collect();
        let builder = Builder {
            origin,
            folder,
            temps,
            profile: usual,
            scans: scans(tree, &changes),
            replaced,
        };
        let fresh: u64 = changes.iter().map(fresh).sum();
        let mut pieces = std::mem::take(&mut version.pieces);
        for tier in due(&pieces, fresh, version.series.len() as u64, effort) {
            pieces = builder.move_down(pieces, tier, &mut zones)?;
        }
        version.pieces = builder.apply(pieces, &mut changes, &mut zones, &mut told)?;
        for change in changes {
            match change.state {
                Some(state) => version.series.insert(change.ticker, state),
                None => version.series.remove(&change.ticker),
            };
        }
        (version.made, version.mark) = (self.now, mark);
        Ok(Made {
            version,
            is_new: true,
            changed,
            told,
        })
    }

    /// Returns the name by which mirrors know the workspace, and gives it one first if it has none.
    fn name(&self, temps: &TempNames) -> FsResult<String> {
        let places = &self.workspace.places;
        if let Some(name) = name_of(self.fs, places)? {
            return Ok(name);
        }
        create_dirs(self.fs, &places.root, &places.state)?;
        let name = self.run.to_string();
        let path = places.state.join(NAME);
        atomic::replace(self.fs, temps, &path, name.as_bytes())?;
        Ok(name)
    }
}

/// Returns the name by which mirrors know a workspace; `None` when it has none.
pub(super) fn name_of(fs: &dyn Fs, places: &Places) -> FsResult<Option<String>> {
    let bytes = fs.read(&places.state.join(NAME))?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// The last state.
#[derive(Clone, Copy, Default)]
pub(super) struct Last<'l> {
    /// Where the next one goes on from it.
    pub(super) basis: Option<&'l Version>,
    /// Where the next one is made without it, though nothing is wrong with it.
    pub(super) replaced: Option<&'l Version>,
}

/// The next state.
pub(super) struct Made {
    pub(super) version: Version,
    /// Whether it is another one than the last.
    pub(super) is_new: bool,
    pub(super) changed: usize,
    pub(super) told: Vec<String>,
}

/// A state without any rows.
pub(super) fn nothing(now: DateTime<Utc>) -> Version {
    Version {
        number: 0,
        made: now,
        workspace: String::new(),
        is_linked: true,
        mark: None,
        pieces: Vec::new(),
        series: BTreeMap::new(),
    }
}

/// Returns what the rows of a first state are: those of the first series that has any, as the first file of a tree says what
/// the others are.
fn profile_of(
    origin: Origin<'_, '_>,
    changes: &[Change],
) -> Result<Option<&'static Profile>, MirrorError> {
    for change in changes {
        match origin.whole(&change.request) {
            Ok(Some(read)) if !read.frame.is_empty() => return Ok(Some(read.frame.profile())),
            Err(Unread::Failed(error)) => return Err(error.into()),
            Ok(_) | Err(Unread::Refused(_) | Unread::Unreadable(_)) => {}
        }
    }
    Ok(None)
}

fn scans(tree: &Tree, changes: &[Change]) -> Scans<'static> {
    let minutes = tree.interval.and_then(crate::model::Interval::minutes);
    let is_fine = minutes.is_some_and(|minutes| minutes <= 30);
    let compression = changes
        .first()
        .map(|change| compression_for(&change.request, None));
    Scans {
        instants: INSTANTS,
        has_repeating_prices: is_fine,
        compression: compression.unwrap_or_default(),
    }
}

/// Rows that come into the newest files.
fn fresh(change: &Change) -> u64 {
    match &change.rows {
        Rows::Here(rows, _) => rows.len() as u64,
        Rows::Later if change.is_new => change.estimate,
        Rows::Later | Rows::None => 0,
    }
}

fn report(tree: &Tree, version: Option<&Version>, changed: usize) -> Report {
    let pieces = version.map_or(&[][..], |version| &version.pieces);
    let series = version.iter().flat_map(|version| version.series.values());
    Report {
        tree: tree.clone(),
        version: version.map(|version| version.number),
        changed,
        series: version.map_or(0, |version| version.series.len()),
        rows: pieces.iter().map(|piece| piece.rows).sum(),
        files: pieces.len(),
        written: 0,
        kept: series.filter(|series| !series.kept.is_empty()).count(),
        rebuilt: None,
        told: Vec::new(),
        strangers: Vec::new(),
    }
}
