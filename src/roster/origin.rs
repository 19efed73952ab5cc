//! Where a list of symbols is: an address or a path.

use std::fmt;
use std::path::{Path, PathBuf};

use super::RosterError;
use crate::http::Http;
use crate::model::Unclear;
use crate::source::symbols::{self, Forms, ListError};
use crate::sys::{Fs, FsResult, Rights, Shutdown, rights_of};
use crate::workspace::Workspace;

/// Where a list is, and which forms it may have.
#[derive(Clone, Debug)]
pub struct ListOrigin {
    place: Place,
    pub(super) forms: Forms,
}

#[derive(Clone, Debug)]
enum Place {
    Address(String),
    Path(PathBuf),
}

/// Lists that the settings name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownLists {
    /// The symbol directories of Nasdaq Trader.
    Nasdaq,
    /// Copies of them that datahub.io publishes.
    Datahub,
    /// The file of instruments of Xetra.
    Xetra,
}

impl ListOrigin {
    /// Returns the origins of lists that the settings of a workspace name.
    ///
    /// # Errors
    /// `Unclear` when they name none.
    pub fn of_settings(workspace: &Workspace<'_>, lists: KnownLists) -> Result<Vec<Self>, Unclear> {
        let settings = &workspace.config.settings().lists;
        let (key, named) = match lists {
            KnownLists::Nasdaq => ("nasdaq", &settings.nasdaq.value),
            KnownLists::Datahub => ("datahub", &settings.datahub.value),
            KnownLists::Xetra => ("xetra", &settings.xetra.value),
        };
        if named.is_empty() {
            let unclear = Unclear::rows(format!("`lists.{key}` in barkeep.toml names no list"));
            return Err(unclear.hint(format!(
                "name them there: {key} = [\"FILE-or-URL\"] in the table [lists]"
            )));
        }
        let root = &workspace.places.root;
        let of_settings = |named: &String| Self::of(named, root, Forms::Tables);
        Ok(named.iter().map(of_settings).collect())
    }

    /// Returns the origin that a word names; a path is relative to a folder.
    pub fn of(word: &str, folder: &Path, forms: Forms) -> Self {
        let lower = word.to_ascii_lowercase();
        let is_address = ["http://", "https://"]
            .iter()
            .any(|way| lower.starts_with(way));
        let place = if is_address {
            Place::Address(word.to_owned())
        } else {
            Place::Path(folder.join(word))
        };
        Self { place, forms }
    }

    /// Reads the list, or asks the server for it.
    pub(super) fn bytes(
        &self,
        fs: &dyn Fs,
        client: &dyn Http,
        stop: &Shutdown,
    ) -> Result<Vec<u8>, RosterError> {
        match &self.place {
            Place::Path(path) => {
                let path = path.clone();
                fs.read(&path)?.ok_or(RosterError::NoList { path })
            }
            Place::Address(url) => {
                symbols::ask(client, url, stop).map_err(|reason| self.refused(reason))
            }
        }
    }

    /// Returns who may read the list; `None` for one of a server.
    pub(super) fn rights(&self, fs: &dyn Fs) -> FsResult<Option<Rights>> {
        match &self.place {
            Place::Path(path) => rights_of(fs, &fs.resolve(path)?),
            Place::Address(_) => Ok(None),
        }
    }

    /// Returns the error of a list that is not taken.
    pub(super) fn refused(&self, reason: ListError) -> RosterError {
        let origin = self.to_string();
        match reason {
            ListError::Unreachable { .. } | ListError::Status { .. } => {
                RosterError::Unfetched { origin, reason }
            }
            reason => RosterError::Refused { origin, reason },
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HttpError;

    #[test]
    fn an_address_is_asked_for_as_it_stands_and_a_path_is_below_its_folder() {
        for (word, expected) in [
            (
                "https://example.org/list.txt",
                "https://example.org/list.txt",
            ),
            ("HTTP://example.org", "HTTP://example.org"),
            ("list.txt", "/w/list.txt"),
            ("/else/list.txt", "/else/list.txt"),
            ("ftp://example.org", "/w/ftp://example.org"),
        ] {
            let origin = ListOrigin::of(word, Path::new("/w"), Forms::All);

            assert_eq!(origin.to_string(), expected);
        }
    }

    #[test]
    fn what_a_server_keeps_back_is_told_apart_from_what_is_no_list() {
        let origin = ListOrigin::of("https://x", Path::new("/w"), Forms::All);
        let unreachable = |reason| origin.refused(ListError::Unreachable { reason });

        let stopped = unreachable(HttpError::Stopped);
        let told = [
            stopped.to_string(),
            origin
                .refused(ListError::Status { status: 503 })
                .to_string(),
            origin.refused(ListError::Empty).to_string(),
        ];

        assert!(stopped.is_stop());
        assert!(!origin.refused(ListError::Empty).is_stop());
        let begins = [
            "https://x was not fetched: ",
            "https://x was not fetched: ",
            "https://x is refused: ",
        ];
        for (told, begin) in told.iter().zip(begins) {
            assert!(told.starts_with(begin), "{told}");
        }
    }
}
