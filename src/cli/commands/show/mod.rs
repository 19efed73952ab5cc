//! `barkeep show`: prints stored bars, events or trades.
//!
//! Promises: takes no lock and writes nothing. A damaged month is named with the command that fetches it again, and
//! does not hide the others; nor does a ticker that cannot be shown.

mod args;
mod trades;

pub(in crate::cli) use args::{Format, ShowArgs};

use std::collections::{BTreeMap, BTreeSet};

use super::gaps;
use super::named;
use super::provisional;
use crate::calendar::utc_of;
use crate::catalog::{Catalog, refuse_order};
use crate::cli::ui::rows::{self, Shape};
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::export::{Sheet, Times};
use crate::frame::Frame;
use crate::inventory::{LostRows, refetch};
use crate::model::{Interval, Series, StorageRequest, Ticker, time};
use crate::query::{self, Bars, Extract, Making, Span, Wanted, refuse_mixed};
use crate::storage::{OtherClock, Stored};
use crate::workspace::{Reading, Workspace};

/// What is asked of each ticker.
#[derive(Clone, Copy)]
struct Question<'q> {
    args: &'q ShowArgs,
    shell: &'q Shell<'q>,
    reading: Reading<'q, 'q>,
    span: Span,
}

/// What is printed of a ticker.
struct Shown {
    extracts: Vec<Extract>,
    exit: Exit,
    /// The series of which rows were read, and of which time they were meant.
    read: Vec<(StorageRequest, Span)>,
}

/// Runs `show`.
pub(in crate::cli) fn run(args: &ShowArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let span = args.time.span(shell.today())?;
    if args.format == Format::Arrow && shell.world.terminals.stdout {
        return Err(
            Failure::usage("a stream of Arrow's is nothing for a terminal")
                .hint("write it to a file or a program: > bars.arrows"),
        );
    }
    let workspace = wiring::open(shell)?;
    let (catalog, told) = catalog_if_usable(&workspace, shell)?;
    refuse_order("show", &args.tickers, args.interval, &catalog)?;
    let reading = Reading {
        as_of: wiring::moment(shell, args.as_of)?,
        ..workspace.reading(&catalog)
    };
    let tickers = meant(args, shell, reading)?;
    let question = Question {
        args,
        shell,
        reading,
        span,
    };
    let (mut extracts, mut exits, mut read) = (Vec::new(), vec![told], BTreeMap::new());
    for ticker in &tickers {
        let answer = if args.trades {
            question.trades(ticker)
        } else {
            question.answer(ticker)
        };
        match answer {
            Ok(shown) => {
                extracts.extend(shown.extracts);
                exits.push(shown.exit);
                read.extend(shown.read);
            }
            Err(failure) if tickers.len() == 1 => return Err(failure),
            Err(failure) => {
                shell.error(&failure.text());
                exits.push(failure.exit);
            }
        }
    }
    match args.format.form() {
        Some(form) => {
            refuse_mixed(&extracts, form, !(args.events || args.auctions))?;
            rows::run(form, extracts, shell.printer)?;
        }
        None if args.format == Format::Json => {
            let shape = if args.tickers.len() == 1 && extracts.len() == 1 {
                Shape::One
            } else {
                Shape::Several
            };
            rows::json(&extracts, shape, shell.printer);
        }
        None => tables(&extracts, shell),
    }
    exits.push(report_lost(shell, &query::lost(reading, &read)?));
    Ok(Exit::worst(exits))
}

/// Returns the tickers that are meant. In place of an instrument whose trades are asked for, all may be.
fn meant(
    args: &ShowArgs,
    shell: &Shell<'_>,
    reading: Reading<'_, '_>,
) -> Result<Vec<Ticker>, Failure> {
    if args.trades && args.tickers.iter().any(trades::means_all) {
        return Ok(args.tickers.clone());
    }
    named::tickers(shell, reading, args.venue.as_slice(), &args.tickers)
}

