//! What the documents say is what the program does.
//!
//! `BARKEEP_REGENERATE=1` rewrites the documents in place of comparing them.

#![expect(
    clippy::disallowed_methods,
    reason = "compares documents as they lie in the repository"
)]

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
fn every_exit_code_is_documented_with_what_to_do_about_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let page = std::fs::read_to_string(path).unwrap();

    let (_, table) = page
        .split_once("| code | meaning | what to do |\n")
        .unwrap();
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> = rows
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect();

    let codes: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let expected = Exit::ALL.map(|exit| exit.code().to_string());
    assert_eq!(codes, expected);
    for row in rows {
        assert!(
            row.len() == 3 && !row[1].is_empty() && !row[2].is_empty(),
            "{row:?}"
        );
    }
}
