//! How much is kept, as a table and as documents.

use serde_json::{Value, json};

use super::Printer;
use super::words::size;
use crate::inventory::Size;
use crate::vault::ShelfSize;

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

/// Prints a table of what the vault keeps of each feed.
pub(in crate::cli) fn print_vault(shelves: &[ShelfSize], printer: &Printer) {
    let day = |day: Option<chrono::NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
    let row = |one: &ShelfSize| {
        [
            one.shelf.to_string(),
            one.days.to_string(),
            day(one.span.map(|(first, _)| first)),
            day(one.span.map(|(_, last)| last)),
            size(one.bytes),
        ]
    };
    let rows: Vec<[String; 5]> = shelves.iter().map(row).collect();
    printer.table(&["vault", "days", "first", "last", "size"], &rows, &[1, 4]);
}

/// Returns what the vault keeps of a feed.
pub(in crate::cli) fn shelf_document(one: &ShelfSize) -> Value {
    json!({
        "feed": one.shelf.as_str(),
        "days": one.days,
        "first": one.span.map(|(first, _)| first.to_string()),
        "last": one.span.map(|(_, last)| last.to_string()),
        "bytes": one.bytes,
    })
}
