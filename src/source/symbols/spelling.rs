//! From the spelling of the directories to that of Yahoo.
//!
//! | in the directory | meaning | at Yahoo |
//! | --- | --- | --- |
//! | `ABR$D`, `ETI$` | preferred, with and without a series | `ABR-PD`, `ETI-P` |
//! | `UHAL.B` | class | `UHAL-B` |
//! | `EQV.W` | warrants | `EQV-WT` |
//! | `AACT.U` | units | `AACT-UN` |
//! | `JENA.R` | rights | `JENA-RI` |
//!
//! Everything else with a mark in it is not spelled at all.

/// Returns the symbol as Yahoo spells it. `cqs` is what the consolidated tape calls it, where the list says so: a
/// letter after a point is a class only if the tape has the same.
pub(super) fn yahoo(symbol: &str, cqs: Option<&str>) -> Option<String> {
    let Some(at) = symbol.find(['$', '.']) else {
        return is_stem(symbol).then(|| symbol.to_owned());
    };
    let (stem, marked) = symbol.split_at(at);
    let suffix = match marked {
        "$" => "P".to_owned(),
        ".W" | ".WS" => "WT".to_owned(),
        ".U" => "UN".to_owned(),
        ".R" => "RI".to_owned(),
        _ => {
            let mut chars = marked.chars();
            let mark = chars.next()?;
            let letter = chars.next().filter(char::is_ascii_uppercase)?;
            match (mark, chars.next()) {
                ('$', None) => format!("P{letter}"),
                ('.', None) if cqs.is_none_or(|cqs| cqs == symbol) => letter.to_string(),
                _ => return None,
            }
        }
    };
    is_stem(stem).then(|| format!("{stem}-{suffix}"))
}

fn is_stem(stem: &str) -> bool {
    let is_known = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    !stem.is_empty() && stem.chars().all(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_those_of_yahoo() {
        for (symbol, cqs, expected) in [
            ("AAPL", None, Some("AAPL")),
            ("ABR$D", Some("ABRpD"), Some("ABR-PD")),
            ("ETI$", Some("ETIp"), Some("ETI-P")),
            ("UHAL.B", Some("UHAL.B"), Some("UHAL-B")),
            ("BRK.B", None, Some("BRK-B")),
            ("EQV.W", Some("EQV.WS"), Some("EQV-WT")),
            ("AACT.U", Some("AACT.U"), Some("AACT-UN")),
            ("CELG.R", Some("CELGr"), Some("CELG-RI")),
        ] {
            assert_eq!(yahoo(symbol, cqs).as_deref(), expected, "{symbol}");
        }
    }

    #[test]
    fn what_is_not_sure_is_not_spelled() {
        for (symbol, cqs) in [
            ("NXG.V", Some("NXGrw")),
            ("ABC.WS.A", None),
            ("ABC$AB", None),
            ("ABC.a", None),
            ("ABC.", None),
            (".A", None),
            ("$", None),
            ("", None),
            ("abc", None),
            ("A B", None),
        ] {
            assert_eq!(yahoo(symbol, cqs), None, "{symbol}");
        }
    }
}
