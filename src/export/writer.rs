//! Rows in one of the forms that others read, written as they come.
//!
//! Promises: no more rows are in memory than one batch and what was handed in last. What `finish` did not end is no whole file.

use std::io::Write;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::ipc::writer::{FileWriter, StreamWriter};

use super::batch::{of_schema, schema};
use super::text::{cell_text, names_json, row_json};
use super::{ExportError, Head, Sheet, Times};
use crate::codec;

/// How many rows a row group or a record batch has.
const BATCH: usize = 1 << 17;

/// In which form rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Parquet.
    Parquet,
    /// An Arrow file, which can be read from any place.
    ArrowFile,
    /// An Arrow stream, which is read from its beginning.
    ArrowStream,
    /// Comma-separated values below a header.
    Csv,
    /// A JSON object for each row, on a line of its own.
    Ndjson,
}

type Out<'w> = &'w mut (dyn Write + Send);

enum Inner<'w> {
    Parquet(codec::StreamWriter<Out<'w>>),
    File(FileWriter<Out<'w>>),
    Stream(StreamWriter<Out<'w>>),
    Csv(Box<csv::Writer<Out<'w>>>),
    Ndjson(Out<'w>),
}

/// Rows below a header that comes with the first of them: bars of trades have more columns than others.
pub struct Table<'w> {
    form: Form,
    facts: &'w [(String, String)],
    out: Option<Out<'w>>,
    writer: Option<RowWriter<'w>>,
}

impl<'w> Table<'w> {
    /// Returns a table without a header yet.
    pub fn of(form: Form, out: Out<'w>, facts: &'w [(String, String)]) -> Self {
        Self {
            form,
            facts,
            out: Some(out),
            writer: None,
        }
    }

    fn begin(&mut self, heads: &Arc<[Head]>) -> Result<(), ExportError> {
        if let Some(out) = self.out.take() {
            self.writer = Some(RowWriter::new(self.form, out, heads, self.facts)?);
        }
        Ok(())
    }

    /// Writes rows below the header, and returns how many.
    ///
    /// # Errors
    /// When no more can be written, a value cannot be said in the form, or the columns are others than those of the header: none is
    /// left out in silence.
    pub fn write(&mut self, sheet: Sheet) -> Result<usize, ExportError> {
        self.begin(sheet.heads())?;
        let rows = sheet.len();
        let written = self.writer.as_mut().map(|writer| writer.write(sheet));
        written.transpose()?;
        Ok(rows)
    }

    /// Writes what waits; where there are no rows, these heads.
    ///
    /// # Errors
    /// When no more can be written.
    pub fn finish(mut self, heads: &Arc<[Head]>) -> Result<(), ExportError> {
        self.begin(heads)?;
        self.writer.map_or(Ok(()), RowWriter::finish)
    }
}

/// Writes rows.
struct RowWriter<'w> {
    inner: Inner<'w>,
    schema: Arc<Schema>,
    /// What waits until it is a batch.
    waiting: Sheet,
}

impl<'w> RowWriter<'w> {
    /// Begins with what comes before the first row. Facts about all rows are said where a form has a place for them.
    fn new(
        form: Form,
        out: Out<'w>,
        heads: &Arc<[Head]>,
        facts: &[(String, String)],
    ) -> Result<Self, ExportError> {
        let schema = schema(heads, facts);
        let inner = match form {
            Form::Parquet => {
                let columns = heads.iter().map(|head| codec::StreamColumn {
                    name: &head.name,
                    kind: head.kind,
                    clock: match head.times {
                        Times::Utc => codec::Clock::Utc,
                        Times::Days | Times::Moments => codec::Clock::OfExchange,
                    },
                });
                let columns: Vec<_> = columns.collect();
                Inner::Parquet(codec::StreamWriter::new(out, &columns, facts)?)
            }
            Form::ArrowFile => {
                let writer = FileWriter::try_new(out, &schema);
                Inner::File(writer.map_err(ExportError::refused)?)
            }
            Form::ArrowStream => {
                let writer = StreamWriter::try_new(out, &schema);
                Inner::Stream(writer.map_err(ExportError::refused)?)
            }
            Form::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                let names = heads.iter().map(|head| head.name.as_bytes());
                writer.write_record(names).map_err(ExportError::refused)?;
                Inner::Csv(Box::new(writer))
            }
            Form::Ndjson => Inner::Ndjson(out),
        };
        let columns = heads
            .iter()
            .map(|head| crate::frame::Column::empty(head.kind));
        Ok(Self {
            inner,
            schema,
            waiting: Sheet::new(Arc::clone(heads), columns.collect()),
        })
    }

    /// Writes the rows of a sheet, which has the columns that the writer began with. Objects of JSON name theirs themselves.
    fn write(&mut self, sheet: Sheet) -> Result<(), ExportError> {
        if !matches!(self.inner, Inner::Ndjson(_)) && !self.waiting.joins(&sheet) {
            return Err(ExportError::refused(
                "they have other columns than the header",
            ));
        }
        match &mut self.inner {
            Inner::Csv(writer) => write_csv(writer, &sheet),
            Inner::Ndjson(out) => write_ndjson(out, &sheet),
            Inner::Parquet(_) | Inner::File(_) | Inner::Stream(_) => {
                self.waiting.append(sheet).map_err(ExportError::refused)?;
                while self.waiting.len() >= BATCH {
                    let rest = self.waiting.part(BATCH..self.waiting.len());
                    let batch = self.waiting.part(0..BATCH);
                    self.waiting = rest;
                    self.write_batch(&batch)?;
                }
                Ok(())
            }
        }
    }

    fn write_batch(&mut self, sheet: &Sheet) -> Result<(), ExportError> {
        match &mut self.inner {
            Inner::Parquet(writer) => Ok(writer.write(sheet.columns())?),
            Inner::File(writer) => {
                let batch = of_schema(&self.schema, sheet)?;
                writer.write(&batch).map_err(ExportError::refused)
            }
            Inner::Stream(writer) => {
                let batch = of_schema(&self.schema, sheet)?;
                writer.write(&batch).map_err(ExportError::refused)
            }
            Inner::Csv(_) | Inner::Ndjson(_) => Ok(()),
        }
    }

    /// Writes what waits, and what comes after the last row.
    fn finish(mut self) -> Result<(), ExportError> {
        if !self.waiting.is_empty() {
            let columns = self.waiting.heads().iter();
            let columns = columns.map(|head| crate::frame::Column::empty(head.kind));
            let nothing = Sheet::new(Arc::clone(self.waiting.heads()), columns.collect());
            let last = std::mem::replace(&mut self.waiting, nothing);
            self.write_batch(&last)?;
        }
        match self.inner {
            Inner::Parquet(writer) => Ok(writer.finish()?),
            Inner::File(mut writer) => writer.finish().map_err(ExportError::refused),
            Inner::Stream(mut writer) => writer.finish().map_err(ExportError::refused),
            Inner::Csv(mut writer) => writer.flush().map_err(ExportError::refused),
            Inner::Ndjson(out) => out.flush().map_err(ExportError::refused),
        }
    }
}

impl std::fmt::Debug for Table<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

fn write_csv(writer: &mut csv::Writer<Out<'_>>, sheet: &Sheet) -> Result<(), ExportError> {
    let mut text = Vec::new();
    let nothing: [&[u8]; 0] = [];
    for row in 0..sheet.len() {
        for (head, cell) in sheet.cells(row) {
            text.clear();
            cell_text(&mut text, cell, head.times);
            writer.write_field(&text).map_err(ExportError::refused)?;
        }
        writer.write_record(nothing).map_err(ExportError::refused)?;
    }
    Ok(())
}

fn write_ndjson(out: &mut Out<'_>, sheet: &Sheet) -> Result<(), ExportError> {
    let names = names_json(sheet.heads());
    let mut lines = Vec::with_capacity(1 << 16);
    for row in 0..sheet.len() {
        row_json(&mut lines, &names, sheet.cells(row));
        lines.push(b'\n');
        if lines.len() >= 1 << 16 {
            out.write_all(&lines).map_err(ExportError::refused)?;
            lines.clear();
        }
    }
    out.write_all(&lines).map_err(ExportError::refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Column, KindOf, Values};

    #[test]
    fn rows_of_other_columns_than_the_header_are_refused_and_none_is_left_out() {
        let sheet = |name: &str, column: Column| {
            let head = Head::new(name, column.kind(), Times::Days);
            Sheet::new(Arc::new([head]), vec![column])
        };
        let whole = || Column::Int(Values::whole(vec![1]));
        let heads = sheet("volume", whole()).heads().clone();
        for form in [Form::Parquet, Form::ArrowFile, Form::ArrowStream, Form::Csv] {
            let mut out = Vec::new();
            let mut writer = RowWriter::new(form, &mut out, &heads, &[]).unwrap();
            let fractions = sheet("volume", Column::Float(Values::whole(vec![1.5])));

            assert!(writer.write(fractions).is_err(), "{form:?}");
            assert!(writer.write(sheet("trades", whole())).is_err(), "{form:?}");
            writer.write(sheet("volume", whole())).unwrap();
            writer.finish().unwrap();
        }
        assert_eq!(heads[0].kind, KindOf::Int);
    }
}
