//! Plain tables: columns apart by blanks, no lines and no colour, so that `awk` and people read the same.
//!
//! On a terminal that is too narrow for a table each row becomes a block of lines, so that no line is broken.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::Printer;

/// A table of some things: the columns by their names, with what each says of a thing.
pub(in crate::cli) struct Columns<'c, T> {
    things: &'c [T],
    names: Vec<&'c str>,
    /// Which of them stand to the right.
    numbers: Vec<usize>,
    rows: Vec<Vec<String>>,
}

impl<'c, T> Columns<'c, T> {
    /// Returns a table without a column.
    pub(in crate::cli) fn of(things: &'c [T]) -> Self {
        Self {
            things,
            names: Vec::new(),
            numbers: Vec::new(),
            rows: things.iter().map(|_| Vec::new()).collect(),
        }
    }

    /// Adds a column.
    pub(in crate::cli) fn text<S: ToString>(
        mut self,
        name: &'c str,
        cell: impl Fn(&'c T) -> S,
    ) -> Self {
        self.names.push(name);
        for (row, thing) in self.rows.iter_mut().zip(self.things) {
            row.push(cell(thing).to_string());
        }
        self
    }

    /// Adds a column that stands to the right.
    pub(in crate::cli) fn number<S: ToString>(
        mut self,
        name: &'c str,
        cell: impl Fn(&'c T) -> S,
    ) -> Self {
        self.numbers.push(self.names.len());
        self.text(name, cell)
    }

    /// Prints the table.
    pub(in crate::cli) fn print(&self, printer: &Printer) {
        printer.table(&self.names, &self.rows, &self.numbers);
    }
}

/// Returns a table; the columns at `numbers` stand to the right.
pub(in crate::cli) fn render(
    header: &[&str],
    rows: &[impl AsRef<[String]>],
    numbers: &[usize],
) -> String {
    let is_plain = |cell: &String| cell.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if rows.iter().flat_map(AsRef::as_ref).all(is_plain) {
        return padded(header, rows, numbers);
    }
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table.add_rows(rows.iter().map(AsRef::as_ref));
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

/// Returns the table if no line of it is longer than `width`, else a block for each row: a line for each cell that holds
/// something.
pub(in crate::cli) fn within(
    width: Option<usize>,
    header: &[&str],
    rows: &[impl AsRef<[String]>],
    numbers: &[usize],
) -> String {
    let table = render(header, rows, numbers);
    let fits = |width: usize| table.lines().all(|line| line.chars().count() <= width);
    if width.is_none_or(fits) {
        return table;
    }
    let widest = header.iter().map(|name| name.len()).max();
    let widest = widest.unwrap_or_default() + 1;
    let block = |row: &[String]| {
        let mut text = String::new();
        for (name, cell) in header.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{:<widest$} {cell}", format!("{name}:"));
        }
        text
    };
    let blocks: Vec<String> = rows.iter().map(|row| block(row.as_ref())).collect();
    blocks.join("\n").trim_end().to_owned()
}

/// Renders cells that are as wide as they are long: a list of 100,000 series takes a tenth of the time.
fn padded(header: &[&str], rows: &[impl AsRef<[String]>], numbers: &[usize]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|name| name.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row.as_ref()) {
            *width = cell.len().max(*width);
        }
    }
    let mut text = String::new();
    let mut add = |cells: &mut dyn Iterator<Item = &str>| {
        let start = text.len();
        for (at, (cell, width)) in cells.zip(&widths).enumerate() {
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
    add(&mut header.iter().copied());
    for row in rows {
        add(&mut row.as_ref().iter().map(String::as_str));
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

        let plain = render(&header, &rows("Zuerich"), &[1]);
        let wide = render(&header, &rows("Z\u{fc}e\u{f1}ich"), &[1]);

        assert_eq!(plain.replace("Zuerich", "Z\u{fc}e\u{f1}ich"), wide);
        assert_eq!(
            plain,
            "name     number  remark\nA             1\nZuerich   12345\n"
        );
    }

    #[test]
    fn a_table_that_is_too_wide_becomes_blocks() {
        let rows = [["AAPL", "1"], ["MSFT", ""]].map(|row| row.map(str::to_owned));
        let header = ["ticker", "months"];

        assert_eq!(
            within(Some(11), &header, &rows, &[1]),
            "ticker: AAPL\nmonths: 1\n\nticker: MSFT"
        );
        for width in [Some(14), Some(80), None] {
            let table = within(width, &header, &rows, &[1]);
            assert_eq!(table, render(&header, &rows, &[1]), "{width:?}");
        }
    }
}
