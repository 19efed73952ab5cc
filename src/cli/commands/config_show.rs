//! `barkeep config show`: every setting and toggle, its value and where that came from.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::wiring;

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConfigCommand {
    /// Print every setting and toggle with its value and origin
    Show(ShowConfigArgs),
}

/// Options of `config show`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowConfigArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `config`.
pub(in crate::cli) fn run(command: &ConfigCommand, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let ConfigCommand::Show(args) = command;
    let workspace = wiring::open(shell)?;
    let settings = workspace.config.settings().entries();
    let mut toggles = Vec::new();
    for venue in workspace.venues()? {
        let (is_enabled, origin) = workspace.config.is_partitioned_enabled(&venue);
        toggles.push((venue, is_enabled, origin));
    }
    if args.json {
        let settings: Vec<_> = settings
            .iter()
            .map(|row| json!({ "key": row.key, "value": row.value, "origin": row.origin.as_str() }))
            .collect();
        let toggles: Vec<_> = toggles
            .iter()
            .map(|(venue, is_enabled, origin)| json!({
                "venue": venue.to_string(), "partitioned": is_enabled, "origin": origin.as_str(),
            }))
            .collect();
        shell.json(&json!({
            "workspace": shell.root().display().to_string(),
            "settings": settings,
            "toggles": toggles,
        }));
        return Ok(Exit::Ok);
    }
    let settings = settings
        .iter()
        .map(|row| [row.key.clone(), row.value.clone(), row.origin.to_string()]);
    let toggles = toggles.iter().map(|(venue, is_enabled, origin)| {
        [
            format!("partitioned at {venue}"),
            is_enabled.to_string(),
            origin.to_string(),
        ]
    });
    let rows: Vec<_> = settings.chain(toggles).collect();
    shell.table(&["setting", "value", "origin"], &rows, &[]);
    Ok(Exit::Ok)
}
