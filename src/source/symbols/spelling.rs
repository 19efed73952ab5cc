//! From the spellings of the exchanges to that of Yahoo.
//!
//! Each column of a directory has its own marks for what a security is; `/` and a blank stand for a point everywhere.
//!
//! | security | `ACT Symbol`, `Symbol` | `CQS Symbol` | `NASDAQ Symbol` | at Yahoo |
//! | --- | --- | --- | --- | --- |
//! | share | `A` | `A` | `A` | `A` |
//! | class | `BRK.B`, `BRK-B` | `BRK.B` | `BRK.B` | `BRK-B` |
//! | preferred | `ETI$` | `ETIp` | `ETI-` | `ETI-P` |
//! | preferred of a series | `BAC$L`, `BAC^L` | `BACpL` | `BAC-L` | `BAC-PL` |
//! | warrant | `EQV.W` | `EQV.WS` | `EQV+` | `EQV-WT` |
//! | warrant of a series | `NE.A` | `NE.WS.A` | `NE+A` | `NE-WTA` |
//! | unit | `AACT.U` | `AACT.U` | `AACT=` | `AACT-UN` |
//! | right | `CELG.R` | `CELGr` | `CELG^` | `CELG-RI` |
//!
//! What has another mark (when issued or distributed, called, convertible, in part paid) has no spelling that is known.
//! Source of the marks: the symbol conventions of Nasdaq Trader and of the consolidated tape.

use super::{Kind, Reason};

/// A column of symbols: a mark means one thing in one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Act,
    Cqs,
    Nasdaq,
}

/// How a list names one security.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Names<'a> {
    /// In the column `ACT Symbol` or `Symbol`.
    pub(super) act: &'a str,
    /// On the consolidated tape; empty where the list does not say.
    pub(super) cqs: &'a str,
    /// At Nasdaq; empty where the list does not say.
    pub(super) nasdaq: &'a str,
    /// In words.
    pub(super) security: &'a str,
}

/// What a mark says of a security; the letter is that of a class or a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Share(Option<char>),
    Preferred(Option<char>),
    Warrant(Option<char>),
    Unit,
    Right,
}

impl Meaning {
    fn kind(self) -> Kind {
        match self {
            Self::Share(_) => Kind::Share,
            Self::Preferred(_) => Kind::Preferred,
            Self::Warrant(_) => Kind::Warrant,
            Self::Unit => Kind::Unit,
            Self::Right => Kind::Right,
        }
    }

    fn yahoo(self, stem: &str) -> String {
        let (suffix, letter) = match self {
            Self::Share(None) => return stem.to_owned(),
            Self::Share(letter) => ("", letter),
            Self::Preferred(letter) => ("P", letter),
            Self::Warrant(letter) => ("WT", letter),
            Self::Unit => ("UN", None),
            Self::Right => ("RI", None),
        };
        let letter = letter.map(String::from).unwrap_or_default();
        format!("{stem}-{suffix}{letter}")
    }
}

/// Returns the symbol as Yahoo spells it, and the kind that its mark tells.
///
/// # Errors
/// When Yahoo's spelling is not known, or the columns name different securities.
pub(super) fn yahoo(names: Names<'_>) -> Result<(String, Kind), Reason> {
    let act = read(names.act, Column::Act);
    let told = [(names.cqs, Column::Cqs), (names.nasdaq, Column::Nasdaq)];
    let mut told = told.into_iter().filter(|(name, _)| !name.is_empty());
    let (stem, meaning) = match told.next() {
        None => by_words(act.ok_or(Reason::NoSpelling)?, names.security)?,
        Some((name, column)) => {
            let first = read(name, column).ok_or(Reason::NoSpelling)?;
            for (name, column) in told {
                if read(name, column).ok_or(Reason::NoSpelling)? != first {
                    return Err(Reason::Disagreeing);
                }
            }
            let act = act.ok_or(Reason::NoSpelling)?;
            if act != first && !is_short_for(act, first) {
                return Err(Reason::Disagreeing);
            }
            first
        }
    };
    Ok((meaning.yahoo(stem), meaning.kind()))
}

/// The column `ACT Symbol` has one letter for a series of warrants, as for a class.
fn is_short_for(act: (&str, Meaning), told: (&str, Meaning)) -> bool {
    match (act, told) {
        ((act, Meaning::Share(Some(short))), (told, Meaning::Warrant(Some(letter)))) => {
            act == told && short == letter
        }
        _ => false,
    }
}

