//! What the ledger says of one series, in order, and which of it is later than a moment.
//!
//! Promises: a moment of which the ledger cannot say everything that came after it is refused by name. Leaves to others: what
//! the rows were (`before`).

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};

use super::{FileLine, FileState, LedgerError, Line, Log, Past};
use crate::frame::{OtherRows, RowKey};
use crate::layout::Places;
use crate::model::{PartitionKey, StorageRequest};
use crate::sys::Fs;

/// Why nobody knows what the rows of a series were at a moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Unknown {
    /// It lies before the first group that the ledger of the venue knows; `None` when it knows none.
    #[error("{}", not_recorded(*begun))]
    NotRecorded {
        /// When recording began.
        begun: Option<DateTime<Utc>>,
    },
    /// A file of the ledger that may tell of later groups cannot be understood.
    #[error("{} is damaged: {reason}", path.display())]
    Ledger { path: PathBuf, reason: String },
    /// The rows are not those that the ledger knows.
    #[error("{} was changed since {} by something that the ledger does not know", file_of(*partition), shown(*since))]
    Changed {
        /// The file.
        partition: PartitionKey,
        /// When the ledger knew its rows for the last time.
        since: DateTime<Utc>,
    },
    /// The file was damaged and put into quarantine later.
    #[error("{} was damaged when it was written anew at {}, and nobody knows its older rows{}", file_of(*partition), shown(*at), in_case(case))]
    Damaged {
        /// The file.
        partition: PartitionKey,
        /// When.
        at: DateTime<Utc>,
        /// The case; empty when its bytes were deleted.
        case: String,
    },
    /// The older file that is kept beside the ledger cannot be read.
    #[error("{} was replaced at {}, and what is kept of it, {file}, cannot be used: {reason}", file_of(*partition), shown(*at))]
    Kept {
        /// The file.
        partition: PartitionKey,
        /// When.
        at: DateTime<Utc>,
        /// The name of the older file below the folder of the ledger.
        file: String,
        reason: String,
    },
    /// What came into being in one way stands beside, or would be put among, what came into being in another.
    #[error("of {} nobody knows what was in it: {source}", file_of(*partition))]
    OtherRows {
        /// The file.
        partition: PartitionKey,
        /// Which rows.
        source: OtherRows,
    },
    /// The series left the tree as a whole later.
    #[error("the series left the tree at {}", shown(*at))]
    Gone {
        /// When.
        at: DateTime<Utc>,
    },
}

fn not_recorded(begun: Option<DateTime<Utc>>) -> String {
    match begun {
        Some(begun) => format!("what was stored is recorded since {}", shown(begun)),
        None => "nothing was recorded yet".to_owned(),
    }
}

fn file_of(partition: PartitionKey) -> String {
    match partition {
        PartitionKey::Whole => "its file".to_owned(),
        partition => format!("its file of {partition}"),
    }
}

fn in_case(case: &str) -> String {
    match case {
        "" => String::new(),
        case => format!("; it is in quarantine/{case}"),
    }
}

