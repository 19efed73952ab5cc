//! Where the predecessor kept trades beside the days: whole months of them, and the list of what was downloaded.

use std::path::{Path, PathBuf};

use crate::model::{Feed, PartitionKey, Venue};

/// The tree of months.
const MONTHLY: &str = "trades_monthly";

/// Paths of the predecessor's trades below a data root.
#[derive(Clone, Debug)]
pub struct OlderTradesPaths {
    root: PathBuf,
}

impl OlderTradesPaths {
    /// Returns the paths below the data root `root`.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Returns the folder of all trees of a venue.
    fn of_venue(&self, venue: &Venue) -> PathBuf {
        let Venue { market, source } = venue;
        self.root.join(market.as_str()).join(source.as_str())
    }

    /// Returns the tree of the months of all feeds of a venue.
    pub fn monthly(&self, venue: &Venue) -> PathBuf {
        self.of_venue(venue).join(MONTHLY)
    }

    /// Returns the folder of the months of a feed.
    pub fn monthly_of(&self, venue: &Venue, feed: &Feed) -> PathBuf {
        self.monthly(venue).join(feed.segment())
    }

    /// Returns the file of a month by the names of its folders; `None` when they are none of a month.
    pub fn month(year: &str, month: &str) -> Option<PartitionKey> {
        let number = |text: &str, prefix: &str, digits: usize| {
            let text = text.strip_prefix(prefix)?;
            let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse::<u32>().ok())?
        };
        let year = i32::try_from(number(year, "year=", 4)?).ok()?;
        PartitionKey::month(year, number(month, "month=", 2)?)
    }
}
