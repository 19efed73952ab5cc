//! Words of a person that cannot be followed.
//!
//! Promises: a sentence that says why, and what to type in their place. Leaves to others: how it is told, and the exit (`cli`).

/// What is amiss with words that cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amiss {
    /// The words: they name too much, or what does not go together.
    Words,
    /// What they ask for, of which nothing is there.
    Rows,
}

/// Why words cannot be followed, and what to type in their place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unclear {
    /// What is amiss.
    pub amiss: Amiss,
    /// What to do about it.
    pub hint: Option<String>,
    message: String,
}

impl Unclear {
    /// Says that words cannot be meant.
    pub fn words(message: impl Into<String>) -> Self {
        Self {
            amiss: Amiss::Words,
            hint: None,
            message: message.into(),
        }
    }

    /// Says that nothing is there of what was asked for.
    pub fn rows(message: impl Into<String>) -> Self {
        Self {
            amiss: Amiss::Rows,
            ..Self::words(message)
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
