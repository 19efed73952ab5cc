//! The fixed places of a workspace.

use std::path::{Path, PathBuf};

use crate::model::{Digest, RunId, Venue};

/// The folders of a workspace in which barkeep keeps what is its own. Nothing in them is anybody's input.
pub const OWN_FOLDERS: [&str; 6] = [
    "data",
    "mirror",
    "partition-staging",
    "quarantine",
    "state",
    "vault",
];

/// Where a workspace keeps what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The workspace itself.
    pub root: PathBuf,
    /// The data root; may lie on another file system.
    pub data: PathBuf,
    /// Staged runs, on the data root's file system: one of the two below.
    pub staging: PathBuf,
    /// Staged files that belong beside tickers.json, on the workspace's file system.
    pub home_staging: PathBuf,
    /// Staged runs where `data` is a file system of its own. What was staged while it was none lies in `home_staging`, and
    /// the other way round, so whoever looks for leftovers looks at both. `None` for runs that must not touch the data root.
    pub data_staging: Option<PathBuf>,
    /// Damaged files and undecodable answers.
    pub quarantine: PathBuf,
    /// Journals, marks and ledgers.
    pub state: PathBuf,
}

impl Places {
    /// Returns the places of the workspace `root`; `data_elsewhere` tells that `data` is on another file system.
    pub fn of(root: &Path, data_elsewhere: bool) -> Self {
        let data = root.join("data");
        let home_staging = root.join("partition-staging");
        let data_staging = data.join(".partition-staging");
        let staging = if data_elsewhere {
            data_staging.clone()
        } else {
            home_staging.clone()
        };
        Self {
            root: root.to_owned(),
            data,
            staging,
            home_staging,
            data_staging: Some(data_staging),
            quarantine: root.join("quarantine"),
            state: root.join("state"),
        }
    }

    /// Returns a path as people are told it: below the workspace where it lies in it.
    pub fn shown<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    /// Returns the folders in which runs may be staged, whichever is used now.
    pub fn stagings(&self) -> impl Iterator<Item = &Path> {
        let both = [Some(&self.home_staging), self.data_staging.as_ref()];
        both.into_iter().flatten().map(PathBuf::as_path)
    }

    /// Returns the folders that a run may have, whether they are there or not.
    pub fn run_dirs(&self, run: &RunId) -> impl Iterator<Item = PathBuf> {
        self.stagings().map(|staging| staging.join(run.as_str()))
    }

    /// Returns the same places for runs that must not touch the data root: they are staged in the workspace.
    #[must_use]
    pub fn without_disk(&self) -> Self {
        Self {
            data_staging: None,
            ..Self::of(&self.root, false)
        }
    }

    /// Returns the folder of the mirrors, where nobody chose another one.
    pub fn mirrors(&self) -> PathBuf {
        self.root.join("mirror")
    }

    /// Returns the folder of downloads as they were received.
    pub fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }

    /// Returns the file of what the source of a venue learned of its server.
    pub fn learned(&self, venue: &Venue) -> PathBuf {
        let name = format!("{}.{}", venue.market.as_str(), venue.source.as_str());
        self.state.join("learned").join(name)
    }

    /// Returns the folder of all ledgers.
    pub fn ledgers(&self) -> PathBuf {
        self.state.join("ledger")
    }

    /// Returns the folder of the ledger of a venue.
    pub fn ledger(&self, venue: &Venue) -> PathBuf {
        self.ledgers()
            .join(venue.market.as_str())
            .join(venue.source.as_str())
    }

    /// Returns the folder of the aliases of tickers.
    pub fn aliases(&self) -> PathBuf {
        self.state.join("aliases")
    }

    /// Returns where the last accepted list of symbols of an origin is kept; the origin is an address or a path.
    pub fn list(&self, origin: &str) -> PathBuf {
        let last = origin.rsplit(['/', '\\']).next().unwrap_or_default();
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let readable: String = last.chars().filter(is_plain).take(40).collect();
        let digest = Digest::of(origin.as_bytes()).short();
        self.state
            .join("lists")
            .join(format!("{digest}-{readable}"))
    }
}
