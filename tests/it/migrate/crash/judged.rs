//! What must hold of a workspace whatever a crash left, and what of it is compared.

use super::*;

/// Everything but the journal of proofs, of which a disturbed migration has more pieces, the copy of an older registry, the
/// quarantine, whose folders have the names of runs, and halves of replacements, which `cleanup` removes.
pub(super) fn counted(fs: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = fs.snapshot();
    files.retain(|path, _| {
        !path.starts_with("ws/state")
            && !path.starts_with("ws/quarantine")
            && !path.ends_with("tickers.last-good.json")
            && !path.to_string_lossy().contains(".tmp-")
    });
    files
}

/// Returns the rows of a ticker in the legacy file and in the partitions; damage is an error.
pub(in crate::migrate) fn sides(fs: &SimFs, ticker: &str) -> Result<[Option<usize>; 2], String> {
    let bench = TestWorkspace::simulated(fs);
    let stores = bench.stores();
    let request = tuple().series(&ticker.parse().unwrap());
    let mut sides = [None, None];
    let all: [&dyn StorageInterface; 2] = [&stores.legacy, &stores.partitioned];
    for (side, store) in sides.iter_mut().zip(all) {
        let stored = store.read(&request).map_err(|error| error.to_string())?;
        if let Some(stored) = stored {
            if let Some(damage) = stored.damaged.first() {
                return Err(format!(
                    "{} is damaged: {}",
                    damage.path.display(),
                    damage.reason
                ));
            }
            *side = Some(stored.frame.len());
        }
    }
    Ok(sides)
}

/// Judges what holds whatever happened: each ticker is whole on at least one side, and the switch agrees with the records.
pub(super) fn is_sound(fs: &SimFs) -> Result<(), String> {
    for ticker in ["A", "B"] {
        let sides = sides(fs, ticker)?;
        if sides.iter().flatten().any(|rows| *rows != 2) || sides == [None, None] {
            return Err(format!("{ticker} is torn or lost: {sides:?}"));
        }
    }
    let files = fs.snapshot();
    let text = |name: &str| {
        let bytes = files.get(&PathBuf::from(format!("ws/{name}")));
        bytes
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default()
    };
    let is_on = text("storage_config.json").contains("true");
    let is_recorded = text("tickers.json").contains("\"partitioned\"");
    if is_on != is_recorded {
        return Err(format!(
            "half switched: toggle {is_on}, registry {is_recorded}"
        ));
    }
    Ok(())
}

/// Judges that every row of files that lie in two folders is found.
pub(super) fn is_all_there(fs: &SimFs) -> Result<(), String> {
    let bench = TestWorkspace::simulated(fs);
    for (ticker, rows) in [("A", 3), ("B", 2)] {
        let request = tuple().series(&ticker.parse().unwrap());
        let stored = bench.stores().legacy.read(&request);
        let stored = stored.map_err(|error| error.to_string())?;
        let found = stored.map_or(0, |stored| stored.frame.len());
        if found != rows {
            return Err(format!("{ticker} has {found} rows of {rows}"));
        }
    }
    Ok(())
}

/// Judges that a file which says more than its successor can hold is where it was, or kept whole.
pub(super) fn is_kept(fs: &SimFs, bytes: &[u8]) -> Result<(), String> {
    let is_there = fs.snapshot().values().any(|found| found == bytes);
    is_there
        .then_some(())
        .ok_or_else(|| "what no new file can hold is gone".to_owned())
}

pub(super) type Sound = fn(&SimFs) -> Result<(), String>;
