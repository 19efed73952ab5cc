//! Where damaged files and rows without a place go: kept, with the reason, never overwritten.
//!
//! Promises: each case has a folder of its own, `quarantine/<stamp>-<digest8>/` or, for the folder of a series,
//! `quarantine/<run>-series/`, with the bytes and a `reason.json`. Putting the same bytes of the same file away twice changes
//! nothing, and neither does keeping what is kept for the same reason already, by whichever run. Nothing here deletes, except what the
//! setting `corrupt_files = "delete"` orders, and then only after `reason.json` is durable.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::layout::Places;
use crate::lock::LockGuard;
use crate::model::{Digest, DigestWriter, PartitionKey, RunId, StorageRequest};
use crate::sys::atomic::{TempNames, create_dirs, parent, replace_from};
use crate::sys::{Entry, Fs, Kind, Rights, rights_of};

use super::{Damage, StorageError};

/// What is done with a damaged file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CorruptFiles {
    /// It is moved to quarantine: minute bars cannot be downloaded again after a month.
    #[default]
    Quarantine,
    /// It is deleted; its reason is kept.
    Delete,
}

/// A case that was put away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRecord {
    /// The folder of the case.
    pub folder: PathBuf,
    /// The file that was put away, or that the rows came from.
    pub path: PathBuf,
    /// What is wrong.
    pub reason: String,
}

impl QuarantineRecord {
    /// Returns the name of the case.
    pub fn case(&self) -> String {
        let name = self.folder.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// Puts things away on behalf of one run.
#[derive(Debug)]
pub struct Quarantine<'l> {
    fs: &'l dyn Fs,
    held: &'l LockGuard<'l>,
    places: &'l Places,
    run: RunId,
    temps: TempNames,
}

impl<'l> Quarantine<'l> {
    /// Returns the quarantine of a workspace, for the run that holds its lock.
    pub fn new(fs: &'l dyn Fs, held: &'l LockGuard<'l>, places: &'l Places, run: RunId) -> Self {
        Self {
            fs,
            held,
            places,
            temps: TempNames::of(run.clone()),
            run,
        }
    }

    /// Moves a damaged file away, or deletes it if so ordered. A case in which the file has left its place is added to
    /// `told`, whatever the answer is.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn damaged(
        &self,
        damage: &Damage,
        order: CorruptFiles,
        told: &mut Vec<(PartitionKey, QuarantineRecord)>,
    ) -> Result<(), StorageError> {
        let facts = json!({
            "series": damage.request.to_string(),
            "partition": damage.partition.to_string(),
        });
        let case = case_of(self.shown(&damage.path).as_os_str(), &damage.bytes);
        let record = self.open_case(&case, &damage.path, &damage.bytes, &damage.reason, facts)?;
        let gone = self.take_away(damage, order, &record.folder);
        if gone.is_ok() || matches!(self.fs.metadata(&damage.path), Ok(None)) {
            told.push((damage.partition, record));
        }
        gone
    }

    fn take_away(
        &self,
        damage: &Damage,
        order: CorruptFiles,
        folder: &Path,
    ) -> Result<(), StorageError> {
        match order {
            CorruptFiles::Quarantine => self.move_away(damage, folder)?,
            CorruptFiles::Delete => {
                self.fs.remove_file(&damage.path)?;
            }
        }
        Ok(self.fs.sync_dir(parent(&damage.path))?)
    }

    /// The data root may lie on another disk than the quarantine, and between two disks no file can be renamed.
    fn move_away(&self, damage: &Damage, folder: &Path) -> Result<(), StorageError> {
        let target = folder.join(damage.path.file_name().unwrap_or_default());
        if self.renamed(&damage.path, &target)? {
            return Ok(());
        }
        let origin = rights_of(self.fs, &damage.path)?;
        replace_from(self.fs, &self.temps, &target, &damage.bytes, origin)?;
        self.fs.remove_file(&damage.path)?;
        Ok(())
    }

