//! `barkeep export`: writes stored bars for other programs.
//!
//! Promises: takes no lock and changes nothing that is stored. A file appears when it is whole. What is damaged or cannot be read is
//! named, and keeps nothing else from being written.

mod args;
mod chosen;
mod table;
mod target;
mod wide;

pub(in crate::cli) use args::ExportArgs;
pub(super) use target::{save, target};

use std::io::Write;
use std::path::Path;

use args::{Goal, Which};
use chosen::{Chosen, chosen};
use table::Table;

use super::named::Lookup;
use super::show::{catalog_if_usable, instant, report_damage, utc_zone};
use crate::cli::ui::words::{count, some_of};
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::export::{Draft, ExportError, Form, Head, RowWriter, Sheet, Times, Unsaid, leftovers};
use crate::frame::{Adjust, Column, Frame, KindOf};
use crate::inventory::interval_of;
use crate::ledger::Ledgers;
use crate::model::{Interval, StorageRequest};
use crate::query::{self, Making, Pieces, Span};
use crate::storage::Stored;
use crate::workspace::Reading;

/// How many tickers a message names.
const MOST_NAMED: usize = 10;

/// What is asked of each series.
#[derive(Clone, Copy)]
struct ExportQuestion<'q> {
    args: &'q ExportArgs,
    shell: &'q Shell<'q>,
    reading: Reading<'q, 'q>,
    span: Span,
    times: Times,
}

/// What became of an export.
#[derive(Debug, Default)]
struct Told {
    rows: usize,
    tickers: usize,
    /// Tickers whose last bar is joined of bars that are not all there yet.
    unfinished: usize,
    exits: Vec<Exit>,
}

/// Runs `export`.
pub(in crate::cli) fn run(args: &ExportArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let form = args.form()?;
    let span = args.time.span(shell.today())?;
    let workspace = wiring::open(shell)?;
    let (catalog, registry) = catalog_if_usable(&workspace, shell)?;
    let ledgers = Ledgers::default();
    let reading = Reading {
        ledgers: Some(&ledgers),
        as_of: wiring::moment(shell, args.as_of)?,
        ..workspace.reading(&catalog)
    };
    let args = &meant(args, shell, reading)?;
    let target = match args.goal() {
        Goal::StandardOutput => None,
        Goal::File(path) => Some(target(shell, path, args.force)?),
    };
    let chosen = chosen(args, reading)?;
    let question = ExportQuestion {
        args,
        shell,
        reading,
        span,
        times: Times::of_bars(chosen.interval),
    };
    let told = if let Some(target) = &target {
        question.write_file(form, target, &chosen)?
    } else {
        let mut out = shell.rows();
        let told = question.write(form, &mut out, &chosen, &Unsaid::default())?;
        // The printer remembers what went wrong.
        let _flushed = out.flush();
        told
    };
    let told = told.without(shell, &chosen);
    let what = match (args.factors, &args.wide) {
        (true, _) => count(told.rows, "row", "rows"),
        (false, Some(_)) => count(told.rows, "date", "dates"),
        (false, None) => count(told.rows, "bar", "bars"),
    };
    let tickers = count(told.tickers, "ticker", "tickers");
    if told.unfinished > 0 {
        let unfinished = count(told.unfinished, "ticker", "tickers");
        let note = format!("The last bar of {unfinished} is not over yet.");
        shell.note(&note);
    }
    if let Goal::File(path) = args.goal() {
        let path = path.display();
        let note = format!("{path} has {what} of {tickers}.");
        shell.note(&note);
    }
    Ok(Exit::worst(told.exits.into_iter().chain([registry])))
}

