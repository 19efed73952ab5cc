//! Crashes and refusals where folders cannot be renamed, are bad, or hold what is nobody's.

use super::*;

/// An overlay does not rename folders, so partitions that are removed go file by file. Until the last one is gone, readers
/// have the legacy files.
#[test]
fn a_crash_of_a_rollback_on_an_overlay_loses_nothing_and_is_completed() {
    let initial = disk();
    assert_eq!(migrated(&initial, &held()), Ok(true));
    let is_whole_on_one_side = |fs: &SimFs| {
        for ticker in ["A", "B"] {
            let sides = sides(fs, ticker)?;
            if !sides.contains(&Some(2)) {
                return Err(format!("{ticker} is torn or lost: {sides:?}"));
            }
        }
        Ok(())
    };

    let on_overlay = initial.again().overlaid();
    let also = |fs: &SimFs, is_acked: bool| {
        for ticker in ["A", "B"] {
            if is_acked && sides(fs, ticker)? != [Some(2), None] {
                return Err("the run said that it was back".to_owned());
            }
        }
        Ok(())
    };
    swept_on(
        "rollback on an overlay",
        &on_overlay,
        rolled_back,
        is_whole_on_one_side,
        &also,
    );
}

/// In pieces, readers would meet half of a series: where folders are not renamed, its partitions stay as they are.
#[test]
fn partitions_that_cannot_leave_whole_are_not_copied_anew() {
    let (initial, _) = contradicted();
    let overlay = initial.again().overlaid();
    let before = counted(&overlay);

    let report = with(&overlay, &overlay, &held(), |session, _| {
        let choices = Choices {
            is_restart: true,
            ..choices()
        };
        migrate::migrate_interval(session, &choices, &tuple(), &mut proofs(session)?)
    });

    let failures = report.unwrap().failures;
    let failed: Vec<_> = failures
        .iter()
        .map(|failed| failed.ticker.as_str())
        .collect();
    assert_eq!(failed, ["A"], "{failures:?}");
    assert!(
        failures[0].refusal.to_string().contains("overlay"),
        "{failures:?}"
    );
    assert_eq!(counted(&overlay), before);
}

/// A file that cannot be adopted stays where it is, and nothing of the try stays in staging: `status` would tell of a run
/// that was interrupted.
#[test]
fn a_bad_folder_costs_an_adoption_its_own_files_and_leaves_nothing_staged() {
    const EACCES: i32 = 13;
    let fs = disk();
    let bench = TestWorkspace::simulated(&fs);
    let flat = bench.places.root.join("stocks_1d/A.parquet");
    let rows = daily("A", &[("2024-01-30", 5.0)]);
    bench.write(&flat, &rows);
    fs.turn_bad(BadFolder::always("/ws/data/legacy/stocks_1d", EACCES));

    assert_eq!(adopted(&fs, &held()), Ok(false));

    assert_eq!(bench.read(&flat), rows);
    assert_eq!(
        barkeep::storage::leftover_runs(&fs, &bench.places).unwrap(),
        []
    );
    fs.heal();
    assert_eq!(adopted(&fs, &held()), Ok(true));
}

/// A folder of one ticker is bad: it fails by name, and the other one is migrated.
#[test]
fn a_bad_folder_costs_a_migration_its_own_ticker() {
    const EACCES: i32 = 13;
    let tree = "/ws/data/us/demo/stocks_1d";
    for folder in [
        format!("{tree}/ticker=B"),
        format!("{tree}/ticker=B/year=2024"),
    ] {
        let fs = disk();
        // The folder is there, with a month that has to take in more rows.
        let month = format!("{tree}/ticker=B/year=2024/month=01/data.parquet");
        let first = daily("B", &ROWS[..1]);
        fs.plant(&month, &first);
        fs.turn_bad(BadFolder::always(&folder, EACCES));

        assert_eq!(migrated(&fs, &held()), Ok(false));

        assert_eq!(sides(&fs, "A"), Ok([Some(2), Some(2)]));
        assert_eq!(sides(&fs, "B"), Ok([Some(2), Some(1)]));
        fs.heal();
        assert_eq!(migrated(&fs, &held()), Ok(true));
        assert_eq!(sides(&fs, "B"), Ok([Some(2), Some(2)]));
    }
}

/// Judges that each ticker is whole on at least one side. Partitions that share their folders go file by file.
fn is_whole_on_a_side(fs: &SimFs) -> Result<(), String> {
    for ticker in ["A", "B"] {
        let sides = sides(fs, ticker)?;
        if !sides.contains(&Some(2)) {
            return Err(format!("{ticker} is torn or lost: {sides:?}"));
        }
    }
    Ok(())
}

#[test]
fn a_crash_while_partitions_go_leaves_what_is_not_theirs() {
    let initial = disk();
    assert_eq!(migrated(&initial, &held()), Ok(true));
    let month = "/ws/data/us/demo/stocks_1d/ticker=A/year=2024/month=01";
    let (notes, hidden) = (format!("{month}/notes.txt"), format!("{month}/.DS_Store"));
    initial.plant(&notes, b"mine");
    initial.plant(&hidden, b"x");

    swept_on(
        "rollback beside notes",
        &initial.again(),
        rolled_back,
        is_whole_on_a_side,
        &|fs: &SimFs, is_acked: bool| {
            let files = fs.snapshot();
            for name in [&notes, &hidden] {
                if !files.contains_key(&PathBuf::from(name.trim_start_matches('/'))) {
                    return Err(format!("{name} is gone"));
                }
            }
            if is_acked && sides(fs, "A")? != [Some(2), None] {
                return Err("the run said that it was back".to_owned());
            }
            Ok(())
        },
    );
}
