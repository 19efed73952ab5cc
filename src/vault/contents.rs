//! What one file of the vault holds: records, damage, and an end that was cut off.
//!
//! Promises: pure; every byte of a file is in its first line, in a record, in a damage or in the torn end. A record is given only
//! if its bytes have the digest that its line says.

use std::path::Path;

use chrono::NaiveDate;

use crate::model::{Digest, Feed};

use super::record::{Entry, Head, Record, next_line};
use super::{Shelf, VaultFile};

/// Begins each file; the number is that of the form.
const PREAMBLE: &str = "barkeep-vault";
const FORM: u32 = 1;

/// What one file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    damaged: Vec<Damage>,
    torn: u64,
}

/// Bytes that are no record any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where they begin in the file.
    pub offset: u64,
    /// How many there are.
    pub length: u64,
    /// The download, if its line is whole.
    pub name: Option<String>,
}

impl Damage {
    /// Says where the damage is in the file of a path, as a sentence without a period.
    pub fn told_in(&self, path: &Path) -> String {
        let Self { length, offset, .. } = self;
        let path = path.display();
        match length {
            0 => format!("{path} is a pack without any download"),
            _ => format!("{length} bytes from {offset} on are damaged in {path}"),
        }
    }
}

/// A file of a form that this build does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Newer;

/// Returns the line that begins a file.
pub(super) fn preamble(shelf: &str, day: NaiveDate) -> String {
    format!("{PREAMBLE} {FORM} {shelf} {day}\n")
}

/// Tells whether a line begins a file of a day on a shelf: earlier builds kept downloads by feed, and named that.
fn begins(line: &str, shelf: &Shelf, day: NaiveDate) -> bool {
    let words = line.strip_prefix(&format!("{PREAMBLE} {FORM} "));
    let name = words.and_then(|words| words.strip_suffix(&format!(" {day}")));
    let is_of_feed = |name: &str| {
        let feed = name.parse::<Feed>();
        feed.is_ok_and(|feed| feed.as_str() == name)
    };
    name.is_some_and(|name| name == shelf.as_str() || is_of_feed(name))
}

impl Contents {
    /// Judges the bytes of a file of a day on a shelf.
    pub(super) fn of(bytes: Vec<u8>, shelf: &Shelf, day: NaiveDate) -> Result<Self, Newer> {
        let mut contents = Self {
            entries: Vec::new(),
            damaged: Vec::new(),
            torn: 0,
            bytes,
        };
        let mut at = contents.begin(shelf, day)?;
        while at < contents.bytes.len() {
            at = contents.step(at);
        }
        Ok(contents)
    }

    /// Returns where the first record should stand. A first line that is damaged or cut off costs nothing but itself.
    fn begin(&self, shelf: &Shelf, day: NaiveDate) -> Result<usize, Newer> {
        let line = self.bytes.split(|byte| *byte == b'\n').next();
        let text = line.and_then(|line| std::str::from_utf8(line).ok());
        let text = text.unwrap_or_default();
        if text.len() < self.bytes.len() && begins(text, shelf, day) {
            return Ok(text.len() + 1);
        }
        let mut words = text.split(' ');
        let is_ours = words.next() == Some(PREAMBLE);
        let form = words.next().and_then(|form| form.parse::<u32>().ok());
        match form {
            Some(form) if is_ours && form != FORM => Err(Newer),
            _ => Ok(0),
        }
    }

    /// Takes what stands at `at`, and returns where the next record should.
    fn step(&mut self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let found = Head::read(rest);
        let after_line = at + found.as_ref().map_or(0, |(_, length)| *length);
        if let Some((head, _)) = &found
            && let Some(entry) = self.whole(head, after_line)
        {
            let next = entry.range.end + 1;
            self.entries.push(entry);
            return next;
        }
        // A length is believed only where the bytes fit it: the next record begins where its line does.
        let next = next_line(&self.bytes, after_line.max(at + 1));
        let is_cut = match &found {
            Some((head, _)) => head.length >= (self.bytes.len() - after_line) as u64,
            None => true,
        };
        if next.is_none() && is_cut {
            self.torn = (self.bytes.len() - at) as u64;
            return self.bytes.len();
        }
        let next = next.unwrap_or(self.bytes.len());
        self.damaged.push(Damage {
            offset: at as u64,
            length: (next - at) as u64,
            name: found.map(|(head, _)| head.name),
        });
        next
    }

    /// Returns the record of a line if all of its bytes follow, unchanged and with their end.
    fn whole(&self, head: &Head, start: usize) -> Option<Entry> {
        let end = start.checked_add(usize::try_from(head.length).ok()?)?;
        let bytes = self.bytes.get(start..end)?;
        let is_whole = self.bytes.get(end) == Some(&b'\n') && Digest::of(bytes) == head.digest;
        is_whole.then(|| Entry {
            head: head.clone(),
            range: start..end,
        })
    }

    /// Returns the records, in the order in which they were kept.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.entries.iter().map(|entry| Record {
            head: entry.head.clone(),
            bytes: self.bytes.get(entry.range.clone()).unwrap_or_default(),
        })
    }

    /// Returns what the records are, without their bytes.
    pub fn heads(&self) -> impl Iterator<Item = &Head> {
        self.entries.iter().map(|entry| &entry.head)
    }

    /// Returns how many bytes at the end are of a record that was never kept: a crash cut it off.
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// Returns what is damaged of a file, to which belongs a torn end where the file was written whole; so is one that ends before
    /// its first record.
    pub fn damage_of(&self, file: &VaultFile) -> impl Iterator<Item = Damage> {
        let is_bare = self.entries.is_empty() && self.damaged.is_empty();
        let end = (*file == VaultFile::Pack && (self.torn > 0 || is_bare)).then(|| Damage {
            offset: self.bytes.len() as u64 - self.torn,
            length: self.torn,
            name: None,
        });
        self.damaged.iter().cloned().chain(end)
    }

    /// Tells whether every byte of a file is as it was written.
    pub fn is_clean(&self, file: &VaultFile) -> bool {
        self.torn == 0 && self.damage_of(file).next().is_none()
    }
}
