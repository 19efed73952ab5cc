//! What the names in the folder of a series mean: the one definition of a month.
//!
//! Promises: pure. **A month is exactly one file**: the one that has the name of its dataset, in folders spelled as they are
//! written. Whatever else ends in `.parquet` is misplaced, and names that begin with a dot are nobody's.
//! Leaves to others: what of it lies on a disk (`storage`).

use chrono::NaiveDate;

use crate::model::{Dataset, Granularity, PartitionKey};

use super::is_temporary;
use super::partitioned::folders;

/// A folder of a series: its own, or that of a year, a month or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    dataset: Dataset,
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
}

impl Level {
    /// Returns the folder of a series.
    pub fn of_series(dataset: Dataset) -> Self {
        Self {
            dataset,
            year: None,
            month: None,
            day: None,
        }
    }

    /// Returns the folders on the way to the file of the partition `key`, below that of its series, by their names.
    pub fn path_to(dataset: Dataset, key: PartitionKey) -> Vec<(Self, String)> {
        let mut level = Self::of_series(dataset);
        let mut path = Vec::new();
        for name in folders(key) {
            if let Some(next) = level.enter(&name) {
                level = next;
                path.push((next, name));
            }
        }
        path
    }

    /// Returns the partition whose file stands in this folder itself; `None` where folders come first.
    pub fn partition(self) -> Option<PartitionKey> {
        match (self.dataset.granularity(), self.year, self.month, self.day) {
            (Granularity::Whole, None, None, None) => Some(PartitionKey::Whole),
            (Granularity::Month, Some(year), Some(month), None) => PartitionKey::month(year, month),
            // For three days the predecessor had a folder for each day below the month.
            (Granularity::Month | Granularity::Day, Some(year), Some(month), Some(day)) => {
                NaiveDate::from_ymd_opt(year, month, day).map(PartitionKey::Day)
            }
            _ => None,
        }
    }

    /// Returns the partition that the file `name` in this folder is, by its name.
    pub fn partition_at(self, name: &str) -> Option<PartitionKey> {
        self.partition()
            .filter(|_| name == self.dataset.file_name())
    }

    /// Returns the folder `name` in this one; `None` when the layout has none of this name here.
    pub fn enter(self, name: &str) -> Option<Self> {
        self.next(name, |digits, most| digits.len() == most)
    }

    /// Returns the folder that a name means which the layout spells otherwise, such as `month=1`.
    pub fn meant(self, name: &str) -> Option<Self> {
        self.next(name, |digits, _| !digits.is_empty())
    }

    /// Tells whether this is a day below a month that can have a file of its own, so that the month answers for it.
    pub fn is_part_of_month(self) -> bool {
        self.day.is_some() && self.dataset.granularity() == Granularity::Month
    }

    fn next(self, name: &str, is_spelled: impl Fn(&str, usize) -> bool) -> Option<Self> {
        if self.dataset.granularity() == Granularity::Whole {
            return None;
        }
        let number = |prefix: &str, most: usize| {
            let digits = name.strip_prefix(prefix)?;
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            (is_number && is_spelled(digits, most)).then(|| digits.parse::<u32>().ok())?
        };
        let next = match (self.year, self.month, self.day) {
            (None, ..) => Self {
                year: Some(i32::try_from(number("year=", 4)?).ok()?),
                ..self
            },
            (Some(_), None, _) => Self {
                month: Some(number("month=", 2)?),
                ..self
            },
            (Some(_), Some(_), None) => Self {
                day: Some(number("day=", 2)?),
                ..self
            },
            _ => return None,
        };
        let (year, month) = (next.year?, next.month.unwrap_or(1));
        PartitionKey::month(year, month)?;
        NaiveDate::from_ymd_opt(year, month, next.day.unwrap_or(1))?;
        Some(next)
    }
}