fn shown(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// What the ledger says of one series.
#[derive(Debug, Default)]
pub struct History {
    /// Oldest first, each with the moment of its group. None is earlier than the one before it: where a clock was set back,
    /// the later moment counts.
    pub lines: Vec<(DateTime<Utc>, Line)>,
    pub(super) begun: Option<DateTime<Utc>>,
    /// The files that can be understood, oldest first, with the moment of their first group.
    files: Vec<(PathBuf, DateTime<Utc>)>,
    pub(super) damaged: Vec<(PathBuf, String)>,
}

/// Reads what the ledger of its venue says of a series. What earlier builds recorded is not in it.
///
/// # Errors
/// When a file cannot be read.
pub fn read_history(
    fs: &dyn Fs,
    places: &Places,
    request: &StorageRequest,
) -> Result<History, LedgerError> {
    let Some(venue) = &request.venue else {
        return Ok(History::default());
    };
    let mut log = Log::read(fs, places, venue)?;
    let mut history = History::begin(&log);
    log.for_each_of(request, |group, line| history.push(group.at, line));
    history.damaged = log.damaged;
    Ok(history)
}

impl History {
    /// Begins with what is known of the files of a ledger.
    pub(super) fn begin(log: &Log) -> Self {
        Self {
            lines: Vec::new(),
            begun: log.begun(),
            files: log.starts(),
            damaged: log.damaged.clone(),
        }
    }

    pub(super) fn push(&mut self, at: DateTime<Utc>, line: Line) {
        let latest = self.lines.last().map_or(at, |(latest, _)| *latest);
        self.lines.push((latest.max(at), line));
    }

    #[cfg(test)]
    pub(super) fn of_lines(lines: Vec<(DateTime<Utc>, Line)>) -> Self {
        let mut history = Self {
            begun: lines.first().map(|(at, _)| *at),
            ..Self::default()
        };
        for (at, line) in lines {
            history.push(at, line);
        }
        history
    }

    /// Returns how many of its lines are no later than a moment.
    ///
    /// # Errors
    /// When the ledger cannot say all that came after it.
    pub fn up_to(&self, at: DateTime<Utc>) -> Result<usize, Unknown> {
        for (path, reason) in &self.damaged {
            // What comes before a group that is no later is not undone.
            let is_before =
                |(other, begun): &(PathBuf, DateTime<Utc>)| other > path && *begun <= at;
            if !self.files.iter().any(is_before) {
                return Err(Unknown::Ledger {
                    path: path.clone(),
                    reason: reason.clone(),
                });
            }
        }
        match self.begun {
            Some(begun) if begun <= at => {}
            begun => return Err(Unknown::NotRecorded { begun }),
        }
        Ok(self.lines.partition_point(|(moment, _)| *moment <= at))
    }

    /// Returns the moments of the groups that added rows of a moment, oldest first.
    pub fn added(&self, time: i64) -> impl Iterator<Item = DateTime<Utc>> {
        let is_within =
            move |(first, last): &(RowKey, RowKey)| (first.time..=last.time).contains(&time);
        self.moments(move |file| match (&file.past, file.old) {
            (Past::Changed(changes), Some(_)) => changes.added.iter().any(is_within),
            (Past::Changed(_), None) => file.span.as_ref().is_some_and(is_within),
            _ => false,
        })
    }

    /// Returns the moments of the groups that changed rows which were there, or took some out.
    pub fn changed(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.moments(|file| match &file.past {
            Past::Changed(changes) => !changes.replaced.is_empty() || changes.removed.is_some(),
            Past::Kept { .. } | Past::Damaged { .. } => true,
            Past::Moved | Past::Copied(_) => false,
        })
    }

    /// Returns the moments of the groups that multiplied prices by a factor.
    pub fn moved(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.moments(|file| {
            matches!(
                file.past,
                Past::Kept {
                    factor: Some(_),
                    ..
                }
            )
        })
    }

    /// Returns the moment of its first group, if the series was not there before that.
    pub fn begins(&self) -> Option<DateTime<Utc>> {
        let (at, line) = self.lines.first()?;
        line.file().is_some_and(|file| file.begins).then_some(*at)
    }

    fn moments(&self, is_it: impl Fn(&FileLine) -> bool) -> impl Iterator<Item = DateTime<Utc>> {
        let lines = self.lines.iter();
        lines.filter_map(move |(at, line)| line.file().filter(|file| is_it(file)).map(|_| *at))
    }

    /// Returns what a file was after the last commit that speaks of it; `None` where something else was found, or moved, after that.
    pub fn last_of(&self, partition: PartitionKey) -> Option<FileState> {
        let mut lines = self.lines.iter().rev();
        lines.find_map(|(_, line)| match line {
            Line::File(file) => (file.partition == partition).then_some(Some(file.new)),
            Line::Found(..) | Line::Gone(_) => Some(None),
        })?
    }

    /// Leaves out by which lines files came back that had been lost. These name no older rows, and so would be nothing before: what
    /// came back stands in for what was there.
    #[must_use]
    pub fn without_returns(mut self) -> Self {
        let mut there = BTreeSet::new();
        self.lines.retain(|(_, line)| {
            let file = match line {
                Line::File(file) => file,
                Line::Found(_, record) => {
                    there.extend(record.partitions());
                    return true;
                }
                Line::Gone(_) => {
                    there.clear();
                    return true;
                }
            };
            let is_new = file.old.is_none() && matches!(file.past, Past::Changed(_));
            let is_return = is_new && there.contains(&file.partition);
            if file.new.rows > 0 {
                there.insert(file.partition);
            } else {
                there.remove(&file.partition);
            }
            !is_return
        });
        self
    }

    /// Keeps what it says of the files of the partitioned layout.
    #[must_use]
    pub fn of_partitions(mut self) -> Self {
        self.lines
            .retain(|(_, line)| !matches!(line, Line::File(file) if file.is_legacy()));
        self
    }
}
