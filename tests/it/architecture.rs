//! Holds the sources to ARCHITECTURE.md, whose tables are read out of the page itself.
//!
//! What these tests look for is found in text, not in types: an edge is `crate::<room>`, a use of a crate is
//! `<crate>::`. Comments and the test modules at the foot of files do not count.

#![expect(
    clippy::disallowed_methods,
    reason = "reads the sources as they lie in the repository"
)]

mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sources::{Source, lines_with_a_source};

const LONGEST_FILE: usize = 600;

/// Rooms that know of sources what is handed to them.
const ROOMS_WITHOUT_SOURCES: [&str; 4] = ["storage", "frame", "codec", "layout"];

/// Files in which one type may have inherent impls.
const FILES_OF_A_TYPE: usize = 2;
const NOWHERE: &str = "nowhere";
const ANYWHERE: &str = "anywhere";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file below a folder, by its path below that folder.
fn rust_files(folder: &str) -> BTreeMap<String, String> {
    fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|suffix| suffix == "rs") {
                files.push(path);
            }
        }
    }
    let (base, mut files) = (root().join(folder), Vec::new());
    collect(&base, &mut files);
    assert!(!files.is_empty(), "{folder} has no Rust files");
    let named = |path: PathBuf| {
        let name = path.strip_prefix(&base).unwrap().to_str().unwrap();
        (name.to_owned(), fs::read_to_string(&path).unwrap())
    };
    files.into_iter().map(named).collect()
}

fn sources() -> Vec<Source> {
    let files = rust_files("src");
    files
        .iter()
        .map(|(name, text)| Source::new(name, text))
        .collect()
}

/// The first table below a heading, row by row, each cell as the words in back quotes or else its text.
fn table(page: &str, heading: &str) -> Vec<Vec<Vec<String>>> {
    let below = page
        .split_once(&format!("{heading}\n"))
        .unwrap_or_else(|| panic!("there is no {heading}"))
        .1;
    let rows = below.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(words).collect())
        .collect()
}

fn words(cell: &str) -> Vec<String> {
    let quoted: Vec<String> = cell
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    match cell.trim() {
        "" => Vec::new(),
        text if quoted.is_empty() => vec![text.to_owned()],
        _ => quoted,
    }
}

/// The first two columns of a table: what, and where it may be.
fn rules(heading: &str) -> Vec<(String, BTreeSet<String>)> {
    let rows = table(&read("ARCHITECTURE.md"), heading).into_iter();
    rows.map(|mut row| {
        let places = row.remove(1).into_iter().collect();
        (row.remove(0).remove(0), places)
    })
    .collect()
}

fn imports(sources: &[Source]) -> BTreeSet<(String, String)> {
    let rooms: BTreeSet<&str> = sources
        .iter()
        .filter(|s| s.is_room())
        .map(Source::room)
        .collect();
    let edges = sources.iter().filter(|s| s.is_room()).flat_map(|source| {
        let found = source.words_after("crate::").into_iter();
        found.map(|word| (source.room().to_owned(), word.to_owned()))
    });
    edges
        .filter(|(from, to)| from != to && rooms.contains(to.as_str()))
        .collect()
}

/// Rooms that the page describes and the sources do not have yet.
fn missing_rooms(sources: &[Source]) -> BTreeSet<String> {
    let there: BTreeSet<&str> = sources.iter().map(Source::room).collect();
    let described = rules("## Which room may import which")
        .into_iter()
        .map(|(room, _)| room);
    described
        .filter(|room| !there.contains(room.as_str()))
        .collect()
}

#[test]
fn rooms_import_what_the_page_allows_and_all_of_it() {
    let sources = sources();
    let missing = missing_rooms(&sources);

    let found = imports(&sources);

    let listed = rules("## Which room may import which").into_iter();
    let allowed: BTreeSet<(String, String)> = listed
        .filter(|(room, _)| !missing.contains(room))
        .flat_map(|(room, imports)| imports.into_iter().map(move |to| (room.clone(), to)))
        .filter(|(_, to)| !missing.contains(to))
        .collect();
    let forbidden: Vec<_> = found.difference(&allowed).collect();
    let unused: Vec<_> = allowed.difference(&found).collect();
    assert!(
        forbidden.is_empty(),
        "not allowed by ARCHITECTURE.md: {forbidden:?}"
    );
    assert!(
        unused.is_empty(),
        "allowed by ARCHITECTURE.md and not used: {unused:?}"
    );
}

