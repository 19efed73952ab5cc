//! The columns of a profile in a file that was opened: all rows, or those of a span of time.
//!
//! Promises: of a span only what has rows of it is unpacked. Leaves to others: which files may be read in part (`decode`), what
//! values mean (`column_read`).

use std::ops::{Range, RangeInclusive};
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
    /// Which times are wanted; `None` for all.
    span: Option<&'f RangeInclusive<i64>>,
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
            span: None,
        }
    }

    /// Restricts what is read to a span of time, if one is given.
    pub(super) fn within(self, span: Option<&'f RangeInclusive<i64>>) -> Self {
        Self { span, ..self }
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

    /// Reads the rows of one group that are wanted behind those of before.
    pub(super) fn append(
        &mut self,
        group: &RowGroupMetaData,
        columns: &mut [Column],
    ) -> Result<(), CodecError> {
        let all = 0..usize::try_from(group.num_rows()).map_err(CodecError::damaged)?;
        let time = self.profile.time;
        let (rows, mut times) = match self.span {
            Some(span) => {
                let times = self.read(group, time, all.clone())?;
                let rows = wanted(&times, span).unwrap_or(all);
                (rows.clone(), Some(times.part(rows)))
            }
            None => (all, None),
        };
        for (at, column) in columns.iter_mut().enumerate() {
            column.append(match times.take_if(|_| at == time) {
                Some(times) => times,
                None => self.read(group, at, rows.clone())?,
            })?;
        }
        Ok(())
    }

    /// Tells whether a group of rows is these rows of a frame: its pages, and what the footer says that spares others to read
    /// them. Of texts no copies are made.
    pub(super) fn is_same(
        &mut self,
        group: &RowGroupMetaData,
        frame: &Frame,
        rows: Range<usize>,
    ) -> Result<bool, CodecError> {
        for (at, made) in frame.columns().iter().enumerate() {
            let told = self.told(group, at, rows.len())?;
            if told.is_some_and(|told| !told.is_part(made, rows.clone())) {
                return Ok(false);
            }
            if !self.has_pages_of(group, at, made, rows.clone())? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn has_pages_of(
        &mut self,
        group: &RowGroupMetaData,
        at: usize,
        made: &Column,
        rows: Range<usize>,
    ) -> Result<bool, CodecError> {
        let Some((chunk, meaning)) = self.pages(group, at, 0..rows.len())? else {
            return Ok(true);
        };
        match (chunk, made) {
            (ColumnReader::ByteArrayColumnReader(reader), Column::Text(texts)) => {
                column_read::has_texts(reader, meaning, texts, rows.start)
            }
            (chunk, _) => {
                Ok(column_read::read(chunk, meaning, &mut self.tally())?.is_part(made, rows))
            }
        }
    }

    /// Reads some rows of a group, of the column at a place of the profile.
    fn read(
        &mut self,
        group: &RowGroupMetaData,
        at: usize,
        rows: Range<usize>,
    ) -> Result<Column, CodecError> {
        if let Some(told) = self.told(group, at, rows.len())? {
            return Ok(told);
        }
        match self.pages(group, at, rows.clone())? {
            Some((chunk, meaning)) => column_read::read(chunk, meaning, &mut self.tally()),
            None => Ok(Column::nulls(self.spec(at)?.kind, rows.len())),
        }
    }

    /// Returns some rows of a column that the file has not, or of which its footer tells all.
    fn told(
        &self,
        group: &RowGroupMetaData,
        at: usize,
        rows: usize,
    ) -> Result<Option<Column>, CodecError> {
        let spec = self.spec(at)?;
        Ok(match self.place(at) {
            None => Some(Column::nulls(spec.kind, rows)),
            Some((place, _)) if self.is_sealed => constant(spec, group, place, rows),
            Some(_) => None,
        })
    }

    /// Returns the pages of a column, if the file has it, and what some rows of them mean.
    fn pages(
        &self,
        group: &RowGroupMetaData,
        at: usize,
        rows: Range<usize>,
    ) -> Result<Option<(ColumnReader, Meaning)>, CodecError> {
        let Some((place, unit)) = self.place(at) else {
            return Ok(None);
        };
        let column_type = self.file.columns().get(place);
        let meaning = Meaning {
            kind: self.spec(at)?.kind,
            unit_nanos: unit.map_or(time::DAY, TimeUnit::nanos),
            is_optional: column_type.is_some_and(|column| column.max_def_level() > 0),
            is_unsigned: column_type.is_some_and(|column| types::is_unsigned(column)),
            skipped: rows.start,
            rows: rows.len(),
        };
        Ok(Some((self.file.column(group, place)?, meaning)))
    }

    fn spec(&self, at: usize) -> Result<&'static ColumnSpec, CodecError> {
        let spec = self.profile.columns.get(at);
        spec.ok_or_else(|| CodecError::damaged("a group of rows has too few columns"))
    }

    fn place(&self, at: usize) -> Place {
        self.places.get(at).copied().flatten()
    }

    fn tally(&mut self) -> Tally<'_> {
        Tally {
            inexact: &mut self.inexact,
            texts_left: &mut self.texts_left,
        }
    }
}

