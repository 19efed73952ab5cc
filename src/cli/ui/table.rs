//! Plain tables: columns apart by blanks, no lines and no colour, so that `awk` and people read the same.

use comfy_table::{CellAlignment, ContentArrangement, Table};

/// Returns a table; the columns at `numbers` stand to the right.
pub(in crate::cli) fn render<const N: usize>(
    header: [&str; N],
    rows: &[[String; N]],
    numbers: &[usize],
) -> String {
    let is_plain = |cell: &str| cell.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if rows.iter().flatten().all(|cell| is_plain(cell)) {
        return padded(header, rows, numbers);
    }
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table.add_rows(rows);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Renders cells that are as wide as they are long: a list of 100,000 series takes a tenth of the time.
fn padded<const N: usize>(header: [&str; N], rows: &[[String; N]], numbers: &[usize]) -> String {
    let mut widths = header.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    let mut text = String::new();
    let mut add = |cells: [&str; N]| {
        let start = text.len();
        for (at, (cell, width)) in cells.into_iter().zip(widths).enumerate() {
            let blanks = width - cell.len();
            let (before, after) = if numbers.contains(&at) {
                (blanks, 2)
            } else {
                (0, blanks + 2)
            };
            text.extend(std::iter::repeat_n(' ', before));
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', after));
        }
        let end = text.trim_end_matches(' ').len().max(start);
        text.truncate(end);
        text.push('\n');
    };
    add(header);
    for row in rows {
        add(row.each_ref().map(String::as_str));
    }
    text.pop();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a cell has a letter beyond ASCII decides which way a table is rendered, and must decide nothing else.
    #[test]
    fn both_ways_of_rendering_look_the_same() {
        let rows = |word: &str| {
            let row =
                |name: &str, number: &str| [name.to_owned(), number.to_owned(), String::new()];
            [row("A", "1"), row(word, "12345"), row("", "")]
        };
        let header = ["name", "number", "remark"];

        let plain = render(header, &rows("Zuerich"), &[1]);
        let wide = render(header, &rows("Z\u{fc}e\u{f1}ich"), &[1]);

        assert_eq!(plain.replace("Zuerich", "Z\u{fc}e\u{f1}ich"), wide);
        assert_eq!(
            plain,
            "name     number  remark\nA             1\nZuerich   12345\n"
        );
    }
}
