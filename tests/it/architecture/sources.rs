//! What is found in the text of a source file: imports, crates, calls, impls and names of sources.

use std::collections::BTreeSet;

/// Sources, those that are there and those that come.
const SOURCES: [&str; 6] = ["yahoo", "stooq", "xetra", "tradegate", "frankfurt", "demo"];

/// A source file, without comments and tests.
#[derive(Debug)]
pub(super) struct Source {
    /// Below `src`, as in `storage/commit.rs`.
    pub(super) name: String,
    pub(super) code: String,
}

impl Source {
    pub(super) fn new(name: &str, text: &str) -> Self {
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let code: Vec<&str> = shipped(text).lines().filter(is_code).collect();
        Self {
            name: name.to_owned(),
            code: code.join("\n"),
        }
    }

    /// The folder or file right below `src`.
    pub(super) fn room(&self) -> &str {
        let first = self.name.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    pub(super) fn is_room(&self) -> bool {
        !matches!(self.room(), "lib" | "main")
    }

    /// The words that follow `prefix`, as the rooms do `crate::`.
    pub(super) fn words_after(&self, prefix: &str) -> BTreeSet<&str> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        self.code
            .match_indices(prefix)
            .map(|(at, _)| {
                let rest = &self.code[at + prefix.len()..];
                rest.split(|c| !is_word(c)).next().unwrap_or_default()
            })
            .collect()
    }

    /// The types that have inherent impls here.
    pub(super) fn types_with_impls(&self) -> BTreeSet<&str> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let headers = self.code.lines().filter_map(|line| {
            let rest = line.trim_start().strip_prefix("impl")?;
            rest.starts_with([' ', '<']).then_some(rest)
        });
        let types = headers.filter(|header| !header.contains(" for "));
        types
            .filter_map(|header| {
                let named = after_generics(header).trim_start();
                let name = named.split(|c| !is_word(c)).next().unwrap_or_default();
                (!name.is_empty()).then_some(name)
            })
            .collect()
    }

    pub(super) fn uses_crate(&self, name: &str) -> bool {
        let path = format!("{}::", name.replace('-', "_"));
        self.code.match_indices(&path).any(|(at, _)| {
            let before = self.code[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
        })
    }
}

/// What follows the parameters of an impl: `Run<'_>` of `<'l> Run<'_>`.
pub(super) fn after_generics(header: &str) -> &str {
    if !header.starts_with('<') {
        return header;
    }
    let mut depth = 0;
    let end = header.find(|c| {
        depth += i32::from(c == '<') - i32::from(c == '>');
        depth == 0
    });
    end.map_or("", |end| &header[end + 1..])
}

/// The part of a file that is not its tests. A module of doubles that is declared at the top ends nothing.
pub(super) fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default()
}

/// The lines of a file that name a source. In comments, what stands in back quotes is an example.
pub(super) fn lines_with_a_source(text: &str) -> Vec<&str> {
    let names = |text: &str| {
        let text = text.to_lowercase();
        SOURCES.iter().any(|source| text.contains(source))
    };
    let is_named = |line: &&str| match line.trim_start().strip_prefix("//") {
        Some(comment) => names(&comment.split('`').step_by(2).collect::<String>()),
        None => names(line),
    };
    shipped(text).lines().filter(is_named).collect()
}

#[test]
fn an_import_a_crate_and_a_call_are_found_where_they_are_and_not_in_comments_or_tests() {
    let text = "//! [`crate::lock`]\nuse crate::frame::Frame;\nfn a() { crate::codec::b(); toml::c(); x::csv::d() }\n\
                // parquet::e\n#[cfg(test)]\nmod tests { use crate::update::Run; }\n";
    let source = Source::new("storage/made_up.rs", text);

    assert_eq!(source.room(), "storage");
    assert_eq!(
        source.words_after("crate::"),
        BTreeSet::from(["frame", "codec"])
    );
    assert!(source.uses_crate("toml"));
    assert!(!source.uses_crate("csv") && !source.uses_crate("parquet"));
}

#[test]
fn inherent_impls_are_found_and_those_of_traits_and_in_macros_are_not() {
    let text = "impl Plain {}\nimpl<'l> Run<'l, Open> {}\nimpl<T: Into<U>> Generic<T> {}\n    impl Inner {}\n\
                impl Clone for Cloned {}\nimpl<T> From<T> for Made {}\nimpl $macro {}\nfn f() -> impl Fn() {}\n\
                // impl Comment {}\n#[cfg(test)]\nmod tests { impl Double {} }\n";

    let found = Source::new("storage/made_up.rs", text);

    assert_eq!(
        found.types_with_impls(),
        BTreeSet::from(["Generic", "Inner", "Plain", "Run"])
    );
}

#[test]
fn a_source_is_found_by_its_name_and_not_in_examples_or_tests() {
    let text = "/// As Yahoo has it.\n//! `us/yahoo/a`\nlet is_yahoo = 1;\nif of == \"demo\" {}\n#[cfg(test)]\nmod made;\n\
                struct DemoSpec; // `x`\n#[cfg(test)]\nmod tests { \"xetra\" }\n";

    let found = lines_with_a_source(text);

    let expected = [
        "/// As Yahoo has it.",
        "let is_yahoo = 1;",
        "if of == \"demo\" {}",
        "struct DemoSpec; // `x`",
    ];
    assert_eq!(found, expected);
}