    /// Renames, durably; `false` when the target lies on another disk.
    fn renamed(&self, from: &Path, to: &Path) -> Result<bool, StorageError> {
        match self.fs.rename(from, to) {
            Ok(()) => {
                self.fs.sync_dir(parent(to))?;
                Ok(true)
            }
            Err(error) if error.source.kind() == ErrorKind::CrossesDevices => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts the folder of a series away, with everything in it. Where it lies on another disk it is copied, durably, and the
    /// answer is `false`: then it is still there, and may go.
    ///
    /// # Errors
    /// When the file system refuses; the folder is then where it was.
    pub fn series(
        &self,
        dir: &Path,
        reason: &str,
        request: &StorageRequest,
    ) -> Result<(QuarantineRecord, bool), StorageError> {
        self.held.confirm()?;
        let folder = self.places.quarantine.join(format!("{}-series", self.run));
        create_dirs(self.fs, &self.places.root, &folder)?;
        let document = json!({
            "file": dir.strip_prefix(&self.places.root).unwrap_or(dir).display().to_string(),
            "series": request.to_string(),
            "reason": reason,
            "run": self.run.as_str(),
        });
        let text = serde_json::to_vec_pretty(&document).unwrap_or_default();
        self.tell_reason(&folder, &text, None)?;
        let target = folder.join(dir.file_name().unwrap_or_default());
        let is_moved = self.renamed(dir, &target)?;
        if is_moved {
            self.fs.sync_dir(parent(dir))?;
        } else if self.fs.same_device(parent(dir), &folder)? {
            // Nor could it be moved out of the tree after it was copied, but in pieces, which readers would meet.
            self.fs.remove_file(&folder.join("reason.json"))?;
            self.fs.remove_dir(&folder)?;
            return Err(StorageError::Place {
                path: dir.to_owned(),
                reason: "this disk does not rename folders, as an overlay does not".to_owned(),
            });
        } else {
            self.copy(dir, &target)?;
        }
        let record = QuarantineRecord {
            folder,
            path: dir.to_owned(),
            reason: reason.to_owned(),
        };
        Ok((record, is_moved))
    }

    /// Copies a folder, durably.
    fn copy(&self, from: &Path, to: &Path) -> Result<(), StorageError> {
        create_dirs(self.fs, &self.places.root, to)?;
        for entry in self.fs.list(from)?.unwrap_or_default() {
            let (from, to) = (from.join(&entry.name), to.join(&entry.name));
            match entry.kind {
                Kind::Dir => self.copy(&from, &to)?,
                Kind::File => {
                    let bytes = self.fs.read(&from)?.unwrap_or_default();
                    let origin = rights_of(self.fs, &from)?;
                    replace_from(self.fs, &self.temps, &to, &bytes, origin)?;
                }
                Kind::Link | Kind::Other => {
                    let reason = "it is a link or no file".to_owned();
                    return Err(StorageError::Refused { path: from, reason });
                }
            }
        }
        Ok(())
    }

    /// Keeps bytes beside what becomes of them: an answer that nobody understood, or a file about to lose rows. What an
    /// earlier run kept for the same reason is that case still.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn keep(
        &self,
        origin: &Path,
        file_name: &str,
        bytes: &[u8],
        reason: &str,
        request: Option<&StorageRequest>,
    ) -> Result<QuarantineRecord, StorageError> {
        let facts = json!({ "series": request.map(ToString::to_string) });
        let case = case_of(self.shown(origin).as_os_str(), bytes);
        self.keep_as(&case, origin, file_name, bytes, (reason, facts))
    }

    /// Keeps staged rows of a series. Each run stages them elsewhere, and they are the same case all the same.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn keep_staged(
        &self,
        staged: &Path,
        bytes: &[u8],
        reason: &str,
        request: &StorageRequest,
    ) -> Result<QuarantineRecord, StorageError> {
        let series = request.to_string();
        let case = case_of(OsStr::new(&series), bytes);
        let facts = json!({ "series": series });
        self.keep_as(&case, staged, "rows.parquet", bytes, (reason, facts))
    }

    fn keep_as(
        &self,
        case: &Digest,
        origin: &Path,
        file_name: &str,
        bytes: &[u8],
        (reason, facts): (&str, Value),
    ) -> Result<QuarantineRecord, StorageError> {
        if let Some(folder) = self.kept_before(case, file_name, bytes, reason)? {
            return Ok(QuarantineRecord {
                folder,
                path: origin.to_owned(),
                reason: reason.to_owned(),
            });
        }
        let record = self.open_case(case, origin, bytes, reason, facts)?;
        let kept = record.folder.join(file_name);
        let origin = rights_of(self.fs, origin)?;
        replace_from(self.fs, &self.temps, &kept, bytes, origin)?;
        Ok(record)
    }

