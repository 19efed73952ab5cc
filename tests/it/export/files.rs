//! Where an export may go, and what is there when it does not end well.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use barkeep::cli::Exit;
use barkeep::export::{Draft, IfTaken};
use barkeep::sys::{Fs, FsResult, Signal};
use rstest::rstest;
use std::io::Write;

use super::{demo, names};
use crate::support::barkeep::{Barkeep, demo_disk, run_through};
use crate::support::sim::{Fault, MutantFs, Op, SimFs, SweepReport, sweep};

const OLD: &[u8] = b"old rows";
const NEW: &[u8] = b"new rows, and more of them";
const TARGET: &str = "/w/rows.csv";

fn draft(fs: &dyn Fs, if_taken: IfTaken) -> FsResult<()> {
    let mut draft = Draft::begin(fs, Path::new(TARGET), if_taken)?;
    let unsaid = draft.unsaid();
    let (first, second) = NEW.split_at(5);
    for part in [first, second] {
        if draft.write_all(part).and_then(|()| draft.flush()).is_err() {
            return Err(unsaid.take().unwrap());
        }
    }
    draft.keep()
}

/// Sweeps the making of a file that may replace one, and of one that is new.
fn swept(name: &str, if_taken: IfTaken, leave_out: fn(&Op<'_>) -> bool) -> SweepReport {
    let initial = SimFs::new();
    match if_taken {
        IfTaken::Replace => initial.plant(TARGET, OLD),
        IfTaken::Refuse => initial.plant("/w/x", b""),
    }
    let report = sweep(
        name,
        &initial,
        &|fs| {
            let fs = MutantFs::new(Arc::new(fs.clone()), leave_out);
            draft(&fs, if_taken)
                .map(|()| true)
                .map_err(|error| error.to_string())
        },
        &|_fs| Ok(()),
        &|fs, acked| match fs.read(Path::new(TARGET)) {
            Ok(Some(bytes)) if bytes == NEW => Ok(()),
            Ok(Some(bytes)) if bytes == OLD && !acked && if_taken == IfTaken::Replace => Ok(()),
            Ok(None) if !acked && if_taken == IfTaken::Refuse => Ok(()),
            other => Err(format!("acked {acked}: {other:?}")),
        },
        2,
    );
    report.print();
    report
}

#[test]
fn an_exported_file_is_old_or_new_after_every_crash_and_new_once_it_was_told() {
    for if_taken in [IfTaken::Replace, IfTaken::Refuse] {
        let report = swept("export", if_taken, |_| false);

        report.assert_clean();
        assert!(report.total() > 20, "{report}");
    }
}

#[test]
fn an_export_with_one_step_left_out_is_caught() {
    for (name, leave_out) in [
        (
            "no sync of the file",
            (|op| matches!(op, Op::SyncFile(_))) as fn(&Op<'_>) -> bool,
        ),
        ("no sync of the folder", |op| matches!(op, Op::SyncDir(_))),
        ("no rename", |op| matches!(op, Op::Rename { .. })),
    ] {
        for if_taken in [IfTaken::Replace, IfTaken::Refuse] {
            swept(name, if_taken, leave_out).assert_caught();
        }
    }
}

#[test]
fn an_export_that_meets_a_full_disk_leaves_what_was_there_and_nothing_else() {
    for call in 1..=5 {
        let fs = SimFs::new();
        fs.plant(TARGET, OLD);
        let fs = fs.again().fail_call(call, 28, Fault::Once);

        let outcome = draft(&fs, IfTaken::Replace);

        assert!(outcome.unwrap_err().is_out_of_space(), "call {call}");
        let names: Vec<_> = fs.snapshot().into_keys().collect();
        assert_eq!(names, [Path::new("w/rows.csv")], "call {call}");
        assert_eq!(fs.read(Path::new(TARGET)).unwrap().unwrap(), OLD);
    }
}

#[rstest]
#[case::the_tree("data/x.csv")]
#[case::a_folder_of_the_tree("data/us/x.csv")]
#[case::state("state/x.csv")]
#[case::a_later_folder("mirror/x.csv")]
#[case::a_document("tickers.json")]
#[case::settings("barkeep.toml")]
#[case::hidden(".run.csv")]
#[case::a_folder("data")]
#[case::nowhere("no/such/x.csv")]
fn an_export_never_goes_where_barkeep_keeps_what_is_its_own(#[case] name: &str) {
    let bar = demo();
    if name.starts_with("mirror") {
        bar.write("mirror/CACHEDIR.TAG", "");
    }
    let before = bar.tree();

    bar.run(&["export", "-o", name, "--format", "csv", "--force"])
        .expect(Exit::Usage);

    assert_eq!(bar.tree(), before);
}

#[test]
fn a_file_that_is_there_is_replaced_on_a_persons_word_only() {
    let bar = demo();
    bar.write("rows.csv", OLD);

    let refused = bar.run(&["export", "-o", "rows.csv"]).expect(Exit::Usage);
    assert_eq!(bar.read("rows.csv"), OLD);
    bar.run(&["export", "-o", "rows.csv", "--force"])
        .expect(Exit::Ok);

    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert!(bar.text("rows.csv").starts_with("stock,date"));
}

/// Two exports side by side both said that they wrote it, and one had.
#[rstest]
#[case::rows(&["export", "-o", "x.csv"])]
#[case::a_drawing(&["chart", "A", "-o", "x.svg"])]
#[case::a_page(&["report", "-o", "x.html"])]
fn what_comes_while_a_file_is_being_made_is_not_replaced(#[case] args: &[&str]) {
    let disk = demo_disk(&["A"], ("2025-10-01", "2025-10-31"));
    let path = format!("/ws/{}", args.last().unwrap());
    let door = |disk: &SimFs| {
        let (planted, path) = (disk.clone(), path.clone());
        let come_first = move |op: &Op<'_>| {
            if matches!(op, Op::Rename { to, .. } if *to == Path::new(&path)) {
                planted.plant(&path, OLD);
            }
            false
        };
        Arc::new(MutantFs::new(Arc::new(disk.clone()), come_first))
    };
    let args = [&["-C", "/ws"], args].concat();
    let before = disk.names();

    let exit = run_through(&disk, door(&disk), &args);

    assert_eq!(exit, Exit::Usage);
    assert_eq!(disk.peek(path.as_ref()).unwrap(), OLD);
    let mut after = disk.names();
    assert!(after.remove(Path::new(&path).strip_prefix("/").unwrap()));
    assert_eq!(after, before);
    let forced = [&args[..], &["--force"]].concat();
    assert_eq!(run_through(&disk, door(&disk), &forced), Exit::Ok);
    assert_ne!(disk.peek(path.as_ref()).unwrap(), OLD);
}

/// Readers had the rows of an export beside those of the mirror.
#[test]
fn no_file_goes_into_a_mirror_or_a_tree_that_lies_elsewhere() {
    let (bar, disk) = (demo(), Barkeep::empty());
    let elsewhere = disk.path().to_path_buf();
    for name in ["flat/x", "adopted/x", "mine/x"] {
        disk.write(name, "");
    }
    symlink(elsewhere.join("flat"), bar.path().join("stocks_1h")).unwrap();
    bar.write("data/legacy/x", "");
    let adopted = bar.path().join("data/legacy/stocks_1wk");
    symlink(elsewhere.join("adopted"), adopted).unwrap();
    let mirrors = elsewhere.join("m");
    let settings = format!("[workspace]\nmirror_path = \"{}\"\n", mirrors.display());
    bar.write("barkeep.toml", settings);
    bar.run(&["mirror", "--venue", "us:demo", "-i", "1d"])
        .expect(Exit::Ok);
    symlink(&mirrors, elsewhere.join("link")).unwrap();
    let before = disk.files_in("");

    for folder in [
        "m",
        "m/us/demo/stocks_1d/current",
        "m/us/demo/stocks_1d/files",
        "link/us/demo/stocks_1d/v1",
        "mine/../m/us",
        "flat",
        "adopted",
    ] {
        let file = |name: &str| elsewhere.join(folder).join(name).display().to_string();
        for args in [
            ["export", "-o", &file("x.parquet")],
            ["chart", "KO", &format!("-o{}", file("x.svg"))],
            ["report", "-o", &file("x.html")],
        ] {
            let refused = bar.run(&[&args[..], &["--force"]].concat());
            let told = refused.expect(Exit::Usage).stderr;
            assert!(told.contains("which is barkeep's own"), "{told}");
        }
    }

    assert_eq!(disk.files_in(""), before);
    let mine = elsewhere.join("mine/x.csv").display().to_string();
    bar.run(&["export", "-o", &mine]).expect(Exit::Ok);
}

#[test]
fn beside_mirrors_in_the_workspace_itself_there_is_room() {
    let bar = demo();
    bar.write("barkeep.toml", "[workspace]\nmirror_path = \".\"\n");
    bar.run(&["mirror", "--venue", "us:demo", "-i", "1d"])
        .expect(Exit::Ok);

    bar.run(&["export", "-o", "us/demo/x.csv"])
        .expect(Exit::Usage);
    bar.run(&["export", "-o", "x.csv"]).expect(Exit::Ok);
}

#[test]
fn an_export_that_is_stopped_leaves_nothing() {
    let bar = demo();
    let before = names(&bar);
    bar.around.stop.raise(Signal::Terminate);

    let ran = bar.run(&["export", "-o", "rows.parquet"]);

    assert_eq!(ran.exit, Exit::Interrupted(Signal::Terminate));
    assert_eq!(names(&bar), before);
}

#[test]
fn what_a_killed_export_left_is_told_and_left_alone() {
    let bar = demo();
    bar.write(".rows.csv.export-Ab12Cd", "half");

    let ran = bar.run(&["export", "-o", "rows.csv"]).expect(Exit::Ok);

    assert!(
        ran.stderr.contains(".rows.csv.export-Ab12Cd"),
        "{}",
        ran.stderr
    );
    assert_eq!(bar.text(".rows.csv.export-Ab12Cd"), "half");
}

#[test]
fn a_damaged_month_is_named_and_the_others_are_written() {
    let bar = demo();
    let rows = bar
        .run(&["export", "-o", "-", "--format", "csv"])
        .expect(Exit::Ok)
        .stdout;
    let month = "data/us/demo/stocks_1d/ticker=KO/year=2025/month=10/data.parquet";
    let mut bytes = bar.read(month);
    bytes[40] ^= 1;
    bar.write(month, bytes);

    let ran = bar.run(&["export", "-o", "rows.csv"]).expect(Exit::Damaged);

    assert!(ran.stderr.contains("month=10"), "{}", ran.stderr);
    let is_kept = |line: &&str| !line.starts_with("KO,2025-10");
    let expected: Vec<&str> = rows.lines().filter(is_kept).collect();
    assert_eq!(bar.text("rows.csv").lines().collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_not_stored_is_refused_and_nothing_written() {
    let bar = demo();
    let before = names(&bar);

    bar.run(&["export", "-o", "x.csv", "KOO"])
        .expect(Exit::Failed);
    bar.run(&["export", "-o", "x.csv", "-i", "1h"])
        .expect(Exit::Failed);
    bar.run(&["export", "-o", "x.txt"]).expect(Exit::Usage);

    assert_eq!(names(&bar), before);
}
