//! Bringing a mirror up to date.
//!
//! Promises: readers get the next state when it is whole and durable, and until then the last one. A mirror that is damaged is
//! made anew, and takes over what only its old files have; one of another workspace or of a later form is left alone. What may be
//! a last copy goes on a person's word only.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::clean::States;
use super::folder::Folder;
use super::left::{Old, rows_left, taken_over};
use super::left_days::days_left;
use super::lost::{LOST, marked};
use super::next::{At, Last, Made};
use super::plan::Effort;
use super::table::Log;
use super::whole::{Files, or_damage};
use super::{MirrorError, Piece, Place, Tree, Version, dropped, keeper, lost_days};
use crate::catalog::Catalog;
use crate::inventory::Known;
use crate::model::{Dataset, RunId, StorageRequest, as_text};
use crate::sys::Fs;
use crate::sys::atomic::TempNames;
use crate::workspace::Workspace;

/// What a mirror has beside the columns of its tree.
pub(super) const INSTANTS: &str = "utc";

/// How thorough a refresh is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// What is new, and what takes seconds beside it.
    Light,
    /// What is new, and all that is due.
    Whole,
    /// All of the tree, whatever the mirror has; refused where that would lose a last copy.
    Anew,
    /// All of the tree: what the tree has lost leaves.
    AnewWithLoss,
}

impl Thoroughness {
    fn is_anew(self) -> bool {
        matches!(self, Self::Anew | Self::AnewWithLoss)
    }

    fn effort(self) -> Effort {
        match self {
            Self::Light => Effort::Light,
            Self::Whole | Self::Anew | Self::AnewWithLoss => Effort::Whole,
        }
    }
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
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The tree.
    #[serde(rename = "mirror", serialize_with = "as_text")]
    pub tree: Tree,
    /// The state that readers take now; `None` where there are no rows.
    pub version: Option<u64>,
    /// How many series it has.
    pub series: usize,
    /// How many series differed; of trades, how many days.
    pub changed: usize,
    /// How many rows.
    pub rows: u64,
    /// How many files.
    pub files: usize,
    /// How many bytes of files are new in it.
    #[serde(rename = "bytes_written")]
    pub written: u64,
    /// How many series have rows that their tree has lost.
    #[serde(rename = "series_with_last_copies")]
    pub kept: usize,
    /// Why it was built anew, if it was damaged.
    pub rebuilt: Option<String>,
    /// What somebody should know.
    #[serde(rename = "warnings")]
    pub told: Vec<String>,
    /// What has the name of a state and is none: it stays.
    pub strangers: Vec<PathBuf>,
}

