//! What a user sees of an error of `roster`.

use super::{Failure, IN_PARTITIONS};
use crate::cli::Exit;
use crate::cli::ui::words;
use crate::model::{Interval, Ticker, Venue};
use crate::roster::RosterError;
use crate::source::symbols::ListError;

impl From<RosterError> for Failure {
    fn from(error: RosterError) -> Self {
        match &error {
            RosterError::Unfetched { .. } => Self::of(Exit::SourceDown, error),
            RosterError::Refused {
                reason: ListError::Shorter { .. },
                ..
            } => Self::of(Exit::Failed, error).hint(SHORTER),
            RosterError::Incomparable { .. } => Self::of(Exit::Damaged, error).hint(SHORTER),
            RosterError::Aliases(known) => {
                let is_damaged = known.is_damage();
                let exit = if is_damaged {
                    Exit::Damaged
                } else {
                    Exit::Failed
                };
                Self::of(exit, error).hint(
                    "without the file, mnemonics of earlier days are not known any more; move it away if that is all right",
                )
            }
            RosterError::NoSource { .. }
            | RosterError::NoFile { .. }
            | RosterError::Unwritten { .. } => Self::of(Exit::Usage, error),
            RosterError::Inherited { .. } => Self::of(Exit::Failed, error)
                .hint("migrate it, or move it away, or remove the ticker at every venue"),
            RosterError::Unspellable { venue, .. } => {
                let Venue { market, source } = venue;
                let hint = format!("{IN_PARTITIONS} --market {market} --source {source}");
                Self::of(Exit::Failed, error).hint(hint)
            }
            RosterError::DataAbsent(absent) => (*absent).into(),
            RosterError::Orphans {
                venue,
                interval,
                tickers,
                is_partitioned,
            } => orphans(venue, *interval, tickers, *is_partitioned),
            RosterError::NoList { .. }
            | RosterError::Refused { .. }
            | RosterError::NoInterval { .. } => Self::of(Exit::Failed, error),
            _ => match error {
                RosterError::Workspace(error) => error.into(),
                RosterError::Catalog(error) => error.into(),
                RosterError::Config(error) => error.into(),
                RosterError::Storage(error) => error.into(),
                RosterError::Lock(error) => error.into(),
                RosterError::Fs(error) => error.into(),
                error => Self::of(Exit::Failed, error),
            },
        }
    }
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
