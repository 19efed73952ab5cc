//! `barkeep status`: how the workspace stands. Reads only, and takes no lock.

use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use serde_json::{Value, json};

use super::mirror::{self, MirrorStanding};
use super::status_gaps;
use crate::catalog::Catalog;
use crate::cli::ui::json as pieces;
use crate::cli::ui::table::Columns;
use crate::cli::ui::troubles::{print_data_root, print_unserved};
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::inventory::{self, Asked, LookFor, LostRows, Size};
use crate::model::words::{count, size, some_of};
use crate::model::{Interval, Ticker, Venue};
use crate::overview::{self, RefusedTicker, SeriesStatus, Standing};
use crate::vault::{ShelfSize, Vault};
use crate::workspace::{DataRoot, Workspace};

/// Options of `status`.
#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Print which sessions are stored, open, empty or lost
    #[arg(long)]
    pub(in crate::cli) gaps: bool,
    /// With --gaps: only this venue, may be repeated
    #[arg(long = "venue", value_name = "MARKET:SOURCE", requires = "gaps")]
    pub(in crate::cli) venues: Vec<Venue>,
    /// With --gaps: only this interval, may be repeated
    #[arg(short, long = "interval", value_name = "INTERVAL", requires = "gaps")]
    pub(in crate::cli) intervals: Vec<Interval>,
    /// With --gaps: only this ticker, span by span, may be repeated
    #[arg(short, long = "ticker", value_name = "TICKER", requires = "gaps")]
    pub(in crate::cli) tickers: Vec<Ticker>,
}

/// Runs `status`.
pub(in crate::cli) fn run(args: &StatusArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let (workspace, catalog) = wiring::open_with_registry(shell)?;
    for warning in catalog.warnings() {
        shell.warning(&format!("{warning}."));
    }
    if args.gaps {
        return status_gaps::run(args, &workspace, &catalog, shell);
    }
    let told = WorkspaceStatus::of(&workspace, &catalog, shell)?;
    if args.json {
        shell.json(&told.document());
    } else {
        told.print(shell);
    }
    Ok(exit(&told.standing.series))
}

/// What is told of a workspace.
struct WorkspaceStatus {
    standing: Standing,
    /// Of which series rows are gone.
    lost: Vec<LostRows>,
    /// How much is kept of each dataset.
    sizes: Vec<Size>,
    mirrors: Vec<MirrorStanding>,
    shelves: Vec<ShelfSize>,
    /// Who holds the run lock.
    lock: String,
    /// How many runs were interrupted.
    leftovers: usize,
    /// Sentences without a period.
    warnings: Vec<String>,
    now: DateTime<Utc>,
}

impl WorkspaceStatus {
    fn of(
        workspace: &Workspace<'_>,
        catalog: &Catalog,
        shell: &Shell<'_>,
    ) -> Result<Self, Failure> {
        let standing = overview::survey(workspace, catalog)?;
        let lock = workspace.lock().describe()?;
        let leftovers = overview::interrupted_runs(workspace, &standing.data)?;
        let known = inventory::known(workspace, catalog, &Asked::default())?;
        let mut warnings = standing.unreadable.clone();
        warnings.extend_from_slice(&standing.toggles);
        warnings.extend(inventory::tell_halves(&known.halves, shell.root()));
        // Where no disk is mounted, that is what is said.
        let lost = match standing.data {
            DataRoot::Absent => Vec::new(),
            _ => inventory::look_for_lost(workspace, catalog, &known, LookFor::Files)?,
        };
        Ok(Self {
            standing,
            lost,
            sizes: inventory::sizes(&known),
            now: shell.around.clock.now(),
            mirrors: mirror::standings(workspace, &known)?,
            shelves: Vault::of(workspace.fs(), &workspace.places.vault()).sizes()?,
            lock,
            leftovers,
            warnings,
        })
    }

