//! From the bytes of one file to what it holds, whatever it was written in.
//!
//! Promises: the same bytes and settings give the same contents, for every ticker and interval. Leaves to others: who reads
//! the file and when (`series`), how long it is kept (`shelf`).

use std::fmt;

use chrono_tz::Tz;

use super::detect::{self, Detected};
use super::index::Found;
use super::name::FileKind;
use super::rows::{self, Keep};
use super::sheet::{Answer, Question, Sheet, Stamped, TOO_LARGE};
use super::spec::FilesSpec;
use super::text::{self, NoText, Origin};
use super::{ParquetBars, ParquetRows, json, pandas, sheet};
use crate::frame::Bar;

/// What a file holds.
#[derive(Debug)]
pub(super) enum Content {
    /// No row of anybody.
    NoRows,
    /// Rows that say their time.
    Sheet(Sheet),
    /// Bars in barkeep's own columns, by ticker.
    Bars(ParquetBars),
}

/// Why a file has no contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is something else, or broken.
    Else(String),
    /// It is known whose rows it holds, and they cannot be read: nobody is to believe that there are none.
    Broken(String),
    /// All of its rows take more memory than they may; those of one ticker may fit.
    TooLarge,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Else(reason) | Self::Broken(reason) => f.write_str(reason),
            Self::TooLarge => f.write_str(TOO_LARGE),
        }
    }
}

impl Content {
    /// Reads a file.
    pub(super) fn read(
        file: &Found,
        bytes: Vec<u8>,
        spec: &FilesSpec,
        door: &dyn ParquetRows,
        keep: &Keep<'_>,
    ) -> Result<Self, Refusal> {
        match file.kind {
            FileKind::Parquet => of_parquet(bytes, spec, door),
            FileKind::Text => of_text(file, &bytes, spec, door.most_bytes(), keep),
        }
    }

    /// Returns the symbols that rows name, the empty one for none.
    pub(super) fn symbols(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::NoRows => Box::new(std::iter::empty()),
            Self::Sheet(sheet) => Box::new(sheet.symbols()),
            Self::Bars(bars) => Box::new(bars.owners.iter().map(|(owner, _)| owner.as_str())),
        }
    }

    /// Returns how many bytes it takes.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::NoRows => 0,
            Self::Sheet(sheet) => sheet.bytes(),
            Self::Bars(bars) => {
                let rows: usize = bars.owners.iter().map(|(_, bars)| bars.len()).sum();
                rows as u64 * size_of::<Bar>() as u64
            }
        }
    }

    /// Returns the bars of some of the symbols. The error is the reason why they cannot be read.
    pub(super) fn bars(&self, symbols: &[&str], question: &Question<'_>) -> Result<Answer, String> {
        let mut all = Stamped::default();
        for symbol in symbols {
            match self {
                Self::NoRows => {}
                Self::Sheet(sheet) => match sheet.bars(symbol, question)? {
                    Answer::Rows(stamped) => all.append(stamped),
                    Answer::OtherLength => return Ok(Answer::OtherLength),
                },
                Self::Bars(bars) => {
                    let mine = bars.owners.iter().filter(|(owner, _)| owner == symbol);
                    let bars = mine.flat_map(|(_, bars)| bars.iter().copied());
                    all.bars.extend(bars.filter(sheet::has_price));
                }
            }
        }
        Ok(Answer::Rows(all))
    }

    /// Returns the zone whose wall clock the bars show; `None` when nobody knows it.
    pub(super) fn zone(&self, question: &Question<'_>, of_source: Option<Tz>) -> Option<Tz> {
        match self {
            Self::NoRows => None,
            Self::Sheet(sheet) => sheet.stored(question),
            Self::Bars(_) => of_source,
        }
    }

    /// Returns how many numbers of the file a bar cannot hold as they are.
    pub(super) fn inexact(&self) -> usize {
        match self {
            Self::NoRows | Self::Sheet(_) => 0,
            Self::Bars(bars) => bars.inexact,
        }
    }
}

fn of_text(
    file: &Found,
    bytes: &[u8],
    spec: &FilesSpec,
    most_bytes: u64,
    keep: &Keep<'_>,
) -> Result<Content, Refusal> {
    let (text, entry) = text::unpack(bytes, most_bytes).map_err(|error| match error {
        NoText::Else(reason) => Refusal::Else(reason),
        // Passed over, its rows would be missed by nobody.
        NoText::TooLarge(reason) => Refusal::Broken(reason),
    })?;
    let left = most_bytes.saturating_sub(text.len() as u64);
    if json::is_json(&text) {
        return json::read(&text, spec, left)
            .map(Content::Sheet)
            .map_err(Refusal::Else);
    }
    let origin = Origin {
        entry,
        day: file.day,
    };
    let layout = match detect::detect(&text, spec, &origin).map_err(Refusal::Else)? {
        Detected::Rows(layout) => layout,
        Detected::NoRows => return Ok(Content::NoRows),
    };
    let sheet = rows::read(&text, &layout, spec, keep, left);
    sheet.map(Content::Sheet).map_err(|reason| {
        if reason == TOO_LARGE {
            Refusal::TooLarge
        } else if layout.names_tickers() {
            Refusal::Broken(reason)
        } else {
            Refusal::Else(reason)
        }
    })
}

/// Decodes barkeep's own columns, or those of others where these are not there.
fn of_parquet(
    bytes: Vec<u8>,
    spec: &FilesSpec,
    door: &dyn ParquetRows,
) -> Result<Content, Refusal> {
    let file = door.open(bytes).map_err(Refusal::Else)?;
    let names = file.names();
    let is_own = ["stock", "date"]
        .iter()
        .all(|own| names.columns.iter().any(|name| name == own));
    // A date that is an instant is none of barkeep's, whatever its name.
    if is_own && !names.instants.iter().any(|name| name == "date") {
        return file.bars().map(Content::Bars).map_err(Refusal::Else);
    }
    pandas::read(&*file, door.most_bytes(), spec)
        .map(Content::Sheet)
        .map_err(Refusal::Else)
}