/// Returns the rows whose times lie in a span; `None` where they do not stand in the order of time.
fn wanted(times: &Column, span: &RangeInclusive<i64>) -> Option<Range<usize>> {
    let Column::Time(times) = times else {
        return None;
    };
    let times = times.as_whole().filter(|times| times.is_sorted())?;
    let first = times.partition_point(|time| time < span.start());
    Some(first..times.partition_point(|time| time <= span.end()).max(first))
}

/// Returns some rows of a column of which the file says that every row has the same text, or none. Only a sealed file is
/// believed: its digest covers what it says, and the rows that it says it of were compared when it was written.
fn constant(
    spec: &ColumnSpec,
    group: &RowGroupMetaData,
    place: usize,
    rows: usize,
) -> Option<Column> {
    let statistics = group.columns().get(place)?.statistics()?;
    let nulls = usize::try_from(statistics.null_count_opt()?).ok()?;
    if u64::try_from(nulls).ok() == u64::try_from(group.num_rows()).ok() {
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::column::page::PageReader as _;

    use super::*;
    use crate::codec::{Facts, MemoryLimit, decode, decode_span, encode};
    use crate::frame::Values;
    use crate::model::Dataset;

    /// Bars of so many minutes, of which every seventh has no price.
    fn minutes(rows: i64) -> Frame {
        let count = usize::try_from(rows).unwrap();
        let price = |row: i64| {
            (row % 7 > 0).then_some(100.0 + f64::from(i32::try_from(row % 997).unwrap()) / 8.0)
        };
        let mut columns = vec![
            Column::Text(Texts::same(Some("A".into()), count)),
            Column::Time(Values::whole((0..rows).map(|row| row * MINUTE).collect())),
        ];
        columns.extend((0..4).map(|_| Column::Float((0..rows).map(price).collect())));
        columns.push(Column::Int(
            (0..rows).map(|row| Some(row * row % 8_191)).collect(),
        ));
        columns.push(Column::Int(Values::nulls(count)));
        Frame::ordered(Profile::of(Dataset::Stocks), columns).frame
    }

    const MINUTE: i64 = 60_000_000_000;

    fn encoded(rows: i64) -> Bytes {
        encode(&minutes(rows), &Facts::default()).unwrap().bytes
    }

    #[test]
    fn of_a_span_the_very_rows_are_read_that_lie_in_it() {
        let profile = Profile::of(Dataset::Stocks);
        for rows in [0, 1, 5, 2_047, 2_048, 3_500] {
            let (frame, bytes) = (minutes(rows), encoded(rows));
            let end = (rows - 1) * MINUTE;
            let edges = [
                -1,
                0,
                1,
                end / 2,
                end - 1_024 * MINUTE,
                end - MINUTE,
                end,
                end + 1,
            ];
            for first in edges {
                for last in edges {
                    let span = first..=last;

                    let read = decode_span(&bytes, profile, MemoryLimit::NONE, &span).unwrap();

                    let expected = frame.at(|time| span.contains(&time));
                    assert_eq!(read.ordered.frame, expected, "{rows}: {span:?}");
                    assert_eq!(read.fingerprint(), expected.fingerprint());
                }
            }
            assert_eq!(decode(&bytes, profile).unwrap().ordered.frame, frame);
        }
    }

    #[test]
    fn the_newest_rows_have_a_page_of_their_own_and_short_files_have_one_page() {
        let pages = |rows: i64| {
            let file = Opened::of(&encoded(rows), MemoryLimit::NONE).unwrap();
            let group = &file.groups()[0];
            let mut reader = file.pages_of(group, 2).unwrap();
            let mut counts = Vec::new();
            while let Some(page) = reader.get_next_page().unwrap() {
                counts.push(page.num_values());
            }
            counts
        };

        assert_eq!(pages(2_047), [2_047]);
        assert_eq!(pages(2_048), [1_024, 1_024]);
        assert_eq!(pages(8_190), [7_166, 1_024]);
        assert_eq!(pages(21_000), [19_976, 1_024]);
    }
}
