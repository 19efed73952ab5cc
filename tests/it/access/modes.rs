//! A file that is replaced keeps its mode, a new one is as the umask says, and what comes from a private file is private.

use std::process::Command;

use barkeep::cli::Exit;
use barkeep::sys::{Access, Fs, OsFs, Rights, rights_of};

use super::{Barkeep, chmod, mode, month, of_files, offer};
use crate::support::barkeep::DEMO_IS_LEGACY;
use crate::support::foreign::daily;
use crate::support::process::Running;

const DAYS: [(&str, u32); 3] = [("2025-11-18", 1), ("2025-11-19", 2), ("2025-11-20", 3)];

#[test]
fn a_replaced_file_keeps_its_mode() {
    for partitioned in [true, false] {
        let bar = of_files(&["A"], partitioned);
        bar.run(&["update", "--metrics-file", "m.prom"])
            .expect(Exit::Ok);
        let rows = if partitioned {
            month(&bar, "A")
        } else {
            bar.path().join("data/legacy/stocks_1d/A.parquet")
        };
        let others =
            ["tickers.json", "m.prom", "state/metrics.json"].map(|name| bar.path().join(name));
        for (wanted, close) in [(0o640, 5), (0o600, 6), (0o664, 7), (0o444, 8)] {
            let files = others.iter().chain([&rows]);
            files.clone().for_each(|file| chmod(file, wanted));
            offer(&bar, "A", &[("2025-11-20", 1), ("2025-11-21", close)]);
            let before = bar.read("m.prom");

            bar.run(&["update", "--metrics-file", "m.prom"])
                .expect(Exit::Ok);

            assert_ne!(bar.read("m.prom"), before);
            for file in files {
                assert_eq!(mode(file), wanted, "{}", file.display());
            }
        }
    }
}

#[test]
fn new_files_and_folders_are_as_the_umask_says() {
    for mask in [0o002, 0o022, 0o027, 0o077] {
        let place = Barkeep::partitioned(&["AAPL"]);
        place.process(&["cleanup"]).expect(0);
        let root = place.path();
        super::clear(&root.join("tickers.json"));
        super::clear(&root.join(".run_lock.guard"));
        let run = |args: &str| {
            let program = env!("CARGO_BIN_EXE_barkeep");
            let mut command = Command::new("sh");
            command.args(["-c", &format!("umask {mask:03o}; exec {program} {args}")]);
            place.settle(&mut command);
            Running::of(command).end().expect(0)
        };

        run("init --venue us:demo --ticker AAPL");
        run("update --metrics-file m.prom --log-file run.log");

        let mut seen = 0;
        for (path, is_dir) in below(&root.join("data")) {
            let whole = if is_dir { 0o777 } else { 0o666 };
            assert_eq!(mode(&path), whole & !mask, "{mask:03o} {}", path.display());
            seen += 1;
        }
        assert!(seen > 4);
        for name in [
            "tickers.json",
            "m.prom",
            "run.log",
            ".run_lock.guard",
            "state/metrics.json",
        ] {
            assert_eq!(mode(root.join(name)), 0o666 & !mask, "{mask:03o} {name}");
        }
    }
}

/// A private registry could be read in its copy.
#[test]
fn the_copy_of_a_private_registry_is_private() {
    for there in [None, Some(0o644)] {
        for args in [&["update"][..], &["tickers", "add", "B"]] {
            let bar = of_files(&["A"], true);
            let kept = bar.path().join("tickers.last-good.json");
            if let Some(there) = there {
                bar.write("tickers.last-good.json", "{}");
                chmod(&kept, there);
            }
            chmod(bar.path().join("tickers.json"), 0o600);

            bar.run(args).expect(Exit::Ok);

            assert_eq!(mode(&kept), 0o600, "{args:?}");
            assert_eq!(mode(bar.path().join("tickers.json")), 0o600, "{args:?}");
        }
    }
}