#[test]
fn rooms_import_only_what_stands_above_them() {
    let rooms = rules("## Which room may import which");

    for (at, (room, imports)) in rooms.iter().enumerate() {
        let above: BTreeSet<&String> = rooms[..at].iter().map(|(room, _)| room).collect();
        let below: Vec<_> = imports
            .iter()
            .filter(|import| !above.contains(import))
            .collect();
        assert!(
            below.is_empty(),
            "{room} imports {below:?}, which the table has not above it"
        );
    }
}

#[test]
fn every_room_is_described_and_every_described_file_is_there() {
    let sources = sources();
    let page = read("ARCHITECTURE.md");
    let imports: Vec<String> = rules("## Which room may import which")
        .into_iter()
        .map(|(room, _)| room)
        .collect();
    let described: Vec<String> = table(&page, "## Rooms")
        .into_iter()
        .map(|row| row[0][0].clone())
        .collect();

    assert_eq!(
        described, imports,
        "the two tables have other rooms or another order"
    );
    for source in sources.iter().filter(|source| source.is_room()) {
        assert!(
            described.iter().any(|room| room == source.room()),
            "{} is in no room",
            source.name
        );
    }
    let missing = missing_rooms(&sources);
    for row in table(&page, "## Rooms")
        .into_iter()
        .filter(|row| !missing.contains(&row[0][0]))
    {
        let room = &row[0][0];
        // Types begin with a capital letter, files of a workspace have a dot.
        let is_module = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        for module in row[1].iter().filter(is_module) {
            let is_there = rooms_named(&page).contains(module)
                || sources.iter().any(|source| {
                    let below = source.name.strip_prefix(&format!("{room}/"));
                    below.is_some_and(|name| {
                        name.starts_with(&format!("{module}.rs"))
                            || name.starts_with(&format!("{module}/"))
                    })
                });
            assert!(is_there, "{room} has no {module}");
        }
    }
}

fn rooms_named(page: &str) -> BTreeSet<String> {
    table(page, "## Rooms")
        .into_iter()
        .map(|row| row[0][0].clone())
        .collect()
}

#[test]
fn what_is_decided_in_one_place_is_decided_there() {
    let sources = sources();
    let rows = table(&read("ARCHITECTURE.md"), "### … and where is it decided");

    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        let (files, rules) = (&row[1], &row[2]);
        let named = files.iter().filter(|word| word.contains('/'));
        let code: Vec<&str> = named
            .map(|file| {
                let found = sources.iter().find(|source| source.name == *file);
                found
                    .unwrap_or_else(|| panic!("there is no {file}"))
                    .code
                    .as_str()
            })
            .collect();
        for rule in rules {
            let declared = ["fn", "const"].map(|word| format!("{word} {rule}"));
            let is_there = |code: &&str| {
                let mut all = declared.iter();
                all.any(|text| {
                    ["(", "<", ":"]
                        .iter()
                        .any(|end| code.contains(&format!("{text}{end}")))
                })
            };
            assert!(code.iter().any(is_there), "{rule} is not in {files:?}");
        }
    }
}

#[test]
fn outside_crates_are_used_only_where_the_page_says() {
    let sources = sources();
    let missing = missing_rooms(&sources);

    for (name, rooms) in rules("### Outside crates") {
        let found: BTreeSet<String> = sources
            .iter()
            .filter(|source| source.uses_crate(&name))
            .map(|source| source.room().to_owned())
            .collect();
        if rooms.contains(ANYWHERE) {
            assert!(!found.is_empty(), "{name} is used nowhere");
            continue;
        }
        let rooms: BTreeSet<String> = rooms.difference(&missing).cloned().collect();
        assert_eq!(
            found, rooms,
            "{name} is used in the first and allowed in the second"
        );
    }
}

