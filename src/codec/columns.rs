//! The columns of a profile in a file that was opened: read, or compared with rows that are in memory.
//!
//! Promises: what a sealed file tells of a column in its footer is not read again, and of no other file anything is believed.

use std::ops::Range;
use std::sync::Arc;

use parquet::column::reader::ColumnReader;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

use crate::frame::{Column, ColumnSpec, Frame, KindOf, Profile, Texts};
use crate::model::{TimeUnit, time};

use super::column_read::{Meaning, Tally};
use super::decode::Place;
use super::opened::Opened;
use super::{CodecError, column_read, types};

/// The columns of a profile in a file that was opened.
pub(super) struct Columns<'f> {
    file: &'f Opened,
    is_sealed: bool,
    profile: &'static Profile,
    places: &'f [Place],
    /// Numbers that could not be kept as they are.
    pub(super) inexact: usize,
    /// How many more bytes texts may take.
    texts_left: u64,
}

impl<'f> Columns<'f> {
    pub(super) fn of(
        file: &'f Opened,
        is_sealed: bool,
        profile: &'static Profile,
        places: &'f [Place],
    ) -> Self {
        Self {
            file,
            is_sealed,
            profile,
            places,
            inexact: 0,
            texts_left: file.left(),
        }
    }

    /// Reads all groups of rows.
    pub(super) fn all(&mut self) -> Result<Vec<Column>, CodecError> {
        let specs = self.profile.columns.iter();
        let mut columns: Vec<Column> = specs.map(|spec| Column::empty(spec.kind)).collect();
        for group in self.file.groups() {
            self.append(group, &mut columns)?;
        }
        Ok(columns)
    }

    /// Reads one group of rows behind those of before.
    pub(super) fn append(
        &mut self,
        group: &RowGroupMetaData,
        columns: &mut [Column],
    ) -> Result<(), CodecError> {
        let specs = self.profile.columns.iter();
        for ((column, spec), place) in columns.iter_mut().zip(specs).zip(self.places) {
            let read = self.source(group, spec, *place)?.read(&mut Tally {
                inexact: &mut self.inexact,
                texts_left: &mut self.texts_left,
            });
            column.append(read?)?;
        }
        Ok(())
    }

    /// Tells whether a group of rows is these rows of a frame. Of texts no copies are made.
    pub(super) fn is_same(
        &mut self,
        group: &RowGroupMetaData,
        frame: &Frame,
        rows: Range<usize>,
    ) -> Result<bool, CodecError> {
        let specs = self.profile.columns.iter();
        for ((made, spec), place) in frame.columns().iter().zip(specs).zip(self.places) {
            let is_same = match (self.source(group, spec, *place)?, made) {
                (
                    Source::Chunk(ColumnReader::ByteArrayColumnReader(reader), meaning),
                    Column::Text(texts),
                ) => column_read::has_texts(reader, meaning, texts, rows.start)?,
                (source, _) => {
                    let read = source.read(&mut Tally {
                        inexact: &mut self.inexact,
                        texts_left: &mut self.texts_left,
                    })?;
                    read.is_part(made, rows.clone())
                }
            };
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Says where the values of a column are found in a group of rows.
    fn source(
        &self,
        group: &RowGroupMetaData,
        spec: &ColumnSpec,
        place: Place,
    ) -> Result<Source, CodecError> {
        let rows = usize::try_from(group.num_rows()).map_err(CodecError::damaged)?;
        let Some((place, unit)) = place else {
            return Ok(Source::Told(Column::nulls(spec.kind, rows)));
        };
        if self.is_sealed
            && let Some(all) = constant(spec, group, place, rows)
        {
            return Ok(Source::Told(all));
        }
        let column_type = self.file.columns().get(place);
        let meaning = Meaning {
            kind: spec.kind,
            unit_nanos: unit.map_or(time::DAY, TimeUnit::nanos),
            is_optional: column_type.is_some_and(|column| column.max_def_level() > 0),
            is_unsigned: column_type.is_some_and(|column| types::is_unsigned(column)),
            rows,
        };
        Ok(Source::Chunk(self.file.column(group, place)?, meaning))
    }
}

/// Where the values of a column are found.
#[expect(
    clippy::large_enum_variant,
    reason = "it is used up where it is made, and nearly all are the large one"
)]
enum Source {
    /// The footer tells them all.
    Told(Column),
    /// In pages.
    Chunk(ColumnReader, Meaning),
}

impl Source {
    fn read(self, tally: &mut Tally<'_>) -> Result<Column, CodecError> {
        match self {
            Self::Told(all) => Ok(all),
            Self::Chunk(chunk, meaning) => column_read::read(chunk, meaning, tally),
        }
    }
}

/// Returns a column of which the file says that every row has the same text, or none. Only a sealed file is believed: its
/// digest covers what it says, and the rows that it says it of were compared when it was written.
fn constant(
    spec: &ColumnSpec,
    group: &RowGroupMetaData,
    place: usize,
    rows: usize,
) -> Option<Column> {
    let statistics = group.columns().get(place)?.statistics()?;
    let nulls = usize::try_from(statistics.null_count_opt()?).ok()?;
    if nulls == rows {
        return Some(Column::nulls(spec.kind, rows));
    }
    let (KindOf::Text, 0, Statistics::ByteArray(texts)) = (spec.kind, nulls, statistics) else {
        return None;
    };
    let is_exact = texts.min_is_exact() && texts.max_is_exact();
    let (first, last) = (texts.min_opt()?, texts.max_opt()?);
    let text = first.as_utf8().ok().filter(|_| is_exact && first == last)?;
    Some(Column::Text(Texts::same(Some(Arc::from(text)), rows)))
}
