//! What the documents say is what the program does.
//!
//! `BARKEEP_REGENERATE=1` rewrites the documents in place of comparing them.

#![expect(
    clippy::disallowed_methods,
    reason = "compares documents as they lie in the repository"
)]

use std::fmt::Write as _;
use std::path::Path;

use barkeep::cli::Exit;

use crate::support::barkeep::Barkeep;

fn check(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("BARKEEP_REGENERATE").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{name} is out of date; run the tests with BARKEEP_REGENERATE=1"
    );
}

#[test]
fn the_command_line_is_documented_as_it_is() {
    let ran = Barkeep::empty()
        .run(&["man", "--format", "markdown"])
        .expect(Exit::Ok);

    check("docs/cli.md", &ran.stdout);
}

#[test]
fn the_exit_codes_are_documented_as_they_are() {
    let mut table = String::from("| code | meaning | what to do |\n| ---: | --- | --- |\n");
    for exit in Exit::ALL {
        let (code, meaning, remedy) = (exit.code(), exit.meaning(), exit.remedy());
        writeln!(table, "| {code} | {meaning} | {remedy} |").unwrap();
    }

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found.contains(&table),
        "docs/operations.md lacks this table:\n{table}"
    );
}
