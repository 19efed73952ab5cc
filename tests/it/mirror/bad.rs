//! Mirrors that are not what barkeep left, and disks that refuse.

use std::os::unix::fs::symlink;
use std::path::Path;

use barkeep::cli::Exit;
use barkeep::mirror::Tier;

use super::damaged::ruin;
use super::table::through_log;
use super::{
    DAYS, DIR, SETTINGS, close, closes, deliver, names_of, tick, update, verified, with_current,
    world, world_at,
};
use crate::support::barkeep::Barkeep;
use crate::support::sim::SimFs;
use crate::support::workspace::TestWorkspace;

fn told(bar: &mut Barkeep) -> String {
    let told = bar.run(&["update"]).expect(Exit::Ok).stderr;
    tick(bar);
    told
}

#[test]
fn the_mirror_of_another_workspace_is_left_alone_and_fails_no_update() {
    let (mut bar, other) = (world(), world_at("2025-11-21T21:00:00Z"));
    let place = other.path().join("mirror").display().to_string();
    let before = other.files_in("mirror");
    bar.write(
        "barkeep.toml",
        format!("[workspace]\nmirror_path = \"{place}\"\n{SETTINGS}"),
    );
    deliver(&bar, "A", &DAYS[..3], 10.0);

    let warned = told(&mut bar);
    let refused = bar.run(&["mirror"]).expect(Exit::Failed);
    bar.run(&["mirror", "--full", "--yes"]).expect(Exit::Failed);

    assert!(
        warned.contains("is the mirror of another workspace"),
        "{warned}"
    );
    assert!(refused.stderr.contains("mirror_path"), "{}", refused.stderr);
    assert_eq!(other.files_in("mirror"), before);
}

#[test]
fn a_mirror_of_a_later_form_is_left_alone() {
    let mut bar = world();
    let state = format!("{DIR}/v1/state.jsonl");
    bar.write(
        &state,
        bar.text(&state).replacen("\"form\":1", "\"form\":2", 1),
    );
    deliver(&bar, "A", &DAYS[..3], 10.0);

    let warned = told(&mut bar);

    assert!(
        warned.contains("has form 2, which only a later barkeep understands"),
        "{warned}"
    );
    assert!(!bar.has(format!("{DIR}/v2")));
    assert!(bar.run(&["status"]).stderr.contains("only a later barkeep"));
}

