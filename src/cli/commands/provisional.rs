//! What is said of stored bars that may still change, because their time was not over when they came.

use crate::cli::shell::Shell;
use crate::model::words::some_of;
use crate::model::{Interval, time};
use crate::query;
use crate::workspace::Workspace;

/// How many of them a message names.
const MOST_NAMED: usize = 3;

/// Names provisional bars, of which some may be over by now on the clock of the exchange.
pub(super) fn tell(
    (workspace, shell): (&Workspace<'_>, &Shell<'_>),
    bars: &[i64],
    interval: Interval,
    zone: Option<&str>,
) {
    let (over, lasting) = query::over(workspace, bars, interval, zone);
    for (bars, is, what) in [
        (lasting, ["is", "are"], "not over yet"),
        (
            over,
            ["was", "were"],
            "not over when fetched, and may still change",
        ),
    ] {
        let names: Vec<String> = bars.iter().map(|bar| name(*bar, interval)).collect();
        let named = some_of(&names, MOST_NAMED);
        let [one, many] = is;
        match bars.as_slice() {
            [] => {}
            [_] => shell.note(&format!("The bar of {named} {one} {what}.")),
            _ => shell.note(&format!("The bars of {named} {many} {what}.")),
        }
    }
}

fn name(bar: i64, interval: Interval) -> String {
    let at = time::naive(bar);
    if interval.is_intraday() {
        at.to_string()
    } else {
        at.date().to_string()
    }
}