#[test]
fn a_ledger_tells_nobody_what_a_private_month_holds() {
    let bar = of_files(&["A"], true);
    bar.run(&["update"]).expect(Exit::Ok);
    chmod(month(&bar, "A"), 0o600);
    offer(&bar, "A", &[("2025-11-20", 9)]);

    bar.run(&["update"]).expect(Exit::Ok);

    let ledgers = below(&bar.path().join("state/ledger"));
    let ledger = ledgers.iter().filter(|(_, is_dir)| !is_dir).max().unwrap();
    assert_eq!(mode(&ledger.0), 0o600);
    assert_eq!(mode(month(&bar, "A")), 0o600);
}

#[test]
fn what_is_put_away_of_a_private_file_is_private() {
    let bar = of_files(&["A"], true);
    bar.run(&["update"]).expect(Exit::Ok);
    let path = month(&bar, "A");
    let name = path.strip_prefix(bar.path()).unwrap().to_str().unwrap();
    bar.write(name, "PAR1 damaged");
    chmod(&path, 0o600);
    offer(&bar, "A", &DAYS);

    bar.run(&["update"]).expect(Exit::Damaged);

    let files = below(&bar.path().join("quarantine"));
    let files: Vec<_> = files.iter().filter(|(_, is_dir)| !is_dir).collect();
    assert_eq!(files.len(), 2);
    for (path, _) in files {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_private_series_is_private_on_the_other_side_of_a_migration() {
    for (legacy, folder, wanted) in [
        (0o600, 0o755, 0o600),
        (0o640, 0o755, 0o640),
        (0o664, 0o755, 0o644),
        (0o444, 0o755, 0o644),
        // Nobody gets through to it.
        (0o644, 0o700, 0o600),
    ] {
        let bar = Barkeep::empty();
        bar.write("barkeep.toml", DEMO_IS_LEGACY);
        bar.write(
            "data/legacy/stocks_1d/A.parquet",
            daily("A", &[("2024-01-30", 1.0), ("2024-02-01", 2.0)]),
        );
        let (tree, file) = ("data/legacy/stocks_1d", "data/legacy/stocks_1d/A.parquet");
        chmod(bar.path().join(file), legacy);
        chmod(bar.path().join(tree), folder);
        let migrate = |words: &str| {
            let words = format!("partition-migrate {words}");
            bar.run(&words.split(' ').collect::<Vec<_>>())
                .expect(Exit::Ok)
        };
        migrate("init -V us:demo --all-found");

        migrate("migrate --all --delete-legacy --yes");
        let months = below(&bar.path().join("data/us"));
        let months: Vec<_> = months.iter().filter(|(_, is_dir)| !is_dir).collect();
        assert_eq!(months.len(), 2);
        for (path, _) in &months {
            assert_eq!(mode(path), wanted, "{legacy:o} {}", path.display());
        }
        chmod(&months[0].0, 0o600);
        migrate("rollback 1d");

        assert_eq!(mode(bar.path().join(file)), 0o600, "{legacy:o}");
    }
}

#[test]
fn a_file_has_its_rights_before_its_first_byte() {
    let dir = tempfile::tempdir().unwrap();
    let own = rights_of(&OsFs, dir.path()).unwrap().unwrap();
    let of = |mode| Rights { mode, ..own };
    // The umask of the tests is anybody's guess, but it has these bits for the owner.
    for (access, wanted) in [
        (Access::Kept(of(0o600)), 0o600),
        (Access::Kept(of(0o666)), 0o666),
        (Access::Kept(of(0o444)), 0o444),
        (Access::Within(of(0o600)), 0o600),
        (Access::Within(of(0o400)), 0o600),
    ] {
        let path = dir.path().join(format!("{access:?}"));

        let file = OsFs.create_new(&path, access).unwrap();

        assert_eq!(mode(&path), wanted, "{access:?}");
        drop(file);
    }
}

/// Every file and folder below a folder, and which it is.
pub(crate) fn below(dir: &std::path::Path) -> Vec<(std::path::PathBuf, bool)> {
    let mut found = Vec::new();
    for entry in OsFs.list(dir).unwrap().unwrap_or_default() {
        let path = dir.join(entry.name);
        let is_dir = entry.kind == barkeep::sys::Kind::Dir;
        if is_dir {
            found.extend(below(&path));
        }
        found.push((path, is_dir));
    }
    found
}