    fn document(&self) -> Value {
        let Standing {
            series,
            unserved,
            refused,
            data,
            ..
        } = &self.standing;
        let mirrors = self.mirrors.iter().map(|one| one.document(self.now));
        json!({
            "series": series.iter().map(document).collect::<Vec<_>>(),
            "lock": self.lock,
            "leftover_runs": self.leftovers,
            "is_data_absent": *data == DataRoot::Absent,
            "data_refusal": data.refusal(),
            "lost_rows": self.lost.iter().map(lost_document).collect::<Vec<_>>(),
            "refused": refused.iter().map(refused_document).collect::<Vec<_>>(),
            "unserved": unserved,
            "warnings": self.warnings,
            "mirrors": mirrors.collect::<Vec<_>>(),
            "sizes": self.sizes,
            "vault": self.shelves.iter().map(shelf_document).collect::<Vec<_>>(),
        })
    }

    fn print(&self, shell: &Shell<'_>) {
        self.print_tables(shell);
        let standing = &self.standing;
        print_data_root(&standing.data, 0, shell.printer);
        for one in &standing.unserved {
            print_unserved(one, shell.printer);
        }
        if let Some(told) = lost_line(&self.lost) {
            shell.warning(&told);
        }
        for warning in &self.warnings {
            shell.warning(&format!("{warning}."));
        }
        for one in &standing.refused {
            shell.warning(&refused_line(one));
        }
        print_losses(&standing.series, shell);
        let lock = match self.lock.as_str() {
            "none" => "free",
            held => held,
        };
        shell.note(&format!(
            "The run lock is {lock}; {} left.",
            count(self.leftovers, "interrupted run", "interrupted runs")
        ));
    }

    fn print_tables(&self, shell: &Shell<'_>) {
        let series = &self.standing.series;
        // A workspace of feeds has no series that are asked for one by one.
        if !series.is_empty() || self.sizes.is_empty() {
            print_series(series, shell);
        }
        if !self.sizes.is_empty() {
            if !series.is_empty() {
                shell.line("");
            }
            print_sizes(&self.sizes, shell);
        }
        for one in &self.mirrors {
            one.print(self.now, shell.printer);
        }
        if !self.shelves.is_empty() {
            shell.line("");
            print_vault(&self.shelves, shell);
        }
    }
}

/// Says what the sources will forget.
fn print_losses(series: &[SeriesStatus], shell: &Shell<'_>) {
    for one in series.iter().filter(|one| one.will_lose()) {
        shell.warning(&format!(
            "{} {} will expire before it can be fetched at this rate.",
            one.venue, one.interval
        ));
    }
    for one in series.iter().filter(|one| one.losing_in_a_week > 0) {
        shell.note(&format!(
            "{} {}: {} bars within a week, {} within a day, unless they are fetched.",
            one.venue,
            one.interval,
            count(one.losing_in_a_week, "ticker loses", "tickers lose"),
            one.losing_in_a_day
        ));
    }
}

/// Returns how `status` ends.
pub(super) fn exit(series: &[SeriesStatus]) -> Exit {
    Exit::WillExpire.when(series.iter().any(SeriesStatus::will_lose))
}

/// Says of which series rows are gone that were stored.
fn lost_line(lost: &[LostRows]) -> Option<String> {
    let named = lost
        .iter()
        .map(|one| format!("{} ({} of {})", one.request, one.there, one.known()));
    let named: Vec<String> = named.collect();
    (!lost.is_empty()).then(|| {
        format!(
            "{} fewer rows than were stored: {}. barkeep check says what can be done.",
            count(lost.len(), "series has", "series have"),
            some_of(&named, 3)
        )
    })
}

fn lost_document(one: &LostRows) -> Value {
    pieces::about(
        &one.request,
        json!({ "stored": one.known(), "there": one.there }),
    )
}