/// Where no other column tells, words decide what one letter stands for: a class, a series of warrants, or `V` for what
/// is not issued yet.
fn by_words<'a>(
    (stem, meaning): (&'a str, Meaning),
    security: &str,
) -> Result<(&'a str, Meaning), Reason> {
    let words = security.to_lowercase();
    let Meaning::Share(Some(letter)) = meaning else {
        return Ok((stem, meaning));
    };
    let is_not_issued = words.contains("when issued") || words.contains("when-issued");
    let is_of_shares = words.contains("stock") || words.contains("share");
    if is_not_issued || (letter == 'V' && !is_of_shares) {
        return Err(Reason::NoSpelling);
    }
    if words.contains("warrant") {
        return Ok((stem, Meaning::Warrant(Some(letter))));
    }
    Ok((stem, meaning))
}

/// Returns the stem of a symbol and what its mark means; `None` when the mark is not known in this column.
fn read(symbol: &str, column: Column) -> Option<(&str, Meaning)> {
    let is_of_stem = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let end = symbol.find(|c| !is_of_stem(c)).unwrap_or(symbol.len());
    let (stem, mark) = symbol.split_at_checked(end)?;
    if stem.is_empty() {
        return None;
    }
    let mark = mark.replace(['/', ' '], ".");
    // Only a letter may follow, and only one.
    let series = |prefix: &str| {
        let mut letters = mark.strip_prefix(prefix)?.chars();
        let letter = letters.next().filter(char::is_ascii_uppercase)?;
        letters.next().is_none().then_some(Some(letter))
    };
    let meaning = match (mark.as_str(), column) {
        ("", _) => Meaning::Share(None),
        ("$", Column::Act) | ("p", Column::Act | Column::Cqs) | ("-", Column::Nasdaq) => {
            Meaning::Preferred(None)
        }
        (".W" | ".WS" | "+", _) | ("-WT", Column::Act) => Meaning::Warrant(None),
        (".U" | "=", _) | ("-UN", Column::Act) => Meaning::Unit,
        (".R" | "r", _) | ("^", Column::Nasdaq) | ("-RI", Column::Act) => Meaning::Right,
        (_, Column::Nasdaq) => None
            .or_else(|| series("-").map(Meaning::Preferred))
            .or_else(|| series("+").map(Meaning::Warrant))
            .or_else(|| series(".").map(Meaning::Share))?,
        (_, Column::Cqs) => None
            .or_else(|| series("p").map(Meaning::Preferred))
            .or_else(|| series(".WS.").map(Meaning::Warrant))
            .or_else(|| series(".").map(Meaning::Share))?,
        (_, Column::Act) => None
            .or_else(|| {
                ["$", "^", "p", "-P"]
                    .iter()
                    .find_map(|mark| series(mark))
                    .map(Meaning::Preferred)
            })
            .or_else(|| {
                [".WS.", "+", "-WT"]
                    .iter()
                    .find_map(|mark| series(mark))
                    .map(Meaning::Warrant)
            })
            .or_else(|| {
                [".", "-"]
                    .iter()
                    .find_map(|mark| series(mark))
                    .map(Meaning::Share)
            })?,
    };
    Some((stem, meaning))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a symbol of the first column becomes where no other column tells.
    fn alone(symbol: &str, security: &str) -> Result<(String, Kind), Reason> {
        yahoo(Names {
            act: symbol,
            security,
            ..Names::default()
        })
    }

    #[test]
    fn every_edition_of_a_mark_becomes_that_of_yahoo() {
        for (editions, expected, kind) in [
            (&["AAPL"][..], "AAPL", Kind::Share),
            (&["BRK.B", "BRK/B", "BRK B", "BRK-B"], "BRK-B", Kind::Share),
            (&["ETI$", "ETIp"], "ETI-P", Kind::Preferred),
            (
                &["BAC$L", "BACpL", "BAC^L", "BAC-PL"],
                "BAC-PL",
                Kind::Preferred,
            ),
            (
                &[
                    "EQV.W", "EQV/W", "EQV.WS", "EQV/WS", "EQV WS", "EQV+", "EQV-WT",
                ],
                "EQV-WT",
                Kind::Warrant,
            ),
            (
                &["NE.WS.A", "NE/WS/A", "NE+A", "NE-WTA"],
                "NE-WTA",
                Kind::Warrant,
            ),
            (
                &["AACT.U", "AACT/U", "AACT U", "AACT=", "AACT-UN"],
                "AACT-UN",
                Kind::Unit,
            ),
            (
                &["CELG.R", "CELG/R", "CELG R", "CELGr", "CELG-RI"],
                "CELG-RI",
                Kind::Right,
            ),
        ] {
            for edition in editions {
                assert_eq!(
                    alone(edition, ""),
                    Ok((expected.to_owned(), kind)),
                    "{edition}"
                );
            }
        }
    }

    #[test]
    fn the_columns_of_one_security_become_one_symbol() {
        for (act, cqs, nasdaq, expected) in [
            ("A", "A", "A", "A"),
            ("BRK.B", "BRK.B", "BRK.B", "BRK-B"),
            ("BRK/B", "BRK/B", "BRK.B", "BRK-B"),
            ("MKC.V", "MKC.V", "MKC.V", "MKC-V"),
            ("ETI$", "ETIp", "ETI-", "ETI-P"),
            ("BAC$L", "BACpL", "BAC-L", "BAC-PL"),
            ("EQV.W", "EQV.WS", "EQV+", "EQV-WT"),
            ("NE.A", "NE.WS.A", "NE+A", "NE-WTA"),
            ("AACT.U", "AACT.U", "AACT=", "AACT-UN"),
            ("CELG.R", "CELGr", "CELG^", "CELG-RI"),
            ("BAC$L", "BACpL", "", "BAC-PL"),
            ("BAC$L", "", "BAC-L", "BAC-PL"),
        ] {
            let names = Names {
                act,
                cqs,
                nasdaq,
                security: "",
            };

            assert_eq!(yahoo(names).unwrap().0, expected, "{act}");
        }
    }

    #[test]
    fn words_decide_what_one_letter_is_where_no_column_does() {
        for (symbol, security, expected) in [
            ("NE.A", "Noble plc Tranche 2 Warrants", Ok("NE-WTA")),
            ("MKC.V", "McCormick Common Stock", Ok("MKC-V")),
            (
                "GFR.V",
                "Greenfire Rights when issued",
                Err(Reason::NoSpelling),
            ),
            ("GFR.V", "Greenfire", Err(Reason::NoSpelling)),
            (
                "PBR.A",
                "Petrobras representing Preferred Shares",
                Ok("PBR-A"),
            ),
        ] {
            let spelled = alone(symbol, security).map(|(symbol, _)| symbol);

            assert_eq!(spelled.as_deref(), expected.as_ref().copied(), "{symbol}");
        }
    }

    #[test]
    fn what_is_not_sure_is_left_out_with_the_reason() {
        for (act, cqs, nasdaq, reason) in [
            ("NXG.V", "NXGrw", "NXG^#", Reason::NoSpelling),
            ("XYZ.V", "XYZw", "XYZ#", Reason::NoSpelling),
            ("ABC$A", "ABCpAw", "ABC-A#", Reason::NoSpelling),
            ("ABC.A", "ABC.CL", "ABC*", Reason::NoSpelling),
            ("ABC$A", "ABCpB", "ABC-B", Reason::Disagreeing),
            ("ABC$A", "ABCpA", "ABC-B", Reason::Disagreeing),
            ("ABC.A", "ABD.A", "ABD.A", Reason::Disagreeing),
            ("ABC.A", "ABC.WS.B", "ABC+B", Reason::Disagreeing),
            ("ABC$AB", "", "", Reason::NoSpelling),
            ("ABC^", "", "", Reason::NoSpelling),
            ("ABC-", "", "", Reason::NoSpelling),
            ("ABC.CL", "", "", Reason::NoSpelling),
            ("ABC.a", "", "", Reason::NoSpelling),
            ("ABC.", "", "", Reason::NoSpelling),
            (".A", "", "", Reason::NoSpelling),
            ("$", "", "", Reason::NoSpelling),
            ("", "", "", Reason::NoSpelling),
            ("abc", "", "", Reason::NoSpelling),
        ] {
            let names = Names {
                act,
                cqs,
                nasdaq,
                security: "",
            };

            assert_eq!(yahoo(names), Err(reason), "{act}");
        }
    }
}
