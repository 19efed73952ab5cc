//! `barkeep show --trades`: prints raw trades of an instrument, or of all.
//!
//! Promises: one day is in memory at a time, beside the rows that are printed. Times are UTC, to the nanosecond. A damaged day is
//! named and does not hide the others.

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::args::Format;
use super::{Question, ShowArgs};
use crate::cli::ui::rows::Extract;
use crate::cli::ui::words;
use crate::cli::{Exit, Failure};
use crate::export::{Sheet, Times};
use crate::frame::{Cell, Frame, Profile, exact_trades};
use crate::model::{Dataset, Provenance, Series, StorageRequest, Ticker, instrument_of};
use crate::storage::{StorageError, Stored};

/// Stands for every instrument.
const ALL: &str = "all";
/// What people see of a trade; the other columns are asked for by name, or are in CSV and JSON.
const TOLD: [&str; 8] = [
    "trade_time",
    "isin",
    "price",
    "volume",
    "currency",
    "execution_venue",
    "trading_mode",
    "modification_flag",
];

/// An instrument, in all currencies if none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Instrument<'q> {
    isin: &'q str,
    currency: Option<&'q str>,
}

/// The trades of one feed that are printed.
struct Wanted<'q> {
    question: Question<'q>,
    /// Their instrument; `None` for all.
    instrument: Option<Instrument<'q>>,
    mnemonic: Option<String>,
    parts: Vec<Frame>,
    rows: usize,
    exit: Exit,
}

impl<'q> Question<'q> {
    /// Returns what is printed of the trades of an instrument: an extract for each feed that has some.
    pub(super) fn trades(self, word: &'q Ticker) -> Result<(Vec<Extract>, Exit), Failure> {
        let instrument = instrument(word)?;
        let mut extracts = Vec::new();
        let mut exits = Vec::new();
        for request in self.feeds()? {
            let venue = request.venue.as_ref();
            let mnemonic = venue.and_then(|venue| self.reading.catalog.mnemonic(word, venue));
            let mut wanted = Wanted {
                question: self,
                instrument,
                mnemonic: mnemonic.map(str::to_owned),
                parts: Vec::new(),
                rows: 0,
                exit: Exit::Ok,
            };
            wanted.read(&request)?;
            exits.push(wanted.exit);
            extracts.extend(wanted.extract(request)?);
        }
        if extracts.is_empty() && exits.iter().all(|exit| *exit == Exit::Ok) {
            let message = format!("no trades of {word} are stored in that time");
            return Err(Failure::new(Exit::Failed, message)
                .hint("see which feeds have trades, and from when to when: barkeep list"));
        }
        Ok((extracts, Exit::worst(exits)))
    }

    /// Returns the feeds of the venues that are meant.
    fn feeds(self) -> Result<Vec<StorageRequest>, Failure> {
        let workspace = self.reading.workspace;
        let venues = match &self.args.venue {
            Some(venue) => vec![venue.clone()],
            None => workspace.venues()?.into_iter().collect(),
        };
        let mut feeds = Vec::new();
        for venue in venues {
            for feed in workspace.stores.partitioned.feeds(&venue)? {
                feeds.push(StorageRequest {
                    venue: Some(venue.clone()),
                    series: Series::Trades { feed },
                });
            }
        }
        Ok(feeds)
    }
}