    /// Returns the folder in which a run has kept these bytes for this reason; `None` when none has, or they are not whole.
    fn kept_before(
        &self,
        case: &Digest,
        file_name: &str,
        bytes: &[u8],
        reason: &str,
    ) -> Result<Option<PathBuf>, StorageError> {
        let end = format!("-{}", case.short());
        let cases = self.fs.list(&self.places.quarantine)?.unwrap_or_default();
        let is_named = |found: &&Entry| found.kind == Kind::Dir && found.name.ends_with(&end);
        for found in cases.iter().filter(is_named) {
            let folder = self.places.quarantine.join(&found.name);
            let told = self.fs.read(&folder.join("reason.json"))?;
            let told: Option<Value> = told.and_then(|text| serde_json::from_slice(&text).ok());
            let told = told.as_ref().and_then(|told| told.get("reason"));
            if told.and_then(Value::as_str) == Some(reason)
                && self.fs.read(&folder.join(file_name))?.as_deref() == Some(bytes)
            {
                // That run may have ended before its last step.
                self.fs.sync_dir(&folder)?;
                self.fs.sync_dir(&self.places.quarantine)?;
                return Ok(Some(folder));
            }
        }
        Ok(None)
    }

    fn shown<'p>(&self, path: &'p Path) -> &'p Path {
        self.places.shown(path)
    }

    fn tell_reason(
        &self,
        folder: &Path,
        text: &[u8],
        origin: Option<Rights>,
    ) -> Result<(), StorageError> {
        let path = folder.join("reason.json");
        Ok(replace_from(self.fs, &self.temps, &path, text, origin)?)
    }

    /// Returns the SHA-256 of every file that is kept, as text. Of what was deleted on order only the reason is there.
    ///
    /// # Errors
    /// When a folder cannot be listed, or a reason cannot be read.
    pub fn digests(&self) -> Result<BTreeSet<String>, StorageError> {
        let mut digests = BTreeSet::new();
        for case in self.fs.list(&self.places.quarantine)?.unwrap_or_default() {
            let folder = self.places.quarantine.join(&case.name);
            if case.kind != Kind::Dir || self.fs.list(&folder)?.is_none_or(|all| all.len() < 2) {
                continue;
            }
            let text = self.fs.read(&folder.join("reason.json"))?;
            let document: Option<Value> = text.and_then(|text| serde_json::from_slice(&text).ok());
            let digest = document
                .as_ref()
                .and_then(|document| document.get("sha256"));
            digests.extend(digest.and_then(Value::as_str).map(str::to_owned));
        }
        Ok(digests)
    }

    fn open_case(
        &self,
        case: &Digest,
        path: &Path,
        bytes: &[u8],
        reason: &str,
        facts: Value,
    ) -> Result<QuarantineRecord, StorageError> {
        self.held.confirm()?;
        let digest = Digest::of(bytes);
        let shown = self.shown(path);
        let stamp = self.run.as_str().split('-').next().unwrap_or_default();
        let folder = self
            .places
            .quarantine
            .join(format!("{stamp}-{}", case.short()));
        create_dirs(self.fs, &self.places.root, &folder)?;
        let mut document = json!({
            "file": shown.display().to_string(),
            "reason": reason,
            "run": self.run.as_str(),
            "sha256": digest.to_string(),
            "bytes": bytes.len(),
        });
        if let (Some(document), Value::Object(facts)) = (document.as_object_mut(), facts) {
            document.extend(facts);
        }
        let text = serde_json::to_vec_pretty(&document).unwrap_or_default();
        self.tell_reason(&folder, &text, rights_of(self.fs, path)?)?;
        Ok(QuarantineRecord {
            folder,
            path: path.to_owned(),
            reason: reason.to_owned(),
        })
    }
}

/// Returns who a case is. Of the place, too: many files may be damaged in the same way, and each is one of its own.
fn case_of(place: &OsStr, bytes: &[u8]) -> Digest {
    let mut case = DigestWriter::default();
    case.write(place.as_encoded_bytes());
    case.write(b"\0");
    case.write(bytes);
    case.finish()
}