#[test]
fn every_dependency_has_a_row() {
    let manifest = read("Cargo.toml");
    let section = manifest.split("[dependencies]\n").nth(1).unwrap();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let dependencies: BTreeSet<String> = lines
        .filter_map(|line| line.split_once(" ="))
        .map(|(name, _)| name.to_owned())
        .collect();
    let missing = missing_rooms(&sources());
    // A crate of rooms that are not there yet may be missing with them.
    let is_due = |rooms: &BTreeSet<String>| !rooms.is_subset(&missing);

    let rows = rules("### Outside crates");

    let named: BTreeSet<String> = rows.iter().map(|(name, _)| name.clone()).collect();
    let due: BTreeSet<String> = rows
        .iter()
        .filter(|(_, rooms)| is_due(rooms))
        .map(|(name, _)| name.clone())
        .collect();
    assert!(dependencies.len() > 10, "{dependencies:?}");
    assert!(
        dependencies.is_subset(&named),
        "without a row: {:?}",
        dependencies.difference(&named)
    );
    assert!(
        due.is_subset(&dependencies),
        "no dependency: {:?}",
        due.difference(&dependencies)
    );
}

#[test]
fn the_outside_world_is_reached_only_where_the_page_says() {
    let sources = sources();
    let there: BTreeSet<&str> = sources.iter().map(|source| source.name.as_str()).collect();

    for (written, files) in rules("### The outside world") {
        let found: BTreeSet<String> = sources
            .iter()
            .filter(|source| source.code.contains(&written))
            .map(|source| source.name.clone())
            .collect();
        let forbidden: Vec<_> = found.difference(&files).collect();
        let unused: Vec<_> = files
            .difference(&found)
            .filter(|file| *file != NOWHERE && *file != "main.rs" && there.contains(file.as_str()))
            .collect();
        assert!(
            forbidden.is_empty(),
            "{written} is written in {forbidden:?}"
        );
        assert!(
            unused.is_empty(),
            "{written} is allowed and not written in {unused:?}"
        );
    }
}

/// What a tree of the predecessor holds was decided in storage, by the name of the source.
#[test]
fn what_stores_rows_names_no_source() {
    for room in ROOMS_WITHOUT_SOURCES {
        for (name, text) in rust_files(&format!("src/{room}")) {
            let found = lines_with_a_source(&text);
            assert!(found.is_empty(), "{room}/{name} names a source: {found:?}");
        }
    }
}

/// A store had its methods in seven files, a staged run in eleven: nobody could say what it is without reading them all.
#[test]
fn a_type_has_its_methods_in_two_files_at_most() {
    let sources = sources();
    let mut files: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();

    for source in &sources {
        for of in source.types_with_impls() {
            let of_type = files.entry((source.room(), of)).or_default();
            of_type.insert(&source.name);
        }
    }

    assert!(files.len() > 100, "{} types have methods", files.len());
    files.retain(|_, files| files.len() > FILES_OF_A_TYPE);
    assert!(files.is_empty(), "types in many files: {files:#?}");
}

#[test]
fn no_file_is_longer_than_600_lines() {
    for folder in ["src", "tests/it"] {
        for (name, text) in rust_files(folder) {
            let lines = text.lines().count();
            assert!(lines <= LONGEST_FILE, "{folder}/{name} has {lines} lines");
        }
    }
}

#[test]
fn every_test_file_is_compiled() {
    let files = rust_files("tests/it");

    for name in files.keys().filter(|name| *name != "main.rs") {
        let module = name
            .strip_suffix("/mod.rs")
            .or(name.strip_suffix(".rs"))
            .unwrap();
        let (parents, own) = match module.rsplit_once('/') {
            Some((parent, own)) => (
                vec![format!("{parent}.rs"), format!("{parent}/mod.rs")],
                own,
            ),
            None => (vec!["main.rs".to_owned()], module),
        };
        let declares = |text: &String| {
            text.lines().any(|line| {
                let line = line.trim().strip_prefix("pub ").unwrap_or(line.trim());
                let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
                line == format!("mod {own};")
            })
        };
        let is_declared = parents
            .iter()
            .filter_map(|parent| files.get(parent))
            .any(declares);
        assert!(
            is_declared,
            "tests/it/{name} is compiled nowhere: no `mod {own};` in {parents:?}"
        );
    }
}

#[test]
fn a_table_is_read_cell_by_cell() {
    let page =
        "## One\ntext\n| a | b |\n| --- | --- |\n| `x` | `y`, `z` |\n| `v` | |\n\n| other |\n";

    let rows = table(page, "## One");

    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[0],
        [vec!["x".to_owned()], vec!["y".to_owned(), "z".to_owned()]]
    );
    assert!(rows[1][1].is_empty());
}