impl Mirroring<'_, '_> {
    /// Brings the mirror of a tree up to date.
    ///
    /// # Errors
    /// When the mirror is not ours, another process is at it, the disk refuses, rows cannot be encoded, or a last copy would be lost.
    /// Readers have the last state then.
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
        let workspace = keeper::name(fs, &temps, &self.workspace.places, self.run)?;
        let _lock = folder.open(&temps)?;
        let mut before = before((tree, &folder), &table, &temps, &workspace)?;
        keeper::refuse_copy(&folder, &self.workspace.places)?;
        let removed = dropped::last_version(fs, &self.workspace.places, tree)?;
        let number = before.states.next(before.in_table.max(removed));
        // What stays for a reason goes at the end, or is told then.
        let _stays = before.make_room(&folder, &table, (&temps, self.now));
        let at = At {
            tree,
            folder: &folder,
            temps: &temps,
        };
        let made = self.publish(at, &mut before, how, (number, &workspace));
        if made.is_err() {
            before.leave_nothing(&folder, &table, (&workspace, &temps, self.now));
        }
        let mut made = made?;
        let Before {
            mut states,
            last,
            damage,
            ..
        } = before;
        let kept = states.kept(&made.version, self.now);
        if self.has_table {
            made.told.extend(table.follow(&temps, &kept)?);
        } else {
            table.remove(&temps)?;
        }
        keeper::note(&folder, &temps, &self.workspace.places)?;
        folder.note(&temps, self.now)?;
        folder.tidy(&temps, &kept, &mut states)?;
        Ok(Report {
            written: written(&made.version, last.as_ref().filter(|_| !how.is_anew())),
            // Whoever asks for that need not be told why.
            rebuilt: damage.filter(|_| !how.is_anew()),
            told: made.told,
            strangers: states.strangers,
            ..report(tree, Some(&made.version), made.changed)
        })
    }

    /// Makes the next state, and has readers take it if it is another one than the last.
    fn publish(
        &self,
        at: At<'_>,
        before: &mut Before,
        how: Thoroughness,
        (number, workspace): (u64, &str),
    ) -> Result<Made, MirrorError> {
        let mut made = self.make(at, before, how)?;
        if let (Some(last), Some(_)) = (&before.last, &before.damage) {
            // Nobody reads a part of it from now on.
            before.states.give_up(last.number);
            if !made.is_new {
                (made.is_new, made.version.made) = (true, self.now);
            }
        }
        if made.is_new {
            made.version.number = number;
            workspace.clone_into(&mut made.version.workspace);
            at.folder.publish(at.temps, &mut made.version)?;
        }
        Ok(made)
    }

    /// Makes the next state, anew where the last one is damaged, which is noted.
    fn make(
        &self,
        at: At<'_>,
        before: &mut Before,
        how: Thoroughness,
    ) -> Result<Made, MirrorError> {
        let Before {
            states,
            last,
            damage,
            is_sound,
            ..
        } = before;
        let old = match &last {
            Some(last) => Old::of_version(at.folder, last),
            None => Old::of_all(at.folder, states)?,
        };
        let goes_on = Last {
            basis: last.as_ref().filter(|_| *is_sound && !how.is_anew()),
            replaced: None,
        };
        let made = match goes_on.basis {
            Some(_) => self.next_state(at, goes_on, how.effort()),
            None => self.anew(at, &old, how, damage.is_some()),
        };
        let made = match made {
            Err(MirrorError::Damaged { path, reason }) if goes_on.basis.is_some() => {
                *damage = Some(told_of(&path, &reason));
                self.anew(at, &old, how, true)?
            }
            made => made?,
        };
        let has_link = self.fs.metadata(&at.folder.link())?.is_some();
        if !has_link && !made.version.has_last_copies() {
            // Files of a state that readers never had: somebody was stopped.
            *damage = None;
        }
        Ok(made)
    }

    /// Makes a state of all that the tree has, in the place of an old one. What only the files of that have is taken over where they
    /// are damaged, and else refused, unless somebody said that it may go.
    fn anew(
        &self,
        at: At<'_>,
        old: &Old<'_>,
        how: Thoroughness,
        is_damaged: bool,
    ) -> Result<Made, MirrorError> {
        let (tree, folder) = (at.tree, at.folder);
        let refused = |what| {
            let tree = Box::new(tree.clone());
            MirrorError::LastCopy { tree, what }
        };
        let may_lose = how == Thoroughness::AnewWithLoss;
        let is_asked = how == Thoroughness::Anew && !is_damaged;
        if let Some(marked) = old.version.filter(|_| is_asked).and_then(marked) {
            return Err(refused(marked));
        }
        let last = Last {
            replaced: old.version,
            ..Last::default()
        };
        if tree.dataset == Dataset::Trades && is_damaged && !may_lose {
            let left = days_left(self, at, old)?;
            let basis = Some(&left);
            let made = self.next_state(at, Last { basis, ..last }, how.effort())?;
            return Ok(Made {
                is_new: true,
                ..made
            });
        }
        let made = match self.next_state(at, last, how.effort()) {
            Err(MirrorError::Unreadable { request, reason }) if is_asked => {
                return Err(refused(format!("{request}, perhaps: {reason}")));
            }
            made => made?,
        };
        if may_lose {
            return Ok(made);
        }
        let lost = if tree.dataset == Dataset::Trades {
            self.lost_day(at, old, &made.version)?
        } else {
            let origin = self.origin(None);
            let left = rows_left(origin, (tree, folder), old, &made.version)?;
            if is_damaged && !left.is_empty() {
                let changes = taken_over(left, old.version, &made.version);
                return self.taking_over(at, made, changes);
            }
            let first = left.into_values().next();
            first.map(|left| format!("{}{LOST}", left.request))
        };
        lost.map_or(Ok(made), |lost| Err(refused(lost)))
    }

    /// Returns which day of the files of an old state is in none of a new one, nor in the tree, or may not be.
    fn lost_day(
        &self,
        at: At<'_>,
        old: &Old<'_>,
        new: &Version,
    ) -> Result<Option<String>, MirrorError> {
        let Some(version) = old.version else {
            return Ok(None);
        };
        let is_new = |piece: &Piece| new.pieces.iter().any(|of| of.digest == piece.digest);
        let is_meant = |_: &StorageRequest, piece: &Piece| !is_new(piece);
        let around = (at.folder, at.tree);
        let found = lost_days::of_version(self.workspace, around, version, &is_meant)?;
        Ok(found.first())
    }
}

