//! What lies in the vault, for `status` and `check`. Changes nothing.

use std::path::PathBuf;

use chrono::NaiveDate;

use super::{Damage, Shelf, Vault, VaultError, VaultFile};

/// How much a shelf holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShelfSize {
    /// The shelf.
    pub shelf: Shelf,
    /// How many days it has.
    pub days: usize,
    /// The oldest and the newest of them.
    pub span: Option<(NaiveDate, NaiveDate)>,
    /// Bytes of all of its files.
    pub bytes: u64,
}

/// Something that a look at a file of the vault found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Finding {
    /// Bytes that are no record any more.
    Damaged {
        path: PathBuf,
        /// What of it.
        damage: Damage,
    },
    /// A run was stopped while it wrote: nobody relied on these bytes.
    Torn {
        path: PathBuf,
        /// How many bytes at its end.
        bytes: u64,
    },
    /// The file is of a newer form.
    Newer { path: PathBuf },
}

impl Vault<'_> {
    /// Returns the days of a shelf with their files and bytes, the oldest first.
    pub(super) fn day_sizes(
        &self,
        shelf: &Shelf,
    ) -> Result<Vec<(NaiveDate, Vec<VaultFile>, u64)>, VaultError> {
        let mut sizes = Vec::new();
        for (day, files) in self.days(shelf)? {
            let mut bytes = 0;
            for file in &files {
                let meta = self.fs.metadata(&self.path(shelf, day, file))?;
                bytes += meta.map_or(0, |meta| meta.len);
            }
            sizes.push((day, files, bytes));
        }
        Ok(sizes)
    }

    /// Returns how much each shelf holds.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn sizes(&self) -> Result<Vec<ShelfSize>, VaultError> {
        let mut sizes = Vec::new();
        for shelf in self.shelves()? {
            let days = self.day_sizes(&shelf)?;
            let first = days.first().map(|(day, _, _)| *day);
            sizes.push(ShelfSize {
                days: days.len(),
                span: first.zip(days.last().map(|(day, _, _)| *day)),
                bytes: days.iter().map(|(_, _, bytes)| bytes).sum(),
                shelf,
            });
        }
        Ok(sizes)
    }

    /// Looks at every shelf, as `look`.
    ///
    /// # Errors
    /// As `look`; when the folder of the shelves cannot be listed.
    pub fn look_at_all(&self) -> Result<Vec<Finding>, VaultError> {
        let mut findings = Vec::new();
        for shelf in self.shelves()? {
            findings.extend(self.look(&shelf)?);
        }
        Ok(findings)
    }

    /// Reads every file of a shelf and says what is wrong with it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn look(&self, shelf: &Shelf) -> Result<Vec<Finding>, VaultError> {
        let mut findings = Vec::new();
        for (day, files) in self.days(shelf)? {
            for file in &files {
                let path = self.path(shelf, day, file);
                let contents = match self.read(shelf, day, file) {
                    Ok(Some(contents)) => contents,
                    Ok(None) => continue,
                    Err(VaultError::Newer { path }) => {
                        findings.push(Finding::Newer { path });
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                let damaged = contents.damage_of(file).map(|damage| Finding::Damaged {
                    path: path.clone(),
                    damage,
                });
                findings.extend(damaged);
                if contents.torn() > 0 && *file != VaultFile::Pack {
                    findings.push(Finding::Torn {
                        path,
                        bytes: contents.torn(),
                    });
                }
            }
        }
        Ok(findings)
    }
}
