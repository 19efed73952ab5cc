//! Paths of the legacy layout: one file per ticker and interval.

use std::path::{Path, PathBuf};

use crate::model::{Interval, Ticker, copied_from};

use super::is_passed_over;

/// What a name in a folder of legacy files is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegacyName {
    /// The file of a ticker.
    Ticker(Ticker),
    /// What some program named as a copy of a ticker's file. It is nobody's series.
    Copy {
        /// The stem of the file that it is a copy of.
        of: String,
    },
    /// A Parquet file that no ticker can have.
    NoTicker,
    /// Something else.
    Other,
}

/// Returns what a name in a folder of legacy files is.
pub fn legacy_name(name: &str) -> LegacyName {
    let Some(stem) = name
        .strip_suffix(".parquet")
        .filter(|_| !is_passed_over(name))
    else {
        return LegacyName::Other;
    };
    if let Some(of) = copied_from(stem) {
        return LegacyName::Copy { of: of.to_owned() };
    }
    match stem.parse::<Ticker>() {
        Ok(ticker) if ticker.legacy_stem() == Some(stem) => LegacyName::Ticker(ticker),
        _ => LegacyName::NoTicker,
    }
}

/// Builds paths of legacy files. There are two roots that users have, and no venue in either.
#[derive(Clone, Debug)]
pub struct LegacyPathBuilder {
    workspace: PathBuf,
}

impl LegacyPathBuilder {
    /// Returns a builder for a workspace.
    pub fn new(workspace: &Path) -> Self {
        Self {
            workspace: workspace.to_owned(),
        }
    }

    /// Returns the directory where new legacy series go and where migration looks.
    pub fn tree(&self, interval: Interval) -> PathBuf {
        self.workspace
            .join("data")
            .join("legacy")
            .join(format!("stocks_{interval}"))
    }

    /// Returns the flat directory that the predecessor's updater wrote to.
    pub fn flat_tree(&self, interval: Interval) -> PathBuf {
        self.workspace.join(format!("stocks_{interval}"))
    }

    /// Returns a ticker's file in one of the two directories; `None` when the layout cannot spell the symbol.
    pub fn file_in(&self, tree: &Path, ticker: &Ticker) -> Option<PathBuf> {
        ticker
            .legacy_stem()
            .map(|stem| tree.join(format!("{stem}.parquet")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_tickers_a_copy_or_nobodys() {
        let copy = || LegacyName::Copy { of: "A".to_owned() };
        for (name, is) in [
            ("A.parquet", LegacyName::Ticker("A".parse().unwrap())),
            (
                "CON.DE.parquet",
                LegacyName::Ticker("CON.DE".parse().unwrap()),
            ),
            ("A.sync-conflict-20250101-101112-ABCDEFG.parquet", copy()),
            ("Copy of A.parquet", copy()),
            ("A (1).parquet", copy()),
            ("._A.parquet", LegacyName::Other),
            ("A.parquet~", LegacyName::Other),
            (".parquet", LegacyName::Other),
            ("A..parquet", LegacyName::NoTicker),
            (" A.parquet", LegacyName::NoTicker),
        ] {
            assert_eq!(legacy_name(name), is, "{name}");
        }
    }
}
