//! `barkeep tickers import`: takes the tickers of lists into the registry.
//!
//! Promises: all lists are good before anything changes; nothing is ever removed. An accepted list is kept, so that
//! the next one of its origin can be compared with it; a refused one leaves the old one where it is.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;

use super::{list_origin::ListOrigin, registration};
use crate::catalog::{Catalog, CatalogWarning};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::words::{count, grouped, some_of};
use crate::cli::wiring;
use crate::config::Overrides;
use crate::lock::LockGuard;
use crate::model::{Ticker, Venue};
use crate::source::symbols::{ListError, SymbolList};
use crate::sys::atomic;
use crate::workspace::Workspace;

/// How many symbols a message names.
const MOST_NAMED: usize = 5;

/// Options of `tickers import`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    #[command(flatten)]
    which: WhichLists,
    /// The venue of the tickers [default: the only one of the workspace, else us:yahoo]
    #[arg(long, value_name = "MARKET:SOURCE")]
    venue: Option<Venue>,
    /// Tell what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Take a list that is more than a tenth shorter than the last one, too
    #[arg(long)]
    accept_shorter: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct WhichLists {
    /// The symbol directories of Nasdaq Trader
    #[arg(long)]
    nasdaq: bool,
    /// Copies of them that datahub.io publishes
    #[arg(long)]
    datahub: bool,
    /// A list of any form: a directory, a copy as CSV, a table with a column of symbols, or symbols alone
    #[arg(long, value_name = "FILE-or-URL")]
    list: Option<String>,
}

impl ImportArgs {
    /// Returns the question for the lists that the predecessor took.
    pub(super) fn datahub() -> Self {
        Self {
            which: WhichLists {
                nasdaq: false,
                datahub: true,
                list: None,
            },
            venue: None,
            dry_run: false,
            accept_shorter: false,
        }
    }
}

/// A list that was understood.
struct Import {
    origin: ListOrigin,
    bytes: Vec<u8>,
    list: SymbolList,
}

/// What an import changes.
#[derive(Default)]
struct Changes {
    added: usize,
    taken_back: Vec<Ticker>,
    unusable: Vec<String>,
}

/// Runs `tickers import`.
pub(super) fn run(args: &ImportArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let flags = Overrides {
        default_venue: args.venue.clone(),
        ..Overrides::default()
    };
    let workspace = wiring::open(shell, &flags)?;
    let venue = workspace.default_venue();
    wiring::warn_without_source(&workspace, shell, venue);
    let imports = fetch(&args.which, shell, &workspace)?;
    let check = || {
        if args.accept_shorter {
            return Ok(());
        }
        check_lengths(&imports, shell, &workspace)
    };
    let changes = if args.dry_run {
        check()?;
        let mut catalog = workspace.catalog()?.unwrap_or_default();
        take(&mut catalog, &imports, shell, &workspace)
    } else {
        let held = registration::lock(&workspace, shell, "tickers import", Duration::ZERO)?;
        check()?;
        let mut catalog = workspace.catalog()?.unwrap_or_default();
        let changes = take(&mut catalog, &imports, shell, &workspace);
        if catalog.is_changed() {
            registration::save(shell, &held, &catalog)?;
        }
        keep(&imports, &held, shell, &workspace)?;
        held.release()?;
        changes
    };
    tell(&imports, &changes, args.dry_run, venue, shell);
    Ok(Exit::Ok)
}

fn fetch(
    which: &WhichLists,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
) -> Result<Vec<Import>, Failure> {
    let origins = origins(which, shell, workspace)?;
    let client = workspace.client()?;
    origins
        .into_iter()
        .map(|origin| {
            let bytes = origin.bytes(shell, &client)?;
            let list = SymbolList::parse(&bytes, origin.forms())
                .map_err(|error| origin.refused(shell, &error))?;
            Ok(Import {
                origin,
                bytes,
                list,
            })
        })
        .collect()
}

fn origins(
    which: &WhichLists,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
) -> Result<Vec<ListOrigin>, Failure> {
    if let Some(typed) = &which.list {
        return Ok(vec![ListOrigin::typed(typed, shell)]);
    }
    let lists = &workspace.config.settings().lists;
    let (key, named) = if which.nasdaq {
        ("nasdaq", &lists.nasdaq.value)
    } else {
        ("datahub", &lists.datahub.value)
    };
    if named.is_empty() {
        let message = format!("`lists.{key}` in barkeep.toml names no list");
        return Err(Failure::new(Exit::Failed, message));
    }
    let configured = |named: &String| ListOrigin::configured(named, shell);
    Ok(named.iter().map(configured).collect())
}

