//! `barkeep chart`: draws the bars of a ticker, in the terminal or as a file.
//!
//! Promises: takes no lock and changes nothing that is stored. What is drawn can be read without colour.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::export::target;
use super::named;
use super::show;
use super::show::{catalog_if_usable, report_damage, report_lost};
use super::time_args::{DATES, TimeArgs};
use crate::cli::args::adjust;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::export::chart::{Paint, Size, candles, lines, svg};
use crate::export::{Target, Times};
use crate::frame::{Adjust, Frame};
use crate::model::words::count;
use crate::model::{Interval, Ticker, Venue, time};
use crate::query::{self, Ends, Wanted};

/// How many candles are drawn where nobody says since when.
const USUAL_BARS: usize = 120;
/// How high the picture is where nobody says it.
const USUAL_ROWS: usize = 24;
/// How high it can be.
const MOST_ROWS: u64 = 1000;
/// How wide it is where the window does not say it.
const USUAL_COLUMNS: usize = 80;
/// The size of a drawing in pixels.
const PIXELS: (u32, u32) = (1000, 560);
/// How many candles a drawing has room for.
const CANDLES: usize = 250;

/// Options of `chart`.
#[derive(Debug, Args)]
#[command(after_help = DATES)]
pub(in crate::cli) struct ChartArgs {
    /// The ticker
    #[arg(value_name = "TICKER")]
    ticker: Ticker,
    /// The interval [default: the only one that is stored of the ticker, else that is kept]
    #[arg(short, long, value_name = "INTERVAL")]
    interval: Option<Interval>,
    /// The venue [default: the one that holds the ticker]
    #[arg(long, value_name = "MARKET:SOURCE")]
    venue: Option<Venue>,
    #[command(flatten)]
    time: TimeArgs,
    /// Adjust prices for splits, or for splits and dividends [without a value: all]
    #[arg(long, value_parser = adjust(), value_name = "FOR", num_args = 0..=1, default_missing_value = "all", require_equals = true)]
    adjust: Option<Adjust>,
    /// How many lines the picture has
    #[arg(long, value_name = "LINES", default_value_t = USUAL_ROWS, value_parser = rows())]
    height: usize,
    /// Draw into a file in place of the terminal; it ends with .svg
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    force: bool,
}

fn rows() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(..=MOST_ROWS)
}

/// Runs `chart`.
pub(in crate::cli) fn run(args: &ChartArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    refuse_other_forms(args)?;
    let span = args.time.span(shell.today())?;
    let workspace = wiring::open(shell)?;
    let output = args.output.as_ref();
    let target = output.map(|path| target(shell, &workspace, path, args.force));
    let target = target.transpose()?;
    let (catalog, told) = catalog_if_usable(&workspace, shell)?;
    let reading = workspace.reading(&catalog);
    let (venues, word) = (args.venue.as_slice(), std::slice::from_ref(&args.ticker));
    let tickers = named::tickers(shell, reading, venues, word)?;
    let ticker = tickers.first().unwrap_or(&args.ticker);
    let wanted = Wanted {
        command: "chart",
        interval: args.interval,
        filling: None,
        venue: args.venue.as_ref(),
        with_outside: false,
    };
    let interval = wanted.interval(reading, ticker)?;
    let (request, stored) = wanted.find(reading, ticker, interval)?;
    let damage = report_damage(shell, &request, &stored);
    let bars = match args.adjust {
        Some(adjust) => reading.adjusted(&request, &stored, adjust)?,
        None => stored.frame.clone(),
    };
    let ends = Ends {
        head: None,
        tail: span.is_open().then_some(USUAL_BARS),
    };
    let within = ends.of(span.of(&bars));
    let drawn = span.of_ends(ends, &within);
    let mut meant = BTreeMap::from([(request.clone(), drawn)]);
    let beside = args.adjust.into_iter();
    meant.extend(beside.flat_map(|how| query::meant_by(&request, how)));
    let lost = query::lost(reading, &meant)?;
    let exit = Exit::worst([told, damage, report_lost(shell, &lost)]);
    let Some((first, last)) = within.span() else {
        show::tell_span(shell, &request, &stored);
        return Ok(Exit::worst([exit, Exit::Failed]));
    };
    let picture = Picture {
        name: match catalog.mnemonic_of(&request) {
            Some(mnemonic) => format!("{request} ({mnemonic})"),
            None => request.to_string(),
        },
        bars: within,
        span: (first, last),
        times: Times::of_bars(interval),
    };
    match target {
        Some(target) => picture.save(shell, &target)?,
        None => picture.print(shell, args.height),
    }
    Ok(exit)
}

fn refuse_other_forms(args: &ChartArgs) -> Result<(), Failure> {
    let is_other = |path: &PathBuf| path.extension().is_none_or(|ending| ending != "svg");
    if args.output.as_ref().is_some_and(is_other) {
        return Err(Failure::usage("a picture is drawn as SVG")
            .hint("give the file a name that ends with .svg"));
    }
    Ok(())
}

/// What is drawn.
struct Picture {
    /// The series.
    name: String,
    bars: Frame,
    span: (i64, i64),
    times: Times,
}

impl Picture {
    fn title(&self, bars_each: usize) -> String {
        let (first, last) = (time::naive(self.span.0), time::naive(self.span.1));
        let (first, last) = match self.times {
            Times::Days => (first.date().to_string(), last.date().to_string()),
            Times::Moments | Times::Utc => (first.to_string(), last.to_string()),
        };
        let bars = count(self.bars.len(), "bar", "bars");
        let each = if bars_each > 1 {
            format!(", {bars_each} to a candle")
        } else {
            String::new()
        };
        format!("{}, {first} to {last}: {bars}{each}", self.name)
    }

    fn save(&self, shell: &Shell<'_>, target: &Target) -> Result<(), Failure> {
        let candles = candles(&self.bars, CANDLES);
        let drawing = svg(&candles, &self.title(candles.bars_each), self.times, PIXELS)?;
        Ok(target.save(&*shell.world.fs, drawing.as_bytes())?)
    }

    fn print(&self, shell: &Shell<'_>, rows: usize) {
        let size = Size {
            columns: shell.width().unwrap_or(USUAL_COLUMNS),
            rows,
        };
        let candles = candles(&self.bars, size.candles());
        shell.line(&self.title(candles.bars_each));
        for line in lines(&candles, size, self.times, paint(shell)) {
            shell.line(&line);
        }
        shell.line("┃ rose   █ fell");
        if candles.without_prices > 0 {
            let bars = count(candles.without_prices, "bar has", "bars have");
            shell.note(&format!("{bars} no prices to draw."));
        }
    }
}

fn paint(shell: &Shell<'_>) -> Paint {
    if shell.world.terminals.stdout && !shell.around.env.is_colorless {
        Paint::Coloured
    } else {
        Paint::Plain
    }
}