/// Prints a table for each series, of several below its name.
fn tables(extracts: &[Extract], shell: &Shell<'_>) {
    for (at, extract) in extracts.iter().enumerate() {
        if extracts.len() > 1 {
            let apart = if at == 0 { "" } else { "\n" };
            let mnemonic = extract.mnemonic.as_ref();
            let mnemonic = mnemonic.map_or_else(String::new, |word| format!(" ({word})"));
            shell.line(&format!("{apart}{}{mnemonic}", extract.request));
        }
        rows::table(extract, shell.printer);
    }
}

/// Bars can be shown without the registry, so a damaged one is told and passed over. It is no success all the same: the exit says so.
pub(super) fn catalog_if_usable(
    workspace: &Workspace<'_>,
    shell: &Shell<'_>,
) -> Result<(Catalog, Exit), Failure> {
    match workspace.catalog().map_err(Failure::from) {
        Ok(catalog) => Ok((catalog.unwrap_or_default(), Exit::Ok)),
        Err(failure) if failure.exit == Exit::Damaged => {
            shell.error(&failure.text());
            let mut catalog = Catalog::default();
            catalog.know_aliases(workspace.aliases()?);
            Ok((catalog, failure.exit))
        }
        Err(failure) => Err(failure),
    }
}

impl Question<'_> {
    /// Returns what is printed of a ticker.
    fn answer(self, ticker: &Ticker) -> Result<Shown, Failure> {
        let Self {
            args,
            shell,
            reading,
            ..
        } = self;
        let wanted = Wanted {
            command: "show",
            interval: args.interval,
            filling: args.resample,
            venue: args.venue.as_ref(),
            with_outside: args.prepost,
        };
        let interval = wanted.interval(reading, ticker)?;
        let printed = args.resample.unwrap_or(interval);
        if args.prepost && !printed.is_intraday() {
            return Err(Failure::usage(format!(
                "bars of {printed} have no hours before and after the session"
            )));
        }
        let (request, stored) = wanted.find(reading, ticker, interval)?;
        if args.events || args.auctions {
            let ticker = ticker.clone();
            let (stored, series) = if args.events {
                (reading.events(&request)?.0, Series::Events { ticker })
            } else {
                let stored = reading.auctions(&request)?;
                (stored, Series::Auctions { ticker })
            };
            let venue = request.venue.clone();
            let read = StorageRequest { venue, series };
            return Ok(Shown {
                exit: report_damage(shell, &request, &stored),
                read: vec![(read, self.meant(&stored.frame))],
                extracts: vec![self.extract(request, stored, interval, &[])?],
            });
        }
        if args.gaps || reading.workspace.config.settings().gap_warnings.value {
            gaps::warn(reading, shell, &request, &stored, self.span);
        }
        let outside = if args.prepost {
            reading.outside(&request)?
        } else {
            None
        };
        let mut exit = report_damage(shell, &request, &stored);
        let mut read = vec![request.clone()];
        let prices = args.adjust.into_iter();
        let prices = prices.flat_map(|how| query::meant_by(&request, how));
        let prices: Vec<(StorageRequest, Span)> = prices.collect();
        if let Some((request, outside)) = &outside {
            exit = Exit::worst([exit, report_damage(shell, request, outside)]);
        }
        read.extend(request.outside().filter(|_| args.prepost));
        let making = Making {
            adjust: args.adjust,
            from: interval,
            to: args.resample,
            with_outside: args.prepost,
        };
        let Bars {
            request,
            stored,
            provisional,
        } = making.bars(reading, (request, stored), outside)?;
        let meant = self.meant(&stored.frame);
        let extract = self.extract(request, stored, printed, &provisional)?;
        let zone = extract.provenance.timezone.as_deref();
        let around = (reading.workspace, shell);
        provisional::tell(around, &extract.provisional, printed, zone);
        let of_bars = read.into_iter().map(|one| (one, meant));
        Ok(Shown {
            extracts: vec![extract],
            exit,
            read: of_bars.chain(prices).collect(),
        })
    }

    /// Returns the time of which rows have to be there, if these are the ones that are.
    fn meant(self, rows: &Frame) -> Span {
        let ends = self.args.ends();
        let parts = self.span.of_parts(self.args.resample);
        parts.of_ends(ends, &ends.of(self.span.of(rows)))
    }

    /// Takes the rows and columns that are asked for; some of the rows are provisional.
    fn extract(
        self,
        request: StorageRequest,
        stored: Stored,
        interval: Interval,
        provisional: &[i64],
    ) -> Result<Extract, Failure> {
        let Self { args, span, .. } = self;
        let within = span.of(&stored.frame);
        if within.is_empty() && !stored.frame.is_empty() {
            tell_span(self.shell, &request, &stored);
        }
        let columns = args.columns(within.profile())?;
        let within = args.ends().of(within);
        let provisional: BTreeSet<i64> = provisional.iter().copied().collect();
        let provisional = within
            .times()
            .filter(|bar| provisional.contains(bar))
            .collect();
        let times = if args.events || args.auctions {
            Times::Days
        } else {
            Times::of_bars(interval)
        };
        let sheet = Sheet::of_frame(within, &columns, times);
        let sheet = if args.utc {
            let zone = utc_zone(&request, &stored)?;
            sheet.in_utc(|wall| instant(wall, zone))
        } else {
            sheet
        };
        let mnemonic = self.reading.catalog.mnemonic_of(&request);
        Ok(Extract {
            sheet,
            mnemonic: mnemonic.map(str::to_owned),
            provisional,
            request,
            provenance: stored.provenance,
        })
    }
}

