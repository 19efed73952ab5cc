//! The page of a workspace: one file of HTML that asks nobody for anything.
//!
//! Promises: what it is made of comes as data and never as code: no name, path or reason can end the place where it stands. Leaves to
//! others: what is in the data (`cli`), of which `report/page.js` says the form.

const HTML: &str = include_str!("report/page.html");
const STYLE: &str = include_str!("report/page.css");
const CODE: &str = include_str!("report/page.js");

/// Returns the page that shows a JSON document.
pub fn page(document: &str) -> String {
    // In this order: what is put in last is not looked at again.
    let page = HTML.replace("/* style */", STYLE);
    let page = page.replace("/* code */", CODE);
    let (before, after) = page.split_once("{{data}}").unwrap_or((&page, ""));
    [before, &harmless(document), after].concat()
}

/// Returns a JSON document that is the same, and in which nothing means anything to a reader of HTML.
fn harmless(document: &str) -> String {
    let mut text = String::with_capacity(document.len());
    for letter in document.chars() {
        match letter {
            // They stand in texts only, where every letter may be spelled by its number.
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_place_where_it_stands_and_each_arrives_as_it_is() {
        let names = [
            "</script><script>alert(1)</script>",
            "<!--",
            "]]>",
            "&lt;",
            "a\u{2028}b",
            "{{data}}",
            "/* code */",
        ];
        let document = serde_json::to_string(&names).unwrap();

        let page = page(&document);

        assert!(!page.contains("alert(1)</script>"));
        assert_eq!(page.matches("</script>").count(), 2);
        let (_, data) = page.split_once("id=\"data\">").unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        let read: Vec<String> = serde_json::from_str(data).unwrap();
        assert_eq!(read, names);
    }

    #[test]
    fn the_page_may_ask_nobody() {
        let page = page("{}");

        assert!(page.contains("default-src 'none'"));
        for request in [
            "http:",
            "https:",
            "src=",
            "@import",
            "url(",
            "fetch(",
            "XMLHttpRequest",
        ] {
            assert!(!page.contains(request), "{request}");
        }
    }
}
