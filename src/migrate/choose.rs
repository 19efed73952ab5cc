//! Which intervals of the plan are meant by a command line.
//!
//! Leaves to others: asking a person where several are (`cli`).

use super::{IntervalState, PlannedInterval};
use crate::model::{Interval, Venue};

/// What a command line says.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The first word: a venue, or an interval when it is none.
    pub venue: Option<&'a str>,
    /// The second word.
    pub interval: Option<Interval>,
    /// Whether all intervals are meant.
    pub is_all: bool,
}

impl Wanted<'_> {
    /// Returns the same for a question that is about all intervals unless one is named.
    #[must_use]
    pub fn or_all(self) -> Self {
        let is_interval = |word: &str| word.parse::<Interval>().is_ok();
        let is_named = self.interval.is_some() || self.venue.is_some_and(is_interval);
        Self {
            is_all: self.is_all || !is_named,
            ..self
        }
    }
}

/// What is meant.
#[derive(Clone, Debug)]
pub enum Chosen {
    /// These intervals, in the order of the plan.
    These(Vec<PlannedInterval>),
    /// One of these, and nothing says which.
    OneOf(Vec<PlannedInterval>),
}

/// Why nothing can be meant.
#[derive(Debug, thiserror::Error)]
pub enum ChooseError {
    /// One interval and all of them are named.
    #[error("an interval and --all contradict each other")]
    Contradiction,
    /// A venue or an interval is not planned.
    #[error("{named} is not in the plan, which has {planned}")]
    NotPlanned {
        /// What is named.
        named: String,
        /// What is planned.
        planned: String,
    },
    /// A word has no meaning.
    #[error("{word} is neither a venue nor an interval: {reason}")]
    Word {
        /// The word.
        word: String,
        /// Why it is no venue.
        reason: String,
    },
}

/// Returns the intervals that are meant, as `choose`: those are open of whose state `has_work` says so. What the plan says of them is
/// not asked: it may say complete of what nobody has proven.
///
/// # Errors
/// As `choose`.
pub fn choose_by_state(
    states: &[IntervalState],
    wanted: Wanted<'_>,
    default_venue: &Venue,
    has_work: impl Fn(&IntervalState) -> bool,
) -> Result<Chosen, ChooseError> {
    let planned: Vec<PlannedInterval> = states.iter().map(|one| one.planned.clone()).collect();
    let is_open = |planned: &PlannedInterval| {
        let mut of_it = states
            .iter()
            .filter(|one| one.planned.tuple == planned.tuple);
        of_it.any(&has_work)
    };
    choose(&planned, wanted, default_venue, is_open)
}

/// Returns the intervals that are meant. `is_open` tells which ones there is something to do for: they are what all means, and
/// a single one need not be named.
///
/// # Errors
/// When a name is not in the plan.
pub fn choose(
    planned: &[PlannedInterval],
    wanted: Wanted<'_>,
    default_venue: &Venue,
    is_open: impl Fn(&PlannedInterval) -> bool,
) -> Result<Chosen, ChooseError> {
    let (venue, interval) = names(wanted)?;
    let of_venue: Vec<&PlannedInterval> = match &venue {
        Some(venue) => at(planned, venue)?,
        // A plan of another venue alone needs no word about it.
        None => at(planned, default_venue).unwrap_or_else(|_| planned.iter().collect()),
    };
    if let Some(interval) = interval {
        if wanted.is_all {
            return Err(ChooseError::Contradiction);
        }
        let found = of_venue.iter().find(|one| one.tuple.interval == interval);
        let found = found.ok_or_else(|| ChooseError::NotPlanned {
            named: interval.to_string(),
            planned: listed(&of_venue),
        })?;
        return Ok(Chosen::These(vec![(*found).clone()]));
    }
    let open = of_venue.into_iter().filter(|one| is_open(one));
    let open: Vec<PlannedInterval> = open.cloned().collect();
    Ok(if wanted.is_all || open.len() < 2 {
        Chosen::These(open)
    } else {
        Chosen::OneOf(open)
    })
}

/// The first word may be an interval: nobody types the venue of the only one there is.
fn names(wanted: Wanted<'_>) -> Result<(Option<Venue>, Option<Interval>), ChooseError> {
    let Some(word) = wanted.venue else {
        return Ok((None, wanted.interval));
    };
    if wanted.interval.is_none()
        && let Ok(interval) = word.parse::<Interval>()
    {
        return Ok((None, Some(interval)));
    }
    match word.parse::<Venue>() {
        Ok(venue) => Ok((Some(venue), wanted.interval)),
        Err(error) => Err(ChooseError::Word {
            word: word.to_owned(),
            reason: error.to_string(),
        }),
    }
}

fn at<'p>(
    planned: &'p [PlannedInterval],
    venue: &Venue,
) -> Result<Vec<&'p PlannedInterval>, ChooseError> {
    let found = planned.iter().filter(|one| one.tuple.venue == *venue);
    let found: Vec<&PlannedInterval> = found.collect();
    if found.is_empty() {
        let venues = planned.iter().map(|one| one.tuple.venue.to_string());
        let mut venues: Vec<String> = venues.collect();
        venues.dedup();
        return Err(ChooseError::NotPlanned {
            named: venue.to_string(),
            planned: venues.join(", "),
        });
    }
    Ok(found)
}

/// Returns the names of intervals, as a phrase.
pub fn listed(planned: &[&PlannedInterval]) -> String {
    let names = planned.iter().map(|one| one.tuple.interval.as_str());
    match names.collect::<Vec<_>>().as_slice() {
        [] => "no interval".to_owned(),
        names => names.join(", "),
    }
}
