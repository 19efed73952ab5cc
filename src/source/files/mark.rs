//! The download mark of a folder: by what an unchanged, a grown and a rewritten file are told apart.
//!
//! Promises: equal facts cost one look and no read. Length and time of a file are no proof that it is the same one: who
//! unpacks an archive or copies with `cp -p` sets the time. So its number and the time that nobody can set count as
//! well, and a copy of the whole folder is read once more. A file that only grew brings its new rows and the last old
//! one; one whose older rows differ in any bit brings all of them. A mark that cannot be read counts as none.
//! The row that is last is left out of the digest: it is often a bar that was not finished yet.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::frame::{Bar, Volume};
use crate::model::{Digest, DigestWriter};
use crate::sys::Meta;

/// Another one has every file read again, once.
const VERSION: &str = "files-5";

/// Forms whose facts say too little: names, lengths and times only, or what a build saw that took files for whole which
/// contradict themselves. What they say of the rows holds. Older ones count as none: rows of another clock are not news by
/// their digest.
const OLDER: [&str; 3] = ["files-2", "files-3", "files-4"];

/// What was known of a series when it was last fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// What the files were as they lay there, and the settings they were read with; `None` of a mark that knows too little.
    pub(super) facts: Option<Digest>,
    /// The newest row.
    pub(super) through: i64,
    /// How many rows were older.
    pub(super) older: usize,
    /// What the older rows were.
    pub(super) digest: Digest,
    /// What they were without their dates, on the clock of which zone; `None` of a mark that knows too little.
    pub(super) undated: Option<Digest>,
}

/// The rows of a mark stand at other times: the clock that the files are read by is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OtherClock;

impl Mark {
    /// Returns the mark of rows.
    pub(super) fn of(facts: Digest, bars: &[Bar], zone: &str) -> Self {
        let through = bars
            .iter()
            .filter_map(|bar| bar.date)
            .max()
            .unwrap_or(i64::MIN);
        let older = older_than(bars, through);
        Self {
            facts: Some(facts),
            through,
            older: older.len(),
            digest: digest_of(&older, Dates::Count),
            undated: Some(digest_of(&older, Dates::Ignored(zone))),
        }
    }

    /// Tells whether the files are those of the mark.
    pub(super) fn is_of(&self, facts: Digest) -> bool {
        self.facts == Some(facts)
    }

    /// Returns the rows that are new since the mark: all of them when an older one has changed.
    ///
    /// # Errors
    /// When the rows are those of the mark at other times of the same zone's clock: stored beside the others, each would be
    /// there twice. Storage itself refuses the clock of another zone.
    pub(super) fn news(&self, mut bars: Vec<Bar>, zone: &str) -> Result<Vec<Bar>, OtherClock> {
        let older = older_than(&bars, self.through);
        let is_same = older.len() == self.older && digest_of(&older, Dates::Count) == self.digest;
        if is_same && bars.iter().any(|bar| bar.date == Some(self.through)) {
            bars.retain(|bar| bar.date.is_none_or(|date| date >= self.through));
        } else if !is_same && self.has_moved(&bars, zone) {
            return Err(OtherClock);
        }
        Ok(bars)
    }

    /// A few bars may well be alike by chance.
    fn has_moved(&self, bars: &[Bar], zone: &str) -> bool {
        const FEW: usize = 3;
        let dated = older_than(bars, i64::MAX);
        let first = dated.get(..self.older).unwrap_or_default();
        first.len() >= FEW
            && self.undated == Some(digest_of(first, Dates::Ignored(zone)))
            && self.digest != digest_of(first, Dates::Count)
            && first.first().map(|bar| values(bar)) != first.last().map(|bar| values(bar))
    }
}

/// Whether a file system gives a file the same number every time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Inodes {
    /// It does.
    Lasting,
    /// It may make them up at each mount, as FUSE and file servers do: by them every file would be another one.
    #[default]
    Passing,
}

/// Digests the files of a series as they lie there.
#[derive(Debug)]
pub(super) struct Facts(DigestWriter);

impl Facts {
    /// Begins with what the rows depend on beside the files.
    pub(super) fn new(settings: &str) -> Self {
        let mut writer = DigestWriter::default();
        writer.write(settings.as_bytes());
        Self(writer)
    }

