//! How views are called: by venue, dataset and length of bars, so that no two of a workspace have one name.

use std::collections::BTreeSet;

use super::VenueViews;
use crate::model::{Dataset, Digest, Interval};

/// How many letters of the digest of a venue tell it apart from others.
const LETTERS: usize = 6;

impl VenueViews {
    /// Returns the beginning of the names of its views.
    pub(super) fn name(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let venue = self.venue.to_string();
        let plain: String = venue.chars().map(plain).collect();
        if !self.shares_names {
            return plain;
        }
        let digest = Digest::of(venue.as_bytes()).to_string();
        let letters: String = digest.chars().take(LETTERS).collect();
        format!("{plain}_{letters}")
    }

    /// Returns the name of the view of a tree.
    pub(super) fn name_of(&self, (dataset, interval): (Dataset, Option<Interval>)) -> String {
        let venue = self.name();
        let interval = interval.map_or("", Interval::as_str);
        match dataset {
            Dataset::Stocks => format!("{venue}_{interval}"),
            Dataset::Adjusted => format!("{venue}_adjclose_{interval}"),
            dataset if interval.is_empty() => format!("{venue}_{dataset}"),
            dataset => format!("{venue}_{dataset}_{interval}"),
        }
    }

    /// Returns every name that it takes.
    fn names(&self) -> BTreeSet<String> {
        let trees = self.trees.iter();
        let trees = trees.map(|tree| self.name_of((tree.dataset, tree.interval)));
        trees.chain([self.name()]).collect()
    }
}

/// Gives the views of venues names of their own where several would have the same ones: none of these has the name then, so that
/// a script never takes the views of another one away.
pub fn tell_apart(venues: &mut [VenueViews]) {
    let names: Vec<BTreeSet<String>> = venues.iter().map(VenueViews::names).collect();
    for (at, own) in names.iter().enumerate() {
        let mut others = names.iter().enumerate().filter(|(other, _)| *other != at);
        if let Some(views) = venues.get_mut(at) {
            views.shares_names = others.any(|(_, others)| !own.is_disjoint(others));
        }
    }
    for views in venues.iter_mut().filter(|views| views.shares_names) {
        let told = format!(
            "The names of its views begin with {}, since another venue would have the same ones.",
            views.name()
        );
        views.told.push(told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::{Files, Tree, Zones};

    fn views(venue: &str, trees: &[(Dataset, Interval)]) -> VenueViews {
        let tree = |(dataset, interval): &(Dataset, Interval)| Tree {
            dataset: *dataset,
            interval: Some(*interval),
            files: Files::Partitions("/w".into()),
        };
        VenueViews {
            venue: venue.parse().unwrap(),
            trees: trees.iter().map(tree).collect(),
            zones: Zones::Unknown,
            factors: None,
            shares_names: false,
            told: Vec::new(),
        }
    }

    fn named(mut venues: Vec<VenueViews>) -> Vec<String> {
        tell_apart(&mut venues);
        let all = venues.iter().flat_map(VenueViews::names);
        all.collect()
    }

    #[test]
    fn venues_that_differ_only_in_marks_have_views_under_names_of_their_own() {
        let (days, hours) = (
            [(Dataset::Stocks, Interval::D1)],
            [(Dataset::Stocks, Interval::H1)],
        );
        for second in [days, hours] {
            let all = vec![views("us:a-b", &days), views("us-a:b", &second)];

            let names = named(all);

            let distinct: BTreeSet<&String> = names.iter().collect();
            assert_eq!(distinct.len(), 4, "{names:?}");
            assert!(names.iter().all(|name| name != "us_a_b"), "{names:?}");
        }
    }

    #[test]
    fn a_venue_that_is_called_as_a_dataset_of_another_has_names_of_its_own() {
        let first = [
            (Dataset::Stocks, Interval::M1),
            (Dataset::Prepost, Interval::M1),
        ];
        let second = [(Dataset::Stocks, Interval::M1)];

        let names = named(vec![views("us:a", &first), views("us:a-prepost", &second)]);

        let distinct: BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }

    #[test]
    fn other_venues_keep_their_names() {
        let days = [(Dataset::Stocks, Interval::D1)];

        let names = named(vec![views("us:a-b", &days), views("us:a", &days)]);

        assert_eq!(names, ["us_a_b", "us_a_b_1d", "us_a", "us_a_1d"]);
    }
}
