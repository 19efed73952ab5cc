//! Names of runs.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Utc};

/// The name of one staged run: sorts by time, is safe as a path segment, and parses back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// Returns the id of the `count`-th run that a process began; `nonce` tells processes of one second apart.
    pub fn new(began: DateTime<Utc>, nonce: u32, count: u32) -> Self {
        Self(format!(
            "{}Z-{nonce:08x}-{count}",
            began.format("%Y%m%dT%H%M%S")
        ))
    }

    /// Returns the text, fit for a path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether one process began both runs.
    pub fn is_of_process_of(&self, other: &Self) -> bool {
        let process = |id: &Self| id.0.rsplit_once('-').map(|(process, _)| process.to_owned());
        process(self) == process(other)
    }

    /// Returns when the run began, to the second.
    pub fn began(&self) -> Option<DateTime<Utc>> {
        let stamp = self.0.split('-').next()?;
        NaiveDateTime::parse_from_str(stamp, "%Y%m%dT%H%M%SZ")
            .ok()
            .map(|naive| naive.and_utc())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for RunId {
    type Err = InvalidRunId;

    fn from_str(text: &str) -> Result<Self, InvalidRunId> {
        let id = Self(text.to_owned());
        let parts: Vec<&str> = text.split('-').collect();
        let is_whole = matches!(parts.as_slice(), [_, nonce, count]
            if nonce.len() == 8 && u32::from_str_radix(nonce, 16).is_ok() && count.parse::<u32>().is_ok());
        if is_whole && id.began().is_some() {
            Ok(id)
        } else {
            Err(InvalidRunId)
        }
    }
}

/// The text is not the name of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a run")]
pub struct InvalidRunId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_parses_back_and_sorts_by_time() {
        let early = RunId::new(DateTime::UNIX_EPOCH, 0xfeed, 1);
        let late = RunId::new(DateTime::UNIX_EPOCH + chrono::TimeDelta::days(9), 0, 1);

        assert_eq!(early.as_str().parse(), Ok(early.clone()));
        assert_eq!(early.began(), Some(DateTime::UNIX_EPOCH));
        assert!(early < late);
        assert!(early.is_of_process_of(&RunId::new(DateTime::UNIX_EPOCH, 0xfeed, 2)));
        assert!(!early.is_of_process_of(&RunId::new(DateTime::UNIX_EPOCH, 0xfeee, 1)));
    }

    #[test]
    fn a_strangers_directory_is_no_run() {
        for text in [
            "",
            "lost+found",
            "20260101T000000Z",
            "20260101T000000Z-xyz-1",
            "../x-00000000-1",
        ] {
            assert_eq!(text.parse::<RunId>(), Err(InvalidRunId), "{text}");
        }
    }
}
