//! What is made anew of the vault: damage costs a file and is told, and a run says how far it is.

use barkeep::cli::Exit;
use barkeep::sys::Signal;

use super::{FRIDAY, UPDATE, thursday};
use crate::support::barkeep::Barkeep;

const REPLAY: [&str; 4] = ["update", "--replay", "--venue", "de:xetra"];

/// The only pack of the vault, and its bytes.
fn pack(bar: &Barkeep) -> (String, Vec<u8>) {
    let mut packs = bar.files_in("vault").into_iter();
    let (path, bytes) = packs
        .find(|(path, _)| path.extension().is_some_and(|end| end == "pack"))
        .unwrap();
    (path.to_str().unwrap().to_owned(), bytes)
}

#[test]
fn a_damaged_download_costs_itself_and_is_told_with_its_place() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    let (path, whole) = pack(&bar);
    let data = bar.files_in("data");

    for at in [whole.len() / 3, whole.len() - 2] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        bar.write(&path, damaged);

        let ran = bar.run(&REPLAY).expect(Exit::Partial);

        assert!(ran.stderr.contains("are damaged in vault/"), "{ran:#?}");
        assert_eq!(bar.files_in("data"), data, "what is stored stays");
    }
    // A pack is written whole: a cut end is damage, too.
    bar.write(&path, &whole[..whole.len() - 9]);
    let ran = bar.run(&REPLAY).expect(Exit::Partial);
    assert!(ran.stderr.contains("are damaged in vault/"), "{ran:#?}");

    bar.write(&path, whole);
    bar.run(&REPLAY).expect(Exit::Ok);
    assert_eq!(bar.files_in("data"), data);
}

#[test]
fn a_replay_that_is_stopped_leaves_the_day_and_a_later_one_makes_it() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    let data = bar.files_in("data");
    bar.remove("data");

    bar.around.stop.raise(Signal::Terminate);
    let stopped = bar
        .run(&REPLAY)
        .expect(Exit::Interrupted(Signal::Terminate));
    assert!(
        !stopped.stderr.contains("read out of the vault"),
        "{stopped:#?}"
    );
    assert_eq!(bar.files_in("data").len(), 0);

    // A process of its own, which nobody stops.
    bar.start(&REPLAY).end().expect(0);
    assert_eq!(bar.files_in("data"), data);
}

#[test]
fn a_replay_says_how_many_days_there_are_and_which_are_done() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);

    let ran = bar
        .run(&["update", "--replay", "--venue", "de:xetra", "--json"])
        .expect(Exit::Ok);

    let lines: Vec<&str> = ran.stdout.lines().collect();
    let has = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(
        has(r#""event":"replay_planned""#) && has(r#""days":1"#),
        "{lines:?}"
    );
    assert!(
        has(r#""event":"replayed""#) && has(r#""day":"2026-09-17""#),
        "{lines:?}"
    );
}
