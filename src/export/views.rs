//! Scripts that make views of the trees of a workspace for the engines that read them.
//!
//! Promises: pure. A name in a script is made of letters, digits and underscores, and a path or text is quoted as the engine wants
//! it. What a script cannot say, it says so in a comment.

mod alike;
mod names;
mod of_duckdb;
mod of_spark;
mod python;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::model::{Dataset, Interval, Venue};

pub use names::tell_apart;

/// Who reads a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// `DuckDB`, in SQL.
    DuckDb,
    /// Spark, in SQL.
    Spark,
    /// Polars, in Python.
    Polars,
}

/// The zones of the clocks on which the bars of a venue are dated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zones {
    /// Nobody wrote them down.
    Unknown,
    /// All are of one.
    One(String),
    /// Each ticker that is known with its zone.
    Many(Vec<(String, String)>),
}

/// A tree of files of one dataset and, if it has any, one length of bars.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Tree {
    pub dataset: Dataset,
    /// The length of its bars; `None` of a dataset without bars, such as events.
    pub interval: Option<Interval>,
    pub files: Files,
}

/// The files of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Files {
    /// Partitions below this folder.
    Partitions(PathBuf),
    /// Those of the copy for readers in this folder, which have a column `utc`.
    Mirror(PathBuf),
}

/// What views of one venue are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueViews {
    /// The venue.
    pub venue: Venue,
    /// Its trees.
    pub trees: Vec<Tree>,
    /// The zones of its bars.
    pub zones: Zones,
    /// An exported table of factors.
    pub factors: Option<PathBuf>,
    /// Whether another venue would have the names of its views (`tell_apart`).
    pub shares_names: bool,
    /// What a reader should know, as of what is in no view, as sentences.
    pub told: Vec<String>,
}

/// Returns the script of an engine.
pub fn script(engine: Engine, venues: &[VenueViews]) -> String {
    let comment = match engine {
        Engine::DuckDb | Engine::Spark => "--",
        Engine::Polars => "#",
    };
    let mut text = format!("{comment} Views of bars that barkeep keeps. Made by: barkeep views\n");
    if engine == Engine::Polars {
        text.push_str("import polars as pl\n");
    }
    let mut trees = venues.iter().flat_map(|of| &of.trees);
    text.push_str(&match engine {
        // Who reads no trees as they are stored needs no instants made of clocks.
        _ if !trees.any(Tree::needs_utc) => String::new(),
        Engine::DuckDb => of_duckdb::instants(),
        Engine::Spark => String::new(),
        Engine::Polars => python::instants(),
    });
    for of in venues {
        let _in_memory = write!(text, "\n{comment} {}\n", of.venue);
        for sentence in &of.told {
            let _in_memory = writeln!(text, "{comment} {}", one_line(sentence));
        }
        text.push_str(&match engine {
            Engine::DuckDb => of_duckdb::views(of),
            Engine::Spark => of_spark::views(of),
            Engine::Polars => python::views(of),
        });
    }
    text
}

/// A comment ends with its line.
fn one_line(sentence: &str) -> String {
    sentence.replace(|c: char| c.is_control(), " ")
}

/// The function that says at which instant the wall clock of a zone showed a moment.
const INSTANT: &str = "barkeep_instant";

/// The prices of a bar.
const PRICES: [&str; 4] = ["open", "high", "low", "close"];

impl Tree {
    fn is_of_bars(&self) -> bool {
        matches!(self.dataset, Dataset::Stocks | Dataset::Prepost)
    }

    /// Tells whether instants have to be made of the clock of the exchange.
    pub fn needs_utc(&self) -> bool {
        self.is_of_bars() && matches!(self.files, Files::Partitions(_))
    }
}

impl Files {
    /// Returns the pattern that finds the files and nothing else.
    fn pattern(&self, name: &str) -> String {
        match self {
            Self::Partitions(folder) => format!("{}/**/{name}", spelled(folder)),
            Self::Mirror(folder) => format!("{}/*.parquet", spelled(folder)),
        }
    }
}

/// Returns a text as a literal of SQL.
fn sql(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns a path as a pattern that means it alone.
fn spelled(path: &Path) -> String {
    let path = path.to_string_lossy();
    let letters = path.chars().map(|c| match c {
        '*' | '?' | '[' => format!("[{c}]"),
        c => c.to_string(),
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn venue(zones: Zones, factors: Option<PathBuf>) -> VenueViews {
        let tree = |dataset, interval, files| Tree {
            dataset,
            interval,
            files,
        };
        VenueViews {
            venue: "us:my-demo".parse().unwrap(),
            trees: vec![
                tree(
                    Dataset::Stocks,
                    Some(Interval::D1),
                    Files::Partitions("/o'ne/[x]/data/us/my-demo/stocks_1d".into()),
                ),
                tree(
                    Dataset::Stocks,
                    Some(Interval::M1),
                    Files::Mirror("/w/mirror/us/my-demo/stocks_1m/current".into()),
                ),
                tree(Dataset::Events, None, Files::Partitions("/w/e".into())),
            ],
            zones,
            factors,
            shares_names: false,
            told: vec!["Two\nlines.".to_owned()],
        }
    }

    #[test]
    fn each_engine_has_its_script() {
        let many = Zones::Many(vec![("O'A".to_owned(), "Europe/London".to_owned())]);
        let venues = [
            venue(
                Zones::One("America/New_York".to_owned()),
                Some("/w/f.parquet".into()),
            ),
            venue(many, None),
        ];

        let [duckdb, spark, polars] =
            [Engine::DuckDb, Engine::Spark, Engine::Polars].map(|engine| script(engine, &venues));

        for (script, parts) in [
            (
                duckdb,
                &[
                    "-- Two lines.\n",
                    "CREATE OR REPLACE VIEW us_my_demo_1d AS\n",
                    "'/o''ne/[[]x]/data/us/my-demo/stocks_1d/**/data.parquet'",
                    "barkeep_instant('America/New_York', date) AS utc",
                    "VALUES ('O''A', 'Europe/London')",
                    "us_my_demo_1m AS\n  SELECT * FROM read_parquet('/w/mirror/us/my-demo/stocks_1m/current/*.parquet');",
                    "us_my_demo_events AS\n  SELECT * FROM read_parquet('/w/e/**/data.parquet'",
                    "us_my_demo_1d_adjusted AS",
                ][..],
            ),
            (
                spark,
                &[
                    "path '/o\\'ne/\\\\[x\\\\]/data/us/my-demo/stocks_1d', recursiveFileLookup",
                    "convert_timezone('America/New_York', 'UTC', date) AS utc",
                    "VALUES ('O\\'A', 'Europe/London')",
                    "us_my_demo_1d_last AS",
                ][..],
            ),
            (
                polars,
                &[
                    "# Two lines.\n",
                    "us_my_demo_1d = pl.scan_parquet(\"/o'ne/[[]x]/data/us/my-demo/stocks_1d/**/data.parquet\"",
                    ".filter(pl.col(\"stock\").is_in([\"O'A\"]))",
                    ".filter(~pl.col(\"stock\").is_in([\"O'A\"]))",
                    "pl.scan_parquet(\"/w/mirror/us/my-demo/stocks_1m/current/*.parquet\")\n",
                ][..],
            ),
        ] {
            for part in parts {
                assert!(script.contains(part), "{part}\n{script}");
            }
        }
    }
}
