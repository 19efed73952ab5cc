//! From settings to a source: the one place that knows every kind.

use std::sync::Arc;

use super::MarketDataSource;
use super::demo::{Demo, DemoSpec};
use super::files::{Files, FilesSpec, ParquetRows};
use super::yahoo::{Yahoo, YahooSpec};
use crate::http::Http;
use crate::model::Venue;
use crate::sys::Fs;

/// What kind of source a venue has, with its settings.
#[derive(Clone, Debug)]
pub enum SourceSpec {
    /// Bars from a seed.
    Demo(DemoSpec),
    /// A folder of files.
    Files(FilesSpec),
    /// The chart API of Yahoo, and how it is reached.
    Yahoo(YahooSpec, Arc<dyn Http>),
}

/// Opens a source. Nothing is read yet, so nothing can go wrong yet.
///
/// `parquet` decodes Parquet files; it is a parameter because this room knows no file format of storage.
pub fn open(
    venue: Venue,
    spec: SourceSpec,
    fs: Arc<dyn Fs>,
    parquet: Arc<dyn ParquetRows>,
) -> Arc<dyn MarketDataSource> {
    match spec {
        SourceSpec::Demo(spec) => Arc::new(Demo::new(venue, spec)),
        SourceSpec::Files(spec) => Arc::new(Files::new(venue, spec, fs, parquet)),
        SourceSpec::Yahoo(spec, http) => Arc::new(Yahoo::new(venue, spec, http)),
    }
}
