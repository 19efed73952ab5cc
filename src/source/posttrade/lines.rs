//! A file of trades, read line by line as it is unpacked.
//!
//! Promises: memory is bounded by the longest line allowed, whatever the file. A bad line costs that line, and is handed out
//! with its place and bytes; a file of which nothing is understood is an error rather than a heap of bad lines. A file that
//! breaks off gives what came before and is never taken for whole.

use std::io::{BufRead, BufReader, Read as _};

use super::LinesError;
use super::inflate::Inflater;
use super::line::{Refusal, trade};
use super::words::Words;
use crate::frame::Trade;

/// Bad lines in succession that are no accident any more.
const MOST_IN_SUCCESSION: usize = 100;
/// How much of a bad line is handed out. The download has the whole of it.
const KEPT: usize = 64 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a file may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a line.
    pub line: usize,
    /// Bytes of the file when it is unpacked.
    pub inflated: u64,
    /// Bytes that one packed byte may unpack to, on average. Trades are at 12.
    pub ratio: u64,
    /// The last moment at which a line of it can have been published, in nanoseconds since 1970, UTC.
    pub latest: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 1 << 20,
            inflated: 8 << 30,
            ratio: 100,
            latest: i64::MAX,
        }
    }
}

/// What a file has, line by line.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is looked at and dropped, and nearly all are the large one"
)]
pub enum Line {
    /// A trade.
    Trade(Trade),
    /// A line that is none.
    Bad(BadLine),
}

/// A line that is no trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Which one it is, from 1.
    pub line: u64,
    /// Where it begins in the unpacked file.
    pub offset: u64,
    /// What is wrong with it.
    pub reason: String,
    /// The line, or its beginning where it is long.
    pub bytes: Vec<u8>,
}

/// What was read of a whole file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Trades that were handed out.
    pub trades: u64,
    /// Bad lines that were.
    pub bad: u64,
    /// Bytes of the unpacked file.
    pub bytes: u64,
    /// Whether bytes follow the end of the gzip that are none.
    pub has_trailer: bool,
}

/// Reads a file of trades, packed or not, and hands out its lines in their order.
///
/// # Errors
/// As `LinesError` says. Lines before that were handed out, up to a hundred bad ones excepted that made the error.
pub fn lines(
    reader: impl std::io::Read,
    limits: Limits,
    give: &mut dyn FnMut(Line),
) -> Result<Read, LinesError> {
    let inflater = Inflater::new(reader, limits)?;
    let mut sorting = Sorting {
        words: Words::default(),
        latest: limits.latest,
        read: Read::default(),
        line: 0,
        waiting: Vec::new(),
        unknown: None,
        give,
    };
    let mut packed = BufReader::with_capacity(64 << 10, inflater);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let limit = u64::try_from(limits.line).unwrap_or(u64::MAX);
        let taken = (&mut packed).take(limit).read_until(b'\n', &mut bytes);
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => return Err(packed.get_ref().error(&error, sorting.line)),
        };
        if taken == 0 {
            break;
        }
        let mut length = u64::try_from(taken).unwrap_or(u64::MAX);
        if bytes.last() == Some(&b'\n') {
            sorting.take(&bytes)?;
        } else if length < limit {
            // The last one, without an end: whole, or the file was packed while it was written. A gzip that breaks off is an
            // error before that.
            if breaks_off(&bytes) {
                sorting.give_waiting();
                return Err(LinesError::Cut {
                    lines: sorting.line,
                });
            }
            sorting.take(&bytes)?;
        } else {
            let skipped = packed.skip_until(b'\n');
            let skipped = match skipped {
                Ok(skipped) => skipped,
                Err(error) => return Err(packed.get_ref().error(&error, sorting.line)),
            };
            length += u64::try_from(skipped).unwrap_or(u64::MAX);
            sorting.too_long(&bytes, length)?;
        }
        sorting.read.bytes += length;
    }
    sorting.finish(packed.get_ref().has_trailer())
}

/// Tells whether a last line has begun and not ended.
fn breaks_off(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    text.starts_with(b"{") && !text.ends_with(b"}")
}

/// Tells trades from bad lines, and bad lines from a file that is not understood.
struct Sorting<'g> {
    words: Words,
    latest: i64,
    read: Read,
    line: u64,
    /// Bad lines since the last trade.
    waiting: Vec<BadLine>,
    /// The first of them whose keys are not known.
    unknown: Option<(u64, String)>,
    give: &'g mut dyn FnMut(Line),
}

impl Sorting<'_> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), LinesError> {
        self.line += 1;
        let mark = if self.line == 1 { BYTE_ORDER_MARK } else { b"" };
        let text = bytes.strip_prefix(mark).unwrap_or(bytes).trim_ascii();
        if text.is_empty() {
            return Ok(());
        }
        match self.trade(text) {
            Ok(trade) => {
                self.give_waiting();
                self.read.trades += 1;
                (self.give)(Line::Trade(trade));
                Ok(())
            }
            Err(refusal) => {
                if let (None, Refusal::Keys(reason)) = (&self.unknown, &refusal) {
                    self.unknown = Some((self.line, reason.clone()));
                }
                self.refuse(text, refusal.reason())
            }
        }
    }

    fn trade(&mut self, text: &[u8]) -> Result<Trade, Refusal> {
        let trade = trade(text, &mut self.words)?;
        if trade.distribution_time > self.latest {
            let reason = "it says that it was published long after its file";
            return Err(Refusal::Value(reason.to_owned()));
        }
        Ok(trade)
    }

    fn too_long(&mut self, beginning: &[u8], length: u64) -> Result<(), LinesError> {
        self.line += 1;
        self.refuse(beginning, format!("it is {length} bytes long"))
    }

    fn refuse(&mut self, bytes: &[u8], reason: String) -> Result<(), LinesError> {
        let kept = bytes.get(..KEPT).unwrap_or(bytes);
        self.waiting.push(BadLine {
            line: self.line,
            offset: self.read.bytes,
            reason,
            bytes: kept.to_vec(),
        });
        match self.waiting.first() {
            Some(first) if self.waiting.len() >= MOST_IN_SUCCESSION => {
                let first = (first.line, first.reason.clone());
                let (line, reason) = self.unknown.take().unwrap_or(first);
                Err(LinesError::UnknownSchema { line, reason })
            }
            _ => Ok(()),
        }
    }

    fn give_waiting(&mut self) {
        self.unknown = None;
        for bad in self.waiting.drain(..) {
            self.read.bad += 1;
            (self.give)(Line::Bad(bad));
        }
    }

    /// A file without any trade whose keys are not known has changed its form, however short it is, and one without the beginning of
    /// any line is another thing.
    fn finish(mut self, has_trailer: bool) -> Result<Read, LinesError> {
        if self.read.trades == 0 {
            if let Some((line, reason)) = self.unknown.take() {
                return Err(LinesError::UnknownSchema { line, reason });
            }
            let is_line = |bad: &BadLine| bad.bytes.starts_with(b"{");
            if !self.waiting.is_empty() && !self.waiting.iter().any(is_line) {
                return Err(LinesError::NoTrades);
            }
        }
        self.give_waiting();
        self.read.has_trailer = has_trailer;
        Ok(self.read)
    }
}

#[cfg(test)]
mod tests;
