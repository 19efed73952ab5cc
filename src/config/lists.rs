//! Where lists of symbols are fetched from.
//!
//! Promises: both American origins have addresses without any file; the one of Xetra has none, since the address of its
//! file changes. Whether one is an address or a path is left to `cli`.

use serde::Deserialize;

use super::{Origin, Setting, SettingRow};

const NASDAQ: [&str; 2] = [
    "https://www.nasdaqtrader.com/dynamic/SymDir/nasdaqlisted.txt",
    "https://www.nasdaqtrader.com/dynamic/SymDir/otherlisted.txt",
];
const DATAHUB: [&str; 2] = [
    "https://datahub.io/core/nasdaq-listings/_r/-/data/nasdaq-listed.csv",
    "https://datahub.io/core/nyse-other-listings/_r/-/data/nyse-listed.csv",
];

/// The table `[lists]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListsTable {
    nasdaq: Option<Vec<String>>,
    datahub: Option<Vec<String>>,
    xetra: Option<Vec<String>>,
}

/// The lists that belong together, as addresses or as paths in the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSettings {
    /// The symbol directories of Nasdaq Trader.
    pub nasdaq: Setting<Vec<String>>,
    /// The copies that datahub.io publishes.
    pub datahub: Setting<Vec<String>>,
    /// The instruments that trade at Xetra.
    pub xetra: Setting<Vec<String>>,
}

impl ListSettings {
    pub(super) fn layered(table: ListsTable) -> Self {
        let chosen = |default: &[&str], file| {
            Setting::default(default.iter().map(ToString::to_string).collect())
                .under(file, Origin::File)
        };
        Self {
            nasdaq: chosen(&NASDAQ, table.nasdaq),
            datahub: chosen(&DATAHUB, table.datahub),
            xetra: chosen(&[], table.xetra),
        }
    }

    pub(super) fn entries(&self) -> [SettingRow; 3] {
        let joined = |lists: &Setting<Vec<String>>| Setting {
            value: lists.value.join(" "),
            origin: lists.origin,
        };
        [
            SettingRow::new("lists.nasdaq", &joined(&self.nasdaq)),
            SettingRow::new("lists.datahub", &joined(&self.datahub)),
            SettingRow::new("lists.xetra", &joined(&self.xetra)),
        ]
    }
}
