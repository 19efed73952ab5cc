//! Plain tables: columns apart by blanks, no lines and no colour, so that `awk` and people read the same.

use comfy_table::{CellAlignment, ContentArrangement, Table};

/// Returns a table; the columns at `numbers` stand to the right.
pub(in crate::cli) fn render<const N: usize>(
    header: [&str; N],
    rows: &[[String; N]],
    numbers: &[usize],
) -> String {
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
