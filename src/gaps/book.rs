//! What is remembered of all series of one venue and interval, as files of `state/gaps`.
//!
//! Promises: a file is whole or counts as none, and is replaced whole. Writing costs what is new: a file for each run that has
//! news, and all of them become one when they have grown to its size. Anybody may remove them: then nothing is known of the
//! days before, and nothing is claimed of them. Form: sealed lines, docs/format.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{GapsError, SeriesGaps};
use crate::layout::Places;
use crate::lock::LockGuard;
use crate::model::{Interval, Ticker, Venue, sealed};
use crate::sys::atomic::{TempNames, create_dirs, replace};
use crate::sys::{Fs, FsResult, Kind};

/// What all is in.
const WHOLE: &str = "whole";
/// What is new since.
const NEWS: &str = "news";
/// The first line of a file.
const FORM: &str = "barkeep gaps 1";
/// So many files of news become one with the whole, however short they are.
const MOST_NEWS: usize = 32;

/// What is remembered of all series of one venue and interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GapBook {
    /// As text, which is many times shorter than what it says.
    series: BTreeMap<Ticker, Box<str>>,
    changed: BTreeSet<Ticker>,
    /// The number of the last file.
    last: u32,
    whole_bytes: usize,
    news_bytes: usize,
    news: usize,
    /// Files that cannot be understood: nothing is known then.
    damaged: Vec<PathBuf>,
}

/// The books of some venues and intervals.
pub type GapBooks = BTreeMap<(Venue, Interval), GapBook>;

/// Returns the folder of the files.
fn folder(places: &Places, venue: &Venue, interval: Interval) -> PathBuf {
    let (market, source) = (venue.market.as_str(), venue.source.as_str());
    let venue = places.state.join("gaps").join(market).join(source);
    venue.join(interval.as_str())
}

/// Returns the number of a file, and whether it is a whole one.
fn number_of(name: &str) -> Option<(u32, bool)> {
    let (number, suffix) = name.split_once('.')?;
    let is_whole = match suffix {
        WHOLE => true,
        NEWS => false,
        _ => return None,
    };
    let is_number = number.len() == 8 && number.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.parse().ok().filter(|_| is_number)?, is_whole))
}

/// Reads the books of some venues, in some intervals each.
///
/// # Errors
/// When a file cannot be read.
pub fn read_books<'v>(
    fs: &dyn Fs,
    places: &Places,
    venues: impl IntoIterator<Item = &'v Venue>,
    intervals: &[Interval],
) -> FsResult<GapBooks> {
    let mut books = GapBooks::new();
    for venue in venues {
        for interval in intervals {
            let book = GapBook::read(fs, places, venue, *interval)?;
            books.insert((venue.clone(), *interval), book);
        }
    }
    Ok(books)
}

