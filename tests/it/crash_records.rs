//! Crash tests of `check --rebuild`: the records are the old ones or the new ones, and no file of a series is touched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use barkeep::cli::Exit;

use crate::support::barkeep::{demo_disk, run_on};
use crate::support::sim::{SimFs, sweep};

const REBUILD: [&str; 4] = ["-C", "/ws", "check", "--rebuild"];
const CHECK: [&str; 3] = ["-C", "/ws", "check"];

fn data(disk: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = disk.snapshot();
    files.retain(|path, _| path.to_string_lossy().contains("ws/data/"));
    files
}

#[test]
fn records_that_are_made_anew_are_whole_after_every_crash() {
    let initial = demo_disk(&["AAPL"], ("2025-10-01", "2025-11-20"));
    let before = data(&initial);

    let report = sweep(
        "records",
        &initial,
        &|disk| Ok(run_on(disk, &REBUILD) == Exit::Ok),
        &|_disk| Ok(()),
        &|disk, _acked| {
            if data(disk) != before {
                return Err("a file of a series changed".to_owned());
            }
            match run_on(disk, &CHECK) {
                Exit::Ok => Ok(()),
                exit => Err(format!("check ended with {exit:?}")),
            }
        },
        1,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 50, "{report}");
}