/// Returns the options with the tickers that are meant.
fn meant(
    args: &ExportArgs,
    shell: &Shell<'_>,
    reading: Reading<'_, '_>,
) -> Result<ExportArgs, Failure> {
    let (workspace, catalog) = (reading.workspace, reading.catalog);
    let lookup = Lookup::of(shell, workspace, catalog, args.venue.as_slice()).at(reading.as_of);
    let tickers = args.tickers.iter().map(|which| match which {
        Which::All => Ok(Which::All),
        Which::One(word) => lookup.ticker(word).map(Which::One),
    });
    Ok(ExportArgs {
        tickers: tickers.collect::<Result<_, Failure>>()?,
        ..args.clone()
    })
}

impl ExportQuestion<'_> {
    fn write_file(self, form: Form, target: &Path, chosen: &Chosen) -> Result<Told, Failure> {
        let fs = &*self.shell.world.fs;
        for left in leftovers(fs, target)? {
            self.shell.warning(&format!(
                "{} was left by an export that was killed, or is being written by another one; nobody reads it, and it can be removed.",
                left.display()
            ));
        }
        let mut draft = Draft::begin(fs, target)?;
        let unsaid = draft.unsaid();
        let told = self.write(form, &mut draft, chosen, &unsaid)?;
        draft.keep()?;
        Ok(told)
    }

    fn write(
        self,
        form: Form,
        out: &mut (dyn Write + Send),
        chosen: &Chosen,
        unsaid: &Unsaid,
    ) -> Result<Told, Failure> {
        let facts = self.facts(chosen);
        let why = |error: ExportError| unsaid.take().map_or_else(|| error.into(), Failure::from);
        if let Some(column) = &self.args.wide {
            let (sheet, told) = wide::sheet(self, chosen, column)?;
            let mut writer = RowWriter::new(form, out, sheet.heads(), &facts).map_err(why)?;
            writer.write(sheet).map_err(why)?;
            writer.finish().map_err(why)?;
            return Ok(told);
        }
        if self.args.factors {
            let heads = query::factor_heads();
            let mut writer = RowWriter::new(form, out, &heads, &facts).map_err(why)?;
            let told = self.each(chosen, |request, _, stored| {
                let sheet = query::factor_sheet(self.reading, &heads, request, stored)?;
                let rows = sheet.len();
                writer.write(sheet).map_err(why)?;
                Ok(rows)
            })?;
            writer.finish().map_err(why)?;
            return Ok(told);
        }
        let mut table = Table::of(form, out, &facts);
        let told = self.each(chosen, |request, frame, stored| {
            let columns = table.columns(self, request, frame.profile())?.clone();
            let sheet = self.sheet(request, frame, stored, &columns.positions)?;
            let rows = sheet.len();
            table.write(&columns, sheet).map_err(why)?;
            Ok(rows)
        })?;
        table.finish(self, why)?;
        Ok(told)
    }

    /// Tells in which pieces series are read: what looks at a series as a whole needs it in one.
    fn pieces(self) -> Pieces {
        let args = self.args;
        let needs_all = args.adjust.is_some() || args.resample.is_some() || args.factors;
        if needs_all || args.wide.is_some() || self.reading.as_of.is_some() {
            Pieces::Series
        } else {
            Pieces::Months
        }
    }

    /// Hands the rows of each series to `take`, which returns how many of them it took. What cannot be read is told, and costs
    /// its series.
    fn each(
        self,
        chosen: &Chosen,
        mut take: impl FnMut(&StorageRequest, Frame, &Stored) -> Result<usize, Failure>,
    ) -> Result<Told, Failure> {
        let Self { shell, .. } = self;
        let mut told = Told::default();
        let lots = (self.pieces(), shell.world.cores.get());
        let mut last: Option<StorageRequest> = None;
        query::each_piece(self.reading, &chosen.series, lots, |request, read| {
            if let Some(signal) = shell.around.stop.signal() {
                let message = "the export was stopped, and left nothing";
                return Err(Failure::new(Exit::Interrupted(signal), message));
            }
            if self.args.goal() == Goal::StandardOutput && shell.is_closed() {
                return Ok(());
            }
            let stored = match read {
                Ok(None) if self.reading.as_of.is_some() => return Ok(()),
                Ok(None) => {
                    let gone = format!("rows of {request} were stored, and none is there any more");
                    told.fail(shell, &Failure::new(Exit::Failed, gone));
                    return Ok(());
                }
                Ok(Some(stored)) => stored,
                Err(error) => {
                    told.fail(shell, &error.into());
                    return Ok(());
                }
            };
            told.exits.push(report_damage(shell, request, &stored));
            match self.rows(request, &stored) {
                Ok((frame, _)) if frame.is_empty() => {}
                Ok((frame, is_unfinished)) => {
                    let rows = take(request, frame, &stored)?;
                    told.unfinished += usize::from(is_unfinished);
                    told.rows += rows;
                    if rows > 0 && last.as_ref() != Some(request) {
                        told.tickers += 1;
                        last = Some(request.clone());
                    }
                }
                Err(failure) => told.fail(shell, &failure),
            }
            Ok(())
        })?;
        Ok(told)
    }

    /// Returns the rows of a series that are asked for, and whether any of them is joined of bars that are not all there yet.
    fn rows(self, request: &StorageRequest, stored: &Stored) -> Result<(Frame, bool), Failure> {
        let (reading, zone) = (self.reading, stored.provenance.timezone.as_deref());
        let making = Making {
            adjust: self.args.adjust,
            from: interval_of(&request.series).unwrap_or(Interval::D1),
            to: self.args.resample,
            with_outside: false,
        };
        let frame = making.adjusted(reading, request, stored)?;
        let Some(coarse) = making.joined(reading, request, (&frame, zone))? else {
            return Ok((self.span.of(&frame), false));
        };
        let within = self.span.of(&coarse.frame);
        let is_unfinished = within
            .times()
            .any(|bar| coarse.provisional.binary_search(&bar).is_ok());
        Ok((within, is_unfinished))
    }

    fn sheet(
        self,
        request: &StorageRequest,
        frame: Frame,
        stored: &Stored,
        positions: &[usize],
    ) -> Result<Sheet, Failure> {
        if !self.args.utc {
            return Ok(Sheet::of_frame(frame, positions, self.times));
        }
        let zone = utc_zone(request, stored.provenance.timezone.as_deref())?;
        let instants = frame.times().map(|wall| instant(wall, zone));
        let instants = Column::Time(instants.collect());
        Ok(Sheet::of_frame(frame, positions, self.times).with(utc_head(), instants))
    }

    /// Returns what a file says of all its rows.
    fn facts(self, chosen: &Chosen) -> Vec<(String, String)> {
        let mut facts = vec![
            ("source".to_owned(), chosen.venue.to_string()),
            ("interval".to_owned(), chosen.interval.to_string()),
        ];
        let as_of = self.reading.as_of.map(|at| at.to_rfc3339());
        facts.extend(as_of.map(|at| ("as_of".to_owned(), at)));
        let adjusted = self.args.adjust.map(|adjust| match adjust {
            Adjust::Splits => "splits",
            Adjust::All => "splits and dividends",
        });
        facts.extend(adjusted.map(|what| ("adjusted".to_owned(), what.to_owned())));
        facts
    }
}

fn utc_head() -> Head {
    Head::new("utc", KindOf::Time, Times::Utc)
}

impl Told {
    /// Names tickers of which nothing could be made.
    fn without(mut self, shell: &Shell<'_>, chosen: &Chosen) -> Self {
        if !chosen.without.is_empty() {
            let names = some_of(&chosen.without, MOST_NAMED);
            let to = chosen.interval;
            shell.error(&format!(
                "no stored bars of {names} can be joined to bars of {to}"
            ));
            self.exits.push(Exit::Partial);
        }
        self
    }

    /// Names a series of which nothing is written.
    fn fail(&mut self, shell: &Shell<'_>, failure: &Failure) {
        shell.error(&failure.text());
        let exit = match failure.exit {
            Exit::Failed | Exit::Usage => Exit::Partial,
            other => other,
        };
        self.exits.push(exit);
    }
}
