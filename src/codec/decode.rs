//! From the bytes of a Parquet file, barkeep's or anybody's, to proven rows.
//!
//! Promises: a sealed file is checked whole before a value of it is used; what breaks the decoder is damage and no panic.
//! Other writers' types are converted only where nothing has to be guessed. Leaves to others: what is done with damage
//! (`storage::inspect`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;

use crate::frame::{Column, ColumnSpec, Frame, KindOf, Profile, Proven, Texts};
use crate::model::{Provenance, TimeUnit, time};

use super::column_read::Meaning;
use super::seal::Seal;
use super::{CodecError, column_read, footer, index, seal, types};

/// What a file holds.
#[derive(Debug)]
pub struct Decoded {
    /// The rows, and those that have no place.
    pub proven: Proven,
    /// The unit of its timestamps.
    pub unit: TimeUnit,
    /// Zone, price basis and origin, as far as the file says.
    pub provenance: Provenance,
    /// Numbers that could not be kept as they are: fractions of whole numbers, and what lies beyond a column's range.
    pub inexact: usize,
    /// Columns that barkeep does not know and would lose by rewriting the file.
    pub unknown_columns: Vec<String>,
    /// Indexes of pandas that are left out and say more than the number of a row.
    pub odd_indexes: Vec<String>,
    /// Whether barkeep wrote the file.
    pub is_sealed: bool,
}

/// Decodes a file as rows of `profile`. A sealed file is checked whole before any value is used.
///
/// # Errors
/// `Damaged` for bytes that are not what was written, `ForeignSchema` for whole files of something else,
/// `NewerVersion` for files of a later barkeep.
pub fn decode(bytes: &Bytes, profile: &'static Profile) -> Result<Decoded, CodecError> {
    let is_sealed = seal::check(bytes)? == Seal::Whole;
    // On damaged input of other writers the decoder may panic; that is damage like any other.
    catch_unwind(AssertUnwindSafe(|| {
        decode_unguarded(bytes, profile, is_sealed)
    }))
    .unwrap_or_else(|_| Err(CodecError::damaged("decoding it breaks the Parquet reader")))
}

fn decode_unguarded(
    bytes: &Bytes,
    profile: &'static Profile,
    is_sealed: bool,
) -> Result<Decoded, CodecError> {
    let reader = SerializedFileReader::new(bytes.clone()).map_err(CodecError::damaged)?;
    let file = reader.metadata().file_metadata();
    let footer = footer::read(file.key_value_metadata())?;
    let found = file.schema_descr().columns();
    let place_of = |name: &str| {
        found
            .iter()
            .position(|column| column.path().string() == name)
    };

    let (unit, places) = locate(profile, found, &place_of)?;
    let (mut columns, inexact) = read_columns(&reader, is_sealed, profile, &places, bytes.len())?;
    if place_of("sequence").is_none() {
        index::drop_epoch_sequence(profile, &mut columns);
    }
    let is_known = |name: &str| profile.position(name).is_some() || index::COLUMNS.contains(&name);
    let unknown_columns = found
        .iter()
        .map(|column| column.path().string())
        .filter(|name| !is_known(name))
        .collect();
    let odd_indexes = index::odd(&reader, &places)?;
    let proven = Frame::prove(profile, columns);
    check_rows(&proven, footer.rows_digest.is_some(), is_sealed)?;
    Ok(Decoded {
        proven,
        unit,
        provenance: footer.provenance,
        inexact,
        unknown_columns,
        odd_indexes,
        is_sealed,
    })
}

/// Where a column of the profile stands in a file, and the unit of its timestamps.
pub(super) type Place = Option<(usize, Option<TimeUnit>)>;

/// Finds the columns of the profile in a file, and the unit of its time.
fn locate(
    profile: &'static Profile,
    found: &[ColumnDescPtr],
    place_of: &impl Fn(&str) -> Option<usize>,
) -> Result<(TimeUnit, Vec<Place>), CodecError> {
    let mut unit = TimeUnit::default();
    let mut places = Vec::with_capacity(profile.columns.len());
    for (at, spec) in profile.columns.iter().enumerate() {
        let place = place_of(spec.name).or_else(|| index::stand_in(spec, found, place_of));
        let source = match place.and_then(|place| Some((place, found.get(place)?))) {
            Some((place, column)) => Some((place, types::unit_of(spec, column, profile)?)),
            None if is_dispensable(spec) => None,
            None => {
                return Err(types::foreign(
                    profile,
                    format!("column {} is missing", spec.name),
                ));
            }
        };
        if let (true, Some((_, found_unit))) = (at == profile.time, source) {
            unit = found_unit.unwrap_or_default();
        }
        places.push(source);
    }
    Ok((unit, places))
}

fn read_columns(
    reader: &SerializedFileReader<Bytes>,
    is_sealed: bool,
    profile: &'static Profile,
    places: &[Place],
    file_bytes: usize,
) -> Result<(Vec<Column>, usize), CodecError> {
    let mut inexact = 0;
    let found = reader.metadata().file_metadata().schema_descr().columns();
    let mut columns: Vec<Column> = profile
        .columns
        .iter()
        .map(|spec| Column::empty(spec.kind))
        .collect();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(CodecError::damaged)?;
        let rows = usize::try_from(group.metadata().num_rows()).map_err(CodecError::damaged)?;
        check_claim(rows, file_bytes)?;
        for ((column, spec), place) in columns.iter_mut().zip(profile.columns).zip(places) {
            let Some((place, unit)) = *place else {
                column.append(Column::nulls(spec.kind, rows));
                continue;
            };
            if is_sealed && let Some(all) = constant(spec, group.metadata().column(place), rows) {
                column.append(all);
                continue;
            }
            let column_type = found.get(place);
            let meaning = Meaning {
                kind: spec.kind,
                unit_nanos: unit.map_or(time::DAY, TimeUnit::nanos),
                is_optional: column_type.is_some_and(|column| column.max_def_level() > 0),
                is_unsigned: column_type.is_some_and(|column| types::is_unsigned(column)),
                rows,
            };
            let chunk = group
                .get_column_reader(place)
                .map_err(CodecError::damaged)?;
            column.append(column_read::read(chunk, meaning, &mut inexact)?);
        }
    }
    Ok((columns, inexact))
}

/// A page holds at most 2^31 values, and even run-length encoding needs some bytes: an absurd claim is damage,
/// and must not reserve memory first.
fn check_claim(rows: usize, file_bytes: usize) -> Result<(), CodecError> {
    const ROWS_PER_BYTE: usize = 1 << 16;
    if rows > file_bytes.saturating_mul(ROWS_PER_BYTE) {
        return Err(CodecError::damaged(
            "it claims more rows than it has room for",
        ));
    }
    Ok(())
}

/// Returns a column of which the file says that every row has the same text, or none. Only a sealed file is believed: its
/// digest covers what it says, and the rows that it says it of were compared when it was written.
fn constant(spec: &ColumnSpec, chunk: &ColumnChunkMetaData, rows: usize) -> Option<Column> {
    let statistics = chunk.statistics()?;
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

/// A sealed file holds only proven rows; anything else means that barkeep itself was wrong.
fn check_rows(proven: &Proven, has_fingerprint: bool, is_sealed: bool) -> Result<(), CodecError> {
    if is_sealed && !(has_fingerprint && proven.displaced.is_empty()) {
        return Err(CodecError::damaged(
            "its rows are not in the order its writer promises",
        ));
    }
    Ok(())
}

fn is_dispensable(spec: &ColumnSpec) -> bool {
    spec.name == "sequence"
}
