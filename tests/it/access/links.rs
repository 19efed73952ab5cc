//! Links in the place of what barkeep makes: nothing is removed, written or left through one.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;

use super::{Barkeep, Odd, clear, month, of_files, offer, stored};
use crate::support::barkeep::Ran;

const DEAD: &str = r#"{"pid": 999999, "host": "box", "ts": 1000.0, "cwd": "/x"}"#;
const RUN: &str = "20251120T000000Z-0000002a-1";

/// A workspace, and a folder beside it with somebody's files.
struct Two {
    bar: Barkeep,
    beside: Barkeep,
}

impl Two {
    fn new(bar: Barkeep) -> Self {
        let beside = Barkeep::empty();
        beside.write("keep", "x");
        beside.write("owner.json", DEAD);
        Self { bar, beside }
    }

    /// Puts a link to the folder beside, or to something in it, into the workspace.
    fn link(&self, name: &str, to: &str) -> PathBuf {
        let path = self.bar.path().join(name);
        clear(&path);
        symlink(self.beside.path().join(to), &path).unwrap();
        path
    }

    /// Runs, and requires that the folder beside is as it was and that the link stands where it stood.
    #[track_caller]
    fn run(&self, link: &Path, args: &[&str]) -> Ran {
        let before = self.beside.tree();
        let ran = self.bar.run(args);
        assert_eq!(self.beside.tree(), before, "{ran:?}");
        assert!(link.is_symlink(), "{ran:?}");
        ran
    }

    fn locks(&self) -> Vec<String> {
        let names = barkeep::sys::Fs::list(&barkeep::sys::OsFs, self.bar.path());
        let names = names.unwrap().unwrap().into_iter().map(|entry| entry.name);
        names
            .filter(|name| name.starts_with(".run_lock."))
            .collect()
    }
}

#[test]
fn a_lock_that_is_a_link_is_neither_taken_over_nor_broken() {
    let two = Two::new(of_files(&["A"], true));
    let link = two.link(".run_lock", "");

    for args in [&["update"][..], &["cleanup", "--break-lock", "x"]] {
        let ran = two.run(&link, args);

        assert_eq!(ran.exit, Exit::Failed, "{ran:?}");
        assert!(ran.stderr.contains(".run_lock"), "{ran:?}");
        assert!(
            !ran.stderr.contains("hint: if nothing is at work"),
            "{ran:?}"
        );
    }
    assert_eq!(two.locks(), [".run_lock.guard"]);
}

#[test]
fn an_owner_or_a_guard_that_is_a_link_is_not_believed() {
    for name in [".run_lock/owner.json", ".run_lock.guard"] {
        let two = Two::new(of_files(&["A"], true));
        two.bar.write(name, "");
        let link = two.link(name, "owner.json");

        let ran = two.run(&link, &["update"]);

        assert_eq!(ran.exit, Exit::Failed, "{ran:?}");
        assert!(ran.stderr.contains(name), "{ran:?}");
    }
}

#[test]
fn a_link_with_the_name_of_a_left_lock_is_nobodys() {
    for sort in ["stale", "done", "making"] {
        let two = Two::new(of_files(&["A"], true));
        let link = two.link(&format!(".run_lock.{sort}-{RUN}"), "");

        let ran = two.run(&link, &["update"]);

        assert_eq!(ran.exit, Exit::Ok, "{ran:?}");
        assert!(!ran.stderr.contains("took over"), "{ran:?}");
    }
}

#[test]
fn nothing_is_put_away_through_a_link() {
    let bar = of_files(&["A"], true);
    bar.run(&["update"]).expect(Exit::Ok);
    let two = Two::new(bar);
    let link = two.link("quarantine", "");
    let damaged = month(&two.bar, "A");
    let name = damaged.strip_prefix(two.bar.path()).unwrap();
    two.bar.write(name.to_str().unwrap(), "PAR1 damaged");
    offer(&two.bar, "A", &[("2025-11-20", 1), ("2025-11-21", 2)]);

    let ran = two.run(&link, &["update"]);

    assert_ne!(ran.exit, Exit::Ok);
    assert!(ran.stderr.contains("quarantine"), "{ran:?}");
    assert_eq!(two.bar.read(name.to_str().unwrap()), b"PAR1 damaged");
    clear(&link);
    two.bar.run(&["update"]);
    assert_eq!(stored(&two.bar, "A"), 2, "what was fetched had waited");
}

#[test]
fn state_is_not_kept_through_a_link() {
    let two = Two::new(of_files(&["A"], true));
    let link = two.link("state", "");

    let ran = two.run(&link, &["update", "--metrics-file", "m.prom"]);

    assert_eq!(ran.exit, Exit::Failed, "{ran:?}");
    assert!(ran.stderr.contains("state"), "{ran:?}");
    clear(&link);
    two.bar.run(&["update"]);
    assert_eq!(stored(&two.bar, "A"), 1, "what was fetched had waited");
}

/// Both were emptied through the link: rows of another workspace would have been merged, and removed there.
#[test]
fn a_staged_run_is_not_looked_for_behind_a_link() {
    for name in ["new", "fetched"] {
        let bar = of_files(&["A", "B"], true);
        Odd::Pipe.plant(&month(&bar, "A"));
        bar.run(&["update"]).expect(Exit::Partial);
        clear(&month(&bar, "A"));
        let staging = bar.path().join("partition-staging");
        let runs = barkeep::sys::Fs::list(&barkeep::sys::OsFs, &staging).unwrap();
        let run = runs.unwrap().remove(0).name;
        let two = Two::new(bar);
        let link = two.link(&format!("partition-staging/{run}/{name}"), "");

        let ran = two.run(&link, &["update"]);

        assert_eq!(ran.exit, Exit::Failed, "{ran:?}");
        assert!(ran.stderr.contains(&format!("{run}/{name}")), "{ran:?}");
    }
}

#[test]
fn a_registry_or_its_copy_that_is_a_link_is_not_replaced() {
    for name in ["tickers.json", "tickers.last-good.json"] {
        let bar = of_files(&["A"], true);
        let text = bar.read("tickers.json");
        let two = Two::new(bar);
        two.beside.write("registry", text);
        let link = two.link(name, "registry");

        let ran = two.run(&link, &["update"]);

        assert_eq!(ran.exit, Exit::Failed, "{ran:?}");
        assert!(ran.stderr.contains(name), "{ran:?}");
        let text = two.beside.read("registry");
        clear(&link);
        two.bar.write("tickers.json", text);
        two.bar.run(&["update"]).expect(Exit::Ok);
        assert_eq!(stored(&two.bar, "A"), 1, "what was fetched had waited");
    }
}