/// Compares each list with the last one of its origin.
fn check_lengths(
    imports: &[Import],
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
) -> Result<(), Failure> {
    const HINT: &str = "`--accept-shorter` takes it all the same";
    for Import { origin, list, .. } in imports {
        let path = workspace.places.list(&origin.to_string());
        let Some(bytes) = shell.world.fs.read(&path)? else {
            continue;
        };
        let last = SymbolList::parse(&bytes, origin.forms()).map_err(|error| {
            let kept = shell.shown(&path);
            let message = format!("{origin} cannot be compared with {kept}: {error}");
            Failure::new(Exit::Damaged, message).hint(HINT)
        })?;
        list.check_length(&last)
            .map_err(|error: ListError| origin.refused(shell, &error).hint(HINT))?;
    }
    Ok(())
}

/// Takes the tickers into a registry in memory.
fn take(
    catalog: &mut Catalog,
    imports: &[Import],
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
) -> Changes {
    let venue = workspace.default_venue();
    let is_legacy = !workspace.config.is_partitioned_enabled(venue).0;
    let spoiled: BTreeSet<&Ticker> = catalog
        .warnings()
        .iter()
        .filter_map(|warning| match warning {
            CatalogWarning::Unusable(unusable) => Some(&unusable.ticker),
            CatalogWarning::NoTicker { .. } | CatalogWarning::SameTicker { .. } => None,
        })
        .collect();
    let is_usable = |ticker: &&Ticker| {
        let has_a_place = !is_legacy || ticker.legacy_stem().is_some();
        has_a_place && !spoiled.contains(ticker)
    };
    let mut changes = Changes::default();
    let mut usable = Vec::new();
    for Import { list, .. } in imports {
        changes.unusable.extend(list.unusable.iter().cloned());
        let (good, bad): (Vec<&Ticker>, Vec<&Ticker>) = list.tickers.iter().partition(is_usable);
        usable.extend(good.into_iter().cloned());
        changes.unusable.extend(bad.iter().map(ToString::to_string));
    }
    changes.added = registration::add(shell, catalog, venue, &usable);
    usable.retain(|ticker| catalog.reactivate(ticker, venue));
    changes.taken_back = usable;
    changes
}

/// Keeps the lists, so that the next ones can be compared with them.
fn keep(
    imports: &[Import],
    held: &LockGuard<'_>,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
) -> Result<(), Failure> {
    let fs = &*shell.world.fs;
    held.confirm()?;
    for Import { origin, bytes, .. } in imports {
        let path = workspace.places.list(&origin.to_string());
        atomic::create_dirs(fs, &workspace.places.root, atomic::parent(&path))?;
        let temps = registration::temps(held);
        atomic::replace_from(fs, &temps, &path, bytes, origin.rights(fs)?)?;
    }
    Ok(())
}

fn tell(imports: &[Import], changes: &Changes, is_dry_run: bool, venue: &Venue, shell: &Shell<'_>) {
    let sum = |number: fn(&SymbolList) -> usize| -> usize {
        imports.iter().map(|import| number(&import.list)).sum()
    };
    let printer = shell.printer;
    printer.note(&format!(
        "Read {} of {}; {} dropped.",
        count(sum(|list| list.rows), "row", "rows"),
        count(imports.len(), "list", "lists"),
        match sum(|list| list.test_issues) {
            1 => "1 test issue was".to_owned(),
            tests => format!("{} test issues were", grouped(tests)),
        }
    ));
    let unusable = &changes.unusable;
    if !unusable.is_empty() {
        let symbols = count(unusable.len(), "symbol", "symbols");
        let named = some_of(unusable, MOST_NAMED);
        printer.warning(&format!("{symbols} cannot be used, left out: {named}."));
    }
    let added = count(changes.added, "ticker", "tickers");
    let back = match changes.taken_back.as_slice() {
        [] => "0".to_owned(),
        tickers => format!(
            "{} ({})",
            grouped(tickers.len()),
            some_of(tickers, MOST_NAMED)
        ),
    };
    printer.note(&if is_dry_run {
        format!("Would add {added} to {venue} and take back {back}. Nothing was changed.")
    } else {
        format!("Added {added} to {venue} and took back {back}.")
    });
}
