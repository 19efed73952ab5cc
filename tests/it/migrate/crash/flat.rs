//! Crashes on the way back of files that `--adopt` had moved.

use super::*;

fn flat_file(bench: &TestWorkspace, ticker: &str) -> PathBuf {
    bench
        .places
        .root
        .join(format!("stocks_1d/{ticker}.parquet"))
}

/// A disk on which the files of both tickers lie flat.
fn flat_disk() -> SimFs {
    let fs = disk();
    let bench = TestWorkspace::simulated(&fs);
    for ticker in ["A", "B"] {
        let bytes = bench.read(legacy_file(&bench, ticker));
        fs.remove_file(&legacy_file(&bench, ticker)).unwrap();
        bench.write(flat_file(&bench, ticker), &bytes);
    }
    fs.remove_dir(Path::new("/ws/data/legacy/stocks_1d"))
        .unwrap();
    fs.again()
}

fn is_back(fs: &SimFs, is_acked: bool) -> Result<(), String> {
    let (bench, was) = (TestWorkspace::simulated(fs), flat_disk());
    let (files, before) = (fs.snapshot(), was.snapshot());
    for ticker in ["A", "B"] {
        let path = flat_file(&bench, ticker);
        if is_acked && files.get(&path) != before.get(&path) {
            return Err(format!("{ticker} is not where it was"));
        }
    }
    let is_left = files.keys().any(|path| path.starts_with("ws/data/legacy"));
    if is_acked && is_left {
        return Err("something was left in data/legacy".to_owned());
    }
    Ok(())
}

/// Whenever it is cut: every ticker is whole on a side, readers find it in either folder, and the next try ends with the
/// very files that the predecessor had.
#[test]
fn a_crash_of_a_rollback_to_the_flat_folder_loses_nothing_and_is_completed() {
    let initial = flat_disk();
    assert_eq!(adopted(&initial, &held()), Ok(true));
    assert_eq!(migrated(&initial, &held()), Ok(true));

    swept(
        "rollback to flat files",
        &initial.again(),
        rolled_back,
        is_sound,
        is_back,
    );
}

/// An adoption that was cut anywhere and done again is known to the rollback: what moves is written down before it does.
#[test]
fn whatever_was_adopted_before_a_crash_goes_back() {
    let to_and_fro = |fs: &SimFs, held: &LockGuard<'static>| -> Result<bool, String> {
        let is_done = adopted(fs, held)? && migrated(fs, held)?;
        Ok(is_done && rolled_back(fs, held)?)
    };
    let held = Arc::new(held());
    let report = sweep(
        "adoption, and all the way back",
        &flat_disk(),
        &|fs| adopted(fs, &held),
        &|fs| to_and_fro(fs, &held).map(|_| ()),
        &|fs, _| is_back(fs, true),
        0,
    );

    report.print();
    report.assert_clean();
}
