//! `barkeep show --trades`: prints raw trades of an instrument, or of all.
//!
//! Promises: times are UTC, to the nanosecond. A damaged day is named and does not hide the others.

use super::args::Format;
use super::{Question, ShowArgs, Shown};
use crate::cli::{Exit, Failure};
use crate::export::{Sheet, Times};
use crate::frame::{Frame, Profile};
use crate::model::{Provenance, StorageRequest, Ticker};
use crate::query::{self, Extract, Instrument, TradesMeant, isin};
use crate::storage::Stored;

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

impl<'q> Question<'q> {
    /// Returns what is printed of the trades of an instrument: an extract for each feed that has some.
    pub(super) fn trades(self, word: &'q Ticker) -> Result<Shown, Failure> {
        let meant = TradesMeant {
            instrument: instrument(word)?,
            span: self.span,
            ends: self.args.ends(),
        };
        let (mut extracts, mut exit) = (Vec::new(), Exit::Ok);
        let mut read = Vec::new();
        for request in query::feeds(self.reading.workspace, self.args.venue.as_ref())? {
            let rows = meant.of(self.reading, &request, |stored| {
                exit = Exit::worst([exit, self.report_damaged_days(&request, stored)]);
            })?;
            let told = |rows: &Frame| self.span.of_ends(meant.ends, rows);
            read.push((request.clone(), rows.as_ref().map_or(self.span, told)));
            let extract = rows.map(|rows| self.extract_of_trades(word, request, rows));
            extracts.extend(extract.transpose()?);
        }
        if extracts.is_empty() && exit == Exit::Ok {
            let message = format!("no trades of {word} are stored in that time");
            return Err(Failure::new(Exit::Failed, message)
                .hint("see which feeds have trades, and from when to when: barkeep list"));
        }
        Ok(Shown {
            extracts,
            exit,
            read,
        })
    }

    fn report_damaged_days(self, request: &StorageRequest, stored: &Stored) -> Exit {
        let shell = self.shell;
        for damage in &stored.damaged {
            shell.error(&format!(
                "error: {} is damaged: {}\n  caused by: the trades of {request} of {} are missing from the output",
                shell.shown(&damage.path),
                damage.reason,
                damage.partition,
            ));
        }
        shell.tell_misplaced(&stored.misplaced);
        Exit::Damaged.when(!stored.damaged.is_empty())
    }

    fn extract_of_trades(
        self,
        word: &Ticker,
        request: StorageRequest,
        rows: Frame,
    ) -> Result<Extract, Failure> {
        let (args, profile) = (self.args, rows.profile());
        let columns = columns(args, profile)?;
        let sheet = if args.format == Format::Arrow {
            let columns = beside_nanos(&columns, profile);
            Sheet::of_frame(rows, &columns, Times::Utc).in_micros()
        } else {
            Sheet::of_frame(rows, &columns, Times::Utc)
        };
        let venue = request.venue.as_ref();
        let mnemonic = venue.and_then(|venue| self.reading.catalog.mnemonic(word, venue));
        Ok(Extract {
            sheet,
            provenance: Provenance {
                timezone: Some("UTC".to_owned()),
                source: request.venue.clone(),
                ..Provenance::default()
            },
            mnemonic: mnemonic.map(str::to_owned),
            provisional: Vec::new(),
            request,
        })
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

/// Tells whether a word stands for every instrument.
pub(super) fn means_all(word: &Ticker) -> bool {
    word.as_str().eq_ignore_ascii_case(ALL)
}

/// Returns the instrument that a word is; `None` when all are meant. `DE000BASF111.USD` is its trades in that currency.
fn instrument(word: &Ticker) -> Result<Option<Instrument<'_>>, Failure> {
    if means_all(word) {
        return Ok(None);
    }
    let (isin, currency) = isin(word).map_err(|refused| {
        refused.hint("print the trades of all instruments: barkeep show --trades all --head 100")
    })?;
    Ok(Some(Instrument { isin, currency }))
}
