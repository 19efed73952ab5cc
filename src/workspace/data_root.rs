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

impl DataRoot {
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