impl GapBook {
    /// Reads a book; an absent one is empty, and so is one of which a file is damaged.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(fs: &dyn Fs, places: &Places, venue: &Venue, interval: Interval) -> FsResult<Self> {
        let folder = folder(places, venue, interval);
        let mut files = numbered(fs, &folder)?;
        let whole = files
            .iter()
            .filter(|(_, is_whole)| *is_whole)
            .max()
            .copied();
        files.retain(|(number, is_whole)| match whole {
            Some((begun, _)) => *number > begun || (*number == begun && *is_whole),
            None => true,
        });
        let mut book = Self {
            last: files.iter().map(|(number, _)| *number).max().unwrap_or(0),
            ..Self::default()
        };
        for (number, is_whole) in files {
            let path = folder.join(name(number, is_whole));
            let Some(bytes) = fs.read(&path)? else {
                // A run that makes one of all removed it: a reader without the lock knows less this once.
                book.damaged.push(path);
                continue;
            };
            let length = bytes.len();
            if book.take(&bytes).is_none() {
                book.damaged.push(path);
            } else if is_whole {
                book.whole_bytes = length;
            } else {
                book.news_bytes += length;
                book.news += 1;
            }
        }
        if !book.damaged.is_empty() {
            // What is missing may have taken back what the others say.
            book.series.clear();
        }
        Ok(book)
    }

    /// Returns the files that cannot be understood. Nothing is known of the days before, and the next run begins anew.
    pub fn damaged(&self) -> &[PathBuf] {
        &self.damaged
    }

    fn take(&mut self, bytes: &[u8]) -> Option<()> {
        let text = std::str::from_utf8(sealed::unseal(bytes).ok()?).ok()?;
        let mut lines = text.lines();
        if lines.next()? != FORM {
            return None;
        }
        for line in lines {
            let (ticker, days) = line.split_once('\t')?;
            // Every line is read once, so that what it says need not be doubted later.
            SeriesGaps::parse(days)?;
            self.series.insert(ticker.parse().ok()?, days.into());
        }
        Some(())
    }

    /// Returns what is remembered of a series; nothing, if nothing is.
    pub fn of(&self, ticker: &Ticker) -> SeriesGaps {
        let text = self.series.get(ticker);
        text.and_then(|text| SeriesGaps::parse(text))
            .unwrap_or_default()
    }

    /// Returns every series of which something is remembered.
    pub fn all(&self) -> impl Iterator<Item = (&Ticker, SeriesGaps)> {
        let series = self.series.iter();
        series.filter_map(|(ticker, text)| Some((ticker, SeriesGaps::parse(text)?)))
    }

    /// Remembers a series, until `write` in memory only.
    pub fn put(&mut self, ticker: &Ticker, gaps: &SeriesGaps) {
        let text = gaps.to_string();
        let known = self.series.get(ticker).map(AsRef::as_ref);
        if text.is_empty() || known == Some(text.as_str()) {
            return;
        }
        self.series.insert(ticker.clone(), text.into());
        self.changed.insert(ticker.clone());
    }

    /// Returns how many bytes the files have, and what is held of them in memory.
    pub fn bytes(&self) -> (usize, usize) {
        let held = self.series.iter();
        let held = held.map(|(ticker, text)| ticker.as_str().len() + text.len());
        (self.whole_bytes + self.news_bytes, held.sum())
    }

    /// Writes what is new. When this returns `Ok`, it survives power loss.
    ///
    /// # Errors
    /// When the lock was lost or the disk refuses. What the files said before, they say still.
    pub fn write(
        &mut self,
        fs: &dyn Fs,
        held: &LockGuard<'_>,
        places: &Places,
        temps: &TempNames,
        (venue, interval): (&Venue, Interval),
    ) -> Result<(), GapsError> {
        if self.changed.is_empty() {
            return Ok(());
        }
        held.confirm()?;
        let folder = folder(places, venue, interval);
        create_dirs(fs, &places.root, &folder)?;
        let news = self.text(self.changed.iter());
        let is_first = self.whole_bytes == 0;
        let is_whole = is_first
            || !self.damaged.is_empty()
            || self.news + 1 >= MOST_NEWS
            || self.news_bytes + news.len() > self.whole_bytes;
        let bytes = if is_whole {
            self.text(self.series.keys())
        } else {
            news
        };
        let number = self.last.saturating_add(1);
        replace(fs, temps, &folder.join(name(number, is_whole)), &bytes)?;
        self.last = number;
        self.changed.clear();
        if is_whole {
            (self.whole_bytes, self.news_bytes, self.news) = (bytes.len(), 0, 0);
            self.damaged.clear();
            for (older, is_whole) in numbered(fs, &folder)? {
                if older < number {
                    fs.remove_file(&folder.join(name(older, is_whole)))?;
                }
            }
            fs.sync_dir(&folder)?;
        } else {
            self.news_bytes += bytes.len();
            self.news += 1;
        }
        Ok(())
    }

    fn text<'t>(&self, tickers: impl Iterator<Item = &'t Ticker>) -> Vec<u8> {
        let mut body = FORM.to_owned();
        for ticker in tickers {
            if let Some(days) = self.series.get(ticker) {
                body.push('\n');
                body.push_str(ticker.as_str());
                body.push('\t');
                body.push_str(days);
            }
        }
        sealed::seal(body.into_bytes())
    }
}

fn name(number: u32, is_whole: bool) -> String {
    let suffix = if is_whole { WHOLE } else { NEWS };
    format!("{number:08}.{suffix}")
}

/// Returns the numbers of the files of a folder, oldest first.
fn numbered(fs: &dyn Fs, folder: &std::path::Path) -> FsResult<Vec<(u32, bool)>> {
    let entries = fs.list(folder)?.unwrap_or_default().into_iter();
    let files = entries.filter(|entry| entry.kind == Kind::File);
    let mut numbers: Vec<(u32, bool)> = files.filter_map(|file| number_of(&file.name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_written_are_files_of_a_book() {
        assert_eq!(number_of("00000007.whole"), Some((7, true)));
        assert_eq!(number_of("00000007.news"), Some((7, false)));
        for name in [
            "7.news",
            "0000000x.news",
            "00000007.new",
            ".00000007.news",
            "+0000007.news",
        ] {
            assert_eq!(number_of(name), None, "{name}");
        }
    }
}
