//! States of which a reader would get a part, or something beside it: told, kept from readers, and made anew.

use barkeep::cli::Exit;
use barkeep::mirror::Tier;
use barkeep::sys::Kind;
use rstest::rstest;

use super::table::through_log;
use super::{
    Closes, DAYS, DIR, SETTINGS, closes, deliver, kept_of, names_of, next_day, rows_of, tick,
    verified, with_current, world,
};
use crate::support::barkeep::Barkeep;

/// A mirror in its second version: a base, and what came since.
fn second() -> Barkeep {
    let mut bar = world();
    next_day(&mut bar, 2);
    bar
}

fn base(bar: &Barkeep, folder: &str) -> String {
    format!("{DIR}/{folder}/{}", names_of(bar, Tier::Base)[0])
}

fn cut(bar: &Barkeep, name: &str) {
    let bytes = bar.read(name);
    bar.write(name, &bytes[..bytes.len() / 2]);
}

/// Returns the rows of all files that a glob finds where readers are to look.
fn globbed(bar: &Barkeep) -> Result<Closes, String> {
    let folder = bar.path().join(DIR).join("current");
    let entries = bar.fs().list(&folder).unwrap().unwrap().into_iter();
    let found = entries.filter(|entry| entry.name.ends_with(".parquet"));
    rows_of(bar.fs(), found.map(|entry| folder.join(entry.name)))
}

/// Of each of these `--verify` said that all are equal, a refresh said nothing, and `--path` led to it.
#[rstest]
#[case::a_file_is_gone(|bar: &Barkeep| bar.remove(base(bar, "v2")))]
#[case::a_file_is_cut(|bar: &Barkeep| cut(bar, &base(bar, "v2")))]
#[case::another_file_has_a_name_of_ours(|bar: &Barkeep| {
    let name = format!("{DIR}/v2/delta-{}.parquet", "0".repeat(64));
    bar.write(name, bar.read(base(bar, "v2")));
})]
#[case::another_file_is_in_every_glob(|bar: &Barkeep| {
    bar.write(format!("{DIR}/v2/acme.parquet"), bar.read(base(bar, "v2")));
})]
#[case::a_folder(|bar: &Barkeep| {
    bar.write(format!("{DIR}/v2/more/acme.parquet"), bar.read(base(bar, "v2")));
})]
#[case::the_list_is_gone(|bar: &Barkeep| bar.remove(format!("{DIR}/v2/files.txt")))]
#[case::the_list_is_another(|bar: &Barkeep| {
    let list = bar.text(format!("{DIR}/v1/files.txt"));
    bar.write(format!("{DIR}/v2/files.txt"), list);
})]
fn what_readers_would_not_get_whole_is_kept_from_them_and_made_anew(
    #[case] damage: fn(&Barkeep),
    #[values("update", "mirror")] refresh: &str,
) {
    let mut bar = second();
    let before = closes(&bar);
    damage(&bar);

    let verified_as = bar.run(&["mirror", "--verify"]).expect(Exit::Damaged);
    let path = bar.run(&["mirror", "--path"]).expect(Exit::Damaged);
    let status = bar.run(&["status"]).stderr;
    let views = bar.run(&["views"]).expect(Exit::Ok).stdout;
    let refreshed = bar.run(&[refresh]);
    tick(&mut bar);

    assert!(verified_as.stderr.contains("/v2"), "{verified_as:?}");
    assert_eq!(path.stdout, "");
    assert!(status.contains("It is damaged: "), "{status}");
    assert!(!views.contains("/current/"), "{views}");
    let said = "was made anew, because it was damaged: [bar]/mirror/us/mine/stocks_1d/v2";
    assert!(refreshed.stderr.contains(said), "{refreshed:?}");
    assert_eq!(globbed(&bar), Ok(before));
    verified(&bar);
    let path = bar.run(&["mirror", "--path"]).expect(Exit::Ok).stdout;
    assert_eq!(path, format!("[bar]/{DIR}/v3\n"));
    let again = bar.run(&["mirror"]).expect(Exit::Ok).stderr;
    assert!(!again.contains("anew"), "{again}");
}

/// A reader that holds the folder gets an error from now on; what is not ours stays.
#[test]
fn a_version_of_which_a_file_is_gone_goes_and_one_with_another_file_stays() {
    let gone = second();
    gone.remove(base(&gone, "v2"));
    gone.run(&["mirror"]).expect(Exit::Partial);
    assert!(!gone.has(format!("{DIR}/v2")));
    assert!(gone.has(format!("{DIR}/v1/state.jsonl")));

    let planted = second();
    let name = format!("{DIR}/v2/delta-{}.parquet", "0".repeat(64));
    planted.write(&name, "mine");
    planted.run(&["mirror"]).expect(Exit::Partial);
    let named = planted.run(&["mirror"]).expect(Exit::Ok).stderr;
    planted.run(&["mirror", "--drop"]).expect(Exit::Ok);
    assert_eq!(planted.text(&name), "mine");
    assert!(
        named.contains("/v2 is no version that barkeep made"),
        "{named}"
    );
}

#[test]
fn a_file_that_only_readers_of_the_table_miss_is_put_back() {
    let mut bar = second();
    let before = closes(&bar);
    bar.remove(base(&bar, "files"));
    let files = bar.path().join(DIR).join("files");
    assert!(through_log(bar.fs(), &files).is_err());

    bar.run(&["mirror", "--verify"]).expect(Exit::Damaged);
    bar.run(&["mirror", "--path"]).expect(Exit::Ok);
    let told = bar.run(&["mirror"]).expect(Exit::Partial).stderr;
    tick(&mut bar);

    assert!(
        told.contains("it was damaged: [bar]/mirror/us/mine/stocks_1d/files/base-"),
        "{told}"
    );
    assert_eq!(through_log(bar.fs(), &files), Ok(Some(before.clone())));
    assert_eq!(globbed(&bar), Ok(before));
    verified(&bar);
}

