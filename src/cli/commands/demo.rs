//! `barkeep demo`: everything once, in a folder of its own, without a network.
//!
//! Promises: the same code as `init`, `update` and `show`, and nothing else. A folder that is not empty is refused.

use std::path::{Path, PathBuf};

use clap::Args;

use super::init::{self, InitArgs};
use super::show::{self, ShowArgs};
use super::update::{self, UpdateArgs};
use crate::cli::{Exit, Failure, Shell};
use crate::model::words::quoted;
use crate::model::{Interval, Ticker, Venue};
use crate::sys::{FsResult, Kind};

const VENUE: &str = "us:demo";
const TICKERS: [&str; 5] = ["AAPL", "MSFT", "NVDA", "^GSPC", "BRK.B"];
/// How many names of a folder are shown.
const SHOWN: usize = 2;

/// Options of `demo`.
#[derive(Debug, Args)]
pub(in crate::cli) struct DemoArgs {
    /// Where to make the workspace
    #[arg(value_name = "DIR", default_value = "barkeep-demo")]
    dir: PathBuf,
}

/// Runs `demo`.
pub(in crate::cli) fn run(args: &DemoArgs, outer: &Shell<'_>) -> Result<Exit, Failure> {
    let dir = outer.typed(&args.dir);
    let fs = &*outer.world.fs;
    let is_there = fs.metadata(&dir)?.is_some();
    if is_there && fs.list(&dir)?.is_none_or(|entries| !entries.is_empty()) {
        return Err(Failure::new(
            Exit::Failed,
            format!("{} is not an empty folder", dir.display()),
        )
        .hint("name another one: barkeep demo barkeep-demo-2"));
    }
    let shell = outer.at(&dir)?;
    let venue: Venue = VENUE.parse().map_err(Failure::usage)?;
    let tickers = TICKERS.map(|symbol| symbol.parse().map_err(Failure::usage));
    let tickers: Vec<Ticker> = tickers.into_iter().collect::<Result<_, _>>()?;
    let intervals = vec![Interval::D1, Interval::M1];
    init::run(
        &InitArgs {
            venue: Some(venue.clone()),
            intervals,
            tickers: tickers.clone(),
            tickers_file: None,
            partitioned: true,
        },
        &shell,
    )?;
    let exit = update::run(
        &UpdateArgs {
            venues: vec![venue.clone()],
            ..UpdateArgs::default()
        },
        &shell,
    )?;
    if exit != Exit::Ok {
        return Ok(exit);
    }
    let printer = shell.printer;
    printer.line(&format!("\n{}", args.dir.display()));
    printer.text(&tree(&shell, shell.root(), 1)?);
    for ticker in tickers.iter().take(1) {
        let command = format!("barkeep show {ticker} --interval 1d --tail 3");
        printer.line(&format!("\n{}", printer.located(&command)));
        let question = ShowArgs::last(ticker.clone(), Interval::D1, venue.clone(), 3);
        show::run(&question, &shell)?;
    }
    printer.line(&next_steps(&args.dir));
    Ok(Exit::Ok)
}

/// Returns the folder as lines: the first names of each folder, and how many more there are.
fn tree(shell: &Shell<'_>, dir: &Path, depth: usize) -> FsResult<String> {
    let entries = shell.world.fs.list(dir)?.unwrap_or_default();
    let visible: Vec<_> = entries
        .into_iter()
        .filter(|entry| !entry.name.starts_with('.'))
        .collect();
    let most = if depth == 1 { visible.len() } else { SHOWN };
    let indent = "  ".repeat(depth);
    let mut lines = String::new();
    for (at, entry) in visible.iter().take(most).enumerate() {
        lines.extend([&indent, &entry.name, "\n"]);
        // Below the first name of a folder the others look alike.
        if entry.kind == Kind::Dir && (at == 0 || depth < 5) {
            lines.push_str(&tree(shell, &dir.join(&entry.name), depth + 1)?);
        }
    }
    if visible.len() > most {
        lines.extend([indent, format!("… {} more\n", visible.len() - most)]);
    }
    Ok(lines)
}

fn next_steps(dir: &Path) -> String {
    let shown = dir.display();
    let typed = quoted(&shown.to_string());
    format!(
        "
Query it with DuckDB:
  SELECT ticker, count(*), max(date) FROM read_parquet('{shown}/data/us/demo/stocks_1d/**/*.parquet',
    hive_partitioning = true, hive_types = {{'ticker': VARCHAR, 'year': INT, 'month': INT}}) GROUP BY ticker;

Next:
  barkeep -C {typed} update                                 only what is new
  barkeep -C {typed} show NVDA --interval 1m --format csv   every bit, for other programs
  barkeep -C {typed} config show                            what could be different"
    )
}
