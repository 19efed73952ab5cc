//! Names that programs give to copies of a file: what synchronising, file managers and downloads leave beside it.

/// What stands between the name of a file and what a synchronising program adds to it.
const ADDED: [&str; 4] = [
    ".sync-conflict-",
    ".sync.Conflict",
    "_conflict-",
    "-conflict-",
];
/// How file managers begin the name of a copy.
const BEFORE: [&str; 2] = ["Copy of ", "Kopie von "];
/// How they end it, a number may follow.
const BEHIND: [&str; 4] = [" - Copy", " - Kopie", " copy", "~"];
/// What the brackets at the end of the name of a copy say, or a number alone.
const SAID: [&str; 3] = ["conflict", "copy", "kopie"];

/// Returns the stem of the file that a file with this stem is a copy of, by the form of the name; `None` for every other name.
///
/// `A.sync-conflict-20250101-101112-ABCDEFG`, `A (conflicted copy)`, `A (1)`, `Copy of A` and `A - Copy` are copies of `A`. No
/// symbol has such a form.
pub fn copied_from(stem: &str) -> Option<&str> {
    // Most names are symbols of letters and digits, and each of these forms has another sign.
    if stem.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let added = ADDED.iter().find_map(|mark| stem.split_once(mark));
    let before = BEFORE.iter().find_map(|mark| stem.strip_prefix(mark));
    let found = added
        .map(|(original, _)| original)
        .or(before)
        .or_else(|| behind(stem))
        .or_else(|| bracketed(stem));
    found.filter(|original| !original.is_empty())
}

fn behind(stem: &str) -> Option<&str> {
    let counted = stem
        .rsplit_once(' ')
        .filter(|(_, last)| is_number(last) || bracket(last).is_some_and(is_number))
        .map(|(rest, _)| rest);
    let ends = |text: &'_ str| BEHIND.iter().any(|mark| text.ends_with(mark));
    let full = [Some(stem), counted]
        .into_iter()
        .flatten()
        .find(|text| ends(text))?;
    BEHIND.iter().find_map(|mark| full.strip_suffix(mark))
}

fn bracketed(stem: &str) -> Option<&str> {
    let (original, said) = stem
        .rsplit_once(" (")
        .map(|(original, said)| (original, said.strip_suffix(')')))
        .or_else(|| {
            stem.rsplit_once(" [")
                .map(|(original, said)| (original, said.strip_suffix(']')))
        })?;
    let said = said?;
    let words = said.to_lowercase();
    (is_number(said) || SAID.iter().any(|word| words.contains(word))).then_some(original)
}

fn bracket(text: &str) -> Option<&str> {
    text.strip_prefix('(')?.strip_suffix(')')
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_names_what_it_was_made_of() {
        for name in [
            "A.sync-conflict-20250101-101112-ABCDEFG",
            "A.sync.Conflict",
            "A_conflict-20250101-101112",
            "A (conflicted copy)",
            "A (Anna's conflicted copy 2025-01-01)",
            "A (SFConflict anna 2025-01-01-10-11-12)",
            "A [conflicted]",
            "A (1)",
            "A (copy)",
            "A (3rd copy)",
            "Copy of A",
            "A - Copy",
            "A - Copy (2)",
            "A copy",
            "A copy 2",
            "A~",
        ] {
            assert_eq!(copied_from(name), Some("A"), "{name}");
        }
    }

    #[test]
    fn no_symbol_is_a_copy() {
        for name in [
            "A", "BRK.B", "ABC WS", "ABC WS 2", "^GSPC", "EURUSD=X", "A 1", "COPY", "copy", "(1)",
            "CON.DE", "ABR-PD", "A/B", "~", "BTC-USD", "A (B)", "CONFLICT",
        ] {
            assert_eq!(copied_from(name), None, "{name}");
        }
    }
}
