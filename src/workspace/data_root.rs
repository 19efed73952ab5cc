//! Whether rows can be stored.

/// Whether rows can be stored, or what is fetched has to wait in the staging place of the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DataRoot {
    /// They can.
    #[default]
    There,
    /// None is there, though tickers.json knows rows: a disk is most likely not mounted.
    Absent,
    /// It takes no files.
    Shut {
        /// What the system answers.
        reason: String,
    },
}

/// No row can be found that somebody knows: most likely a disk is not mounted, and what is decided, recorded or stored then would
/// hide that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no row can be found that tickers.json knows")]
pub struct DataAbsent;

impl DataRoot {
    /// Refuses what nobody can know where no row can be found.
    ///
    /// # Errors
    /// `DataAbsent` where that is so.
    pub fn refuse_absent(&self) -> Result<(), DataAbsent> {
        match self {
            Self::Absent => Err(DataAbsent),
            Self::There | Self::Shut { .. } => Ok(()),
        }
    }

    /// Tells whether rows can be stored.
    pub fn is_there(&self) -> bool {
        *self == Self::There
    }

    /// Returns what the system answers, where the data root takes no files.
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Shut { reason } => Some(reason),
            Self::There | Self::Absent => None,
        }
    }
}
