//! `barkeep tickers import`: takes the tickers of lists into the registry.
//!
//! Promises: a list is taken whole or not at all, whatever becomes of the others; nothing is ever removed. An accepted list
//! is kept, so that the next one of its origin can be compared with it; a refused one leaves the old one where it is.

use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::import_report;
use super::mnemonics;
use super::{list_origin::ListOrigin, registration};
use crate::catalog::{AliasTable, Catalog, Learned};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::wiring;
use crate::lock::LockGuard;
use crate::model::Venue;
use crate::source::symbols::{Kind, ListError, SymbolList};
use crate::sys::atomic;
use crate::update::{self, ListChoice, TakenIn};
use crate::workspace::Workspace;

/// Options of `tickers import`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(in crate::cli) struct ImportArgs {
    #[command(flatten)]
    which: WhichLists,
    /// The venue of the tickers [default: the only one of the workspace, else us:yahoo]
    #[arg(long, value_name = "MARKET:SOURCE")]
    venue: Option<Venue>,
    /// Only securities of these kinds, of lists that tell them [default: all]
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind())]
    kinds: Vec<Kind>,
    /// Only take the mnemonics of a file of instruments, for a feed of trades, and add no ticker
    #[arg(long)]
    aliases: bool,
    /// Tell what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Take a list that is more than a tenth shorter than the last one, too
    #[arg(long)]
    accept_shorter: bool,
    /// Print JSON, with every symbol that was left out
    #[arg(long)]
    json: bool,
}

fn kind() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::as_str)).try_map(|name| {
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
        kind.ok_or("no kind")
    })
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
    /// The file of instruments of Xetra, or of another market for its feed of trades [default: `lists.xetra` in barkeep.toml]
    #[arg(long, value_name = "FILE-or-URL", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "the option may stand alone")]
    xetra: Option<Option<String>>,
    /// A list of any form: a directory, a copy as CSV, Xetra's file, a table with a column of symbols, or symbols alone
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
                xetra: None,
                list: None,
            },
            venue: None,
            kinds: Vec::new(),
            aliases: false,
            dry_run: false,
            accept_shorter: false,
            json: false,
        }
    }

    /// Tells whether output is for machines.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }
}

/// A list that was understood.
pub(super) struct Import {
    pub(super) origin: ListOrigin,
    bytes: Vec<u8>,
    pub(super) list: SymbolList,
}

/// The lists of one question.
pub(super) struct Lists {
    pub(super) taken: Vec<Import>,
    pub(super) refused: Vec<Failure>,
}

impl Lists {
    /// Goes on if there is a list to take.
    ///
    /// # Errors
    /// When every list is refused: with the gravest of the reasons, after the others were told.
    fn or_nothing(mut self, shell: &Shell<'_>, is_json: bool) -> Result<Self, Failure> {
        if !self.taken.is_empty() {
            return Ok(self);
        }
        let worst = Exit::worst(self.refused.iter().map(|refused| refused.exit));
        let at = self
            .refused
            .iter()
            .position(|refused| refused.exit == worst);
        let gravest = self.refused.remove(at.unwrap_or_default());
        self.tell_refused(shell, is_json);
        Err(gravest)
    }

    fn tell_refused(&self, shell: &Shell<'_>, is_json: bool) {
        for refused in &self.refused {
            refused.tell(shell.printer, is_json);
        }
    }

    fn exit(&self) -> Exit {
        let partial = |refused: &Failure| match refused.exit {
            Exit::Damaged => Exit::Damaged,
            _ => Exit::Partial,
        };
        Exit::worst(self.refused.iter().map(partial))
    }
}

/// What an import changes.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) taken: TakenIn,
    /// What became of the mnemonics, where a list has some.
    pub(super) aliases: Option<Learned>,
}

/// Runs `tickers import`.
pub(super) fn run(args: &ImportArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open_at(shell, args.venue.as_ref())?;
    wiring::warn_without_source(&workspace, shell, workspace.default_venue());
    let lists = fetch(args, shell, &workspace)?.or_nothing(shell, args.json)?;
    let compared = |lists: Lists| {
        if args.accept_shorter {
            return Ok(lists);
        }
        compare(lists, shell, &workspace)?.or_nothing(shell, args.json)
    };
    let (lists, changes) = if args.dry_run {
        let lists = compared(lists)?;
        let (_, _, changes) = take_all(args, &lists.taken, shell, &workspace)?;
        (lists, changes)
    } else {
        let held = registration::lock(&workspace, shell, "tickers import", Duration::ZERO)?;
        let lists = compared(lists)?;
        let (catalog, aliases, changes) = take_all(args, &lists.taken, shell, &workspace)?;
        if catalog.is_changed() {
            registration::save(shell, &held, &catalog)?;
        }
        if let Some(aliases) = aliases {
            mnemonics::save(&aliases, &held, shell, &workspace)?;
        }
        keep(&lists.taken, &held, shell, &workspace)?;
        held.release()?;
        (lists, changes)
    };
    let venue = workspace.default_venue();
    lists.tell_refused(shell, args.json);
    import_report::tell(&lists, &changes, args.dry_run, venue, shell);
    if args.json {
        let document = import_report::json(&lists, &changes, args.dry_run, venue);
        shell.printer.json(&document);
    }
    Ok(lists.exit())
}

