//! Days that the tree loses, and what its mirror keeps of them.

use super::*;

#[test]
fn a_day_that_is_gone_stays_as_its_last_copy_until_it_is_back() {
    let mut bar = mirrored();
    let stored = bar.read(day_file(THURSDAY));
    bar.remove(day_file(THURSDAY));

    mirror(&mut bar);

    assert_eq!(
        (days(&bar), kept(&bar)),
        (both(), vec![THURSDAY.to_owned()])
    );
    let status = bar.run(&["status"]).stderr;
    assert!(
        status.contains("de:xetra trades has the last copy of 1 day"),
        "{status}"
    );
    assert_eq!(verify(&bar, Exit::Ok)["series_with_last_copies"], 1);
    for lossy in ["--full", "--drop"] {
        let refused = bar
            .run(&[&MIRROR[..], &[lossy]].concat())
            .expect(Exit::Usage);
        assert!(
            refused.stderr.contains("last copy of DETR 2025-10-30"),
            "{}",
            refused.stderr
        );
    }
    // A person takes it from where it is.
    bar.write(day_file(THURSDAY), bar.read(file_of(&bar, THURSDAY)));
    mirror(&mut bar);
    assert_eq!((days(&bar), kept(&bar)), (both(), Vec::<String>::new()));
    assert_eq!(bar.read(day_file(THURSDAY)), stored);
}

#[test]
fn a_day_that_was_lost_since_the_last_refresh_goes_by_a_yes_only() {
    let bar = mirrored();
    bar.remove(day_file(THURSDAY));

    for lossy in ["--full", "--drop"] {
        let refused = bar
            .run(&[&MIRROR[..], &[lossy]].concat())
            .expect(Exit::Usage);
        let said = "last copy of DETR trades at de:xetra 2025-10-30";
        assert!(refused.stderr.contains(said), "{refused:?}");
        assert_eq!(days(&bar), both());
    }
}

#[test]
fn a_mirror_that_begins_without_a_day_that_was_stored_says_so() {
    let mut bar = world();
    bar.remove(day_file(THURSDAY));

    let said = told(&mut bar, Exit::Partial);

    let expected = "DETR has 2 of 4 trades in the mirror of de:xetra trades";
    assert!(said.contains(expected), "{said}");
    assert_eq!(days(&bar), of(&[(FRIDAY, &["3", "4"])]));
}

#[test]
fn a_day_that_is_damaged_where_it_is_stored_stays_as_its_last_copy() {
    let mut bar = mirrored();
    let mut damaged = bar.read(day_file(THURSDAY));
    damaged[40] ^= 1;
    // Another file: that of the mirror is whole.
    bar.write(day_file(THURSDAY), &damaged);

    mirror(&mut bar);
    mirror(&mut bar);

    assert_eq!(
        (days(&bar), kept(&bar)),
        (both(), vec![THURSDAY.to_owned()])
    );
    verify(&bar, Exit::Ok);
}

/// Who writes into one of two names writes into both. No copy is left then, and no reader is given what is damaged.
#[test]
fn a_file_that_somebody_writes_into_in_place_leaves_the_mirror_and_that_is_told() {
    let mut bar = mirrored();
    let path = bar.path().join(day_file(THURSDAY));
    OsFs.append(&path).unwrap().write_all(b"more").unwrap();

    let wrong = verify(&bar, Exit::Mismatch);
    let left = told(&mut bar, Exit::Partial);

    assert_eq!(wrong["differences"][0]["ticker"], "DETR 2025-10-30");
    assert!(
        left.contains("DETR 2025-10-30 leaves the mirror of de:xetra trades"),
        "{left}"
    );
    assert_eq!(days(&bar), of(&[(FRIDAY, &["3", "4"])]));
}

/// What comes after a loss is not all that was lost: the copy has more.
#[test]
fn a_day_that_is_stored_again_with_fewer_trades_is_a_last_copy_until_it_has_all() {
    let mut bar = mirrored();
    bar.remove(day_file(FRIDAY));
    ingest(&bar, &[friday()[..1].to_vec()]).unwrap();

    mirror(&mut bar);
    let first = (days(&bar), kept(&bar));
    mirror(&mut bar);
    ingest(&bar, &[friday()[1..].to_vec()]).unwrap();
    mirror(&mut bar);

    assert_eq!(first, (both(), vec![FRIDAY.to_owned()]));
    assert_eq!((days(&bar), kept(&bar)), (both(), Vec::<String>::new()));
    verify(&bar, Exit::Ok);
}

#[test]
fn a_mirror_of_trades_whose_state_is_damaged_keeps_the_days_that_only_it_has() {
    for (is_marked, keeps_files) in [(false, true), (true, true), (true, false)] {
        let mut bar = mirrored();
        bar.remove(day_file(THURSDAY));
        if is_marked {
            mirror(&mut bar);
        }
        let version = current(&bar, |_, version| version.number);
        bar.remove(format!("{DIR}/v{version}/state.jsonl"));
        if !keeps_files {
            bar.remove(format!("{DIR}/files"));
        }

        let said = told(&mut bar, Exit::Partial);

        assert!(
            said.contains("was made anew, because it was damaged"),
            "{said}"
        );
        assert_eq!(
            (days(&bar), kept(&bar)),
            (both(), vec![THURSDAY.to_owned()])
        );
        verify(&bar, Exit::Ok);
        let again = told(&mut bar, Exit::Ok);
        assert!(again.contains("0 days differed"), "{again}");
        bar.run(&["check", "--repair", "--yes", "de:xetra"])
            .expect(Exit::Ok);
        assert_eq!((days(&bar), kept(&bar)), (both(), Vec::<String>::new()));
    }
}

/// A file says which day it has, and not of which feed.
#[test]
fn a_day_that_several_feeds_may_have_lost_goes_by_a_yes_only() {
    let mut bar = mirrored();
    let of_another = day_file(FRIDAY).display().to_string();
    bar.write(
        of_another.replace("venue=DETR", "venue=DFRA"),
        bar.read(day_file(FRIDAY)),
    );
    let file = file_of(&bar, THURSDAY);
    bar.remove(day_file(THURSDAY));
    bar.remove(format!("{DIR}/v1/state.jsonl"));

    let refused = told(&mut bar, Exit::Damaged);

    let said = "has trades of 2025-10-30, and does not say of which feed";
    assert!(refused.contains(said), "{refused}");
    assert!(bar.has(&file));
    let lossy = [&MIRROR[..], &["--full", "--yes"]].concat();
    bar.run(&lossy);
    assert_eq!(days(&bar).len(), 1);
    assert!(!bar.has(&file));
}
