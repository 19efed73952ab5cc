//! What of a folder was not understood, told once for a run.
//!
//! Promises: a file that was taken for a series is never named here; one that holds no bars by its own reason always is. One
//! that nobody asked for is named only when a ticker had no file: it may be the one that was meant.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use super::index::{Found, Index};
use super::name;
use crate::model::Ticker;
use crate::sys::locked;

/// How many files are named.
const MOST_NAMED: usize = 10;

/// What the fetches of a run have seen.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Paths as they are listed, each in one way: comparing these byte by byte is quicker than part by part.
    taken: HashSet<OsString>,
    reasons: BTreeMap<PathBuf, String>,
    unknown: BTreeSet<String>,
}

impl Seen {
    /// Notes that a file serves a series, or that its ticker tells why it does not.
    pub(super) fn take(&self, path: &Path) {
        self.known().taken.insert(path.as_os_str().to_owned());
    }

    /// Notes why a file serves none.
    pub(super) fn refuse(&self, path: &Path, reason: &str) {
        self.known()
            .reasons
            .insert(path.to_owned(), reason.to_owned());
    }

    /// Notes that there is no file of a ticker.
    pub(super) fn miss(&self, ticker: &Ticker) {
        self.known().unknown.insert(name::fold(ticker.as_str()));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        locked(&self.0)
    }

    /// Returns a sentence about the files below `root` that were not understood, without a period; `None` when all were.
    pub(super) fn sentence(&self, index: &Index, root: &Path) -> Option<String> {
        let known = self.known();
        let mut reasons: BTreeMap<&Path, String> = index
            .strangers()
            .iter()
            .map(|(path, reason)| (path.as_path(), reason.clone()))
            .collect();
        reasons.extend(
            known
                .reasons
                .iter()
                .map(|(path, reason)| (path.as_path(), reason.clone())),
        );
        if !known.unknown.is_empty() {
            for found in index.files() {
                reasons.entry(&found.path).or_insert_with(|| unasked(found));
            }
        }
        reasons.retain(|path, _| !known.taken.contains(path.as_os_str()));
        let mut named: Vec<(&Path, String)> = reasons.into_iter().collect();
        let is_far = |path: &Path| {
            let name = name::fold(&path.to_string_lossy());
            !known
                .unknown
                .iter()
                .any(|ticker| name.contains(ticker.as_str()))
        };
        named.sort_by_key(|(path, _)| is_far(path));
        let count = named.len();
        let texts: Vec<String> = named
            .iter()
            .take(MOST_NAMED)
            .map(|(path, reason)| {
                let below = path.strip_prefix(root).unwrap_or(path);
                format!("{} ({reason})", below.display())
            })
            .collect();
        let more = match count.saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let (noun, were) = if count == 1 {
            ("file", "was")
        } else {
            ("files", "were")
        };
        (count > 0).then(|| {
            let texts = texts.join(", ");
            format!(
                "{count} {noun} of {} {were} taken for no ticker of this run: {texts}{more}",
                root.display()
            )
        })
    }
}

/// Says what a file is by its name, when no ticker that was asked for has it.
fn unasked(found: &Found) -> String {
    let symbol = match (&found.owner, name::told(&found.stem).symbol) {
        (Some(owner), _) => Some(owner.to_string()),
        (None, symbol) => symbol,
    };
    let length = match found.interval {
        Some(interval) => format!(", with bars of {interval}"),
        None => String::new(),
    };
    match symbol {
        Some(symbol) => format!("by its name of {symbol}{length}"),
        None => format!("its name tells no ticker{length}"),
    }
}
