//! `NaN` and `Infinity` as bare words, which Yahoo sends at times and JSON does not know.

/// The words, longest first where one begins like another.
const WORDS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// Returns the body with `null` in place of bare words outside of text; `None` when it has none.
pub(super) fn without_bare_words(body: &[u8]) -> Option<Vec<u8>> {
    let mut cleaned = Vec::with_capacity(body.len());
    let (mut rest, mut is_text, mut is_found) = (body, false, false);
    while let Some((&byte, after)) = rest.split_first() {
        let word = WORDS.iter().find(|word| !is_text && rest.starts_with(word));
        if let Some(word) = word {
            cleaned.extend_from_slice(b"null");
            rest = rest.get(word.len()..).unwrap_or_default();
            is_found = true;
            continue;
        }
        cleaned.push(byte);
        rest = after;
        match byte {
            b'"' => is_text = !is_text,
            b'\\' if is_text => {
                if let Some((&escaped, after)) = rest.split_first() {
                    cleaned.push(escaped);
                    rest = after;
                }
            }
            _ => {}
        }
    }
    is_found.then_some(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_words_become_null_and_text_stays() {
        let cleaned =
            without_bare_words(br#"{"a":[NaN,-Infinity,Infinity],"b":"NaN \" Infinity"}"#);

        let expected = br#"{"a":[null,null,null],"b":"NaN \" Infinity"}"#;
        assert_eq!(cleaned.as_deref(), Some(expected.as_slice()));
    }

    #[test]
    fn a_body_without_bare_words_is_not_touched() {
        assert_eq!(without_bare_words(br#"{"a":"NaN"}"#), None);
        assert_eq!(without_bare_words(b"{\"a\":\"\\"), None);
    }
}
