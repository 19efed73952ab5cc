//! The code of a feed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The code of a feed, such as `DETR`: capital letters and digits, at most 16 of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedCode(Arc<str>);

impl FeedCode {
    /// Returns the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FeedCode {
    type Err = InvalidFeed;

    fn from_str(text: &str) -> Result<Self, InvalidFeed> {
        let is_code = (1..=16).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if is_code {
            Ok(Self(text.into()))
        } else {
            Err(InvalidFeed(text.to_owned()))
        }
    }
}

impl fmt::Display for FeedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The text is no code of a feed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the code of a feed; it is A-Z and 0-9, at most 16 long, as in DETR")]
pub struct InvalidFeed(pub String);
