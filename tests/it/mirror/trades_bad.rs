//! Mirrors of trades that are not what barkeep left, days that cannot come in, and disks that give no file a second name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;
use barkeep::mirror::{Folder, Version};

use super::trades::{
    DIR, MIRROR, THURSDAY, both, current, days, file_of, friday, kept, mirror, mirrored, seen,
    stored_on, thursday, told, verify, with_current, world,
};
use crate::support::barkeep::Barkeep;
use crate::support::sim::SimFs;
use crate::support::trades::{FEED, day_file, decoded, ingest, older_file, trade};
use crate::support::workspace::TestWorkspace;

#[test]
fn what_is_no_day_of_ours_is_named_and_keeps_no_other_from_the_mirror() {
    let mut bar = world();
    let copied = bar.read(day_file(THURSDAY));
    bar.write(day_file("2025-10-29"), older_file(&thursday()));
    bar.write(day_file("2025-10-28"), &copied);
    bar.write(
        day_file(THURSDAY).to_string_lossy().replace("DETR", "DFRA"),
        &copied,
    );
    bar.write(day_file("2025-10-27"), &copied[..copied.len() / 2]);

    let named = told(&mut bar, Exit::Partial);

    for (what, why) in [
        ("DETR 2025-10-29", "another program wrote it"),
        ("DETR 2025-10-28", "it has trades of another day"),
        (
            "DFRA 2025-10-30",
            "it is the very file of another day or feed",
        ),
        ("DETR 2025-10-27", ""),
    ] {
        let said = format!("{what} is not in the mirror of de:xetra trades: {why}");
        assert!(named.contains(&said), "{said}: {named}");
    }
    assert_eq!(days(&bar), both());
    assert_eq!(
        verify(&bar, Exit::Mismatch)["differences"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[test]
fn a_feed_whose_folder_is_foreign_stays_as_it_was() {
    let mut bar = mirrored();
    bar.write(format!("{FEED}/year=2025/month=10/day=29"), "no folder");

    let named = told(&mut bar, Exit::Partial);

    assert!(named.contains("stays as it was in the mirror"), "{named}");
    assert_eq!((days(&bar), kept(&bar)), (both(), Vec::<String>::new()));
}

#[test]
fn a_file_of_the_mirror_that_is_gone_is_there_again_and_that_is_told() {
    for is_of_version in [false, true] {
        for is_last_copy in [false, true] {
            let mut bar = mirrored();
            if is_last_copy {
                bar.remove(day_file(THURSDAY));
                mirror(&mut bar);
            }
            let version = current(&bar, |_, version| version.number);
            let file = file_of(&bar, THURSDAY);
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            bar.remove(if is_of_version {
                PathBuf::from(DIR).join(format!("v{version}")).join(name)
            } else {
                file
            });

            let named = told(&mut bar, Exit::Partial);

            let said = "the mirror of de:xetra trades was made anew, because it was damaged";
            assert!(named.contains(said), "{named}");
            assert_eq!(days(&bar), both(), "{is_of_version} {is_last_copy}");
            assert_eq!(kept(&bar).len(), usize::from(is_last_copy));
            verify(&bar, Exit::Ok);
        }
    }
}

/// Readers had its trades twice, and `--verify` said that all are equal.
#[test]
fn what_lies_beside_the_days_is_kept_from_readers_and_told() {
    let mut bar = mirrored();
    let of_thursday = bar.read(file_of(&bar, THURSDAY));
    let planted = format!("{DIR}/v1/day-{}.parquet", "0".repeat(64));
    bar.write(&planted, &of_thursday);
    let run = |option: &str| bar.run(&[&MIRROR[..], &[option]].concat());

    let refused = run("--verify").expect(Exit::Damaged).stderr;
    run("--path").expect(Exit::Damaged);
    let named = told(&mut bar, Exit::Partial);

    let hint = "make it anew: barkeep mirror --full --venue de:xetra --trades\n";
    assert!(refused.contains(hint), "{refused}");
    assert!(named.contains("was made anew"), "{named}");
    assert_eq!(days(&bar), both());
    assert_eq!(bar.read(&planted), of_thursday);
    assert_eq!(current(&bar, |_, version| version.number), 2);
    verify(&bar, Exit::Ok);
}

#[test]
fn a_state_that_is_damaged_is_made_anew() {
    let mut bar = mirrored();
    let state = bar.read(format!("{DIR}/v1/state.jsonl"));
    bar.write(format!("{DIR}/v1/state.jsonl"), &state[..state.len() / 2]);

    let named = told(&mut bar, Exit::Partial);

    assert!(
        named.contains("was made anew, because it was damaged"),
        "{named}"
    );
    assert_eq!(days(&bar), both());
}

#[test]
fn the_mirror_of_another_workspace_or_a_later_barkeep_is_left_alone() {
    let mut bar = mirrored();
    let (state, name) = (format!("{DIR}/v1/state.jsonl"), "state/mirror-id");
    let (whole, mine) = (bar.text(&state), bar.text(name));
    ingest(&bar, &[vec![trade("2025-11-03T09:00:00", "6", 60.0)]]).unwrap();

    bar.write(&state, whole.replacen("\"form\":1", "\"form\":2", 1));
    let newer = told(&mut bar, Exit::Failed);
    bar.write(&state, &whole);
    bar.write(name, "another");
    let foreign = told(&mut bar, Exit::Failed);

    assert!(
        newer.contains("only a later barkeep understands"),
        "{newer}"
    );
    assert!(
        foreign.contains("is the mirror of another workspace"),
        "{foreign}"
    );
    bar.write(name, mine);
    assert_eq!(days(&bar), both());
}

/// Without second names, and on another disk, a day is a copy: for as few people as the file that it is a copy of.
#[test]
fn where_a_file_can_have_no_second_name_it_is_copied() {
    let without = SimFs::new();
    stored_on(&without, &[thursday(), friday()]);
    without.refuse_hard_links();
    let elsewhere = SimFs::new();
    stored_on(&elsewhere, &[thursday(), friday()]);
    elsewhere.plant("/ws/mirror/notes.txt", b"mine");
    elsewhere.remount(Some("/ws/mirror"));
    for (disk, is_linked) in [(without, false), (elsewhere, true)] {
        let private = format!("/ws/{}", day_file(THURSDAY).display());
        let bytes = disk.peek(Path::new(&private)).unwrap();
        disk.plant_with(&private, &bytes, 0o600);
        let run = |more: &[&str]| {
            let bar = Barkeep::within(TestWorkspace::simulated(&disk));
            let args = [&["-C", "/ws"], &MIRROR[..], more].concat();
            bar.run(&args).expect(Exit::Ok)
        };

        run(&[]);
        run(&["--verify"]);
        run(&[]);

        let root = Path::new("/ws/mirror");
        let see = |folder: &Folder<'_>, version: &Version| {
            assert_eq!(version.is_linked, is_linked);
            assert_eq!(version.number, 1);
            assert_eq!(seen(folder, version, &disk), Ok(both()));
        };
        with_current(&disk, root, see).unwrap().unwrap();
        let modes = disk.modes().into_iter();
        let in_files = modes.filter(|(path, _)| path.to_string_lossy().contains("/files/day-"));
        let modes: BTreeMap<Vec<u8>, u32> =
            in_files.map(|(_, (mode, bytes))| (bytes, mode)).collect();
        assert_eq!(modes[&bytes] & 0o077, 0);
        assert_eq!(modes.len(), 2);
        assert_eq!(decoded(bytes).len(), 2);
    }
}
