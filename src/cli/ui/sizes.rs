//! How much is kept, as a table and as documents.

use serde_json::{Value, json};

use super::Printer;
use super::table::Columns;
use crate::inventory::Size;
use crate::model::words::size;
use crate::vault::ShelfSize;

/// Prints a table of what each venue keeps of each dataset.
pub(in crate::cli) fn print(sizes: &[Size], printer: &Printer) {
    Columns::of(sizes)
        .text("venue", |one| &one.venue)
        .text("dataset", |one| one.dataset)
        .number("series", |one| one.series)
        .number("unrecorded", |one| one.unrecorded)
        .number("rows", |one| one.rows)
        .number("files", |one| one.files)
        .number("inodes", |one| one.inodes)
        .number("size", |one| size(one.bytes))
        .print(printer);
}

/// Prints a table of what the vault keeps of each feed.
pub(in crate::cli) fn print_vault(shelves: &[ShelfSize], printer: &Printer) {
    let day = |day: Option<chrono::NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
    Columns::of(shelves)
        .text("vault", |one| &one.shelf)
        .number("days", |one| one.days)
        .text("first", |one| day(one.span.map(|(first, _)| first)))
        .text("last", |one| day(one.span.map(|(_, last)| last)))
        .number("size", |one| size(one.bytes))
        .print(printer);
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
