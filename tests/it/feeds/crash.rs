//! The run of a feed under every crash between download and mark: no trade is lost or doubled, and nothing that the vault has
//! is downloaded again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use barkeep::cli::Exit;

use super::lines;
use crate::support::barkeep::{run_on, run_through};
use crate::support::feed::FeedServer;
use crate::support::sim::{BadFolder, Fault, MutantFs, Op, SimFs, SweepReport, sweep};

const UPDATE: [&str; 5] = ["-C", "/ws", "update", "--venue", "de:xetra"];
const INIT: [&str; 5] = ["-C", "/ws", "init", "--venue", "de:xetra"];
const MINUTE: &str = "2025-11-21T09_00";
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

/// A feed with one minute, and a workspace that never asked it.
fn begun() -> (FeedServer, SimFs) {
    let feed = FeedServer::start();
    feed.publish(MINUTE, &lines(MINUTE));
    let disk = SimFs::new();
    let settings = feed.settings("freshness = \"minutes\"\nbars = \"listed\"");
    disk.plant("/ws/barkeep.toml", settings.as_bytes());
    assert_eq!(run_on(&disk, &INIT), Exit::Ok);
    let add = [
        "-C",
        "/ws",
        "tickers",
        "add",
        super::SAP,
        "--venue",
        "de:xetra",
    ];
    assert_eq!(run_on(&disk, &add), Exit::Ok);
    (feed, disk.again())
}

fn data(disk: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = disk.snapshot();
    files.retain(|path, _| path.to_string_lossy().contains("ws/data/"));
    files
}

