//! `owner.json`: who holds the run lock, for people, for other runs and for the predecessor.
//!
//! Promises: whatever bytes lie there, reading them ends in an owner or in none, never in a panic. The first four
//! keys are the predecessor's, which ignores the others. Leaves to `stale` what an owner means.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::model::Digest;

/// A longer file is none of barkeep's and none of the predecessor's.
pub(crate) const LONGEST: usize = 64 * 1024;

/// Longer words are cut before they are printed or written.
const LONGEST_WORD: usize = 1_000;

/// Who holds the run lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    /// Process id, as its own process saw it.
    pub pid: u32,
    /// Host name.
    pub host: String,
    /// Since when, in seconds since 1970. For people: no decision but "before this boot" looks at it.
    pub ts: f64,
    /// The workspace.
    #[serde(default)]
    pub cwd: String,
    /// 128 random bits; only barkeep writes one.
    #[serde(default)]
    pub token: Option<String>,
    /// Id of the boot during which the lock was taken.
    #[serde(default)]
    pub boot_id: Option<String>,
    /// What is being run.
    #[serde(default)]
    pub command: Option<String>,
    /// The version of barkeep that runs it.
    #[serde(default)]
    pub version: Option<String>,
}

impl Owner {
    /// Returns the owner that `bytes` describe, or `None` when they describe none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let owner: Self = serde_json::from_slice(bytes).ok()?;
        let is_token = |token: &String| {
            token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        // A token that barkeep cannot have written proves nothing, not even that the predecessor wrote the file.
        owner.token.as_ref().is_none_or(is_token).then_some(owner)
    }

    /// Returns the single line that is stored.
    pub(crate) fn render(&self) -> Vec<u8> {
        let mut short = self.clone();
        short.command = short.command.as_deref().map(printable);
        short.cwd = printable(&short.cwd);
        // A struct of numbers and strings has a JSON form.
        let mut line = serde_json::to_vec(&short).unwrap_or_default();
        line.push(b'\n');
        line
    }

    /// Returns since when the lock is held.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float beyond the range becomes its end, which is no date either"
        )]
        DateTime::from_timestamp_millis((self.ts * 1_000.0) as i64)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {} on {}", self.pid, printable(&self.host))?;
        if let Some(command) = &self.command {
            write!(f, ", running `{}`", printable(command))?;
        }
        if let Some(since) = self.since() {
            let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
            write!(f, ", since {since}")?;
        }
        Ok(())
    }
}

/// Returns what `cleanup --break-lock` must be given: the owner's token, or a digest of bytes that have none.
pub(crate) fn key_of(bytes: Option<&[u8]>) -> String {
    let bytes = bytes.unwrap_or_default();
    match Owner::parse(bytes).and_then(|owner| owner.token) {
        Some(token) => token,
        None => Digest::of(bytes).to_string().chars().take(16).collect(),
    }
}

/// The file may come from anybody: no control characters reach a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .take(LONGEST_WORD)
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_predecessors_four_keys_make_an_owner() {
        let bytes = br#"{"pid": 4711, "host": "box", "ts": 1760880000.25, "cwd": "/srv/yf"}"#;

        let owner = Owner::parse(bytes).unwrap();

        assert_eq!(owner.token, None);
        assert_eq!(
            owner.to_string(),
            "pid 4711 on box, since 2025-10-19T13:20:00Z"
        );
    }

    #[test]
    fn a_rendered_owner_is_one_line_and_parses_back() {
        let owner = Owner {
            pid: 1,
            host: "nas-2".into(),
            ts: 1_767_319_207.5,
            cwd: "/srv".into(),
            token: Some("0123456789abcdef0123456789abcdef".into()),
            boot_id: None,
            command: Some("update".into()),
            version: Some("0.1.0".into()),
        };

        let line = owner.render();

        assert_eq!(
            line.iter().position(|byte| *byte == b'\n'),
            Some(line.len() - 1)
        );
        assert!(line.starts_with(br#"{"pid":1,"host":"nas-2","ts":"#));
        assert_eq!(Owner::parse(&line), Some(owner));
    }

    #[test]
    fn an_owner_cannot_write_control_characters_to_a_terminal() {
        let owner = Owner::parse(b"{\"pid\":1,\"host\":\"\\u001b[2J\",\"ts\":0}").unwrap();

        assert!(!owner.to_string().contains('\u{1b}'));
    }
}
