//! tickers.json during a run: changed in memory, committed with the rows that it speaks of.

use std::path::{Path, PathBuf};

use crate::catalog::{Catalog, CatalogError, LAST_GOOD_FILE};
use crate::model::Digest;
use crate::storage::Document;
use crate::sys::atomic::TempNames;
use crate::sys::{Fs, rights_of};

use super::IngestError;
use crate::workspace::Session;

/// The registry of a workspace, and what of it lies on disk.
#[derive(Debug)]
pub struct Registry {
    catalog: Catalog,
    workspace: PathBuf,
    on_disk: Option<Digest>,
}

impl Registry {
    /// Loads the registry; `None` when the workspace has none.
    ///
    /// # Errors
    /// When it is there and cannot be read or understood.
    pub fn load(fs: &dyn Fs, workspace: &Path) -> Result<Option<Self>, CatalogError> {
        let Some(catalog) = Catalog::load(fs, workspace)? else {
            return Ok(None);
        };
        let bytes = fs.read(&Catalog::path(workspace))?;
        let on_disk = bytes.as_deref().map(Digest::of);
        Ok(Some(Self {
            catalog,
            workspace: workspace.to_owned(),
            on_disk,
        }))
    }

    /// Loads the registry, or returns that of a workspace that has none yet.
    ///
    /// # Errors
    /// As `load`.
    pub fn load_or_empty(fs: &dyn Fs, workspace: &Path) -> Result<Self, CatalogError> {
        let found = Self::load(fs, workspace)?;
        Ok(found.unwrap_or_else(|| Self::empty(workspace)))
    }

    /// Returns the registry of a workspace that has none yet.
    pub fn empty(workspace: &Path) -> Self {
        Self {
            catalog: Catalog::default(),
            workspace: workspace.to_owned(),
            on_disk: None,
        }
    }

    /// Returns what is known.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Returns what is known, to be added to.
    pub fn catalog_mut(&mut self) -> &mut Catalog {
        &mut self.catalog
    }

    /// Takes in what lies on disk, if it is not what this run left there: an interrupted commit was completed, or
    /// somebody edited the file without the lock. What was recorded and not committed yet is forgotten by this, so
    /// rows are recorded after it; all else is asked for again. `false` when nothing had changed.
    ///
    /// # Errors
    /// When the file cannot be read or understood; it is then not written to.
    pub(super) fn refresh(&mut self, fs: &dyn Fs) -> Result<bool, IngestError> {
        let found = fs.read(&Catalog::path(&self.workspace))?;
        if found.is_none() || found.as_deref().map(Digest::of) == self.on_disk {
            return Ok(false);
        }
        drop(found);
        match Self::load(fs, &self.workspace)? {
            Some(fresh) => *self = fresh,
            None => return Ok(false),
        }
        Ok(true)
    }

    /// Replaces the file, if something was recorded. A file that somebody edited meanwhile stays as it is: what
    /// speaks of rows was committed with them.
    ///
    /// # Errors
    /// When the file on disk is damaged, which it then stays, or writing fails.
    pub fn save(&mut self, session: Session<'_>) -> Result<(), IngestError> {
        if !self.catalog.is_changed() {
            return Ok(());
        }
        let bytes = self.catalog.to_bytes();
        if Some(Digest::of(&bytes)) == self.on_disk {
            return Ok(());
        }
        session
            .held
            .confirm()
            .map_err(crate::storage::StorageError::from)?;
        if self.refresh(session.fs)? {
            return Ok(());
        }
        let temps = TempNames::of(session.runs.next());
        Catalog::save(session.fs, &temps, &self.workspace, &bytes)?;
        self.on_disk = Some(Digest::of(&bytes));
        Ok(())
    }

    /// Returns the files that bring the registry on disk up to date, for the group of the rows it speaks of.
    pub(super) fn documents(&self, fs: &dyn Fs) -> Result<Vec<Document>, IngestError> {
        if !self.catalog.is_changed() {
            return Ok(Vec::new());
        }
        let bytes = self.catalog.to_bytes();
        let path = Catalog::path(&self.workspace);
        let found = fs.read(&path)?;
        let found_digest = found.as_deref().map(Digest::of);
        if found_digest == Some(Digest::of(&bytes)) {
            return Ok(Vec::new());
        }
        if found_digest != self.on_disk {
            // Somebody edited it without the lock. What cannot be understood is not overwritten.
            Catalog::load(fs, &self.workspace)?;
        }
        let rights = rights_of(fs, &path)?;
        let newer = Document::new(path, found.as_deref(), bytes);
        let mut files = Vec::new();
        if let Some(found) = found {
            let kept = self.workspace.join(LAST_GOOD_FILE);
            let older = fs.read(&kept)?;
            files.push(Document::new(kept, older.as_deref(), found).from_file(rights));
        }
        files.push(newer);
        Ok(files)
    }

    /// Notes that the files of `documents` were committed.
    pub(super) fn committed(&mut self, files: &[Document]) {
        let path = Catalog::path(&self.workspace);
        if let Some(file) = files.iter().find(|file| file.target == path) {
            self.on_disk = Some(file.new);
        }
    }
}
