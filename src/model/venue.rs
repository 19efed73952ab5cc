//! Where data comes from: a market and a source.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

/// A short lower-case name that is safe as a path segment: `[a-z0-9-]{1,16}`.
#[derive(Clone)]
pub struct Slug(Arc<str>);

/// Nearly all that are compared are one and the same: of 100,000 series of a venue each has a copy of its name.
impl Ord for Slug {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ordering::Equal;
        }
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Slug {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Slug {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Slug {}

impl Hash for Slug {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Slug {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = InvalidVenue;

    /// Trims and lower-cases, as the predecessor did with markets and sources.
    fn from_str(text: &str) -> Result<Self, InvalidVenue> {
        let name = text.trim().to_lowercase();
        let is_valid = (1..=16).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if is_valid {
            Ok(Self(name.into()))
        } else {
            Err(InvalidVenue(text.to_owned()))
        }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

/// No market has this name: below the data root it is the folder of the legacy layout.
const RESERVED: &str = "legacy";

/// A market and a source in it, written `us:yahoo`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Venue {
    /// The market, for example `us`.
    pub market: Slug,
    /// The source within the market, for example `yahoo`.
    pub source: Slug,
}

impl FromStr for Venue {
    type Err = InvalidVenue;

    fn from_str(text: &str) -> Result<Self, InvalidVenue> {
        let (market, source) = text
            .split_once(':')
            .ok_or_else(|| InvalidVenue(text.to_owned()))?;
        let named =
            |slug: Result<Slug, InvalidVenue>| slug.map_err(|_| InvalidVenue(text.to_owned()));
        let market: Slug = named(market.parse())?;
        if market.as_str() == RESERVED {
            return Err(InvalidVenue(text.to_owned()));
        }
        Ok(Self {
            market,
            source: named(source.parse())?,
        })
    }
}

impl fmt::Display for Venue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}:{}", self.market, self.source))
    }
}

/// The text names no venue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a venue; it is written market:source, each of a-z, 0-9 and - and at most 16 long, as in us:yahoo; no market is called legacy"
)]
pub struct InvalidVenue(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_venue_round_trips_and_forgets_case() {
        let venue: Venue = " US:Yahoo".parse().unwrap();

        assert_eq!(venue.to_string(), "us:yahoo");
        assert_eq!(venue.to_string().parse(), Ok(venue));
    }

    #[test]
    fn what_is_no_venue_is_refused() {
        for text in [
            "",
            "us",
            "us:",
            ":yahoo",
            "us:ya hoo",
            "../..:x",
            "us:yahoo:x",
            "us/yahoo",
            "us:abcdefghijklmnopq",
            "legacy:yahoo",
            "Legacy:x",
        ] {
            assert!(text.parse::<Venue>().is_err(), "{text}");
        }
    }
}
