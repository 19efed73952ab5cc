//! The code of a feed of trades.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The code by which a service names a feed of trades, such as `DETR`: `[A-Z0-9]{1,16}`, safe as a path segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Feed(Arc<str>);

impl Feed {
    /// Returns the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name of the folder of its trades, which the predecessor gave it: the key says `venue`, and means the feed.
    pub fn segment(&self) -> String {
        format!("venue={self}")
    }

    /// Reads the name of a folder that `segment` made. Another spelling, such as `venue=detr`, is another folder.
    pub fn from_segment(name: &str) -> Option<Self> {
        let feed: Self = name.strip_prefix("venue=")?.parse().ok()?;
        (feed.segment() == name).then_some(feed)
    }
}

impl FromStr for Feed {
    type Err = InvalidFeed;

    /// Trims the code and writes it in capitals, as services do.
    fn from_str(text: &str) -> Result<Self, InvalidFeed> {
        let code = text.trim().to_ascii_uppercase();
        let is_valid = (1..=16).contains(&code.len())
            && code
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if is_valid {
            Ok(Self(code.into()))
        } else {
            Err(InvalidFeed(text.to_owned()))
        }
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A text is no code of a feed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no code of a feed: up to 16 letters and digits, such as DETR")]
pub struct InvalidFeed(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_written_in_capitals_and_its_folder_is_spelled_in_one_way() {
        let feed: Feed = " detr".parse().unwrap();

        assert_eq!(feed.as_str(), "DETR");
        assert_eq!(feed.segment(), "venue=DETR");
        assert_eq!(Feed::from_segment("venue=DETR"), Some(feed));
        for other in ["venue=detr", "venue= DETR", "venue=", "DETR", "ticker=DETR"] {
            assert_eq!(Feed::from_segment(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_segment_of_a_path_is_no_feed() {
        for text in ["", " ", "..", "DE/TR", "DE-TR", "DÉTR", "ABCDEFGHIJKLMNOPQ"] {
            assert_eq!(text.parse::<Feed>(), Err(InvalidFeed(text.to_owned())));
        }
    }
}