    /// Adds a file.
    pub(super) fn add(&mut self, path: &Path, meta: &Meta, inodes: Inodes) {
        let Meta {
            len,
            modified_nanos,
            changed_nanos,
            ..
        } = meta;
        let inode = match inodes {
            Inodes::Lasting => meta.inode,
            Inodes::Passing => 0,
        };
        let path = path.display();
        let line = format!("\0{path}\0{len}\0{modified_nanos}\0{changed_nanos}\0{inode}");
        self.0.write(line.as_bytes());
    }

    /// Returns the digest.
    pub(super) fn finish(self) -> Digest {
        self.0.finish()
    }
}

/// Returns the bars before a moment, in the order of time.
fn older_than(bars: &[Bar], through: i64) -> Vec<&Bar> {
    let mut older: Vec<&Bar> = bars
        .iter()
        .filter(|bar| bar.date.is_some_and(|date| date < through))
        .collect();
    // The order of rows in a file means nothing; a stable sort keeps that of equal dates, which does.
    older.sort_by_key(|bar| bar.date);
    older
}

/// Whether the dates of bars are part of a digest, or only the zone whose clock they show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dates<'z> {
    Count,
    Ignored(&'z str),
}

fn digest_of(bars: &[&Bar], dates: Dates<'_>) -> Digest {
    let mut writer = DigestWriter::default();
    if let Dates::Ignored(zone) = dates {
        writer.write(zone.as_bytes());
    }
    for bar in bars {
        if dates == Dates::Count {
            writer.write(&bar.date.unwrap_or_default().to_le_bytes());
        }
        writer.write(&values(bar));
    }
    writer.finish()
}

/// Returns what a bar says beside its date, in one form.
fn values(bar: &Bar) -> Vec<u8> {
    let mut row = Vec::with_capacity(64);
    for value in [bar.open, bar.high, bar.low, bar.close] {
        row.push(u8::from(value.is_some()));
        row.extend(value.unwrap_or_default().to_bits().to_le_bytes());
    }
    let (kind, bits) = match bar.volume {
        None => (0, 0),
        Some(Volume::Units(units)) => (1, units.cast_unsigned()),
        Some(Volume::Fraction(number)) => (2, number.to_bits()),
    };
    row.push(kind);
    row.extend(bits.to_le_bytes());
    row.push(u8::from(bar.sequence.is_some()));
    row.extend(bar.sequence.unwrap_or_default().to_le_bytes());
    row
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            facts,
            through,
            older,
            digest,
            undated,
        } = self;
        let (version, facts) = match facts {
            Some(facts) => (VERSION, *facts),
            None => (OLDER[0], Digest::of(b"")),
        };
        write!(f, "{version} {facts} {through} {older} {digest}")?;
        undated.map_or(Ok(()), |undated| write!(f, " {undated}"))
    }
}

/// The text is no mark of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ForeignMark;

impl FromStr for Mark {
    type Err = ForeignMark;

