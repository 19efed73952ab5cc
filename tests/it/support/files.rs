//! A folder of files as a source, for tests that write the files themselves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::frame::Bar;
use barkeep::model::time;
use barkeep::source::files::{
    FilesSpec, ParquetBars, ParquetColumn, ParquetFile, ParquetNames, ParquetRows,
};
use barkeep::source::{
    Asked, FetchJob, Fetched, MarketDataSource, SourceError, SourceSpec, Window, open,
};
use barkeep::sys::{OsFs, Shutdown};

use super::workspace::TestWorkspace;

/// The moment at which tests ask when it does not matter.
pub(crate) const NOW: &str = "2026-07-01T12:00:00Z";

/// Says of every Parquet file that it holds one bar of nobody, dated by its length.
#[derive(Debug)]
pub(crate) struct OneRow;

impl ParquetRows for OneRow {
    fn open(&self, bytes: Vec<u8>) -> Result<Box<dyn ParquetFile>, String> {
        if !bytes.starts_with(b"PAR1") {
            return Err("it is no Parquet".to_owned());
        }
        Ok(Box::new(OneBar {
            date: i64::try_from(bytes.len()).ok(),
            names: ParquetNames {
                columns: ["stock", "date"].map(str::to_owned).to_vec(),
                ..ParquetNames::default()
            },
        }))
    }
}

struct OneBar {
    date: Option<i64>,
    names: ParquetNames,
}

impl ParquetFile for OneBar {
    fn names(&self) -> &ParquetNames {
        &self.names
    }

    fn bars(&self) -> Result<ParquetBars, String> {
        let bar = Bar {
            date: self.date,
            close: Some(1.0),
            ..Bar::default()
        };
        Ok(ParquetBars {
            owners: vec![(String::new(), vec![bar])],
            inexact: 0,
        })
    }

    fn columns(&self, _places: &[usize]) -> Result<Vec<ParquetColumn>, String> {
        Err("its columns are its bars".to_owned())
    }
}

/// A folder that goes with the test.
#[derive(Debug)]
pub(crate) struct Folder(TestWorkspace);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TestWorkspace::on_disk())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    /// Writes a file, in place of an earlier one of the name.
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        self.0.write(name, bytes);
        self
    }

    pub(crate) fn source(&self) -> Arc<dyn MarketDataSource> {
        self.source_with("us:files", |_| {})
    }

    pub(crate) fn source_with(
        &self,
        venue: &str,
        change: impl Fn(&mut FilesSpec),
    ) -> Arc<dyn MarketDataSource> {
        let mut spec = FilesSpec::of(self.path());
        change(&mut spec);
        files_source(venue, spec)
    }
}

pub(crate) fn files_source(venue: &str, spec: FilesSpec) -> Arc<dyn MarketDataSource> {
    let venue = venue.parse().unwrap();
    open(
        venue,
        SourceSpec::Files(spec),
        Arc::new(OsFs),
        Arc::new(OneRow),
    )
}

pub(crate) fn job(ticker: &str, interval: &str) -> FetchJob {
    FetchJob {
        ticker: ticker.parse().unwrap(),
        interval: interval.parse().unwrap(),
        window: Window::default(),
        asked: Asked::Incremental,
        mark: None,
        known: None,
        basis: None,
        now: NOW.parse().unwrap(),
    }
}

pub(crate) fn ask(source: &dyn MarketDataSource, job: &FetchJob) -> Result<Fetched, SourceError> {
    source.fetch(job, &Shutdown::default())
}

/// Returns the bars of a fetch that must bring some.
pub(crate) fn bars(source: &dyn MarketDataSource, ticker: &str, interval: &str) -> Vec<Bar> {
    match ask(source, &job(ticker, interval)) {
        Ok(Fetched::Bars { batch, .. }) => batch.bars,
        other => panic!("{ticker} {interval} brought no bars: {other:?}"),
    }
}

/// Returns the message of a fetch that must be malformed.
pub(crate) fn refusal(source: &dyn MarketDataSource, ticker: &str, interval: &str) -> String {
    match ask(source, &job(ticker, interval)) {
        Err(error @ SourceError::Malformed { .. }) => error.to_string(),
        other => panic!("{ticker} {interval} was not refused: {other:?}"),
    }
}

/// Returns the stamp of a bar as text.
pub(crate) fn stamp(bar: &Bar) -> String {
    time::naive(bar.date.unwrap()).to_string()
}

/// Returns the path of `below` in a folder.
pub(crate) fn below(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}