/// What there is before a refresh.
struct Before {
    states: States,
    /// The state that readers have; `None` where there is none, or nobody can read it.
    last: Option<Version>,
    /// What of it is damaged, in words.
    damage: Option<String>,
    /// Whether the next state can go on from it.
    is_sound: bool,
    /// The number of the state that readers of the table have, which may be an older one; 0 where there is no table.
    in_table: u64,
}

impl Before {
    /// Removes what a refresh would remove at its end, so that a full disk has room for the next state. What is damaged may need all
    /// that is there.
    fn make_room(
        &mut self,
        folder: &Folder<'_>,
        table: &Log<'_, '_>,
        (temps, now): (&TempNames, DateTime<Utc>),
    ) -> Result<(), MirrorError> {
        let (Some(last), None) = (&self.last, &self.damage) else {
            return Ok(());
        };
        let mut kept = self.states.kept(last, now);
        if self.in_table == last.number {
            table.forget_but(&kept)?;
        } else if self.in_table > 0 {
            match self.states.get(self.in_table) {
                Some(behind) => kept.push(behind.clone()),
                // Nobody knows which files its readers have.
                None => return Ok(()),
            }
        }
        folder.tidy(temps, &kept, &mut self.states)
    }

    /// Removes what was written of a state that readers did not get, for whatever reason: on a full disk it would keep everybody else
    /// from writing. The reason is what is told, also where something stays.
    fn leave_nothing(
        &mut self,
        folder: &Folder<'_>,
        table: &Log<'_, '_>,
        (workspace, temps, now): (&str, &TempNames, DateTime<Utc>),
    ) {
        let is_first = self.last.is_none() && self.states.numbers().next().is_none();
        let last = self.last.as_ref().map(|last| last.number);
        let (Ok(states), Ok(current)) = (folder.states(Some(workspace)), folder.current()) else {
            return;
        };
        self.states = states;
        let _stays = match current.map(|current| current.number) {
            None if is_first && self.damage.is_none() => folder.tidy(temps, &[], &mut self.states),
            Some(number) if Some(number) == last => self.make_room(folder, table, (temps, now)),
            // Readers have it after all, or it may be needed.
            _ => Ok(()),
        };
    }
}

/// Looks at what there is, of the last state by names and lengths, puts back what of its files can be, and refuses what is another
/// workspace's.
fn before(
    (tree, folder): (&Tree, &Folder<'_>),
    table: &Log<'_, '_>,
    temps: &TempNames,
    workspace: &str,
) -> Result<Before, MirrorError> {
    let states = folder.states(Some(workspace))?;
    let (last, mut damage) = match or_damage(folder.last())? {
        Ok(last) => (last, None),
        Err(damage) => (None, Some(damage)),
    };
    // What nobody can read says by its other states and its table whose it is.
    let is_anothers = match (&last, &damage) {
        (Some(last), _) => last.workspace != workspace,
        (None, Some(_)) => states.are_anothers() || table.is_anothers(workspace)?,
        (None, None) => false,
    };
    if is_anothers {
        let path = folder.dir.clone();
        return Err(MirrorError::Foreign { path });
    }
    let mut is_sound = true;
    if let Some(version) = &last {
        let files = Files { folder, version };
        damage = or_damage(files.refuse_lacking())?.err();
        // What becomes of a day is decided day by day.
        if damage.is_some() && tree.dataset != Dataset::Trades {
            is_sound = or_damage(files.put_back(temps))?.is_ok();
        }
    }
    Ok(Before {
        in_table: table.last()?,
        states,
        last,
        damage,
        is_sound,
    })
}

/// Counts the bytes of the files of a state that the one it goes on from has not.
fn written(made: &Version, basis: Option<&Version>) -> u64 {
    let known: Vec<&Piece> = basis.iter().flat_map(|basis| &basis.pieces).collect();
    let is_written = |piece: &&Piece| !known.iter().any(|old| old.digest == piece.digest);
    let written = made.pieces.iter().filter(is_written);
    written.map(|piece| piece.bytes).sum()
}

fn told_of(path: &Path, reason: &str) -> String {
    format!("{}: {reason}", path.display())
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