/// Made of what is stored, it would be without them.
#[test]
fn a_mirror_that_is_mended_still_has_what_only_it_has() {
    for folder in ["v", "files"] {
        let mut bar = second();
        let october = "data/us/mine/stocks_1d/ticker=A/year=2025/month=10/data.parquet";
        let mut bytes = bar.read(october);
        bytes[40] ^= 1;
        bar.write(october, bytes);
        deliver(&bar, "A", &DAYS[3..4], 7.0);
        bar.run(&["update"]).expect(Exit::Damaged);
        tick(&mut bar);
        let all = closes(&bar);
        assert_eq!(kept_of(&bar, "A"), ["2025-10"]);
        let number = with_current(&bar, |_, version| version.number);
        let folder = match folder {
            "v" => format!("v{number}"),
            other => other.to_owned(),
        };
        bar.remove(base(&bar, &folder));

        bar.run(&["mirror"]).expect(Exit::Partial);

        assert_eq!(globbed(&bar), Ok(all), "{folder}");
        assert_eq!(kept_of(&bar, "A"), ["2025-10"], "{folder}");
    }
}

/// The command did nothing (2), since the settings name no mirror.
#[rstest]
#[case::gone_from_the_version(|bar: &Barkeep| bar.remove(base(bar, "v2")))]
#[case::gone_from_all_files(|bar: &Barkeep| bar.remove(base(bar, "files")))]
#[case::cut(|bar: &Barkeep| {
    cut(bar, &base(bar, "v2"));
    cut(bar, &base(bar, "files"));
})]
#[case::a_flipped_bit(|bar: &Barkeep| {
    let name = base(bar, "files");
    let mut bytes = bar.read(&name);
    bytes[30] ^= 1;
    bar.write(&name, &bytes);
    bar.write(base(bar, "v2"), bytes);
})]
#[case::no_state(|bar: &Barkeep| bar.remove(format!("{DIR}/v2/state.jsonl")))]
#[case::no_link(|bar: &Barkeep| {
    bar.remove(format!("{DIR}/current"));
    bar.write(format!("{DIR}/current"), "");
})]
fn the_command_that_is_printed_mends_a_mirror_that_no_settings_name(#[case] damage: fn(&Barkeep)) {
    let mut bar = second();
    let before = closes(&bar);
    bar.write("barkeep.toml", SETTINGS.replace("mirror = [\"1d\"]\n", ""));
    damage(&bar);
    let verify = ["mirror", "--verify", "--venue", "us:mine", "-i", "1d"];

    let told = bar.run(&verify).expect(Exit::Damaged).stderr;
    let (_, command) = told.split_once("make it anew: barkeep ").unwrap();
    let command = command.lines().next().unwrap();
    bar.run(&command.split(' ').collect::<Vec<_>>())
        .expect(Exit::Ok);
    tick(&mut bar);

    bar.run(&verify).expect(Exit::Ok);
    assert_eq!(globbed(&bar), Ok(before));
}

#[test]
fn what_readers_of_the_table_get_is_verified() {
    let log = format!("{DIR}/files/_delta_log");
    let second_entry = format!("{log}/00000000000000000002.json");
    let (cut_off, behind, ahead) = (second(), second(), second());
    cut(&cut_off, &second_entry);
    behind.remove(&second_entry);
    ahead.write(
        format!("{log}/00000000000000000003.json"),
        ahead.read(&second_entry),
    );

    cut_off.run(&["mirror", "--verify"]).expect(Exit::Damaged);
    for (bar, newest) in [(&behind, 1), (&ahead, 3)] {
        let told = bar.run(&["mirror", "--verify"]).expect(Exit::Mismatch);
        let said = format!("table: its newest version is {newest}, and that of the mirror 2\n");
        assert!(told.stdout.contains(&said), "{told:?}");
    }

    for bar in [cut_off, behind, ahead] {
        bar.run(&["mirror"]);
        verified(&bar);
    }
}

#[test]
fn a_refresh_of_a_whole_mirror_looks_and_writes_nothing() {
    let bar = second();
    let stamps = |bar: &Barkeep| {
        let files = bar.files_in(DIR).into_keys();
        let met = files.map(|name| (bar.fs().metadata(&bar.path().join(&name)).unwrap(), name));
        let mut met: Vec<_> = met.collect();
        met.retain(|(meta, name)| {
            meta.is_some_and(|meta| meta.kind == Kind::File) && !name.ends_with("refreshed")
        });
        met
    };
    let before = stamps(&bar);

    let told = bar.run(&["mirror"]).expect(Exit::Ok).stderr;

    assert!(!told.contains("anew"), "{told}");
    assert_eq!(stamps(&bar), before);
}

#[test]
fn what_is_stored_and_damaged_in_the_mirror_comes_from_what_is_stored() {
    let mut bar = second();
    cut(&bar, &base(&bar, "v2"));
    cut(&bar, &base(&bar, "files"));
    deliver(&bar, "A", &DAYS[..3], 50.0);

    let told = bar.run(&["update"]).expect(Exit::Ok).stderr;
    tick(&mut bar);

    assert!(told.contains("was made anew"), "{told}");
    let found = globbed(&bar).unwrap();
    assert_eq!(
        found[&("A".to_owned(), DAYS[0].to_owned())].to_bits(),
        50.0_f64.to_bits()
    );
    assert_eq!(found.len(), 9);
    verified(&bar);
}