fn fetch(
    args: &ImportArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
) -> Result<Lists, Failure> {
    let origins = origins(&args.which, shell, workspace)?;
    let client = workspace.client()?;
    let mut lists = Lists {
        taken: Vec::new(),
        refused: Vec::new(),
    };
    for origin in origins {
        let understood = |bytes: &[u8]| {
            let list = parsed(bytes, &origin, workspace)?;
            if args.aliases && list.mnemonics.is_none() {
                return Err(ListError::NoMnemonics);
            }
            if !args.kinds.is_empty() && !list.has_kinds() {
                return Err(ListError::NoKinds);
            }
            Ok(list)
        };
        let outcome = origin.bytes(shell, &client).and_then(|bytes| {
            let list = understood(&bytes).map_err(|error| origin.refused(shell, &error))?;
            Ok((bytes, list))
        });
        match outcome {
            Ok((bytes, list)) => lists.taken.push(Import {
                origin,
                bytes,
                list,
            }),
            Err(stopped) if matches!(stopped.exit, Exit::Interrupted(_)) => return Err(stopped),
            Err(refused) => lists.refused.push(refused),
        }
    }
    Ok(lists)
}

/// Reads a list as the venue of the question needs it: a feed of trades names instruments by ISIN, a source as Yahoo does.
fn parsed(
    bytes: &[u8],
    origin: &ListOrigin,
    workspace: &Workspace<'_>,
) -> Result<SymbolList, ListError> {
    match workspace.view().feed(workspace.default_venue()) {
        Some(feed) => SymbolList::parse_for_feed(bytes, origin.forms(), &feed.spec().currency),
        None => SymbolList::parse(bytes, origin.forms()),
    }
}

fn origins(
    which: &WhichLists,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
) -> Result<Vec<ListOrigin>, Failure> {
    if let Some(typed) = &which.list {
        return Ok(vec![ListOrigin::typed(typed, shell)]);
    }
    if let Some(Some(typed)) = &which.xetra {
        return Ok(vec![ListOrigin::typed_table(typed, shell)]);
    }
    let lists = &workspace.config.settings().lists;
    let (key, named) = if which.nasdaq {
        ("nasdaq", &lists.nasdaq.value)
    } else if which.xetra.is_some() {
        ("xetra", &lists.xetra.value)
    } else {
        ("datahub", &lists.datahub.value)
    };
    if named.is_empty() {
        let message = format!("`lists.{key}` in barkeep.toml names no list");
        let hint = format!("name them there: {key} = [\"FILE-or-URL\"] in the table [lists]");
        return Err(Failure::new(Exit::Failed, message).hint(hint));
    }
    let configured = |named: &String| ListOrigin::configured(named, shell);
    Ok(named.iter().map(configured).collect())
}

/// Takes the lists into a registry and a table of aliases in memory; without a table where no list has mnemonics.
fn take_all(
    args: &ImportArgs,
    imports: &[Import],
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
) -> Result<(Catalog, Option<AliasTable>, Changes), Failure> {
    let mut catalog = workspace.catalog()?.unwrap_or_default();
    let mut changes = if args.aliases {
        Changes::default()
    } else {
        let venue = workspace.default_venue();
        let choice = ListChoice {
            venue,
            kinds: &args.kinds,
            is_legacy: !workspace.config.is_partitioned_enabled(venue).0,
            today: shell.today(),
        };
        let lists = imports.iter().map(|import| &import.list);
        let taken = update::take_in(&mut catalog, lists, choice);
        registration::warn_of_twins(shell, &catalog, &taken.tickers);
        Changes {
            taken,
            aliases: None,
        }
    };
    let lists = imports.iter().map(|import| &import.list);
    let learned = mnemonics::learned(lists, shell, workspace)?;
    changes.aliases = learned.as_ref().map(|(_, learned)| *learned);
    let changed = learned.filter(|(_, learned)| learned.newer.is_none());
    Ok((catalog, changed.map(|(table, _)| table), changes))
}

/// Refuses the lists that are too short beside the last ones of their origins.
fn compare(lists: Lists, shell: &Shell<'_>, workspace: &Workspace<'_>) -> Result<Lists, Failure> {
    let mut compared = Lists {
        taken: Vec::new(),
        refused: lists.refused,
    };
    for import in lists.taken {
        let path = workspace.places.list(&import.origin.to_string());
        let last = shell.world.fs.read(&path)?;
        match check_length(
            &import,
            last.as_deref(),
            &shell.shown(&path).to_string(),
            (shell, workspace),
        ) {
            Ok(()) => compared.taken.push(import),
            Err(refused) => compared.refused.push(refused),
        }
    }
    Ok(compared)
}

/// Compares a list with the bytes of the last one of its origin, which are kept in a file that is called so.
fn check_length(
    Import { origin, list, .. }: &Import,
    last: Option<&[u8]>,
    kept: &str,
    (shell, workspace): (&Shell<'_>, &Workspace<'_>),
) -> Result<(), Failure> {
    const HINT: &str = "`--accept-shorter` takes it all the same";
    let Some(bytes) = last else {
        return Ok(());
    };
    let last = parsed(bytes, origin, workspace).map_err(|error| {
        let message = format!("{origin} cannot be compared with {kept}: {error}");
        Failure::new(Exit::Damaged, message).hint(HINT)
    })?;
    list.check_length(&last)
        .map_err(|error: ListError| origin.refused(shell, &error).hint(HINT))
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
