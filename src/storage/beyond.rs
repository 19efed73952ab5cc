//! What a file says that the rows read from it do not.
//!
//! Promises: one judgement for every writer. A file that has more is refused or kept whole, whoever is about to put other
//! bytes in its place or to remove it.

use std::path::PathBuf;

use crate::codec::Decoded;

/// A file whose rows do not stand for all that it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// The file.
    pub path: PathBuf,
    /// What of it has no place in another file, as sentences without a period.
    pub reason: String,
}

/// Says what of a file another writer made has no place in a new one; `None` when its rows are all that it says.
pub(super) fn beyond(decoded: &Decoded) -> Option<String> {
    let counted = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one} in a new file")),
        count => Some(format!("{count} {many} in a new file")),
    };
    let rows = counted(
        decoded.ordered.displaced.len(),
        "undated or duplicate row has no place",
        "undated or duplicate rows have no place",
    );
    let numbers = counted(
        decoded.inexact,
        "number is rounded or left out",
        "numbers are rounded or left out",
    );
    let names = |what: &str, names: &[String]| {
        let names = names.join(", ");
        (!names.is_empty()).then(|| format!("{what} {names} would be left out"))
    };
    let all = [
        rows,
        numbers,
        names("the columns", &decoded.unknown_columns),
        names("the indexes", &decoded.odd_indexes),
        decoded
            .is_older_form
            .then(|| "its columns are those of an older form and get other names".to_owned()),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}
