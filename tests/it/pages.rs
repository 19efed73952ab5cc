//! Holds the pages and the examples to what is there: links, tests, commands, settings of service managers.

#![expect(
    clippy::disallowed_methods,
    reason = "reads pages and examples as they lie in the repository"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn files_below(folder: &str, suffix: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(suffix) {
                files.push(path);
            }
        }
    }
    files
}

fn pages() -> Vec<PathBuf> {
    let mut pages = files_below("docs", ".md");
    pages.extend([root().join("README.md"), root().join("ARCHITECTURE.md")]);
    pages
}

/// The targets of links to files, without their anchors.
fn links(page: &str) -> Vec<&str> {
    let targets = page
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://"))
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty())
        .collect()
}

/// The words of each command line that begins with `barkeep`, behind the options of the program itself.
fn commands(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(command).collect()
}

fn command(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("barkeep ")?;
    let mut words = rest.split_whitespace();
    let mut word = words.next()?;
    while word == "-C" || word == "--workspace" || word.starts_with('-') {
        if !matches!(word, "--quiet" | "-q" | "--verbose" | "-v") {
            words.next()?;
        }
        word = words.next()?;
    }
    let is_name = word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    is_name.then_some(word)
}

/// The command of a line of an example that is no comment; a pod has its arguments in a list.
fn example_command(line: &str) -> Option<&str> {
    if line.trim_start().starts_with('#') {
        return None;
    }
    let listed = line
        .split_once("args: [\"")
        .and_then(|(_, rest)| rest.split('"').next());
    listed.or_else(|| command(line))
}

/// The commands of the page that is made of their help.
fn known_commands() -> BTreeSet<String> {
    let page = read("docs/cli.md");
    let headings = page
        .lines()
        .filter_map(|line| line.strip_prefix("## barkeep "));
    let known: BTreeSet<String> = headings
        .filter_map(|words| words.split(' ').next())
        .map(str::to_owned)
        .collect();
    assert!(known.len() > 5, "{known:?}");
    known
}

/// The lines of fenced blocks.
fn fenced(page: &str) -> String {
    let blocks = page.split("```").skip(1).step_by(2);
    blocks.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            let target = page.parent().unwrap().join(link);
            assert!(target.exists(), "{} links to {link}", page.display());
        }
    }
}

#[test]
fn every_test_that_the_predecessor_page_names_exists() {
    let page = read("docs/predecessor.md");
    let mut code = String::new();
    for file in files_below("src", ".rs")
        .iter()
        .chain(&files_below("tests/it", ".rs"))
    {
        code.push_str(&fs::read_to_string(file).unwrap());
    }
    // Names of tests are sentences; names of keys and files are not.
    let is_test = |word: &&str| {
        word.matches('_').count() >= 3
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let named: BTreeSet<&str> = page.split('`').skip(1).step_by(2).filter(is_test).collect();

    assert!(named.len() > 20, "{named:?}");
    for test in named {
        assert!(
            code.contains(&format!("fn {test}(")),
            "there is no test {test}"
        );
    }
}

#[test]
fn examples_name_only_commands_that_there_are() {
    let known = known_commands();

    let mut found = 0;
    for file in files_below("config", "") {
        let text = fs::read_to_string(&file).unwrap();
        for command in text.lines().filter_map(example_command) {
            found += 1;
            assert!(
                known.contains(command),
                "{} names {command}",
                file.display()
            );
        }
    }
    for page in ["README.md", "docs/operations.md"] {
        for command in commands(&fenced(&read(page))) {
            found += 1;
            assert!(known.contains(command), "{page} names {command}");
        }
    }
    assert!(found >= 8, "only {found} commands were found");
}

#[test]
fn every_way_of_running_it_leaves_time_to_stop() {
    let cases: [(&str, &[&str]); 4] = [
        (
            "config/barkeep.service",
            &[
                "KillMode=mixed",
                "TimeoutStopSec=",
                "KillSignal=SIGTERM",
                "Type=oneshot",
            ],
        ),
        ("config/barkeep.timer", &["OnCalendar=", "Persistent=true"]),
        (
            "config/Dockerfile",
            &["STOPSIGNAL SIGTERM", "ENTRYPOINT [\"barkeep\"]", "USER "],
        ),
        (
            "config/cronjob.yaml",
            &[
                "concurrencyPolicy: Forbid",
                "terminationGracePeriodSeconds:",
                "restartPolicy: Never",
            ],
        ),
    ];

    for (file, lines) in cases {
        let text = read(file);
        for line in lines {
            assert!(text.contains(line), "{file} lacks {line}");
        }
    }
}

#[test]
fn every_alert_has_a_row_that_says_what_to_do_and_an_example() {
    let (alerts, page) = (read("config/alerts.yml"), read("docs/operations.md"));
    let examples = read("tests/prometheus/alerts.yml");

    let named: Vec<&str> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();

    let rows = page.lines().filter_map(|line| line.strip_prefix("| `Bar"));
    let rows: Vec<String> = rows
        .filter_map(|row| row.split('`').next())
        .map(|rest| format!("Bar{rest}"))
        .collect();
    assert_eq!(named, rows);
    for alert in named {
        let fires = format!("alertname: {alert}\n");
        let is_silent = format!("{{alertname: {alert},");
        assert!(examples.contains(&fires), "{alert} never fires");
        assert!(examples.contains(&is_silent), "{alert} is never silent");
    }
}

#[test]
fn a_command_is_found_behind_the_options_of_the_program() {
    let text = "*/5 * * * * user /usr/local/bin/barkeep -C /srv/bars --quiet update --wait 60\n\
                ExecStart=/usr/local/bin/barkeep update\nbarkeep --help\n";

    assert_eq!(commands(text), BTreeSet::from(["update"]));
}

#[test]
fn a_link_is_found_without_its_anchor_and_an_address_is_none() {
    let page = "[a](x.md#b) [c](https://x.example/) [d](#here) [e](../y.md)";

    assert_eq!(links(page), ["x.md", "../y.md"]);
}
