//! `barkeep tickers import`: takes the tickers of lists into the registry.
//!
//! Leaves to others: which list is taken, and what becomes of it (`roster`).

use std::time::Duration;

use clap::Args;
use clap::builder::TypedValueParser;

use super::import_report::ImportReport;
use super::registration;
use crate::cli::args::among;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::model::Venue;
use crate::roster::{Import, KnownLists, ListOrigin, Lists};
use crate::source::symbols::{Forms, Kind};
use crate::workspace::Workspace;

/// Options of `tickers import`.
#[derive(Debug, Default, Args)]
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
    among(Kind::ALL.map(|kind| (kind.as_str(), "", kind)))
}

#[derive(Debug, Default, Args)]
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
                datahub: true,
                ..WhichLists::default()
            },
            ..Self::default()
        }
    }
}

/// The lists that are taken, and why others are not.
struct Told<'t> {
    shell: &'t Shell<'t>,
    is_json: bool,
    refused: Vec<Failure>,
}

impl Told<'_> {
    /// Goes on if there is a list to take.
    fn some_of(&mut self, mut lists: Lists) -> Result<Lists, Failure> {
        let refused = std::mem::take(&mut lists.refused).into_iter();
        self.refused.extend(refused.map(Failure::from));
        if !lists.read.is_empty() {
            return Ok(lists);
        }
        let worst = Exit::worst(self.refused.iter().map(|refused| refused.exit));
        let mut each = self.refused.iter();
        let at = each.position(|refused| refused.exit == worst);
        let gravest = self.refused.remove(at.unwrap_or_default());
        self.tell();
        Err(gravest)
    }

    fn tell(&self) {
        for refused in &self.refused {
            refused.tell(self.shell.printer, self.is_json);
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

/// Runs `tickers import`.
pub(super) fn run(args: &ImportArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open_at(shell, args.venue.as_ref())?;
    let venue = workspace.default_venue();
    wiring::warn_without_source(&workspace, shell, venue);
    let import = Import {
        workspace: &workspace,
        kinds: &args.kinds,
        is_of_aliases: args.aliases,
        accepts_shorter: args.accept_shorter,
        today: shell.today(),
    };
    let mut told = Told {
        shell,
        is_json: args.json,
        refused: Vec::new(),
    };
    let origins = origins(&args.which, shell, &workspace)?;
    let lists = import.read(origins, &shell.around.stop);
    let lists = lists.map_err(|error| shell.stopped(error.into()))?;
    let lists = told.some_of(lists)?;
    let lock = || registration::lock(&workspace, shell, "tickers import", Duration::ZERO);
    let held = (!args.dry_run).then(lock).transpose()?;
    let lists = told.some_of(import.compared(lists)?)?;
    let imported = import.changed(&lists)?;
    registration::warn_of_twins(shell, &imported.catalog, &imported.taken.tickers);
    if let Some(held) = held {
        import.save(&lists, &imported, &held)?;
        held.release()?;
    }
    told.tell();
    let report = ImportReport {
        lists: &lists.read,
        refused: &told.refused,
        imported: &imported,
        is_dry_run: args.dry_run,
        venue,
    };
    report.tell(shell);
    if args.json {
        shell.json(&report.json());
    }
    Ok(told.exit())
}

fn origins(
    which: &WhichLists,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
) -> Result<Vec<ListOrigin>, Failure> {
    let typed = |word: &str, forms| vec![ListOrigin::of(word, &shell.world.current_dir, forms)];
    if let Some(word) = &which.list {
        return Ok(typed(word, Forms::All));
    }
    if let Some(Some(word)) = &which.xetra {
        return Ok(typed(word, Forms::Tables));
    }
    let lists = if which.nasdaq {
        KnownLists::Nasdaq
    } else if which.xetra.is_some() {
        KnownLists::Xetra
    } else {
        KnownLists::Datahub
    };
    Ok(ListOrigin::of_settings(workspace, lists)?)
}
