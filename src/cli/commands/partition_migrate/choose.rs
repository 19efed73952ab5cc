//! Which intervals of the plan a command is about, where the command line leaves a choice.

use crate::cli::{Exit, Failure, Shell};
use crate::migrate::{Chosen, PlannedInterval, listed};

/// Returns the intervals that are meant, and asks where one of several is.
pub(super) fn settled(
    shell: &Shell<'_>,
    meant: Chosen,
    is_non_interactive: bool,
) -> Result<Vec<PlannedInterval>, Failure> {
    match meant {
        Chosen::These(chosen) => Ok(chosen),
        Chosen::OneOf(several) if shell.may_ask(is_non_interactive) => ask(shell, &several),
        Chosen::OneOf(several) => Err(Failure::usage(
            "several intervals are open, and none was named",
        )
        .hint(format!(
            "name one of {}, or say --all",
            listed(&several.iter().collect::<Vec<_>>())
        ))),
    }
}

/// Asks until the answer is one of the numbers or names; an empty answer is the first.
fn ask(shell: &Shell<'_>, open: &[PlannedInterval]) -> Result<Vec<PlannedInterval>, Failure> {
    for (at, one) in open.iter().enumerate() {
        let (total, done) = one.jobs;
        let status = one.status.as_str();
        shell.note(&format!(
            "{:>3}  {}  {status}, {done} of {total}",
            at + 1,
            one.tuple
        ));
    }
    loop {
        shell.question("Which one, by number or name? [1]");
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
        shell.note("That is none of them.");
    }
}
