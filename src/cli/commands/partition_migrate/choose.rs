//! Which intervals of the plan a command is about.

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::migrate::PlannedInterval;
use crate::model::{Interval, Venue};

/// What the command line says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// The first word: a venue, or an interval when it is none.
    pub(super) venue: Option<&'a str>,
    /// The second word.
    pub(super) interval: Option<Interval>,
    /// Whether all intervals are meant.
    pub(super) is_all: bool,
    /// Whether nothing may be asked.
    pub(super) is_non_interactive: bool,
}

/// Returns the intervals that are meant, in the order of the plan. `is_open` tells which ones there is something to do
/// for: they are what `--all` means, and a single one need not be named.
///
/// # Errors
/// When a name is not in the plan, or nothing says which interval is meant.
pub(super) fn choose(
    shell: &Shell<'_>,
    planned: &[PlannedInterval],
    wanted: Wanted<'_>,
    default_venue: &Venue,
    is_open: impl Fn(&PlannedInterval) -> bool,
) -> Result<Vec<PlannedInterval>, Failure> {
    let (venue, interval) = names(wanted)?;
    let of_venue: Vec<&PlannedInterval> = match &venue {
        Some(venue) => at(planned, venue)?,
        // A plan of another venue alone needs no word about it.
        None => match at(planned, default_venue) {
            Ok(found) => found,
            Err(_) => planned.iter().collect(),
        },
    };
    if let Some(interval) = interval {
        if wanted.is_all {
            return Err(Failure::usage(
                "an interval and --all contradict each other",
            ));
        }
        let found = of_venue.iter().find(|one| one.tuple.interval == interval);
        return match found {
            Some(found) => Ok(vec![(*found).clone()]),
            None => Err(Failure::usage(format!(
                "{interval} is not in the plan, which has {}",
                listed(&of_venue)
            ))),
        };
    }
    let open: Vec<PlannedInterval> = of_venue
        .iter()
        .filter(|one| is_open(one))
        .map(|one| (*one).clone())
        .collect();
    match open.as_slice() {
        _ if wanted.is_all => Ok(open),
        [_] | [] => Ok(open),
        several if shell.may_ask(wanted.is_non_interactive) => ask(shell, several),
        several => Err(
            Failure::usage("several intervals are open, and none was named").hint(format!(
                "name one of {}, or say --all",
                listed(&several.iter().collect::<Vec<_>>())
            )),
        ),
    }
}

/// The first word may be an interval: nobody types the venue of the only one there is.
fn names(wanted: Wanted<'_>) -> Result<(Option<Venue>, Option<Interval>), Failure> {
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
        Err(error) => Err(Failure::usage(format!(
            "{word} is neither a venue nor an interval: {error}"
        ))),
    }
}

fn at<'p>(
    planned: &'p [PlannedInterval],
    venue: &Venue,
) -> Result<Vec<&'p PlannedInterval>, Failure> {
    let found: Vec<&PlannedInterval> = planned
        .iter()
        .filter(|one| one.tuple.venue == *venue)
        .collect();
    if found.is_empty() {
        let mut venues: Vec<String> = planned
            .iter()
            .map(|one| one.tuple.venue.to_string())
            .collect();
        venues.dedup();
        return Err(Failure::usage(format!(
            "{venue} is not in the plan, which has {}",
            venues.join(", ")
        )));
    }
    Ok(found)
}

fn listed(planned: &[&PlannedInterval]) -> String {
    let names: Vec<&str> = planned
        .iter()
        .map(|one| one.tuple.interval.as_str())
        .collect();
    match names.as_slice() {
        [] => "no interval".to_owned(),
        names => names.join(", "),
    }
}

/// Asks until the answer is one of the numbers or names; an empty answer is the first.
fn ask(shell: &Shell<'_>, open: &[PlannedInterval]) -> Result<Vec<PlannedInterval>, Failure> {
    for (at, one) in open.iter().enumerate() {
        let (total, done) = one.jobs;
        let status = one.status.as_str();
        shell.printer.note(&format!(
            "{:>3}  {}  {status}, {done} of {total}",
            at + 1,
            one.tuple
        ));
    }
    loop {
        shell.printer.question("Which one, by number or name? [1]");
        let Some(answer) = shell.world.answer() else {
            return Err(Failure::new(Exit::Usage, "no interval was chosen"));
        };
        let by_number = match answer.as_str() {
            "" => Some(0),
            text => text
                .parse::<usize>()
                .ok()
                .and_then(|number| number.checked_sub(1)),
        };
        let by_name = || {
            open.iter()
                .position(|one| one.tuple.interval.as_str() == answer)
        };
        if let Some(found) = by_number.or_else(by_name).and_then(|at| open.get(at)) {
            return Ok(vec![found.clone()]);
        }
        shell.printer.note("That is none of them.");
    }
}