impl Wanted<'_> {
    fn read(&mut self, request: &StorageRequest) -> Result<(), Failure> {
        let Question { reading, .. } = self.question;
        if reading.as_of.is_some() {
            if let Some(found) = reading.read(request)? {
                self.take(request, &found.stored);
            }
            return Ok(());
        }
        let question = self.question;
        let is_wanted = |key| question.span.has_partition(key);
        let store = &reading.workspace.stores.partitioned;
        store.read_each(request, &is_wanted, &mut |_, stored| {
            self.take(request, &stored?);
            let is_enough = question.args.head.is_some_and(|head| self.rows >= head);
            Ok::<_, StorageError>(if is_enough {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        Ok(())
    }

    /// Takes what is wanted of some rows.
    fn take(&mut self, request: &StorageRequest, stored: &Stored) {
        let Question {
            shell, span, args, ..
        } = self.question;
        for damage in &stored.damaged {
            shell.error(&format!(
                "error: {} is damaged: {}\n  caused by: the trades of {request} of {} are missing from the output",
                shell.shown(&damage.path),
                damage.reason,
                damage.partition,
            ));
            self.exit = Exit::Damaged;
        }
        for path in &stored.misplaced {
            let named = words::misplaced(shell.shown(path));
            shell.warning(&format!("{named}."));
        }
        let exact = exact_trades(&stored.frame);
        let rows = of_instrument(&span.of(&exact), self.instrument);
        self.rows += rows.len();
        self.parts.push(rows);
        // Of the last ones no more are kept than are printed.
        while let (Some(tail), Some(first)) = (args.tail, self.parts.first())
            && self.rows - first.len() >= tail
        {
            self.rows -= first.len();
            self.parts.remove(0);
        }
    }

    fn extract(self, request: StorageRequest) -> Result<Option<Extract>, Failure> {
        let args = self.question.args;
        let profile = Profile::of(Dataset::Trades);
        let frame = Frame::joined(profile, self.parts).map_err(|other| StorageError::Refused {
            path: PathBuf::from(request.to_string()),
            reason: other.to_string(),
        })?;
        if frame.is_empty() {
            return Ok(None);
        }
        let first = args.tail.map_or(0, |tail| frame.len().saturating_sub(tail));
        let after = args.head.map_or(frame.len(), |head| head.min(frame.len()));
        let rows: Vec<usize> = (first..after).collect();
        let (rows, columns) = (frame.take(&rows), columns(args, profile)?);
        let sheet = if args.format == Format::Arrow {
            let columns = beside_nanos(&columns, profile);
            Sheet::of_frame(rows, &columns, Times::Utc).in_micros()
        } else {
            Sheet::of_frame(rows, &columns, Times::Utc)
        };
        Ok(Some(Extract {
            sheet,
            provenance: Provenance {
                timezone: Some("UTC".to_owned()),
                source: request.venue.clone(),
                ..Provenance::default()
            },
            mnemonic: self.mnemonic,
            provisional: Vec::new(),
            request,
        }))
    }
}

fn columns(args: &ShowArgs, profile: &'static Profile) -> Result<Vec<usize>, Failure> {
    if args.format == Format::Table && !args.names_columns() {
        return Ok(TOLD
            .iter()
            .filter_map(|name| profile.position(name))
            .collect());
    }
    args.columns(profile)
}

/// Returns columns with that of the nanoseconds behind each time: Arrow's times are in microseconds here, as in the files.
fn beside_nanos(columns: &[usize], profile: &'static Profile) -> Vec<usize> {
    let mut all: Vec<usize> = Vec::with_capacity(columns.len());
    for &at in columns {
        let name = profile.columns.get(at).map_or("", |spec| spec.name);
        let nanos = profile.position(&format!("{name}_ns"));
        all.push(at);
        all.extend(nanos.filter(|nanos| !columns.contains(nanos)));
    }
    all
}

fn of_instrument(rows: &Frame, instrument: Option<Instrument<'_>>) -> Frame {
    let column = |name: &str| {
        let at = rows.profile().position(name);
        at.and_then(|at| rows.columns().get(at))
    };
    let (Some(Instrument { isin, currency }), Some(isins), Some(currencies)) =
        (instrument, column("isin"), column("currency"))
    else {
        return rows.clone();
    };
    // Rows stand in the order of time, so that every group of them has nearly every instrument: its statistics rule
    // none out, and a plain look at each row is all there is.
    let is_it = |row: &usize| {
        isins.cell(*row) == Cell::Text(isin)
            && currency.is_none_or(|currency| currencies.cell(*row) == Cell::Text(currency))
    };
    let found: Vec<usize> = (0..rows.len()).filter(is_it).collect();
    rows.take(&found)
}

/// Tells whether a word stands for every instrument.
pub(super) fn means_all(word: &Ticker) -> bool {
    word.as_str().eq_ignore_ascii_case(ALL)
}

/// Returns the instrument that a word is; `None` when all are meant. `DE000BASF111.USD` is its trades in that currency.
fn instrument(word: &Ticker) -> Result<Option<Instrument<'_>>, Failure> {
    if means_all(word) {
        return Ok(None);
    }
    if let Some((isin, currency)) = instrument_of(word.as_str()) {
        return Ok(Some(Instrument { isin, currency }));
    }
    let refused = Failure::usage(format!(
        "{word} is no ISIN, such as DE000BASF111, and no mnemonic that is known"
    ));
    Err(refused.hint("print the trades of all instruments: barkeep show --trades all --head 100"))
}
