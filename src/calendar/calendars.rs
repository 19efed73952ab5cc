//! The calendars that a workspace has: those of this build, and those that its settings add or put in their place.

use std::collections::BTreeMap;

use super::embedded;
use super::known::Calendar;
use super::zones;

/// The calendars of a workspace, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendars {
    given: BTreeMap<String, Calendar>,
    /// Names by which a source calls the exchanges of given calendars.
    exchanges: BTreeMap<String, String>,
}

impl Calendars {
    /// Adds a calendar, or puts it in the place of the one of this name. `exchanges` are names by which sources call its
    /// exchange.
    pub fn give(
        &mut self,
        name: &str,
        calendar: Calendar,
        exchanges: impl IntoIterator<Item = String>,
    ) {
        let exchanges = exchanges.into_iter();
        self.exchanges
            .extend(exchanges.map(|exchange| (exchange, name.to_owned())));
        self.given.insert(name.to_owned(), calendar);
    }

    /// Returns the calendar of a name, for example `XLON`.
    pub fn get(&self, name: &str) -> Option<Calendar> {
        let given = self.given.get(name).cloned();
        given.or_else(|| Calendar::of(name))
    }

    /// Returns the name of the calendar that the settings give to an exchange, by what a source calls it.
    pub fn of_exchange(&self, exchange: &str) -> Option<&str> {
        self.exchanges.get(exchange).map(String::as_str)
    }

    /// Returns the calendar of the main exchange of a zone, by the zone's IANA name; the one of which nothing but the zone is
    /// known where no table has it.
    pub fn of_zone(&self, zone: &str) -> Calendar {
        let name = zones::main_exchange(zone);
        name.and_then(|name| self.get(name))
            .unwrap_or_else(|| Calendar::unlisted(zone))
    }

    /// Returns all names, in order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = embedded::names().collect();
        names.extend(self.given.keys().map(String::as_str));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Tells whether the settings give a calendar of this name.
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_calendar_goes_before_the_one_of_the_build() {
        let mut calendars = Calendars::default();
        let christmas = "2024-12-25".parse().unwrap();
        assert_eq!(calendars.get("XLON").unwrap().session(christmas), None);

        let given = Calendar::of_days("Europe/London", [christmas]).unwrap();
        calendars.give("XLON", given, ["AQS".to_owned()]);

        assert!(calendars.get("XLON").unwrap().session(christmas).is_some());
        assert_eq!(calendars.of_exchange("AQS"), Some("XLON"));
        assert_eq!(
            calendars
                .names()
                .iter()
                .filter(|name| **name == "XLON")
                .count(),
            1
        );
    }

    #[test]
    fn a_zone_without_a_table_has_the_calendar_of_which_only_the_zone_is_known() {
        let calendars = Calendars::default();

        assert_eq!(
            calendars.of_zone("Asia/Taipei"),
            Calendar::unlisted("Asia/Taipei")
        );
        assert_eq!(
            calendars.of_zone("Asia/Tokyo"),
            Calendar::of("XTKS").unwrap()
        );
    }
}
