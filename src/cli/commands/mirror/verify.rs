//! `barkeep mirror --verify`: mirrors against their trees. Changes nothing and takes no lock.

use serde_json::{Value, json};

use super::{MirrorArgs, failed};
use crate::catalog::Catalog;
use crate::cli::{Exit, Failure, Shell};
use crate::mirror::{self, Tree, Verified};
use crate::model::Dataset;
use crate::model::words::count;
use crate::workspace::Workspace;

pub(super) fn run(
    args: &MirrorArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    trees: &[Tree],
) -> Result<Exit, Failure> {
    let known = mirror::known_of(workspace, catalog, trees)?;
    let root = mirror::root(workspace);
    let (mut documents, mut exit) = (Vec::new(), Exit::Ok);
    for tree in trees {
        let around = (&*shell.world.fs, catalog, &known);
        let verified = mirror::verify(workspace, around, &root, tree);
        match verified.map_err(|error| failed(error, tree, trees))? {
            None if args.asked().means(tree) => return Err(mirror::absent(tree, trees).into()),
            None => {}
            Some(found) => {
                if !found.differences.is_empty() {
                    exit = Exit::Mismatch;
                }
                if !args.json {
                    print_verified(tree, &found, shell);
                }
                documents.push(verified_document(tree, &found));
            }
        }
    }
    if args.json {
        shell.json(&json!({ "mirrors": documents }));
    }
    Ok(exit)
}

fn print_verified(tree: &Tree, found: &Verified, shell: &Shell<'_>) {
    for difference in &found.differences {
        let (ticker, reason) = (&difference.ticker, &difference.reason);
        shell.line(&format!("{tree} {ticker}: {reason}"));
    }
    let differ = found.differences.len();
    let outcome = match differ {
        0 => "all are equal".to_owned(),
        differ => count(differ, "differs", "differ"),
    };
    let (series, kept) = if tree.dataset == Dataset::Trades {
        (["day was", "days were"], ["day has", "days have"])
    } else {
        (["series was", "series were"], ["series has", "series have"])
    };
    let series = count(found.series, series[0], series[1]);
    shell.note(&format!("{tree}: {series} compared, {outcome}."));
    if found.kept > 0 {
        let kept = count(found.kept, kept[0], kept[1]);
        shell.note(&format!(
            "{tree}: {kept} rows whose files are damaged or gone."
        ));
    }
}

fn verified_document(tree: &Tree, found: &Verified) -> Value {
    json!({
        "mirror": tree.to_string(),
        "series": found.series,
        "rows": found.rows,
        "series_with_last_copies": found.kept,
        "differences": found.differences,
    })
}
