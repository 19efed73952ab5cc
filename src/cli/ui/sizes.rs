//! How much is kept, as a table and as documents.

use serde_json::{Value, json};

use super::Printer;
use super::words::size;
use crate::inventory::Size;

/// Prints a table of what each venue keeps of each dataset.
pub(in crate::cli) fn print(sizes: &[Size], printer: &Printer) {
    let row = |one: &Size| {
        [
            one.venue.to_string(),
            one.dataset.to_string(),
            one.series.to_string(),
            one.unrecorded.to_string(),
            one.rows.to_string(),
            one.files.to_string(),
            one.inodes.to_string(),
            size(one.bytes),
        ]
    };
    let rows: Vec<[String; 8]> = sizes.iter().map(row).collect();
    let header = [
        "venue",
        "dataset",
        "series",
        "unrecorded",
        "rows",
        "files",
        "inodes",
        "size",
    ];
    printer.table(&header, &rows, &[2, 3, 4, 5, 6, 7]);
}

/// Returns what a venue keeps of a dataset.
pub(in crate::cli) fn document(one: &Size) -> Value {
    json!({
        "venue": one.venue.to_string(),
        "dataset": one.dataset.as_str(),
        "series": one.series,
        "unrecorded": one.unrecorded,
        "rows": one.rows,
        "files": one.files,
        "inodes": one.inodes,
        "bytes": one.bytes,
    })
}
