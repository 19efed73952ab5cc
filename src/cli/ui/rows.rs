//! Stored rows as a table and as JSON, and in the forms of `export`.
//!
//! Promises: what is for machines carries every bit, as `export` writes values. A table is for people: the prices of a series have
//! one number of decimals.

use std::io::Write as _;

use serde_json::{Value, json};

use super::{Printer, json as pieces};
use crate::cli::failure::Failure;
use crate::export::{Form, RowWriter, Sheet, cell_text, decimals, names_json, readable, row_json};
use crate::frame::{Cell, KindOf};
use crate::model::{Provenance, StorageRequest, time};

/// After how many rows it is looked whether somebody still reads.
const PORTION: usize = 1 << 14;

/// The rows of a series to print.
#[derive(Debug)]
pub(in crate::cli) struct Extract {
    pub(in crate::cli) request: StorageRequest,
    /// What the exchange calls the ticker.
    pub(in crate::cli) mnemonic: Option<String>,
    pub(in crate::cli) provenance: Provenance,
    pub(in crate::cli) sheet: Sheet,
    /// Which of the rows may still change: bars whose time was not over when they came.
    pub(in crate::cli) provisional: Vec<i64>,
}

/// Prints the rows for people.
pub(in crate::cli) fn table(extract: &Extract, printer: &Printer) {
    let sheet = &extract.sheet;
    let floats = (0..sheet.len()).flat_map(|row| sheet.cells(row));
    let decimals = decimals(floats.filter_map(|(_, cell)| match cell {
        Cell::Float(value) => Some(value),
        _ => None,
    }));
    let row = |row| {
        let cells = sheet.cells(row).map(|(head, cell)| match cell {
            Cell::Float(value) => readable(value, decimals),
            other => {
                let mut text = Vec::new();
                cell_text(&mut text, other, head.times);
                String::from_utf8_lossy(&text).into_owned()
            }
        });
        cells.collect()
    };
    let rows: Vec<Vec<String>> = (0..sheet.len()).map(row).collect();
    let heads = sheet.heads().iter();
    let header: Vec<&str> = heads.clone().map(|head| &*head.name).collect();
    let numbers = heads
        .enumerate()
        .filter(|(_, head)| matches!(head.kind, KindOf::Float | KindOf::Int));
    let numbers: Vec<usize> = numbers.map(|(at, _)| at).collect();
    printer.table(&header, &rows, &numbers);
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
    let mut writer = RowWriter::new(form, &mut out, &heads, &[])?;
    for Extract { sheet, .. } in extracts {
        for start in (0..sheet.len()).step_by(PORTION) {
            if printer.is_closed() {
                return Ok(());
            }
            let end = (start + PORTION).min(sheet.len());
            writer.write(sheet.part(start..end))?;
        }
    }
    writer.finish()?;
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
        let _document = document(extract, &mut out, printer);
    }
    let _end = match shape {
        Shape::One => out.write_all(b"\n"),
        Shape::Several => out.write_all(b"]\n"),
    };
    let _flushed = out.flush();
}

fn document(
    extract: &Extract,
    out: &mut impl std::io::Write,
    printer: &Printer,
) -> std::io::Result<()> {
    let mut head = pieces::series(&extract.request);
    head.insert("mnemonic".to_owned(), json!(extract.mnemonic));
    head.insert("timezone".to_owned(), json!(extract.provenance.timezone));
    head.insert(
        "price_basis".to_owned(),
        json!(extract.provenance.basis.as_str()),
    );
    let stamp = |bar: &i64| time::naive(*bar).format("%Y-%m-%dT%H:%M:%S").to_string();
    let provisional = extract.provisional.iter().map(stamp);
    head.insert("provisional".to_owned(), provisional.collect());
    let head = Value::Object(head).to_string();
    write!(
        out,
        "{},\"rows\":[",
        head.strip_suffix('}').unwrap_or(&head)
    )?;
    let names = names_json(extract.sheet.heads());
    let mut line = Vec::new();
    for row in 0..extract.sheet.len() {
        if printer.is_closed() {
            break;
        }
        line.clear();
        line.extend(if row == 0 { &b"\n"[..] } else { b",\n" });
        row_json(&mut line, &names, extract.sheet.cells(row));
        out.write_all(&line)?;
    }
    out.write_all(b"\n]}")
}
