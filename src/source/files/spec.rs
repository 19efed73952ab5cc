//! The settings of a folder of files. Every one but the path may be left out; what is left out is recognised.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono_tz::Tz;

use crate::model::{Interval, PriceBasis};

/// Whether a stamp in a file is the start or the end of its bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The bar begins at the stamp.
    Start,
    /// The bar ends at the stamp.
    End,
}

/// What a column of a file is to barkeep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnName {
    /// The symbol of the row, in files that hold several.
    Ticker,
    /// The date, or date and time in one.
    Date,
    /// The time of day, where it has a column of its own.
    Time,
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    Close,
    /// Units traded.
    Volume,
}

/// Settings of a folder of files.
#[derive(Clone, Debug, PartialEq)]
pub struct FilesSpec {
    /// The folder; or one file, which is then asked for every ticker.
    pub path: PathBuf,
    /// What file names have behind the ticker, for example `.us`.
    pub suffix: Option<String>,
    /// The length of the bars in files that do not say.
    pub interval: Interval,
    /// The zone whose wall clock is stored. Without it: that of the suffix, or of the venue's market.
    pub timezone: Option<Tz>,
    /// The zone whose wall clock the files show, when it is another one. Stooq: Europe/Warsaw.
    pub file_clock: Option<Tz>,
    /// What the stamps mean. Without it: the start, but the end in Stooq's hourly files.
    pub stamp: Option<Stamp>,
    /// Which corporate actions the prices contain.
    pub basis: PriceBasis,
    /// Headers of the files that are not recognised: our column, their header. Naming a `ticker` column says
    /// that any file may hold rows of any ticker.
    pub columns: BTreeMap<ColumnName, String>,
    /// The character between fields.
    pub delimiter: Option<u8>,
    /// Whether numbers are written `1,5`.
    pub decimal_comma: Option<bool>,
    /// The form of dates, in the letters of `strftime`.
    pub date_format: Option<String>,
    /// Whether the first line names the columns.
    pub header: Option<bool>,
    /// Texts that mean no value, beside those that are known to.
    pub missing: Vec<String>,
    /// What prices are multiplied by. Without it: 1, but in forms that are known to count in parts.
    pub scale: Option<f64>,
}

impl FilesSpec {
    /// Returns the settings for a folder in which everything is recognised.
    pub fn of(path: PathBuf) -> Self {
        Self {
            path,
            suffix: None,
            interval: Interval::D1,
            timezone: None,
            file_clock: None,
            stamp: None,
            basis: PriceBasis::Unknown,
            columns: BTreeMap::new(),
            delimiter: None,
            decimal_comma: None,
            date_format: None,
            header: None,
            missing: Vec::new(),
            scale: None,
        }
    }
}
