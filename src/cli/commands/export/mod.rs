//! `barkeep export`: writes stored bars for other programs.
//!
//! Promises: takes no lock and changes nothing that is stored. A file appears when it is whole. What is damaged or cannot be read is
//! named, and keeps nothing else from being written.

mod args;
mod wide;

pub(in crate::cli) use args::ExportArgs;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use args::Goal;

use super::named;
use super::show::{catalog_if_usable, instant, report_damage, report_lost, utc_zone};
use crate::catalog::refuse_order;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::export::{
    self, ExportError, Form, Head, Sheet, Table, Target, Times, Unsaid, leftovers,
};
use crate::frame::{Adjust, Column, Frame, KindOf, Profile};
use crate::inventory::{Asked, LostRows, interval_of};
use crate::ledger::Ledgers;
use crate::mirror;
use crate::model::words::{count, some_of};
use crate::model::{Dataset, Interval, StorageRequest};
use crate::query::{self, Chosen, Making, Pieces, QueryError, Span};
use crate::storage::Stored;
use crate::workspace::{Reading, Workspace};

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
    let tickers = named::tickers(shell, reading, args.venue.as_slice(), &args.named())?;
    let target = match args.goal() {
        Goal::StandardOutput => None,
        Goal::File(path) => Some(target(shell, &workspace, path, args.force)?),
    };
    let asked = Asked {
        venues: args.venue.clone().into_iter().collect(),
        intervals: args.interval.into_iter().collect(),
        tickers,
    };
    refuse_order("export", &asked.tickers, args.interval, &catalog)?;
    let chosen = query::chosen(reading, &asked, args.purpose())?;
    if args.wide.is_some() {
        wide::refuse_one_name(&chosen)?;
    }
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
    let told = told.without(shell, &chosen, &question.lost(&chosen)?);
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

/// Returns where a file that somebody named would stand.
pub(super) fn target(
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    typed: &Path,
    may_replace: bool,
) -> Result<Target, Failure> {
    let named = (&*shell.world.current_dir, typed);
    let mut kept = Vec::new();
    let mirrors = mirror::root(workspace);
    for venue in workspace.venues()? {
        let of_market = mirrors.join(venue.market.as_str());
        kept.push(of_market.join(venue.source.as_str()));
    }
    let around = (shell.root(), (&*mirrors, &*kept));
    Ok(export::target(
        &*shell.world.fs,
        around,
        named,
        may_replace,
    )?)
}

impl ExportQuestion<'_> {
    fn write_file(self, form: Form, target: &Target, chosen: &Chosen) -> Result<Told, Failure> {
        let fs = &*self.shell.world.fs;
        for left in leftovers(fs, target.path())? {
            self.shell.warning(&format!(
                "{} was left by an export that was killed, or is being written by another one; nobody reads it, and it can be removed.",
                left.display()
            ));
        }
        let mut draft = target.draft(fs)?;
        let unsaid = draft.unsaid();
        let told = self.write(form, &mut draft, chosen, &unsaid)?;
        target.keep(draft)?;
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
        let mut table = Table::of(form, out, &facts);
        let (told, heads) = if let Some(column) = &self.args.wide {
            let (sheet, told) = wide::sheet(self, chosen, column)?;
            let heads = sheet.heads().clone();
            table.write(sheet).map_err(why)?;
            (told, heads)
        } else if self.args.factors {
            let heads = query::factor_heads();
            let told = self.each(chosen, |request, _, stored| {
                let sheet = query::factor_sheet(self.reading, &heads, request, stored)?;
                table.write(sheet).map_err(why)
            })?;
            (told, heads)
        } else {
            let mut first: Option<&'static Profile> = None;
            let told = self.each(chosen, |request, frame, stored| {
                if *first.get_or_insert(frame.profile()) != frame.profile() {
                    let message = format!("{request} has other columns than the tickers before it");
                    let refused = Failure::usage(message);
                    return Err(refused.hint("export them into a file of their own"));
                }
                let sheet = self.sheet(request, frame, stored)?;
                table.write(sheet).map_err(why)
            })?;
            // Without any rows, the header of bars that a source gives.
            let profile = first.unwrap_or_else(|| Profile::of(Dataset::Stocks));
            (told, self.heads(profile)?)
        };
        table.finish(&heads).map_err(why)?;
        Ok(told)
    }

    /// Finds what is gone of the rows that are meant, or of those by which they are adjusted.
    fn lost(self, chosen: &Chosen) -> Result<Vec<LostRows>, QueryError> {
        let span = self.span.of_parts(self.args.resample);
        let mut meant: BTreeMap<_, _> = chosen
            .series
            .iter()
            .map(|one| (one.clone(), span))
            .collect();
        let for_factors = self.args.factors.then_some(Adjust::All);
        if let Some(how) = for_factors.or(self.args.adjust) {
            let beside = chosen.series.iter();
            meant.extend(beside.flat_map(|bars| query::meant_by(bars, how)));
        }
        query::lost(self.reading, &meant)
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
            let making = Making {
                adjust: self.args.adjust,
                from: interval_of(&request.series).unwrap_or(Interval::D1),
                to: self.args.resample,
                with_outside: false,
            };
            match making.within(self.reading, request, &stored, self.span) {
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
                Err(error) => told.fail(shell, &error.into()),
            }
            Ok(())
        })?;
        Ok(told)
    }

    fn sheet(
        self,
        request: &StorageRequest,
        frame: Frame,
        stored: &Stored,
    ) -> Result<Sheet, Failure> {
        let positions = self.positions(frame.profile())?;
        if !self.args.utc {
            return Ok(Sheet::of_frame(frame, &positions, self.times));
        }
        let zone = utc_zone(request, stored)?;
        let instants = frame.times().map(|wall| instant(wall, zone));
        let instants = Column::Time(instants.collect());
        Ok(Sheet::of_frame(frame, &positions, self.times).with(utc_head(), instants))
    }

    fn heads(self, profile: &'static Profile) -> Result<Arc<[Head]>, Failure> {
        let nothing = Frame::empty(profile);
        let positions = self.positions(profile)?;
        let sheet = Sheet::of_frame(nothing, &positions, self.times);
        let utc = self.args.utc.then(utc_head);
        Ok(sheet.heads().iter().cloned().chain(utc).collect())
    }

    fn positions(self, profile: &Profile) -> Result<Vec<usize>, Failure> {
        Ok(match self.args.columns.as_slice() {
            [] => (0..profile.columns.len()).collect(),
            names => profile.positions(names)?,
        })
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
    /// Names tickers of which nothing could be made, and those of which rows are gone.
    fn without(mut self, shell: &Shell<'_>, chosen: &Chosen, lost: &[LostRows]) -> Self {
        self.exits.push(report_lost(shell, lost));
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