    fn from_str(text: &str) -> Result<Self, ForeignMark> {
        let mut words = text.split(' ');
        let mut word = || words.next().ok_or(ForeignMark);
        let version = word()?;
        if version != VERSION && !OLDER.contains(&version) {
            return Err(ForeignMark);
        }
        let facts: Digest = word()?.parse().map_err(|_| ForeignMark)?;
        Ok(Self {
            facts: (version == VERSION).then_some(facts),
            through: word()?.parse().map_err(|_| ForeignMark)?,
            older: word()?.parse().map_err(|_| ForeignMark)?,
            digest: word()?.parse().map_err(|_| ForeignMark)?,
            undated: match version {
                VERSION => Some(word()?.parse().map_err(|_| ForeignMark)?),
                _ => None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Kind, Rights};

    fn bars(closes: &[f64]) -> Vec<Bar> {
        (0..)
            .zip(closes)
            .map(|(day, close)| Bar {
                date: Some(day),
                close: Some(*close),
                ..Bar::default()
            })
            .collect()
    }

    fn news(before: &[f64], after: &[f64]) -> usize {
        let mark = Mark::of(Digest::of(b""), &bars(before), "UTC");
        mark.news(bars(after), "UTC").unwrap().len()
    }

    #[test]
    fn a_grown_history_brings_its_last_row_and_the_new_ones() {
        assert_eq!(news(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]), 2);
        assert_eq!(
            news(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.5, 4.0]),
            2,
            "the last row was not final"
        );
    }

    #[test]
    fn a_rewritten_or_shortened_history_brings_every_row() {
        assert_eq!(news(&[1.0, 2.0, 3.0], &[1.0, 2.5, 3.0, 4.0]), 4);
        assert_eq!(news(&[1.0, 2.0, 3.0], &[1.0, 2.0]), 2);
        assert_eq!(news(&[0.0, 2.0], &[-0.0, 2.0]), 2);
        assert_eq!(news(&[], &[1.0, 2.0]), 2);
    }

    #[test]
    fn the_order_of_rows_is_no_change() {
        let mark = Mark::of(Digest::of(b""), &bars(&[1.0, 2.0, 3.0]), "UTC");
        let mut turned = bars(&[1.0, 2.0, 3.0]);
        turned.reverse();

        assert_eq!(mark.news(turned, "UTC").unwrap().len(), 1);
    }

    #[test]
    fn a_mark_round_trips_and_a_foreign_one_counts_as_none() {
        let mark = Mark::of(Digest::of(b"x"), &bars(&[1.0, 2.0]), "UTC");

        assert_eq!(mark.to_string().parse(), Ok(mark));
        for foreign in [
            "",
            "files-5",
            "demo-1 0 5",
            "files-1 a b c d",
            "files-2 a b c d",
            "files-5 a b c d",
        ] {
            assert_eq!(foreign.parse::<Mark>(), Err(ForeignMark));
        }
    }

    #[test]
    fn an_older_mark_knows_the_rows_and_too_little_of_the_files() {
        let facts = Digest::of(b"x");
        let mark = Mark::of(facts, &bars(&[1.0, 2.0]), "UTC");
        let older = mark.to_string().replace(VERSION, OLDER[0]);

        let older: Mark = older.parse().unwrap();

        assert!(mark.is_of(facts) && !older.is_of(facts));
        assert_eq!(older.news(bars(&[1.0, 2.0, 3.0]), "UTC").unwrap().len(), 2);
        assert_eq!(older.news(bars(&[1.5, 2.0, 3.0]), "UTC").unwrap().len(), 3);
    }

    #[test]
    fn the_same_bars_at_other_times_are_no_news() {
        let known = bars(&[1.0, 2.0, 3.0, 4.0]);
        let mark = Mark::of(Digest::of(b""), &known, "UTC");
        let moved = |bars: &[Bar], by: i64| -> Vec<Bar> {
            let at = |bar: &Bar| bar.date.map(|date| date + by);
            let bars = bars.iter();
            bars.map(|bar| Bar {
                date: at(bar),
                ..*bar
            })
            .collect()
        };
        let grown = bars(&[1.0, 2.0, 3.0, 4.0, 5.0]);

        for by in [-1, 1, 6] {
            assert_eq!(mark.news(moved(&known, by), "UTC"), Err(OtherClock), "{by}");
            assert_eq!(mark.news(moved(&grown, by), "UTC"), Err(OtherClock), "{by}");
        }
        assert_eq!(
            mark.news(bars(&[9.0, 2.0, 3.0, 4.0]), "UTC").unwrap().len(),
            4
        );
        let elsewhere = mark.news(moved(&known, 1), "Europe/London").unwrap();
        assert_eq!(elsewhere.len(), 4, "storage refuses another zone");
        let flat = Mark::of(Digest::of(b""), &bars(&[1.0; 5]), "UTC");
        assert_eq!(
            flat.news(moved(&bars(&[1.0; 5]), 1), "UTC").unwrap().len(),
            5
        );
    }

    #[test]
    fn another_file_of_the_same_length_and_time_is_another_file() {
        let of = |changed_nanos, inode, inodes| {
            let meta = Meta {
                kind: Kind::File,
                len: 5,
                modified_nanos: 7,
                changed_nanos,
                inode,
                rights: Rights {
                    mode: 0o644,
                    owner: 1,
                    group: 1,
                },
                has_setgid: false,
            };
            let mut facts = Facts::new("");
            facts.add(Path::new("A.csv"), &meta, inodes);
            facts.finish()
        };

        for inodes in [Inodes::Lasting, Inodes::Passing] {
            assert_ne!(of(1, 1, inodes), of(2, 1, inodes), "{inodes:?}");
        }
        assert_ne!(of(1, 1, Inodes::Lasting), of(1, 2, Inodes::Lasting));
        assert_eq!(of(1, 1, Inodes::Passing), of(1, 2, Inodes::Passing));
    }
}
