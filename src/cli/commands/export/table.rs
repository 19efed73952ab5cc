//! Bars of many series below one header.
//!
//! Promises: the columns are those of the bars that are stored, which the first series tells: bars of trades have more of them.

use std::io::Write;
use std::sync::Arc;

use super::{ExportQuestion, utc_head};
use crate::cli::failure::Failure;
use crate::export::{ExportError, Form, Head, RowWriter, Sheet};
use crate::frame::Profile;
use crate::model::{Dataset, StorageRequest};

/// Which columns of a profile are written.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    profile: &'static Profile,
    pub(super) positions: Vec<usize>,
    heads: Arc<[Head]>,
}

/// A table whose header is written with its first rows.
pub(super) struct Table<'w> {
    form: Form,
    facts: &'w [(String, String)],
    columns: Option<Columns>,
    out: Option<&'w mut (dyn Write + Send)>,
    writer: Option<RowWriter<'w>>,
}

impl<'w> Table<'w> {
    /// Returns a table without a header yet.
    pub(super) fn of(
        form: Form,
        out: &'w mut (dyn Write + Send),
        facts: &'w [(String, String)],
    ) -> Self {
        Self {
            form,
            facts,
            columns: None,
            out: Some(out),
            writer: None,
        }
    }

    /// Returns the columns of the table, into which rows of a profile are to come.
    pub(super) fn columns(
        &mut self,
        question: ExportQuestion<'_>,
        request: &StorageRequest,
        profile: &'static Profile,
    ) -> Result<&Columns, Failure> {
        let columns = match self.columns.take() {
            None => Columns::of(question, profile)?,
            Some(columns) if columns.profile == profile => columns,
            Some(_) => {
                return Err(Failure::usage(format!(
                    "{request} has other columns than the tickers before it"
                ))
                .hint("export them into a file of their own"));
            }
        };
        Ok(self.columns.insert(columns))
    }

    /// Writes rows below the header.
    pub(super) fn write(&mut self, columns: &Columns, sheet: Sheet) -> Result<(), ExportError> {
        if let Some(out) = self.out.take() {
            let writer = RowWriter::new(self.form, out, &columns.heads, self.facts)?;
            self.writer = Some(writer);
        }
        match &mut self.writer {
            Some(writer) => writer.write(sheet),
            None => Ok(()),
        }
    }

    /// Writes what waits; without any rows, the header of bars that a source gives.
    pub(super) fn finish(
        mut self,
        question: ExportQuestion<'_>,
        why: impl Fn(ExportError) -> Failure,
    ) -> Result<(), Failure> {
        let writer = match (self.writer.take(), self.out.take()) {
            (None, Some(out)) => {
                let columns = Columns::of(question, Profile::of(Dataset::Stocks))?;
                Some(RowWriter::new(self.form, out, &columns.heads, self.facts).map_err(&why)?)
            }
            (writer, _) => writer,
        };
        writer.map_or(Ok(()), RowWriter::finish).map_err(why)
    }
}

impl Columns {
    fn of(question: ExportQuestion<'_>, profile: &'static Profile) -> Result<Self, Failure> {
        let positions = match question.args.columns.as_slice() {
            [] => (0..profile.columns.len()).collect(),
            names => profile.positions(names)?,
        };
        let specs = positions.iter().filter_map(|at| profile.columns.get(*at));
        let heads = specs.map(|spec| Head::new(spec.name, spec.kind, question.times));
        let utc = question.args.utc.then(utc_head);
        Ok(Self {
            heads: heads.chain(utc).collect(),
            positions,
            profile,
        })
    }
}
