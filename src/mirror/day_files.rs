//! The files of the days of feeds, in the tree and in its mirror: which there are, what they are called, which are one, and what is
//! in them.
//!
//! Leaves to others: what becomes of them in the next state (`days`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::{DayFile, MirrorError, Piece, Tier, Tree, Version};
use crate::codec::{self, CodecError, FileFacts, MemoryLimit};
use crate::frame::{Frame, Profile};
use crate::ledger::SeriesRecord;
use crate::model::{Dataset, Digest, Feed, PartitionKey, TimeUnit, time};
use crate::storage::StorageError;
use crate::sys::{Fs, FsResult, Meta};
use crate::workspace::Workspace;

/// The column that says what was traded.
pub(super) const INSTRUMENT: &str = "isin";

/// The files of the days of a feed.
pub(super) type DayFiles = BTreeMap<NaiveDate, PathBuf>;

/// The files of the days of each feed, or why they cannot be looked at.
type Feeds = Vec<(Feed, Result<DayFiles, String>)>;

/// Returns the feeds of which a tree or a version of its mirror has trades, each with the files of its days; of one that cannot
/// be looked at, why.
///
/// # Errors
/// When the disk does not answer.
pub(super) fn feeds(
    workspace: &Workspace<'_>,
    tree: &Tree,
    version: Option<&Version>,
) -> Result<Feeds, MirrorError> {
    let store = &workspace.stores.partitioned;
    let mut feeds: BTreeSet<Feed> = store.feeds(&tree.venue)?.into_iter().collect();
    let mirrored = version.iter().flat_map(|version| &version.pieces);
    feeds.extend(mirrored.filter_map(|piece| Some(piece.day.as_ref()?.feed.clone())));
    let mut all = Vec::with_capacity(feeds.len());
    for feed in feeds {
        let files = match store.files(&tree.trades_of(feed.clone())) {
            Ok(files) => Ok(by_day(files)),
            Err(StorageError::Fs(error)) if !error.is_of_place() => return Err(error.into()),
            Err(refused) => Err(refused.to_string()),
        };
        all.push((feed, files));
    }
    Ok(all)
}

/// A file of the tree that can come into a mirror.
pub(super) struct Whole {
    pub(super) piece: Piece,
    pub(super) bytes: Vec<u8>,
}

impl Whole {
    /// Returns its trades; why nobody can if this build cannot.
    pub(super) fn rows(&self) -> Result<Frame, CodecError> {
        let bytes = self.bytes.clone().into();
        let profile = Profile::of(Dataset::Trades);
        let decoded = codec::decode_within(&bytes, profile, MemoryLimit::NONE)?;
        Ok(decoded.ordered.frame)
    }
}

/// Reads a file of the tree; why it cannot be in a mirror if it cannot.
pub(super) fn read_whole(fs: &dyn Fs, path: &Path, of: DayFile) -> FsResult<Result<Whole, String>> {
    let Some(bytes) = fs.read(path)? else {
        return Ok(Err("it is gone".to_owned()));
    };
    let (piece, facts) = match piece_of(&bytes) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Err("it has no trades".to_owned())),
        Err(refused) => return Ok(Err(refused.to_string())),
    };
    if facts.unit != TimeUnit::Micros || facts.is_older_form {
        return Ok(Err(
            "it is of an older form: the next update takes it over".to_owned()
        ));
    }
    let (first, last) = piece.span;
    if (time::day(first), time::day(last)) != (of.day, of.day) {
        return Ok(Err("it has trades of another day".to_owned()));
    }
    let day = Some(of);
    let piece = Piece { day, ..piece };
    Ok(Ok(Whole { piece, bytes }))
}

/// Returns what bytes are as a file of a mirror, of a feed and a day that they do not say; `None` where they have no trades.
///
/// # Errors
/// When they are not what barkeep wrote.
pub(super) fn piece_of(bytes: &[u8]) -> Result<Option<(Piece, FileFacts)>, CodecError> {
    let said = codec::sealed_facts(bytes, Profile::of(Dataset::Trades), INSTRUMENT);
    let (facts, tickers) = said?;
    let span = facts.span.filter(|_| facts.rows > 0);
    Ok(span.map(|span| {
        let piece = Piece {
            tier: Tier::Day,
            digest: Digest::of(bytes),
            tickers,
            span,
            rows: facts.rows,
            bytes: bytes.len() as u64,
            day: None,
        };
        (piece, facts)
    }))
}

fn by_day(files: Vec<(PartitionKey, PathBuf)>) -> DayFiles {
    let days = files.into_iter().filter_map(|(key, path)| match key {
        PartitionKey::Day(day) => Some((day, path)),
        PartitionKey::Whole | PartitionKey::Month { .. } => None,
    });
    days.collect()
}

/// Returns the feed and the day of a file, in words.
pub(super) fn name_of(piece: &Piece) -> String {
    let of = piece.day.as_ref();
    of.map_or_else(String::new, |of| format!("{} {}", of.feed, of.day))
}

/// Returns what tells a file from the one that takes its place. The time of its last change is none of it: a second name changes
/// that.
pub(super) fn seen(meta: &Meta) -> u64 {
    let text = format!("{}\0{}\0{}", meta.len, meta.modified_nanos, meta.inode);
    Digest::of(text.as_bytes()).half().number()
}

/// Says that a mirror has fewer trades of a feed than were stored: of days that it never had, nobody else would.
pub(super) fn missing_told(
    tree: &Tree,
    feed: &Feed,
    pieces: &[Piece],
    record: Option<&SeriesRecord>,
) -> Option<String> {
    let there: u64 = pieces.iter().map(|piece| piece.rows).sum();
    let known = record.map_or(0, |record| record.floor.unwrap_or(record.rows));
    (there < known).then(|| {
        format!(
            "{feed} has {there} of {known} trades in the mirror of {tree}: days are damaged or gone where they are stored"
        )
    })
}

/// Tells whether two names are one file, as far as that can be seen from outside.
pub(super) fn is_one(fs: &dyn Fs, a: &Path, b: &Path) -> FsResult<bool> {
    let (a, b) = (fs.metadata(a)?, fs.metadata(b)?);
    Ok(a.is_some() && a == b)
}
