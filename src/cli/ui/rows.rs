//! Stored rows as a table and as JSON, and in the forms of `export`.
//!
//! Promises: what is for machines carries every bit, as `export` writes values. A table is for people: the prices of a series have
//! one number of decimals.

use std::io::Write as _;

use super::Printer;
use crate::cli::failure::Failure;
use crate::export::{Form, Table, readable_rows};
use crate::frame::KindOf;
use crate::query::Extract;

/// After how many rows it is looked whether somebody still reads.
const PORTION: usize = 1 << 14;

/// Prints the rows for people.
pub(in crate::cli) fn table(extract: &Extract, printer: &Printer) {
    let heads = extract.sheet.heads().iter();
    let header: Vec<&str> = heads.clone().map(|head| &*head.name).collect();
    let numbers = heads
        .enumerate()
        .filter(|(_, head)| matches!(head.kind, KindOf::Float | KindOf::Int));
    let numbers: Vec<usize> = numbers.map(|(at, _)| at).collect();
    printer.table(&header, &readable_rows(&extract.sheet), &numbers);
}

/// Prints the columns of series of one profile as one run of rows.
pub(in crate::cli) fn run(
    form: Form,
    extracts: Vec<Extract>,
    printer: &Printer,
) -> Result<(), Failure> {
    let mut out = printer.rows();
    let Some(first) = extracts.first() else {
        return Ok(());
    };
    let heads = first.sheet.heads().clone();
    let mut table = Table::of(form, &mut out, &[]);
    for Extract { sheet, .. } in extracts {
        for start in (0..sheet.len()).step_by(PORTION) {
            if printer.is_closed() {
                return Ok(());
            }
            let end = (start + PORTION).min(sheet.len());
            table.write(sheet.part(start..end))?;
        }
    }
    table.finish(&heads)?;
    // The printer remembers what went wrong; what it is handed here never fails.
    let _flushed = out.flush();
    Ok(())
}

/// What stands around the documents of series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Shape {
    /// One series was asked for: its document.
    One,
    /// Several were: an array, however many of them there are.
    Several,
}

/// Prints the documents of series.
pub(in crate::cli) fn json(extracts: &[Extract], shape: Shape, printer: &Printer) {
    let mut out = printer.rows();
    // As above.
    let _begin = match shape {
        Shape::One => Ok(()),
        Shape::Several => out.write_all(b"["),
    };
    for (at, extract) in extracts.iter().enumerate() {
        let _comma = if at == 0 {
            Ok(())
        } else {
            out.write_all(b",\n")
        };
        let _document = extract.write_json(&mut out, || printer.is_closed());
    }
    let _end = match shape {
        Shape::One => out.write_all(b"\n"),
        Shape::Several => out.write_all(b"]\n"),
    };
    let _flushed = out.flush();
}
