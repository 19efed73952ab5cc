//! A file that does not hold what its place says: every command says so in one way.

use barkeep::cli::Exit;

use super::{NOVEMBER, OCTOBER, SETTINGS, TREE, bytes};
use crate::support::barkeep::Barkeep;

fn month(name: &str) -> String {
    format!("{TREE}/ticker=A/{name}/data.parquet")
}

/// A workspace in which the file of October lies in the place of November, too.
fn misfiled(is_ours: bool) -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    let args = ["init", "--venue", "us:mine", "-i", "1d", "-t", "A"];
    bar.run(&[&args[..], &["--partitioned"]].concat())
        .expect(Exit::Ok);
    let head = "date,open,high,low,close,volume\n";
    bar.write("incoming/A.csv", format!("{head}2025-10-20,1,1,1,1,1\n"));
    bar.run(&["update"]).expect(Exit::Ok);
    let october = if is_ours {
        bar.read(month(OCTOBER))
    } else {
        bytes("A", &[("2025-10-20", 1.0)])
    };
    bar.write(month(NOVEMBER), october);
    bar.write("incoming/A.csv", format!("{head}2025-11-20,2,2,2,2,2\n"));
    bar
}

#[test]
fn rows_of_another_month_are_a_mismatch_for_who_reads_and_cost_an_update_their_series() {
    for is_ours in [true, false] {
        let bar = misfiled(is_ours);
        let path = month(NOVEMBER);

        for (args, exit) in [
            (&["show", "A"][..], Exit::Mismatch),
            (&["chart", "A"], Exit::Mismatch),
            (&["export", "-o", "out.csv"], Exit::Mismatch),
            (&["check"], Exit::Mismatch),
            (&["check", "-t", "A"], Exit::Mismatch),
            (&["update"], Exit::Partial),
        ] {
            let ran = bar.run(args).expect(exit);

            assert!(ran.stderr.contains(&path), "{args:?}: {ran:#?}");
        }
        assert!(bar.has(&path), "nobody moves it");
    }
}
