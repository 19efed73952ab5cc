//! What was found in some series.

use std::path::PathBuf;

use crate::catalog::Missing;
use crate::check::{Finding, Kind};
use crate::inventory::{Flawed, Looked, asking_for, refetch};
use crate::model::{PartitionKey, StorageRequest, time};
use crate::storage::{Flaw, StorageError, Stored, WayOut};
use crate::workspace::ReadError;

/// What was found in some series.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many series were looked through.
    pub series: usize,
    /// How many bars they have.
    pub bars: usize,
    /// How many trades they have.
    pub trades: usize,
    /// What contradicts itself.
    pub contradictions: Vec<(StorageRequest, Finding)>,
    /// Damaged files.
    pub damaged: Vec<DamagedFile>,
    /// Rows that tickers.json knows and that are not stored.
    pub missing: Vec<(StorageRequest, Missing)>,
    /// Parquet files that are none of the series beside which they lie.
    pub misplaced: Vec<PathBuf>,
    /// Months of trades that the predecessor kept beside the days: they stay, and nothing reads them any more.
    pub months: Vec<PathBuf>,
    /// What could not be read, and why.
    pub troubles: Vec<(StorageRequest, ReadError)>,
}

/// A damaged file, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct DamagedFile {
    pub path: PathBuf,
    /// What is wrong with it, as a phrase.
    pub reason: String,
    pub request: StorageRequest,
    /// The month or day that it is the file of.
    pub partition: PartitionKey,
}

impl Findings {
    /// Adds what was found in further series.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.series += more.series;
        self.bars += more.bars;
        self.trades += more.trades;
        self.contradictions.extend(more.contradictions);
        self.damaged.extend(more.damaged);
        self.missing.extend(more.missing);
        self.misplaced.extend(more.misplaced);
        self.months.extend(more.months);
        self.troubles.extend(more.troubles);
        self
    }

    /// Adds files that do not lie where one of a series does, each once.
    pub fn add_misplaced(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        self.misplaced.extend(paths);
        self.misplaced.sort();
        self.misplaced.dedup();
    }

    /// Moves over what the files of all series say; what their rows said already is not told twice.
    pub fn add_files(&mut self, looked: &mut Looked) {
        for flawed in std::mem::take(&mut looked.flawed) {
            self.add_flawed(flawed);
        }
        for (request, error) in std::mem::take(&mut looked.troubles) {
            self.add_trouble(request, error);
        }
    }

    /// Adds a file that does not hold what it should.
    pub fn add_flawed(&mut self, flawed: Flawed) {
        let Flawed {
            request,
            partition,
            path,
            flaw,
        } = flawed;
        match flaw {
            Flaw::Foreign(reason) => {
                let way_out = WayOut::StoreAnew;
                let error = StorageError::Foreign {
                    path,
                    reason,
                    way_out,
                };
                self.add_trouble(request, error);
            }
            Flaw::Misfiled(reason) => {
                self.add_trouble(request, StorageError::Refused { path, reason });
            }
            Flaw::Damaged(_) if self.damaged.iter().any(|known| known.path == path) => {}
            Flaw::Damaged(reason) => self.damaged.push(DamagedFile {
                path,
                reason,
                request,
                partition,
            }),
        }
    }

    /// Adds what could not be read; what is known already is not told twice.
    pub fn add_trouble(&mut self, request: StorageRequest, error: impl Into<ReadError>) {
        let error = error.into();
        let text = error.to_string();
        let mut known = self.troubles.iter();
        if !known.any(|(_, known)| known.to_string() == text) {
            self.troubles.push((request, error));
        }
    }

    /// Returns the commands that get data again which contradicts itself, each once.
    pub fn cures(&self) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        let cures = self.contradictions.iter();
        for command in cures.filter_map(|(request, finding)| cure(request, finding)) {
            if !commands.contains(&command) {
                commands.push(command);
            }
        }
        commands
    }

    /// Tells whether everything that is there could be read.
    pub fn is_untroubled(&self) -> bool {
        self.damaged.is_empty() && self.troubles.is_empty() && self.missing.is_empty()
    }

    /// Tells whether nothing that could be read contradicts itself, the registry, or its place.
    pub fn is_sound(&self) -> bool {
        self.contradictions.is_empty() && self.missing.is_empty() && self.misplaced.is_empty()
    }

    pub(super) fn add_damage(&mut self, stored: &Stored) {
        let files = stored.damaged.iter().map(|damage| DamagedFile {
            path: damage.path.clone(),
            reason: damage.reason.clone(),
            request: damage.request.clone(),
            partition: damage.partition,
        });
        self.damaged.extend(files);
    }

    /// What cannot be read counts as not there, and is told.
    pub(super) fn or_trouble<T: Default>(
        &mut self,
        found: Result<T, impl Into<ReadError>>,
        request: &StorageRequest,
    ) -> T {
        found.unwrap_or_else(|error| {
            self.troubles.push((request.clone(), error.into()));
            T::default()
        })
    }
}

/// Returns the command that gets the data again, which heals it unless the source itself is wrong; `None` for bars that
/// stay where they are, since a source does not say that they are gone.
pub fn cure(request: &StorageRequest, finding: &Finding) -> Option<String> {
    if finding.kind.is_of_place() {
        return None;
    }
    if matches!(finding.kind, Kind::UnitJump | Kind::OtherClock) {
        let days = (time::day(finding.from), time::day(finding.to));
        return Some(refetch(request, Some(days)));
    }
    Some(format!("barkeep update --rebase{}", asking_for(request)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flawed(path: &str, flaw: Flaw) -> Flawed {
        let (venue, ticker) = ("us:demo".parse().unwrap(), "A".parse().unwrap());
        Flawed {
            request: StorageRequest::bars(venue, ticker, crate::model::Interval::D1),
            partition: PartitionKey::Whole,
            path: PathBuf::from(path),
            flaw,
        }
    }

    #[test]
    fn a_file_is_told_once_whoever_finds_it() {
        let mut findings = Findings::default();
        for path in ["a", "b", "a"] {
            findings.add_flawed(flawed(path, Flaw::Damaged("torn".to_owned())));
            findings.add_flawed(flawed(path, Flaw::Foreign("encrypted".to_owned())));
        }
        findings.add_misplaced(["y", "x", "y"].map(PathBuf::from));

        let damaged: Vec<PathBuf> = findings.damaged.into_iter().map(|file| file.path).collect();
        assert_eq!(damaged, ["a", "b"].map(PathBuf::from));
        assert_eq!(findings.troubles.len(), 2);
        assert_eq!(findings.misplaced, ["x", "y"].map(PathBuf::from));
    }
}
