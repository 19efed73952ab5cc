//! Paths of the legacy layout: one file per ticker and interval.

use std::path::{Path, PathBuf};

use crate::model::{Interval, Ticker, Venue, copied_from};

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
    /// The file of a ticker in decomposed characters, as a folder has it that was copied from a Mac. Nobody looks for it under
    /// this name.
    Decomposed(Ticker),
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
        // Of what has a place in the layout, parsing composes the characters and changes nothing else.
        Ok(ticker) if ticker.legacy_stem().is_some() => LegacyName::Decomposed(ticker),
        _ => LegacyName::NoTicker,
    }
}

/// Builds paths of legacy files. Two folders of an interval name no venue and are shared; each venue but the one that the
/// shared ones are for has a folder of its own.
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

    /// Returns the shared directory where new series of the legacy venue go.
    pub fn tree(&self, interval: Interval) -> PathBuf {
        self.root().join(folder(interval))
    }

    /// Returns the directory of another venue than the legacy one.
    pub fn own_tree(&self, venue: &Venue, interval: Interval) -> PathBuf {
        self.own_folder(venue).join(folder(interval))
    }

    /// Returns the folder that a venue has for itself.
    pub fn own_folder(&self, venue: &Venue) -> PathBuf {
        let Venue { market, source } = venue;
        self.root().join(market.as_str()).join(source.as_str())
    }

    /// Returns the directory above those of intervals in `data`, and above those of markets.
    pub fn root(&self) -> PathBuf {
        self.workspace.join("data").join("legacy")
    }

    /// Returns the flat directory that the predecessor's updater wrote to.
    pub fn flat_tree(&self, interval: Interval) -> PathBuf {
        self.workspace.join(folder(interval))
    }

    /// Returns what a file is by its place: the venue whose own folder it lies in, if it is not a shared one, its interval
    /// and its ticker.
    pub fn parse(&self, path: &Path) -> Option<(Option<Venue>, Interval, Ticker)> {
        let LegacyName::Ticker(ticker) = legacy_name(path.file_name()?.to_str()?) else {
            return None;
        };
        let tree = path.parent()?;
        let name = tree.file_name()?.to_str()?.strip_prefix("stocks_")?;
        let interval: Interval = name.parse().ok()?;
        if [self.tree(interval), self.flat_tree(interval)].contains(&tree.to_owned()) {
            return Some((None, interval, ticker));
        }
        let mut above = tree.strip_prefix(self.root()).ok()?.iter();
        let mut next = || above.next()?.to_str();
        let venue: Venue = format!("{}:{}", next()?, next()?).parse().ok()?;
        (tree == self.own_tree(&venue, interval)).then_some((Some(venue), interval, ticker))
    }

    /// Returns a ticker's file in one of the two directories; `None` when the layout cannot spell the symbol.
    pub fn file_in(&self, tree: &Path, ticker: &Ticker) -> Option<PathBuf> {
        ticker
            .legacy_stem()
            .map(|stem| tree.join(format!("{stem}.parquet")))
    }
}

fn folder(interval: Interval) -> String {
    format!("stocks_{interval}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_whose_it_is_unless_it_is_shared() {
        let paths = LegacyPathBuilder::new(Path::new("/ws"));
        let ticker: Ticker = "A".parse().unwrap();
        let venue: Venue = "de:xetra".parse().unwrap();
        for interval in Interval::ALL {
            for (tree, owner) in [
                (paths.tree(interval), None),
                (paths.flat_tree(interval), None),
                (paths.own_tree(&venue, interval), Some(venue.clone())),
            ] {
                let path = paths.file_in(&tree, &ticker).unwrap();

                assert_eq!(paths.parse(&path), Some((owner, interval, ticker.clone())));
            }
        }
        for path in [
            "/ws/data/legacy/de/stocks_1d/A.parquet",
            "/ws/data/legacy/de/xetra/x/stocks_1d/A.parquet",
            "/ws/data/legacy/de/xetra/A.parquet",
            "/ws/data/legacy/stocks_7d/A.parquet",
            "/ws/data/legacy/legacy/x/stocks_1d/A.parquet",
            "/ws/data/legacy/de/xetra/stocks_1d/A (1).parquet",
            "/ws/data/de/xetra/stocks_1d/A.parquet",
        ] {
            assert_eq!(paths.parse(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn a_name_is_a_tickers_a_copy_or_nobodys() {
        let copy = || LegacyName::Copy { of: "A".to_owned() };
        for (name, is) in [
            ("A.parquet", LegacyName::Ticker("A".parse().unwrap())),
            (
                "Mu\u{308}V2.parquet",
                LegacyName::Decomposed("M\u{fc}V2".parse().unwrap()),
            ),
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
