//! Rows of a series as they are told, and whether those of several series can be told as one.
//!
//! Promises: a document carries every bit of a value, as `export` writes it.

use std::io::{Result, Write};

use serde::Serialize;

use crate::export::{Form, Sheet, names_json, row_json};
use crate::inventory::interval_of;
use crate::model::{Provenance, StorageRequest, Unclear, time};

/// Rows of a series that are told.
#[derive(Debug)]
pub struct Extract {
    /// The series.
    pub request: StorageRequest,
    /// What the exchange calls the ticker.
    pub mnemonic: Option<String>,
    /// What is known of all rows.
    pub provenance: Provenance,
    /// The rows.
    pub sheet: Sheet,
    /// Which of the rows may still change: bars whose time was not over when they came.
    pub provisional: Vec<i64>,
}

/// What stands before the rows in a document.
#[derive(Serialize)]
struct Opening<'e> {
    #[serde(flatten)]
    request: &'e StorageRequest,
    mnemonic: Option<&'e str>,
    timezone: Option<&'e str>,
    price_basis: &'static str,
    provisional: Vec<String>,
}

impl Extract {
    /// Writes the rows as one JSON object, until nobody reads it any more.
    ///
    /// # Errors
    /// When the writer takes no more.
    pub fn write_json(&self, out: &mut impl Write, is_closed: impl Fn() -> bool) -> Result<()> {
        let stamp = |bar: &i64| time::naive(*bar).format("%Y-%m-%dT%H:%M:%S").to_string();
        let opening = serde_json::to_string(&Opening {
            request: &self.request,
            mnemonic: self.mnemonic.as_deref(),
            timezone: self.provenance.timezone.as_deref(),
            price_basis: self.provenance.basis.as_str(),
            provisional: self.provisional.iter().map(stamp).collect(),
        })?;
        let opening = opening.strip_suffix('}').unwrap_or(&opening);
        write!(out, "{opening},\"rows\":[")?;
        let names = names_json(self.sheet.heads());
        let mut line = Vec::new();
        for row in (0..self.sheet.len()).take_while(|_| !is_closed()) {
            line.clear();
            line.extend(if row == 0 { &b"\n"[..] } else { b",\n" });
            row_json(&mut line, &names, self.sheet.cells(row));
            out.write_all(&line)?;
        }
        out.write_all(b"\n]}")
    }
}

/// Refuses rows that cannot follow one another: one header cannot stand above the columns of two profiles, nor can one schema; and
/// rows without their series around them are bars of one length, where they are bars.
///
/// # Errors
/// `Unclear` when some cannot.
pub fn refuse_mixed(
    extracts: &[Extract],
    form: Form,
    are_bars: bool,
) -> std::result::Result<(), Unclear> {
    let [first, others @ ..] = extracts else {
        return Ok(());
    };
    let length = |extract: &Extract| interval_of(&extract.request.series);
    let is_longer = |other: &&Extract| are_bars && length(other) != length(first);
    if let (Some(other), Some(interval)) = (others.iter().find(is_longer), length(first)) {
        let (first, other) = (&first.request, &other.request);
        let message = format!("not all bars have the same length: there are {first} and {other}");
        let hint = format!("name one: --interval {interval}, or print them as --format json");
        return Err(Unclear::words(message).hint(hint));
    }
    let is_other = |other: &&Extract| form != Form::Ndjson && !first.sheet.joins(&other.sheet);
    others.iter().find(is_other).map_or(Ok(()), |other| {
        let (first, other) = (&first.request, &other.request);
        let message =
            format!("not all series have the same columns: {other} has others than {first}");
        Err(Unclear::words(message).hint("print them one by one"))
    })
}