#[test]
fn what_is_damaged_is_made_anew_and_told() {
    type Damage = (&'static str, fn(&Barkeep));
    let damages: [Damage; 7] = [
        ("a flipped bit under both names of a file", |bar| {
            ruin(bar, &names_of(bar, Tier::Base)[0]);
        }),
        ("a flipped bit in a file", |bar| {
            let name = format!("{DIR}/files/{}", names_of(bar, Tier::Base)[0]);
            let mut bytes = bar.read(&name);
            bytes[30] ^= 1;
            bar.write(&name, bytes);
        }),
        ("a file that is gone", |bar| {
            let name = names_of(bar, Tier::Base).remove(0);
            bar.remove(format!("{DIR}/files/{name}"));
        }),
        ("a state that was cut", |bar| {
            let name = format!("{DIR}/v1/state.jsonl");
            let bytes = bar.read(&name);
            bar.write(&name, &bytes[..bytes.len() / 2]);
        }),
        ("no state at all", |bar| {
            bar.remove(format!("{DIR}/v1/state.jsonl"));
        }),
        ("a version that is gone", |bar| {
            bar.remove(format!("{DIR}/v1"));
        }),
        ("a link that leads elsewhere", |bar| {
            bar.remove(format!("{DIR}/current"));
            symlink("../../../../data", bar.path().join(DIR).join("current")).unwrap();
        }),
    ];
    for (what, damage) in damages {
        let mut bar = world();
        damage(&bar);
        // A revision of the base, so that its file has to be read.
        deliver(&bar, "A", &DAYS[..2], 50.0);

        let warned = told(&mut bar);

        assert!(
            warned.contains("was made anew, because it was damaged"),
            "{what}: {warned}"
        );
        assert_eq!(close(&bar, "A", DAYS[0]), Some(50.0), "{what}");
        verified(&bar);
    }
}

#[test]
fn what_somebody_put_in_the_way_is_not_followed_or_removed() {
    let mut bar = world();
    bar.write("precious/note.txt", "mine");
    symlink(bar.path().join("precious"), bar.path().join(DIR).join("v9")).unwrap();
    bar.write(format!("{DIR}/mine.txt"), "mine");

    let link = bar.path().join(DIR).join("v9");
    deliver(&bar, "A", &DAYS[..3], 10.0);

    let named = told(&mut bar);
    let left = bar.run(&["mirror", "--drop"]).expect(Exit::Ok).stderr;

    assert_eq!(bar.text("precious/note.txt"), "mine");
    assert_eq!(bar.text(format!("{DIR}/mine.txt")), "mine");
    assert!(link.is_symlink());
    assert!(
        named.contains("/v9 is no version that barkeep made"),
        "{named}"
    );
    for name in ["v9", "mine.txt"] {
        let said = format!("/{name} is nothing that barkeep made");
        assert!(left.contains(&said), "{left}");
    }
}

#[test]
fn a_link_in_the_place_of_a_file_is_not_followed() {
    let mut bar = world();
    bar.write("precious.parquet", "mine");
    let name = format!("{DIR}/files/{}", names_of(&bar, Tier::Base)[0]);
    bar.remove(&name);
    symlink(bar.path().join("precious.parquet"), bar.path().join(&name)).unwrap();
    deliver(&bar, "A", &DAYS[..2], 50.0);

    let warned = told(&mut bar);
    bar.run(&["mirror", "--full", "--yes"]).expect(Exit::Ok);

    assert!(warned.contains(&name), "{warned}");
    assert_eq!(bar.text("precious.parquet"), "mine");
    assert_eq!(close(&bar, "A", DAYS[0]), Some(50.0));
    verified(&bar);
}

/// A folder is no version because it is called like one: what barkeep made has its record, or the list of its files, and nothing
/// that is another's.
#[test]
fn what_has_the_name_of_a_version_and_is_none_stays_and_is_named() {
    let mut bar = world();
    let copied = bar.files_in(&format!("{DIR}/v1"));
    for (name, bytes) in &copied {
        let name = name.file_name().unwrap().to_string_lossy();
        bar.write(format!("{DIR}/v96/{name}"), bytes);
    }
    bar.write(format!("{DIR}/v97"), "a file");
    bar.write(format!("{DIR}/v98/mine.txt"), "mine");
    bar.write(format!("{DIR}/v98/files.txt"), "");
    bar.write(format!("{DIR}/v95/files.txt"), "a list of mine\n");
    let empty = bar.path().join(DIR).join("v99");
    bar.fs().create_dir(&empty).unwrap();
    let largest = format!("{DIR}/v{}/mine.txt", u64::MAX);
    bar.write(&largest, "mine");
    bar.write(format!("{DIR}/v1/mine.txt"), "mine");
    bar.write(format!("{DIR}/files/mine.parquet"), "mine");
    bar.write(format!("{DIR}/.mine.tmp-old/mine.txt"), "mine");
    let mine = |bar: &Barkeep| {
        let mut mine = bar.files_in(DIR);
        mine.retain(|path, bytes| {
            let is_by_link = path.to_string_lossy().contains("/current/");
            !is_by_link && (bytes.starts_with(b"mine") || bytes.starts_with(b"a "))
        });
        mine
    };
    let before = mine(&bar);

    // A day later the first version would go.
    for (now, days) in [("2025-11-22T23:00:00Z", 3), ("2025-11-24T23:00:00Z", 4)] {
        bar.now = now.to_owned();
        deliver(&bar, "A", &DAYS[..days], 10.0);
        let named = told(&mut bar);
        for name in ["v1", "v95", "v96", "v97", "v98", "v99"] {
            let said = format!("{DIR}/{name} is no version that barkeep made");
            assert!(named.contains(&said), "{name}: {named}");
        }
    }
    let again = bar.run(&["mirror", "--json"]).expect(Exit::Ok).summary();

    assert_eq!(again["mirrors"][0]["version"], 3, "numbers go on");
    assert_eq!(
        again["mirrors"][0]["strangers"].as_array().unwrap().len(),
        7
    );
    assert_eq!(mine(&bar), before);
    assert!(bar.fs().metadata(&empty).unwrap().is_some());
    assert!(bar.has(format!("{DIR}/v96/state.jsonl")), "a copy of v1");
    bar.run(&["mirror", "--drop"]).expect(Exit::Ok);
    assert_eq!(mine(&bar), before);
}

/// Neither `--full` nor `--drop` was a way out.
#[test]
fn a_mirror_that_was_copied_with_its_links_followed_is_made_anew() {
    let bar = world();
    let copied = bar.files_in(&format!("{DIR}/v1"));
    bar.remove(format!("{DIR}/current"));
    for (path, bytes) in &copied {
        let below = path.strip_prefix(format!("{DIR}/v1")).unwrap();
        bar.write(Path::new(DIR).join("current").join(below), bytes);
    }

    let ran = bar.run(&["mirror"]).expect(Exit::Partial);
    let again = bar.run(&["mirror"]).expect(Exit::Ok);

    assert!(ran.stderr.contains("it is no link"), "{ran:?}");
    let said = format!("{DIR}/v3 is no version that barkeep made");
    assert!(again.stderr.contains(&said), "{again:?}");
    assert_eq!(bar.files_in(&format!("{DIR}/v3")).len(), copied.len());
    bar.run(&["mirror", "--verify"]).expect(Exit::Ok);
    bar.run(&["mirror", "--drop"]).expect(Exit::Ok);
    assert_eq!(bar.files_in(DIR).len(), copied.len());
}

#[test]
fn a_folder_of_mirrors_that_is_a_link_below_its_root_is_refused() {
    let bar = world();
    bar.run(&["mirror", "--drop"]).expect(Exit::Ok);
    bar.remove("mirror");
    bar.write("elsewhere/x", "");
    bar.write("mirror/x", "");
    symlink(bar.path().join("elsewhere"), bar.path().join("mirror/us")).unwrap();

    let ran = bar.run(&["mirror"]);

    assert_ne!(ran.exit, Exit::Ok, "{}", ran.stderr);
    assert_eq!(bar.files_in("elsewhere").len(), 1);
}

#[test]
fn of_a_mirror_that_cannot_be_read_no_metric_says_that_it_is_behind_nothing() {
    let bar = world();
    let state = format!("{DIR}/v1/state.jsonl");
    bar.write(
        &state,
        bar.text(&state).replacen("\"form\":1", "\"form\":2", 1),
    );

    bar.run(&["update", "--metrics-file", "m.prom"]);

    let metrics = bar.text("m.prom");
    let has = |name: &str| metrics.contains(&format!("\nbarkeep_mirror_{name}{{"));
    assert!(has("refreshed_timestamp_seconds"), "{metrics}");
    assert!(!has("series_behind") && !has("version"), "{metrics}");
}

/// It was taken for one that has no last copy, and dropped.
#[test]
fn a_mirror_of_which_nobody_knows_what_it_has_is_dropped_only_with_a_yes() {
    let bar = world();
    let state = format!("{DIR}/v1/state.jsonl");
    let whole = bar.text(&state);
    let newer = whole.replacen("\"form\":1", "\"form\":2", 1);
    for broken in [&whole[..whole.len() - 9], newer.as_str()] {
        bar.write(&state, broken);

        let refused = bar.run(&["mirror", "--drop"]).expect(Exit::Usage).stderr;

        assert!(
            refused.contains("may have the last copy of something"),
            "{refused}"
        );
        assert!(bar.has(&state));
    }
    // No link, and files that one may have led to.
    bar.write(&state, &whole);
    bar.remove(format!("{DIR}/current"));
    bar.run(&["mirror", "--drop"]).expect(Exit::Usage);
    assert!(bar.has(&state));
    bar.run(&["mirror", "--drop", "--yes"]).expect(Exit::Ok);
    assert!(!bar.has(&state));
}

#[test]
fn no_mirror_lies_among_the_data() {
    let mut bar = world();
    bar.run(&["mirror", "--drop"]).expect(Exit::Ok);
    let settings = format!("[workspace]\nmirror_path = \"data/mirror\"\n{SETTINGS}");
    bar.write("barkeep.toml", settings);

    let warned = told(&mut bar);
    bar.run(&["mirror"]).expect(Exit::Usage);

    assert!(warned.contains("lies in the data folder"), "{warned}");
    assert!(!bar.has("data/mirror"));
}

#[test]
fn two_processes_at_one_mirror_do_not_meet() {
    let mut bar = world();
    let lock = bar.path().join(DIR).join(".lock");
    let held = bar.fs().try_lock(&lock).unwrap();
    assert!(held.is_some());
    deliver(&bar, "A", &DAYS[..3], 10.0);

    let warned = told(&mut bar);
    bar.run(&["mirror"]).expect(Exit::Locked);
    drop(held);
    bar.run(&["mirror"]).expect(Exit::Ok);

    assert!(
        warned.contains("another process is writing the mirror"),
        "{warned}"
    );
    assert_eq!(close(&bar, "A", DAYS[2]), Some(12.0));
}

#[test]
fn without_second_names_a_version_is_a_list_and_never_a_part() {
    let disk = SimFs::new();
    disk.refuse_hard_links();
    disk.plant("/ws/barkeep.toml", SETTINGS.as_bytes());
    let bar = Barkeep::within(TestWorkspace::simulated(&disk));
    bar.run(&[
        "-C",
        "/ws",
        "init",
        "--venue",
        "us:demo",
        "--partitioned",
        "--ticker",
        "A",
    ])
    .expect(Exit::Ok);
    bar.run(&[
        "-C",
        "/ws",
        "update",
        "--venue",
        "us:demo",
        "--start",
        "2025-11-03",
        "--end",
        "2025-11-20",
    ])
    .expect(Exit::Ok);

    let args = ["-C", "/ws", "mirror", "--venue", "us:demo", "-i", "1d"];
    bar.run(&args).expect(Exit::Ok);
    let path = bar
        .run(&[&args[..], &["--path"]].concat())
        .expect(Exit::Ok)
        .stdout;
    bar.run(&[&args[..], &["--verify"]].concat())
        .expect(Exit::Ok);

    assert!(
        path.contains("/mirror/us/demo/stocks_1d/files/base-"),
        "{path}"
    );
    let table = through_log(&disk, "/ws/mirror/us/demo/stocks_1d/files".as_ref());
    assert_eq!(table.unwrap().unwrap().len(), 14);
    let names = disk.names();
    let in_version = names
        .iter()
        .filter(|name| name.to_string_lossy().contains("/v1/"));
    let in_version: Vec<_> = in_version.filter_map(|name| name.file_name()).collect();
    assert_eq!(in_version, ["files.txt", "state.jsonl"]);
    let listing = disk
        .peek("/ws/mirror/us/demo/stocks_1d/v1/files.txt".as_ref())
        .unwrap();
    assert!(
        String::from_utf8(listing)
            .unwrap()
            .contains("\n../files/base-")
    );
}

#[test]
fn a_version_whose_making_stopped_is_taken_away() {
    let mut bar = world();
    let before = closes(&bar);
    bar.write(format!("{DIR}/v7/files.txt"), "");
    bar.write(
        format!("{DIR}/.v8.tmp-20251121T220000Z-00000007-1-1/files.txt"),
        "",
    );
    bar.write(
        format!("{DIR}/files/.base-x.parquet.tmp-20251121T220000Z-00000007-1-1"),
        "half",
    );
    let nobodys = format!("{DIR}/files/base-{}.parquet", "0".repeat(64));
    bar.write(&nobodys, "nobody's");

    bar.run(&["mirror"]).expect(Exit::Ok);

    assert_eq!(closes(&bar), before);
    assert!(!bar.has(format!("{DIR}/v7")));
    let files = bar.files_in(DIR).into_keys();
    let odd: Vec<_> = files
        .filter(|name| name.to_string_lossy().contains(".tmp-"))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
    assert!(!bar.has(&nobodys));
    update(&mut bar);
    with_current(&bar, |_, version| assert_eq!(version.number, 1));
}
