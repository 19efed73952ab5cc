//! Where a list of symbols is: an address or a path.

use std::fmt;
use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::http::{Http, HttpError};
use crate::source::symbols::{self, Forms, ListError};
use crate::sys::{Fs, FsResult, Rights, rights_of};

/// Where a list is.
pub(super) struct ListOrigin {
    place: Place,
    forms: Forms,
}

enum Place {
    Address(String),
    Path(PathBuf),
}

impl ListOrigin {
    /// Returns the origin that somebody typed; a path is relative to the current directory.
    pub(super) fn typed(text: &str, shell: &Shell<'_>) -> Self {
        Self {
            place: place(text, |path| shell.typed(path.as_ref())),
            forms: Forms::All,
        }
    }

    /// Returns the origin of a table that somebody typed; a plain list is none.
    pub(super) fn typed_table(text: &str, shell: &Shell<'_>) -> Self {
        Self {
            forms: Forms::Tables,
            ..Self::typed(text, shell)
        }
    }

    /// Returns an origin of the settings; a path is relative to the workspace.
    pub(super) fn configured(text: &str, shell: &Shell<'_>) -> Self {
        Self {
            place: place(text, |path| shell.root().join(path)),
            forms: Forms::Tables,
        }
    }

    /// Returns the forms that a list of this origin may have.
    pub(super) fn forms(&self) -> Forms {
        self.forms
    }

    /// Reads the list, or asks the server for it.
    ///
    /// # Errors
    /// When it is not there, or the server does not hand it out.
    pub(super) fn bytes(&self, shell: &Shell<'_>, client: &dyn Http) -> Result<Vec<u8>, Failure> {
        match &self.place {
            Place::Path(path) => shell.world.fs.read(path)?.ok_or_else(|| {
                Failure::new(Exit::Failed, format!("there is no {}", path.display()))
            }),
            Place::Address(url) => symbols::ask(client, url, &shell.world.shutdown)
                .map_err(|error| self.refused(shell, &error)),
        }
    }

    /// Returns who may read the list; `None` for one of a server.
    ///
    /// # Errors
    /// When the file cannot be examined.
    pub(super) fn rights(&self, fs: &dyn Fs) -> FsResult<Option<Rights>> {
        match &self.place {
            Place::Path(path) => rights_of(fs, &fs.resolve(path)?),
            Place::Address(_) => Ok(None),
        }
    }

    /// Returns the failure of a list that is not taken.
    pub(super) fn refused(&self, shell: &Shell<'_>, error: &ListError) -> Failure {
        let (exit, outcome) = match error {
            ListError::Unreachable {
                reason: HttpError::Stopped,
            } => (
                shell
                    .world
                    .shutdown
                    .signal()
                    .map_or(Exit::Failed, Exit::Interrupted),
                "was not fetched",
            ),
            ListError::Unreachable { .. } | ListError::Status { .. } => {
                (Exit::SourceDown, "was not fetched")
            }
            _ => (Exit::Failed, "is refused"),
        };
        Failure::new(exit, format!("{self} {outcome}: {error}"))
    }
}

impl fmt::Display for ListOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Address(url) => f.write_str(url),
            Place::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

fn place(text: &str, absolute: impl FnOnce(&str) -> PathBuf) -> Place {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        Place::Address(text.to_owned())
    } else {
        Place::Path(absolute(text))
    }
}
