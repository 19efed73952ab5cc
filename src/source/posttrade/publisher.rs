//! Which feed publishes what was traded where.

use crate::model::Feed;

/// How codes of venues of execution begin, and the feed that publishes what is traded there. The service names no others of
/// these three feeds; of other feeds nothing is known.
const PUBLISHERS: [(&str, &str); 5] = [
    ("XET", "DETR"),
    ("XEM", "DETR"),
    ("FRA", "DFRA"),
    ("XGAT", "DGAT"),
    ("XGRM", "DGAT"),
];

/// Returns the feed that publishes what is traded at a venue of execution, where that is known to be another one than `feed`.
pub fn other_publisher(feed: &Feed, execution_venue: &str) -> Option<&'static str> {
    let mut publishers = PUBLISHERS.iter();
    let (_, publisher) = publishers.find(|(begin, _)| execution_venue.starts_with(begin))?;
    Some(*publisher).filter(|publisher| *publisher != feed.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_venue_of_execution_is_of_another_feed_only_where_that_is_known() {
        for (feed, venue, expected) in [
            ("DETR", "XETA", None),
            ("DETR", "XEMB", None),
            ("DETR", "XGAT", Some("DGAT")),
            ("DETR", "FRAA", Some("DFRA")),
            ("DFRA", "FRAS", None),
            ("DFRA", "XETU", Some("DETR")),
            ("DGAT", "XGRM", None),
            ("DGAT", "XETS", Some("DETR")),
            ("DEUR", "XEUR", None),
            ("DETR", "XNEW", None),
        ] {
            let feed = feed.parse().unwrap();
            assert_eq!(other_publisher(&feed, venue), expected, "{feed} {venue}");
        }
    }
}
