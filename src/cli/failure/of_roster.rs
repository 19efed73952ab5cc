//! What a user sees of an error of `roster`.

use super::{Failure, IN_PARTITIONS, Verdict, failures};
use crate::cli::Exit;
use crate::model::words;
use crate::model::{Interval, Ticker, Venue};
use crate::roster::RosterError;
use crate::source::symbols::ListError;

failures! {
    RosterError { Workspace, Catalog, Config, Storage, Lock, Fs }
        RosterError::Unfetched { .. } => Exit::SourceDown,
        RosterError::Refused { reason: ListError::Shorter { .. }, .. } => (Exit::Failed, [SHORTER]),
        RosterError::Incomparable { .. } => (Exit::Damaged, [SHORTER]),
        RosterError::Aliases(ref known) => (if known.is_damage() { Exit::Damaged } else { Exit::Failed }, [
            "without the file, mnemonics of earlier days are not known any more; move it away if that is all right",
        ]),
        RosterError::NoSource { .. } | RosterError::NoFile { .. } | RosterError::Unwritten { .. } => Exit::Usage,
        RosterError::Inherited { .. } => (Exit::Failed, [
            "migrate it, or move it away, or remove the ticker at every venue",
        ]),
        RosterError::Unspellable { ref venue, .. } => (Exit::Failed, [
            format!("{IN_PARTITIONS} --market {} --source {}", venue.market, venue.source),
        ]),
        RosterError::DataAbsent(absent) => Failure::from(absent),
        RosterError::Orphans { ref venue, interval, ref tickers, is_partitioned } => {
            orphans(venue, interval, tickers, is_partitioned)
        },
        RosterError::NoList { .. } | RosterError::Refused { .. } | RosterError::NoInterval { .. } => Exit::Failed;
}

/// What helps with a list that may have been cut off.
const SHORTER: &str = "`--accept-shorter` takes it all the same";

/// Returns the failure of rows that a toggle would leave behind. The way is planned first, and its other steps follow from there.
fn orphans(venue: &Venue, interval: Interval, tickers: &[Ticker], is_partitioned: bool) -> Failure {
    let (rows, command) = if is_partitioned {
        let way = "init --all-found --venue";
        ("rows only in the legacy layout", format!("{way} {venue}"))
    } else {
        let way = "rollback --dry-run";
        ("rows in partitions", format!("{way} {venue} {interval}"))
    };
    let have = if tickers.len() == 1 { "has" } else { "have" };
    let (count, names) = (
        words::count(tickers.len(), "ticker", "tickers"),
        words::some_of(tickers, 3),
    );
    let message = format!("{count} at {venue} {have} {interval} {rows} ({names})");
    let hint = format!("move them first: barkeep partition-migrate {command}");
    Failure::new(Exit::Failed, message).hint(hint)
}