fn sweep_update(name: &str, leave_out: fn(&Op<'_>) -> bool) -> SweepReport {
    let (_feed, initial) = begun();
    let whole = initial.again();
    assert_eq!(run_on(&whole, &UPDATE), Exit::Ok);
    let expected = data(&whole);
    assert_eq!(expected.len(), 3, "a day of trades, and two months of bars");
    let report = sweep(
        name,
        &initial,
        &|disk| {
            let door = MutantFs::new(Arc::new(disk.clone()), leave_out);
            Ok(run_through(disk, Arc::new(door), &UPDATE) == Exit::Ok)
        },
        &recover,
        &|disk, _acked| {
            if data(disk) != expected {
                return Err(format!("{:?}", data(disk).keys()));
            }
            Ok(())
        },
        0,
    );
    report.print();
    report
}

/// What the power left torn of staged rows is told, once, and kept in quarantine: the vault has what they were made of.
fn recover(disk: &SimFs) -> Result<(), String> {
    if run_on(disk, &UPDATE) == Exit::Partial && run_on(disk, &UPDATE) != Exit::Ok {
        return Err("a torn row is told more than once".to_owned());
    }
    match run_on(disk, &UPDATE) {
        Exit::Ok => Ok(()),
        other => Err(format!("the next run ends with {other:?}")),
    }
}

#[test]
fn a_minute_is_stored_once_after_every_crash() {
    let report = sweep_update("feed", |_| false);

    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn what_the_vault_has_is_not_downloaded_again_after_a_crash() {
    let (feed, initial) = begun();
    let marks = |disk: &SimFs| {
        disk.snapshot()
            .into_keys()
            .any(|path| path.to_string_lossy().contains("state/feeds/de.xetra/2025"))
    };
    let whole = initial.again();
    run_on(&whole, &UPDATE);
    let kept = files_of_vault(&whole);
    let mut in_vault = 0;
    // The disk fills up at some call after the download.
    for call in 1..=whole.calls() {
        let full = initial.again().fail_call(call, ENOSPC, Fault::Forever);
        run_on(&full, &UPDATE);
        let stopped = full.again();
        let is_done = marks(&stopped) && data(&stopped).len() == 3;
        if is_done || !holds_one_of(&stopped, &kept) {
            continue;
        }
        in_vault += 1;
        let before = feed.downloads().len();

        assert_eq!(recover(&stopped), Ok(()), "{call}");

        assert_eq!(feed.downloads().len(), before, "{call}");
        assert!(marks(&stopped), "{call}");
        assert_eq!(data(&stopped).len(), 3, "{call}");
    }
    assert!(in_vault > 20, "{in_vault}");
}

/// Trades are written down twice only where the vault has not taken what they were made of.
#[test]
fn trades_are_staged_where_the_vault_takes_no_files_and_only_there() {
    let (_feed, initial) = begun();
    let is_staged = |disk: &SimFs| {
        let of_trades = |call: &String| call.contains("fetched") && call.contains("venue=DETR");
        disk.log().iter().any(of_trades)
    };
    let good = initial.again().logged();
    let bad = initial.again().logged();
    bad.turn_bad(BadFolder::always("/ws/vault", EROFS));

    assert_eq!(run_on(&good, &UPDATE), Exit::Ok);
    assert_eq!(run_on(&bad, &UPDATE), Exit::Partial);

    assert_eq!((is_staged(&good), is_staged(&bad)), (false, true));
    assert_eq!(data(&bad), data(&good));
}

#[test]
fn trades_wait_in_the_vault_while_the_data_root_takes_no_files() {
    let (feed, disk) = begun();
    disk.turn_bad(BadFolder::always("/ws/data", EROFS));
    assert_ne!(run_on(&disk, &UPDATE), Exit::Ok);
    assert_eq!(data(&disk), BTreeMap::new());
    disk.heal();

    assert_eq!(run_on(&disk, &UPDATE), Exit::Ok);

    assert_eq!(feed.downloads().len(), 1);
    assert_eq!(data(&disk).len(), 3);
}

/// A feed that forgets its minute as soon as the power has gone.
fn sweep_forgetful(name: &str, leave_out: fn(&Op<'_>) -> bool) -> SweepReport {
    let (feed, initial) = begun();
    initial.plant(
        "/ws/barkeep.toml",
        feed.settings("freshness = \"minutes\"\nbars = \"none\"")
            .as_bytes(),
    );
    let initial = initial.again();
    let whole = initial.again();
    assert_eq!(run_on(&whole, &UPDATE), Exit::Ok);
    let expected = data(&whole);
    let kept = files_of_vault(&whole);
    let report = sweep(
        name,
        &initial,
        &|disk| {
            feed.publish(MINUTE, &lines(MINUTE));
            let door = MutantFs::new(Arc::new(disk.clone()), leave_out);
            let is_acked = run_through(disk, Arc::new(door), &UPDATE) == Exit::Ok;
            feed.forget(MINUTE);
            Ok(is_acked)
        },
        // A feed that has nothing left is silent, which is no success either.
        &|disk| {
            run_on(disk, &UPDATE);
            run_on(disk, &UPDATE);
            Ok(())
        },
        &|disk, acked| {
            let is_kept = holds_one_of(disk, &kept);
            match data(disk) {
                stored if stored == expected => Ok(()),
                stored if stored.is_empty() && !acked && !is_kept => Ok(()),
                stored => Err(format!(
                    "acked {acked}, kept {is_kept}: {:?}",
                    stored.keys()
                )),
            }
        },
        0,
    );
    report.print();
    report
}

fn files_of_vault(disk: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = disk.snapshot();
    files.retain(|path, _| path.to_string_lossy().contains("ws/vault/"));
    files
}

#[test]
fn what_the_vault_has_is_stored_by_the_next_run_although_the_feed_has_forgotten_it() {
    let report = sweep_forgetful("forgetful feed", |_| false);

    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn a_mark_that_comes_before_its_trades_are_durable_is_caught() {
    let no_barrier = sweep_forgetful(
        "trades that are not synced",
        |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains("partition-staging")),
    );

    no_barrier.assert_caught();
}

/// Tells whether a file of the vault is one of these, to the last byte.
fn holds_one_of(disk: &SimFs, kept: &BTreeMap<PathBuf, Vec<u8>>) -> bool {
    let files = files_of_vault(disk);
    files
        .values()
        .any(|bytes| kept.values().any(|whole| whole == bytes))
}
