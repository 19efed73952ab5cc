//! Packs of the vault that are damaged, or have downloads that broke off.

use barkeep::cli::Exit;
use barkeep::vault::Keeper;

use super::{FRIDAY, UPDATE, lines, thursday};
use crate::support::barkeep::Barkeep;
use crate::support::feed::{FeedServer, packed};
use crate::support::workspace::TestWorkspace;

const FIRST: &str = "2026-09-17T07_00";

#[test]
fn damage_in_the_vault_is_named_by_check_and_its_size_by_status() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    bar.run(&UPDATE).expect(Exit::Ok);
    let pack = "vault/de.xetra/2026-09-17.pack";
    assert!(
        bar.has(pack),
        "the parts of a day that is over are one file"
    );
    bar.run(&["check"]).expect(Exit::Ok);
    let sizes = bar.run(&["status"]).stdout;
    assert!(
        sizes.contains("de.xetra") && sizes.contains("2026-09-17"),
        "{sizes}"
    );

    let mut bytes = bar.read(pack);
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    bar.write(pack, &bytes);

    let checked = bar.run(&["check"]).expect(Exit::Damaged);
    assert!(
        checked.stderr.contains("2026-09-17.pack is damaged"),
        "{checked:#?}"
    );
}

/// A power cut or a copy that broke off leaves a pack without any download: an empty one, or one that has its first line only.
#[test]
fn a_pack_without_any_download_is_damage_for_check_and_replay() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    let pack = "vault/de.xetra/2026-09-17.pack";
    let whole = bar.read(pack);
    let line = whole.iter().position(|byte| *byte == b'\n').unwrap();

    for length in [0, line / 2, line, line + 1, line + 2] {
        bar.write(pack, &whole[..length]);

        let checked = bar.run(&["check"]).expect(Exit::Damaged);
        let replayed = bar.run(&[&UPDATE[..], &["--replay"]].concat());
        bar.run(&UPDATE).expect(Exit::Ok);

        assert!(checked.stderr.contains("2026-09-17.pack"), "{checked:#?}");
        assert_eq!(replayed.exit, Exit::Partial, "{length}: {replayed:#?}");
        assert!(replayed.stderr.contains("2026-09-17.pack"), "{replayed:#?}");
        assert_eq!(bar.read(pack).len(), length, "it stays");
    }
}

/// Runs that were stopped leave parts of one moment in any order.
#[test]
fn a_download_that_broke_off_is_no_trouble_behind_a_whole_one() {
    let feed = FeedServer::start();
    feed.publish(FIRST, &lines(FIRST));
    let bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T10:00:00Z");
    bar.run(&UPDATE).expect(Exit::Ok);
    let data = bar.files_in("data");
    let whole = packed(&lines(FIRST).concat());
    let name = format!("DETR-posttrade-{FIRST}.json.gz");
    keep_later(&bar, &name, &whole[..whole.len() - 9]);

    let again = bar.run(&[&UPDATE[..], &["--replay"]].concat());

    assert_eq!(again.exit, Exit::Ok, "{again:#?}");
    assert_eq!(bar.files_in("data"), data);
}

/// Keeps a download in the vault behind those that are there.
fn keep_later(bar: &Barkeep, name: &str, bytes: &[u8]) {
    let stored = TestWorkspace::of(bar.path()).at(&bar.now);
    let workspace = stored.open().unwrap();
    let held = workspace.lock().acquire("a test").unwrap();
    let run = workspace.runs.next();
    let mut keeper = Keeper::of(workspace.fs(), &held, &workspace.places.vault(), run);
    let (shelf, day) = ("de.xetra".parse().unwrap(), FIRST[..10].parse().unwrap());
    let at = workspace.clock().now() + chrono::TimeDelta::minutes(1);
    keeper.keep((&shelf, day), name, at, bytes).unwrap();
    held.release().unwrap();
}