/// Says where the rows are, when none is in the time that was asked for.
pub(super) fn tell_span(shell: &Shell<'_>, request: &StorageRequest, stored: &Stored) {
    if let Some((first, last)) = stored.frame.span() {
        let (first, last) = (time::naive(first), time::naive(last));
        shell.note(&format!(
            "{request} has no rows in that time; it has some from {first} to {last}."
        ));
    }
}

pub(super) fn utc_zone(
    request: &StorageRequest,
    stored: &Stored,
) -> Result<chrono_tz::Tz, Failure> {
    let failed = |message: String| {
        Failure::new(Exit::Failed, message)
            .hint("without --utc the dates are printed as they are stored")
    };
    if let Some(OtherClock { zone, newest, .. }) = stored.other_clocks.first() {
        return Err(failed(format!(
            "the dates of {request} are on two clocks: some of {zone}, the newest of {newest}"
        )));
    }
    match stored.provenance.timezone.as_deref() {
        None => Err(failed(format!(
            "nobody wrote down in which zone the dates of {request} are"
        ))),
        Some(name) => name.parse().map_err(|_| {
            failed(format!(
                "the dates of {request} are in the unknown zone {name}"
            ))
        }),
    }
}

/// Returns the instant of a wall clock; `None` outside of the years that can be stored.
pub(super) fn instant(wall: i64, zone: chrono_tz::Tz) -> Option<i64> {
    time::nanos(utc_of(time::naive(wall), zone))
}

/// Names series of which rows are gone that were stored and are meant.
pub(super) fn report_lost(shell: &Shell<'_>, lost: &[LostRows]) -> Exit {
    let mut exit = Exit::Ok;
    for one in lost {
        shell.error(&format!(
            "{}: of {} rows that were stored {} are there; barkeep check says what can be done",
            one.request,
            one.known(),
            one.there
        ));
        exit = Exit::Partial;
    }
    exit
}

pub(super) fn report_damage(shell: &Shell<'_>, request: &StorageRequest, stored: &Stored) -> Exit {
    shell.tell_misplaced(&stored.misplaced);
    for damage in &stored.damaged {
        let ticker = request.series.ticker().map_or("", Ticker::as_str);
        shell.error(&format!(
            "error: {} is damaged: {}\n  caused by: the bars of {ticker} of {} are missing from the output\nhint: \
             fetch them again: {}",
            shell.shown(&damage.path),
            damage.reason,
            damage.partition,
            refetch(request, damage.partition.days()),
        ));
    }
    Exit::Damaged.when(!stored.damaged.is_empty())
}
