//! A private file under every crash: at no moment is it, or what it becomes, anybody else's.

use std::path::Path;
use std::sync::Arc;

use barkeep::model::RunId;
use barkeep::storage::Document;
use barkeep::sys::{Fs, atomic, rights_of};
use chrono::DateTime;

use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::workspace::{TestWorkspace, held, temps};

const REGISTRY: &str = "/ws/tickers.json";
const COPY: &str = "/ws/tickers.last-good.json";
const MONTH: &str = "/ws/data/us/demo/stocks_1d/ticker=A/year=2025/month=11/data.parquet";
const SECRET: &[u8] = b"secret";

/// Which files are made as if there was nothing to be kept.
type Careless = fn(&Op<'_>) -> bool;

/// No file with a secret may be read by anybody else, wherever it lies.
fn judge(fs: &SimFs) -> Result<(), String> {
    for (path, (mode, bytes)) in fs.modes() {
        let is_secret = bytes.windows(SECRET.len()).any(|part| part == SECRET);
        if is_secret && mode & 0o077 != 0 {
            return Err(format!("{} has mode {mode:o}", path.display()));
        }
    }
    match fs.read(Path::new(REGISTRY)) {
        Ok(Some(_)) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

fn private() -> SimFs {
    let fs = SimFs::new();
    fs.plant_with(REGISTRY, b"secret, old", 0o600);
    fs.plant_with(COPY, b"{}", 0o644);
    fs.plant_with(MONTH, b"secret, old", 0o600);
    fs
}

fn sweep_of(
    name: &str,
    careless: Careless,
    work: fn(&TestWorkspace) -> Result<(), barkeep::storage::StorageError>,
) -> SweepReport {
    let report = sweep(
        name,
        &private(),
        &|fs| {
            let door = MutantFs::new(Arc::new(fs.clone()), careless);
            let workspace = TestWorkspace::behind(fs, Arc::new(door));
            let done = work(&workspace).map_err(|error| error.to_string());
            // Also while the machine lives on, and whatever became of the run.
            judge(fs)?;
            done.map(|()| true)
        },
        &|_fs| Ok(()),
        &|fs, _| judge(fs),
        2,
    );
    report.print();
    report
}

fn replaced(workspace: &TestWorkspace) -> Result<(), barkeep::storage::StorageError> {
    let fs = workspace.fs();
    let origin = rights_of(fs, Path::new(REGISTRY))?;
    atomic::replace_from(fs, &temps(), Path::new(COPY), b"secret, old", origin)?;
    Ok(atomic::replace(
        fs,
        &temps(),
        Path::new(REGISTRY),
        b"secret, new",
    )?)
}

fn committed(workspace: &TestWorkspace) -> Result<(), barkeep::storage::StorageError> {
    let held = held();
    let mut run = workspace.begin(&held, RunId::new(DateTime::UNIX_EPOCH, 7, 1))?;
    let origin = rights_of(workspace.fs(), Path::new(REGISTRY))?;
    let copy = Document::new(COPY.into(), Some(b"{}"), b"secret, old".to_vec());
    run.put_document(&copy.from_file(origin))?;
    for target in [REGISTRY, MONTH] {
        let old = Some(&b"secret, old"[..]);
        let document = Document::new(target.into(), old, b"secret, new".to_vec());
        run.put_document(&document)?;
    }
    assert!(run.commit()?.left.is_empty());
    run.finish()
}

#[test]
fn a_private_file_is_private_at_every_moment() {
    for (name, work) in [
        ("replaced alone", replaced as fn(&TestWorkspace) -> _),
        ("replaced in a group", committed),
    ] {
        let report = sweep_of(name, |_| false, work);

        report.assert_clean();
        assert!(report.total() > 20, "{report}");
    }
}

#[test]
fn a_file_that_is_made_for_everybody_is_caught() {
    let is_made: Careless = |op| matches!(op, Op::Create(_));

    sweep_of("alone, for everybody", is_made, replaced).assert_caught();
    sweep_of("in a group, for everybody", is_made, committed).assert_caught();
}
