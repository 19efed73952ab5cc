//! A file that appears when it is whole.
//!
//! Promises: until `keep` returns, the file has a hidden name beside its place, and what stood there is as it was; what came there
//! meanwhile is replaced only where that was allowed. An export that fails, is stopped by a signal or meets a full disk leaves
//! nothing. One that is killed leaves the hidden file, which `leftovers` names and nobody reads. After `keep` the file survives
//! power loss.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::sys::atomic::parent;
use crate::sys::{Access, Fs, FsError, FsFile, FsResult, Kind, locked};

/// How much is collected before the system is asked to take it.
const BUFFER: usize = 1 << 18;

/// What the hidden name ends with, but for the letters that make it another one each time.
const MARK: &str = ".export-";

/// What the system said when it took no more, for those who are told only that it did not.
#[derive(Clone, Debug, Default)]
pub struct Unsaid(Arc<Mutex<Option<FsError>>>);

impl Unsaid {
    /// Returns what the system said, once.
    pub fn take(&self) -> Option<FsError> {
        locked(&self.0).take()
    }

    fn keep(&self, error: FsError) -> io::Error {
        let told = io::Error::from(error.source.kind());
        *locked(&self.0) = Some(error);
        told
    }
}

/// What becomes of a file that has the name by the time when a draft is to have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfTaken {
    /// It stays, and the draft goes.
    Refuse,
    /// The draft takes its place.
    Replace,
}

/// A file that is being written.
#[derive(Debug)]
pub struct Draft<'f> {
    fs: &'f dyn Fs,
    target: PathBuf,
    if_taken: IfTaken,
    /// The hidden file; `None` once it has its name.
    temp: Option<tempfile::TempPath>,
    file: Box<dyn FsFile>,
    buffer: Vec<u8>,
    unsaid: Unsaid,
}

impl<'f> Draft<'f> {
    /// Begins a file that will have the name `target`, and the rights of the one that it replaces.
    ///
    /// # Errors
    /// When something else than a file stands there, or nothing can be made beside it.
    pub fn begin(fs: &'f dyn Fs, target: &Path, if_taken: IfTaken) -> FsResult<Self> {
        let access = Access::at(fs, target, None)?;
        let prefix = prefix(target);
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        let unsaid = Unsaid::default();
        let made = builder.make_in(parent(target), |path| {
            let made = fs.create_new(path, access);
            made.map_err(|error| unsaid.keep(error))
        });
        let made = made.map_err(|error| {
            let said = unsaid.take();
            said.unwrap_or_else(|| FsError::at("create a file beside", target)(error))
        })?;
        let (file, temp) = made.into_parts();
        Ok(Self {
            fs,
            target: target.to_owned(),
            if_taken,
            temp: Some(temp),
            file,
            buffer: Vec::with_capacity(BUFFER),
            unsaid,
        })
    }

    /// Returns the place in which the first error of the system is kept.
    pub fn unsaid(&self) -> Unsaid {
        self.unsaid.clone()
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When the system refuses, or the name is taken (`is_taken`) and not given up; then the draft is gone, and what stood there is
    /// as it was. If only the last sync of the folder failed, the file is there already, and a power cut may take it back.
    pub fn keep(mut self) -> FsResult<()> {
        self.pass_on()?;
        self.file.sync()?;
        if let Some(temp) = &self.temp {
            match self.if_taken {
                IfTaken::Refuse => self.fs.rename_new(temp, &self.target)?,
                IfTaken::Replace => self.fs.rename(temp, &self.target)?,
            }
        }
        if let Some(mut temp) = self.temp.take() {
            temp.disable_cleanup(true);
        }
        self.fs.sync_dir(parent(&self.target))
    }

    fn pass_on(&mut self) -> FsResult<()> {
        if !self.buffer.is_empty() {
            self.file.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}

impl Write for Draft<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on().map_err(|error| self.unsaid.keep(error))
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if let Some(mut temp) = self.temp.take() {
            // Through the same door through which it was made; whoever finds it later is told.
            temp.disable_cleanup(true);
            let _removed: FsResult<bool> = self.fs.remove_file(&temp);
        }
    }
}

fn prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}{MARK}")
}

/// Returns what killed exports left beside a target.
///
/// # Errors
/// When the folder cannot be listed.
pub fn leftovers(fs: &dyn Fs, target: &Path) -> FsResult<Vec<PathBuf>> {
    let prefix = prefix(target);
    let dir = parent(target);
    let entries = fs.list(dir)?.unwrap_or_default().into_iter();
    let left = entries.filter(|entry| entry.kind == Kind::File && entry.name.starts_with(&prefix));
    Ok(left.map(|entry| dir.join(entry.name)).collect())
}
