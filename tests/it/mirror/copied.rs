//! Workspaces that are copied or moved with their mirrors, and mirrors that are removed and made again: nobody meets two histories
//! under one name.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{DAYS, DIR, SETTINGS, deliver, tick, update, with_current, world};
use crate::support::barkeep::Barkeep;
use crate::support::workspace::TestWorkspace;
use barkeep::cli::Exit;

/// A workspace with a mirror, which lies in the folder that `mirror_path` names, within a folder for copies of it.
fn within(mirror_path: Option<&str>) -> (Barkeep, Barkeep) {
    let around = Barkeep::empty();
    let mut bar = at(&around.path().join("original"), &around.now);
    bar.fs().create_dir(bar.path()).unwrap();
    let place = mirror_path.map(|name| around.path().join(name));
    let place = place.map(|path| format!("[workspace]\nmirror_path = \"{}\"\n", path.display()));
    bar.write("barkeep.toml", place.unwrap_or_default() + SETTINGS);
    for ticker in ["A", "B"] {
        deliver(&bar, ticker, &DAYS[..2], 10.0);
    }
    let tickers = ["--ticker", "A", "--ticker", "B", "--interval", "1d"];
    bar.run(&[&["init", "--partitioned"][..], &tickers].concat())
        .expect(Exit::Ok);
    update(&mut bar);
    (around, bar)
}

fn at(root: &Path, now: &str) -> Barkeep {
    let mut bar = Barkeep::within(TestWorkspace::of(root));
    now.clone_into(&mut bar.now);
    bar
}

/// Copies a workspace as people do, with all times.
fn copy(bar: &Barkeep, name: &str) -> Barkeep {
    let to = bar.path().with_file_name(name);
    let copied = Command::new("cp")
        .arg("-a")
        .arg(bar.path())
        .arg(&to)
        .status();
    assert!(copied.unwrap().success());
    at(&to, &bar.now)
}

fn files_in(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    Barkeep::within(TestWorkspace::of(folder)).tree()
}

/// Both knew the mirror by one name, and each undid what the other had written.
#[test]
fn a_copy_of_a_workspace_leaves_the_mirror_of_its_original_alone() {
    let (around, mut bar) = within(Some("mirror"));
    let mirror = around.path().join("mirror");
    let mut copied = copy(&bar, "copy");
    let before = files_in(&mirror);
    deliver(&copied, "A", &DAYS[..3], 10.0);

    let warned = copied.run(&["update"]).expect(Exit::Ok).stderr;
    tick(&mut copied);
    let refused = copied.run(&["mirror"]).expect(Exit::Failed).stderr;
    let kept = copied
        .run(&["mirror", "--drop", "--yes"])
        .expect(Exit::Failed);

    let told = format!("is kept by the workspace {}", bar.path().display());
    for one in [&warned, &refused, &kept.stderr] {
        assert!(one.contains(&told), "{one}");
    }
    assert!(refused.contains("`mirror_path`"), "{refused}");
    assert_eq!(files_in(&mirror), before);
    deliver(&bar, "A", &DAYS[..3], 10.0);
    update(&mut bar);
    bar.run(&["mirror", "--verify"]).expect(Exit::Ok);
}

#[test]
fn a_workspace_that_was_moved_or_is_reached_by_another_path_keeps_its_mirror() {
    let (around, mut bar) = within(Some("mirror"));
    let link = around.path().join("link");
    symlink(bar.path(), &link).unwrap();
    let mut linked = at(&link, &bar.now);
    deliver(&bar, "A", &DAYS[..3], 10.0);
    update(&mut linked);
    bar.now = linked.now.clone();
    deliver(&bar, "A", &DAYS[..4], 10.0);
    update(&mut bar);

    let moved_to = around.path().join("moved");
    bar.fs().rename(bar.path(), &moved_to).unwrap();
    let mut moved = at(&moved_to, &bar.now);
    deliver(&moved, "A", &DAYS[..5], 10.0);
    update(&mut moved);
    moved.run(&["mirror", "--verify"]).expect(Exit::Ok);

    // Where it was, a copy of it is the one that nobody knew before.
    let mut back = copy(&moved, "original");
    let refused = back.run(&["mirror"]).expect(Exit::Failed).stderr;
    tick(&mut back);
    assert!(refused.contains("of which this one is a copy"), "{refused}");
}

/// The mirror came along, and has the place of the original in it.
#[test]
fn a_mirror_that_was_copied_with_its_workspace_is_that_of_the_copy() {
    let (_around, mut bar) = within(None);
    let mut copied = copy(&bar, "copy");
    for one in [&mut copied, &mut bar] {
        deliver(one, "A", &DAYS[..3], 10.0);
        update(one);
        one.run(&["mirror", "--verify"]).expect(Exit::Ok);
    }
}

/// A reader who held the path of a version met other rows under it.
#[test]
fn versions_of_a_mirror_that_is_made_again_go_on_behind_those_that_were_removed() {
    let mut bar = world();
    deliver(&bar, "A", &DAYS[..3], 10.0);
    update(&mut bar);
    assert!(bar.has(format!("{DIR}/v2/files.txt")));

    for version in [3, 4] {
        bar.run(&["mirror", "--drop"]).expect(Exit::Ok);
        assert!(!bar.has(DIR));
        tick(&mut bar);
        bar.run(&["mirror"]).expect(Exit::Ok);

        assert_eq!(with_current(&bar, |_, found| found.number), version);
        bar.run(&["mirror", "--verify"]).expect(Exit::Ok);
    }
}