fn refused_line(one: &RefusedTicker) -> String {
    let losses = one
        .losses
        .iter()
        .map(|(interval, newest, loss)| match loss {
            Some(loss) => {
                format!("; {interval} ends with {newest}, and what follows is lost from {loss} on")
            }
            None => format!("; {interval} ends with {newest}"),
        });
    let losses: String = losses.collect();
    format!(
        "{} at {} is refused, because its source describes another security ({}){losses}. If it is the same one: barkeep tickers accept {}",
        one.ticker, one.venue, one.conflict, one.ticker
    )
}

fn refused_document(one: &RefusedTicker) -> Value {
    let losses = one.losses.iter().map(|(interval, newest, loss)| {
        json!({
            "interval": interval.as_str(),
            "newest": newest.to_string(),
            "next_loss": loss.map(|day| day.to_string()),
        })
    });
    json!({
        "ticker": one.ticker.to_string(),
        "venue": one.venue.to_string(),
        "conflict": one.conflict,
        "series": losses.collect::<Vec<_>>(),
    })
}

fn print_series(series: &[SeriesStatus], shell: &Shell<'_>) {
    let hours = |one: &SeriesStatus| one.hours.map_or_else(String::new, |h| format!("{h:.1}"));
    Columns::of(series)
        .text("venue", |one| &one.venue)
        .text("interval", |one| one.interval)
        .number("active", |one| one.active)
        .number("resting", |one| one.resting)
        .number("given up", |one| one.not_found)
        .text("newest", |one| told(one.newest))
        .number("requests", |one| one.backlog)
        .number("hours", hours)
        .text("next loss", |one| {
            told(one.next_loss.map(|loss| loss.date_naive()))
        })
        .print(shell);
}

fn document(one: &SeriesStatus) -> Value {
    json!({
        "venue": one.venue.to_string(),
        "interval": one.interval.as_str(),
        "tickers": { "active": one.active, "resting": one.resting, "given_up": one.not_found },
        "last_success": one.last_success.map(|day| day.to_string()),
        "newest": one.newest.map(|day| day.to_string()),
        "backlog_requests": one.backlog,
        "backlog_hours": one.hours,
        "venue_backlog_hours": one.venue_hours,
        "next_loss": one.next_loss.map(|loss| loss.date_naive().to_string()),
        "losing_in_a_day": one.losing_in_a_day,
        "losing_in_a_week": one.losing_in_a_week,
        "will_lose": one.will_lose(),
        "missed_sessions": one.missed,
    })
}

fn told(day: Option<NaiveDate>) -> String {
    day.map_or_else(String::new, |day| day.to_string())
}

/// Prints a table of what each venue keeps of each dataset.
fn print_sizes(sizes: &[Size], shell: &Shell<'_>) {
    Columns::of(sizes)
        .text("venue", |one| &one.venue)
        .text("dataset", |one| one.dataset)
        .number("series", |one| one.series)
        .number("unrecorded", |one| one.unrecorded)
        .number("rows", |one| one.rows)
        .number("files", |one| one.files)
        .number("inodes", |one| one.inodes)
        .number("size", |one| size(one.bytes))
        .print(shell);
}

/// Prints a table of what the vault keeps of each feed.
fn print_vault(shelves: &[ShelfSize], shell: &Shell<'_>) {
    Columns::of(shelves)
        .text("vault", |one| &one.shelf)
        .number("days", |one| one.days)
        .text("first", |one| told(one.span.map(|(first, _)| first)))
        .text("last", |one| told(one.span.map(|(_, last)| last)))
        .number("size", |one| size(one.bytes))
        .print(shell);
}

/// Returns what the vault keeps of a feed.
fn shelf_document(one: &ShelfSize) -> Value {
    json!({
        "feed": one.shelf.as_str(),
        "days": one.days,
        "first": one.span.map(|(first, _)| first.to_string()),
        "last": one.span.map(|(_, last)| last.to_string()),
        "bytes": one.bytes,
    })
}