/// Tells whether a name is passed over wherever data lie: hidden files, such as `._data.parquet` of a Mac and what
/// synchronising programs keep beside a file, and what somebody is still writing.
pub fn is_passed_over(name: &str) -> bool {
    name.starts_with('.') || is_temporary(name)
}

/// Tells whether a name is that of a Parquet file, or of what once was one: `A.parquet`, `data.PARQUET`, `data.parquet~`. What
/// systems keep beside a file, such as `data.parquet:Zone.Identifier`, is none.
pub fn is_parquet(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let behind = name
        .rsplit_once(".parquet")
        .map(|(_, behind)| behind.chars().next());
    behind.is_some_and(|next| next.is_none_or(|c| matches!(c, '.' | '~' | ' ' | '-' | '_' | '(')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(dataset: Dataset, names: &[&str]) -> Option<PartitionKey> {
        let mut level = Level::of_series(dataset);
        for name in names {
            level = level.enter(name)?;
        }
        level.partition()
    }

    #[test]
    fn a_month_stands_in_folders_of_one_spelling() {
        let month = PartitionKey::month(2025, 1);
        assert_eq!(entered(Dataset::Stocks, &["year=2025", "month=01"]), month);
        for odd in [
            "month=1",
            "month=001",
            "month=13",
            "month=00",
            "month=+1",
            "month=",
            "day=01",
        ] {
            assert_eq!(entered(Dataset::Stocks, &["year=2025", odd]), None, "{odd}");
        }
        for odd in ["year=25", "year=02025", "year=1500", "year=", "month=01"] {
            assert_eq!(entered(Dataset::Stocks, &[odd, "month=01"]), None, "{odd}");
        }
        assert_eq!(entered(Dataset::Stocks, &["year=2025"]), None);
        assert_eq!(entered(Dataset::Events, &[]), Some(PartitionKey::Whole));
        assert_eq!(entered(Dataset::Events, &["year=2025", "month=01"]), None);
        assert_eq!(entered(Dataset::Trades, &["year=2025", "month=01"]), None);
        assert_eq!(
            entered(Dataset::Stocks, &["year=2025", "month=02", "day=30"]),
            None
        );
    }

    #[test]
    fn every_folder_that_is_built_is_entered() {
        for (dataset, key) in [
            (Dataset::Stocks, PartitionKey::month(2025, 1)),
            (Dataset::Events, Some(PartitionKey::Whole)),
            (
                Dataset::Trades,
                NaiveDate::from_ymd_opt(2025, 1, 2).map(PartitionKey::Day),
            ),
        ] {
            let key = key.unwrap();
            let path = Level::path_to(dataset, key);
            let last = path
                .last()
                .map_or(Level::of_series(dataset), |(level, _)| *level);

            assert_eq!(last.partition_at(dataset.file_name()), Some(key));
            assert_eq!(last.partition_at("data (1).parquet"), None);
        }
    }

    #[test]
    fn another_spelling_means_a_folder_of_the_layout() {
        let year = Level::of_series(Dataset::Stocks)
            .enter("year=2025")
            .unwrap();

        assert_eq!(year.meant("month=1"), year.enter("month=01"));
        assert_eq!(year.meant("month=13"), None);
        assert_eq!(year.meant("old"), None);
    }

    #[test]
    fn hidden_and_unfinished_files_are_passed_over() {
        for name in [
            "._data.parquet",
            ".DS_Store",
            ".syncthing.data.parquet.tmp",
            "data.parquet.tmp-1-2-ab",
        ] {
            assert!(is_passed_over(name), "{name}");
        }
        for name in [
            "data.parquet",
            "data (1).parquet",
            "data.parquet~",
            "DATA.PARQUET",
        ] {
            assert!(!is_passed_over(name) && is_parquet(name), "{name}");
        }
        for name in [
            "notes.txt",
            "data.parquet@SynoEAStream",
            "data.parquet:Zone.Identifier",
            "parquet",
        ] {
            assert!(!is_parquet(name), "{name}");
        }
    }
}
