//! The exit codes. What each means to a person, and what to do about it, is the table in `docs/operations.md`.
//!
//! Promises: a code means one thing, and an outcome without a code of its own is a failure.
//! Leaves to others: which outcome (`outcome`) and which error (`failure`) has which code.

use std::process::ExitCode;

use crate::sys::Signal;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Ok,
    /// Failed, and no other code says it better.
    Failed,
    /// The command line was not understood.
    Usage,
    /// Some tickers failed; the rest is saved.
    Partial,
    /// There is no workspace or no plan.
    NotInitialised,
    /// Another run holds the lock.
    Locked,
    /// A damaged file was found.
    Damaged,
    /// Two sides that must be equal are not.
    Mismatch,
    /// There is not enough space or there are not enough inodes.
    NoSpace,
    /// The source could not be reached or refused, and nothing was fetched.
    SourceDown,
    /// Data will expire at the source before it can be fetched.
    WillExpire,
    /// A bug.
    Internal,
    /// A signal ended the run early.
    Interrupted(Signal),
}

impl Exit {
    /// Every exit, in the order of the codes.
    pub const ALL: [Self; 15] = [
        Self::Ok,
        Self::Failed,
        Self::Usage,
        Self::Partial,
        Self::NotInitialised,
        Self::Locked,
        Self::Damaged,
        Self::Mismatch,
        Self::NoSpace,
        Self::SourceDown,
        Self::WillExpire,
        Self::Internal,
        Self::Interrupted(Signal::HangUp),
        Self::Interrupted(Signal::Interrupt),
        Self::Interrupted(Signal::Terminate),
    ];

    /// Returns the number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::NotInitialised => 10,
            Self::Locked => 11,
            Self::Damaged => 12,
            Self::Mismatch => 13,
            Self::NoSpace => 14,
            Self::SourceDown => 15,
            Self::WillExpire => 16,
            Self::Internal => 70,
            Self::Interrupted(signal) => 128 | u8::try_from(signal.number()).unwrap_or_default(),
        }
    }

    /// Returns the one of several outcomes that the shell must hear of; `Ok` when there is none.
    pub fn worst(exits: impl IntoIterator<Item = Self>) -> Self {
        exits
            .into_iter()
            .max_by_key(|exit| exit.weight())
            .unwrap_or(Self::Ok)
    }

    /// Returns this outcome, or the other one where there is nothing to be said of this.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self == Self::Ok { other } else { self }
    }

    /// Returns this outcome where something is so, and success where it is not.
    #[must_use]
    pub fn when(self, is_so: bool) -> Self {
        if is_so { self } else { Self::Ok }
    }

    /// The order of decisions.md; codes that it leaves out stand for runs that did nothing at all.
    fn weight(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Partial => 1,
            Self::Failed => 2,
            Self::Usage => 3,
            Self::NotInitialised => 4,
            Self::Locked => 5,
            Self::SourceDown => 6,
            Self::Mismatch => 7,
            Self::Damaged => 8,
            Self::WillExpire => 9,
            Self::NoSpace => 10,
            Self::Internal => 11,
            Self::Interrupted(_) => 12,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_in_order() {
        let codes: Vec<u8> = Exit::ALL.into_iter().map(Exit::code).collect();

        assert_eq!(
            codes,
            [0, 1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 70, 129, 130, 143]
        );
    }

    #[test]
    fn the_most_urgent_of_several_outcomes_wins() {
        let interrupted = Exit::Interrupted(Signal::Terminate);

        assert_eq!(Exit::worst([]), Exit::Ok);
        assert_eq!(Exit::worst([Exit::Partial, Exit::Damaged]), Exit::Damaged);
        assert_eq!(Exit::worst([Exit::NoSpace, Exit::Damaged]), Exit::NoSpace);
        assert_eq!(Exit::worst([interrupted, Exit::NoSpace]), interrupted);
    }
}
