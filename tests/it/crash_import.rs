//! Crash tests of `tickers import`, which replaces the registry and then keeps the lists, each file by itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use barkeep::cli::Exit;
use serde_json::Value;

use crate::support::barkeep::run_on;
use crate::support::sim::{Recover, SimFs, sweep};

const IMPORT: [&str; 6] = ["-C", "/ws", "tickers", "import", "--list", "/lists/new.txt"];

const INSTRUMENTS: [&str; 8] = [
    "-C",
    "/ws",
    "tickers",
    "import",
    "--venue",
    "de:xetra",
    "--xetra",
    "/lists/t7.csv",
];
const ALIASES: &str = "/ws/state/aliases/de.xetra.json";

/// The file of instruments of a day, and the next one, in which a mnemonic has gone to another instrument.
fn instruments(day: &str, isin: &str) -> String {
    format!(
        "Market:;XETR\nDate Last Update:;{day}\n\
         Product Status;Instrument Status;Instrument;ISIN;Mnemonic;Instrument Type\n\
         Active;Active;DEUTSCHE BANK AG;{isin};DBK;CS\nActive;Active;SAP SE;DE0007164600;SAP;CS\n"
    )
}

#[test]
fn an_import_of_instruments_that_crashed_leaves_whole_aliases_and_is_completed_by_the_next_one() {
    let disk = SimFs::new();
    disk.plant("/ws/barkeep.toml", b"");
    disk.plant(
        "/lists/t7.csv",
        instruments("02.01.2026", "DE0005140008").as_bytes(),
    );
    let init = ["-C", "/ws", "init", "--venue", "de:xetra"];
    assert_eq!(run_on(&disk, &init), Exit::Ok);
    assert_eq!(run_on(&disk, &INSTRUMENTS), Exit::Ok);
    let disk = disk.again();
    disk.plant(
        "/lists/t7.csv",
        instruments("04.05.2026", "DE0000000009").as_bytes(),
    );
    let initial = disk.again();
    let undisturbed = initial.again();
    assert_eq!(run_on(&undisturbed, &INSTRUMENTS), Exit::Ok);
    let (before, expected) = (counted(&initial), counted(&undisturbed));
    let aliases = |files: &BTreeMap<PathBuf, Vec<u8>>| {
        let found = files
            .iter()
            .find(|(path, _)| ALIASES.ends_with(&*path.to_string_lossy()));
        found.map(|(_, bytes)| bytes.clone())
    };
    assert!(aliases(&before).is_some() && aliases(&before) != aliases(&expected));

    let judge = |fs: &SimFs, is_acked: bool| {
        let found = counted(fs);
        let known = aliases(&found);
        if known != aliases(&before) && known != aliases(&expected) {
            return Err(format!("the aliases are torn: {known:?}"));
        }
        if is_acked && found != expected {
            return Err("the import said that it was done".to_owned());
        }
        let rerun = fs.again();
        let exit = run_on(&rerun, &INSTRUMENTS);
        (exit == Exit::Ok && counted(&rerun) == expected)
            .then_some(())
            .ok_or_else(|| format!("a rerun ends with {exit:?} and {:?}", counted(&rerun)))
    };
    let report = sweep(
        "an import of instruments",
        &initial,
        &|fs| Ok(run_on(fs, &INSTRUMENTS) == Exit::Ok),
        &|_| Ok(()),
        &judge,
        1,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 300, "{report}");
}

/// A workspace that took an earlier state of the list, and its next state.
fn disk() -> SimFs {
    let disk = SimFs::new();
    disk.plant("/ws/barkeep.toml", b"");
    disk.plant("/lists/new.txt", b"AAPL\nMSFT\n");
    let init = ["-C", "/ws", "init", "--partitioned"];
    assert_eq!(run_on(&disk, &init), Exit::Ok);
    assert_eq!(run_on(&disk, &IMPORT), Exit::Ok);
    let disk = disk.again();
    disk.plant("/lists/new.txt", b"AAPL\nMSFT\nNVDA\nORCL\n");
    disk.again()
}

/// What counts: the registry and the kept lists. Hidden files are those of runs, the last good registry is a copy.
fn counted(disk: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = disk.snapshot();
    files.retain(|path, _| {
        let is_hidden = |part: &std::ffi::OsStr| part.to_string_lossy().starts_with('.');
        !path.iter().any(is_hidden) && !path.ends_with("tickers.last-good.json")
    });
    files
}

fn tickers(files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<Vec<String>, String> {
    let bytes = files
        .iter()
        .find(|(path, _)| path.ends_with("tickers.json"))
        .ok_or("there is no registry")?
        .1;
    let registry: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    Ok(registry.as_object().unwrap().keys().cloned().collect())
}

#[test]
fn an_import_that_crashed_is_completed_by_the_next_one() {
    let initial = disk();
    let undisturbed = initial.again();
    assert_eq!(run_on(&undisturbed, &IMPORT), Exit::Ok);
    let (before, expected) = (counted(&initial), counted(&undisturbed));
    let kept = |files: &BTreeMap<PathBuf, Vec<u8>>| {
        let mut lists = files.clone();
        lists.retain(|path, _| path.starts_with("ws/state/lists"));
        lists
    };
    assert_eq!(kept(&before).len(), 1, "the earlier list is kept");
    assert_ne!(kept(&before), kept(&expected));

    let judge = |fs: &SimFs, is_acked: bool| {
        let found = counted(fs);
        let known = tickers(&found)?;
        let is_whole = known.len() == 4;
        if !is_whole && known != ["AAPL", "MSFT"] {
            return Err(format!("the registry has {known:?}"));
        }
        // A kept list says what was taken: it must not run ahead of the registry.
        let lists = kept(&found);
        if lists == kept(&expected) {
            if !is_whole {
                return Err("the list is kept and its tickers are not known".to_owned());
            }
        } else if lists != kept(&before) {
            return Err(format!("a kept list is torn: {lists:?}"));
        }
        if is_acked && found != expected {
            return Err("the import said that it was done".to_owned());
        }
        let rerun = fs.again();
        let exit = run_on(&rerun, &IMPORT);
        (exit == Exit::Ok && counted(&rerun) == expected)
            .then_some(())
            .ok_or_else(|| format!("a rerun ends with {exit:?} and {:?}", counted(&rerun)))
    };
    let again = |fs: &SimFs| match run_on(fs, &IMPORT) {
        Exit::Ok => Ok(()),
        exit => Err(format!("the next import ends with {exit:?}")),
    };
    // As a reader finds it after the crash, and after an import that may crash, too.
    let recoveries: [(&str, &Recover<'_>); 2] = [("nobody", &|_| Ok(())), ("an import", &again)];

    for (name, recover) in recoveries {
        let report = sweep(
            &format!("an import, followed by {name}"),
            &initial,
            &|fs| Ok(run_on(fs, &IMPORT) == Exit::Ok),
            recover,
            &judge,
            1,
        );

        report.print();
        report.assert_clean();
        assert!(report.total() > 500, "{report}");
    }
}
