//! From the bytes of a Parquet file, barkeep's or anybody's, to rows in order.
//!
//! Promises: a sealed file is checked whole before a value of it is used; what the decoder panics on is an error, and
//! no damage. Other writers' types are converted only where nothing has to be guessed. Leaves to others: what is done with damage
//! (`storage::inspect`).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use parquet::file::metadata::RowGroupMetaData;
use parquet::schema::types::ColumnDescPtr;

use crate::frame::{Column, ColumnSpec, Frame, Ordered, Profile};
use crate::model::{Digest, Fingerprint, Provenance, TimeUnit};

use super::columns::Columns;
use super::opened::Opened;
use super::seal::Seal;
use super::{CodecError, MemoryLimit, footer, index, older_trades, seal, types};

/// The span of all times.
pub const ALL_TIMES: RangeInclusive<i64> = i64::MIN..=i64::MAX;

/// What a file holds.
#[derive(Debug)]
pub struct Decoded {
    /// The rows, and those that have no place.
    pub ordered: Ordered,
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
    /// Whether it has trades in the predecessor's columns, which get other names when it is written anew.
    pub is_older_form: bool,
    /// Whether barkeep wrote the file.
    pub is_sealed: bool,
    /// The digest of its rows, if it is written down in a sealed file.
    rows_digest: Option<Digest>,
}

impl Decoded {
    /// Returns the fingerprint of the rows. A sealed file says it: its rows were compared with it when it was written.
    pub fn fingerprint(&self) -> Fingerprint {
        let frame = &self.ordered.frame;
        match self.rows_digest {
            Some(digest) => Fingerprint {
                rows: frame.len() as u64,
                digest,
            },
            None => frame.fingerprint(),
        }
    }
}

/// Decodes a file as rows of `profile`, if it takes no more memory than a file may by default. A sealed file is checked
/// whole before any value is used. Where `profile` is the usual one of its dataset, and the columns of the file are those of
/// another one, the rows have that.
///
/// # Errors
/// `Damaged` for bytes that are not what was written or no Parquet at all, `Foreign` for whole files that this build cannot
/// hold.
pub fn decode(bytes: &Bytes, profile: &'static Profile) -> Result<Decoded, CodecError> {
    decode_within(bytes, profile, MemoryLimit::default())
}

/// Decodes a file that may take so much memory.
///
/// # Errors
/// As `decode`; a file that would take more is `Foreign`.
pub fn decode_within(
    bytes: &Bytes,
    profile: &'static Profile,
    limit: MemoryLimit,
) -> Result<Decoded, CodecError> {
    decode_span(bytes, profile, limit, &ALL_TIMES)
}

/// Decodes at least those rows of a file whose times lie in a span: of a sealed one, which is checked whole all the same, only
/// these.
///
/// # Errors
/// As `decode_within`.
pub fn decode_span(
    bytes: &Bytes,
    profile: &'static Profile,
    limit: MemoryLimit,
    span: &RangeInclusive<i64>,
) -> Result<Decoded, CodecError> {
    let is_sealed = seal::check(bytes)? == Seal::Whole;
    let span = Some(span).filter(|span| is_sealed && **span != ALL_TIMES);
    judged(is_sealed, || {
        decode_unguarded(bytes, profile, limit, is_sealed, span)
    })
}

/// The groups of rows of a file, one after the other: see `groups`.
pub struct Groups {
    file: Opened,
    is_sealed: bool,
    profile: &'static Profile,
    places: Vec<Place>,
    is_older_form: bool,
    next: usize,
}

/// Opens a file for those who do not need all of its rows at once. Each group comes in order, whatever the order of the
/// groups; the limit is that of one group.
///
/// # Errors
/// As `decode`.
pub fn groups(
    bytes: &Bytes,
    profile: &'static Profile,
    limit: MemoryLimit,
) -> Result<Groups, CodecError> {
    let is_sealed = seal::check(bytes)? == Seal::Whole;
    judged(is_sealed, || {
        let file = Opened::of(bytes, limit)?;
        let place_of = |name: &str| place_in(file.columns(), name);
        refuse_repeated(file.columns())?;
        let profile = types::profile_of(profile, file.columns());
        let (_, places) = locate(profile, file.columns(), &place_of)?;
        let is_older_form = older_trades::is_older(profile, &place_of);
        Ok(Groups {
            is_sealed,
            profile,
            places,
            is_older_form,
            next: 0,
            file,
        })
    })
}

impl Groups {
    fn read(&self, group: &RowGroupMetaData) -> Result<Ordered, CodecError> {
        let specs = self.profile.columns.iter();
        let mut some: Vec<Column> = specs.map(|spec| Column::empty(spec.kind)).collect();
        Columns::of(&self.file, self.is_sealed, self.profile, &self.places)
            .append(group, &mut some)?;
        if self.is_older_form {
            older_trades::completed(self.profile, &mut some);
        }
        Ok(Frame::ordered(self.profile, some))
    }
}

impl Iterator for Groups {
    type Item = Result<Ordered, CodecError>;

    fn next(&mut self) -> Option<Self::Item> {
        let group = self.file.groups().get(self.next)?;
        let read = judged(self.is_sealed, || self.read(group));
        self.next += 1;
        Some(read)
    }
}

/// Returns where a column stands in a file.
pub(super) fn place_in(found: &[ColumnDescPtr], name: &str) -> Option<usize> {
    let mut columns = found.iter();
    columns.position(|column| column.path().string() == name)
}

/// Reads of a file. Where it is sealed every byte is the one that was written: whatever this build makes of them, they are not
/// damaged.
fn judged<T>(
    is_sealed: bool,
    read: impl FnOnce() -> Result<T, CodecError>,
) -> Result<T, CodecError> {
    match guarded(read) {
        Err(CodecError::Damaged { reason }) if is_sealed => Err(CodecError::foreign(reason)),
        outcome => outcome,
    }
}

/// On some files of other writers the decoder panics. That proves nothing about their bytes, which others may be able to read:
/// such a file is one that this build cannot hold, and stays where it is.
pub(super) fn guarded<T>(act: impl FnOnce() -> Result<T, CodecError>) -> Result<T, CodecError> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| {
        Err(CodecError::foreign(
            "the Parquet reader of this build breaks off on it",
        ))
    })
}

fn decode_unguarded(
    bytes: &Bytes,
    profile: &'static Profile,
    limit: MemoryLimit,
    is_sealed: bool,
    span: Option<&RangeInclusive<i64>>,
) -> Result<Decoded, CodecError> {
    let file = Opened::of(bytes, limit)?;
    let footer = footer::read(file.facts().key_value_metadata())?;
    let profile = types::profile_of(profile, file.columns());
    let file = file.within(profile, limit)?;
    let found = file.columns();
    let place_of = |name: &str| place_in(found, name);

    refuse_repeated(found)?;
    let (unit, places) = locate(profile, found, &place_of)?;
    let is_older_form = older_trades::is_older(profile, &place_of);
    let span = span.filter(|_| !is_older_form);
    let mut found_columns = Columns::of(&file, is_sealed, profile, &places).within(span);
    let mut columns = found_columns.all()?;
    let inexact = found_columns.inexact;
    if is_older_form {
        older_trades::completed(profile, &mut columns);
    }
    let mut odd_indexes = index::odd(&file, &places, columns.get(profile.time))?;
    if place_of("sequence").is_none() {
        odd_indexes.extend(index::drop_epoch_sequence(profile, &mut columns, &place_of));
    }
    let is_read = |at: usize| places.iter().flatten().any(|(place, _)| *place == at);
    let unread = found.iter().enumerate().filter(|(at, _)| !is_read(*at));
    let unknown_columns = unread
        .map(|(_, column)| column.path().string())
        .filter(|name| !index::COLUMNS.contains(&name.as_str()))
        .collect();
    let ordered = Frame::ordered(profile, columns);
    check_rows(&ordered, footer.rows_digest.is_some(), is_sealed)?;
    Ok(Decoded {
        ordered,
        unit,
        provenance: footer.provenance,
        inexact,
        unknown_columns,
        odd_indexes,
        is_older_form,
        is_sealed,
        rows_digest: footer.rows_digest.filter(|_| is_sealed && span.is_none()),
    })
}

/// Tells whether a file that was just made holds these rows, and says so by their digest. One group of rows is in memory beside
/// them at a time.
///
/// # Errors
/// When the file cannot be decoded.
pub(super) fn holds(
    bytes: &Bytes,
    frame: &Frame,
    provenance: &Provenance,
    digest: Digest,
) -> Result<bool, CodecError> {
    let (profile, limit) = (frame.profile(), MemoryLimit::NONE);
    let is_sealed = seal::check(bytes)? == Seal::Whole;
    guarded(|| {
        let file = Opened::of(bytes, limit)?;
        let footer = footer::read(file.facts().key_value_metadata())?;
        let file = file.within(profile, limit)?;
        let found = file.columns();
        let (_, places) = locate(profile, found, &|name| place_in(found, name))?;
        let mut columns = Columns::of(&file, is_sealed, profile, &places);
        let mut start = 0;
        for group in file.groups() {
            let rows = usize::try_from(group.num_rows()).map_err(CodecError::damaged)?;
            if !columns.is_same(group, frame, start..start + rows)? {
                return Ok(false);
            }
            start += rows;
        }
        let is_told =
            is_sealed && footer.rows_digest == Some(digest) && footer.provenance == *provenance;
        Ok(is_told && start == frame.len())
    })
}

/// Two columns of one name say two things, and nobody knows which is meant.
pub(super) fn refuse_repeated(found: &[ColumnDescPtr]) -> Result<(), CodecError> {
    let mut seen = BTreeSet::new();
    let twice = found
        .iter()
        .map(|column| column.path().string())
        .find(|name| !seen.insert(name.clone()));
    match twice {
        Some(name) => Err(CodecError::foreign(format!(
            "it has two columns named {name}"
        ))),
        None => Ok(()),
    }
}

/// Where a column of the profile stands in a file, and the unit of its timestamps.
pub(super) type Place = Option<(usize, Option<TimeUnit>)>;

/// Finds the columns of the profile in a file, and the unit of its time.
pub(super) fn locate(
    profile: &'static Profile,
    found: &[ColumnDescPtr],
    place_of: &impl Fn(&str) -> Option<usize>,
) -> Result<(TimeUnit, Vec<Place>), CodecError> {
    let mut unit = TimeUnit::default();
    let mut places = Vec::with_capacity(profile.columns.len());
    for (at, spec) in profile.columns.iter().enumerate() {
        let place = place_of(spec.name)
            .or_else(|| index::stand_in(spec, found, place_of))
            .or_else(|| older_trades::stand_in(spec, profile, place_of));
        let source = match place.and_then(|place| Some((place, found.get(place)?))) {
            Some((place, column)) => Some((place, types::unit_of(spec, column, profile)?)),
            None if is_dispensable(spec) || older_trades::may_lack(spec, profile) => None,
            None => {
                return Err(types::foreign(
                    profile,
                    &format!("column {} is missing", spec.name),
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

/// A sealed file holds only rows in order; anything else means that barkeep itself was wrong.
fn check_rows(ordered: &Ordered, has_fingerprint: bool, is_sealed: bool) -> Result<(), CodecError> {
    if is_sealed && !(has_fingerprint && ordered.displaced.is_empty()) {
        return Err(CodecError::damaged(
            "its rows are not in the order its writer promises",
        ));
    }
    Ok(())
}

fn is_dispensable(spec: &ColumnSpec) -> bool {
    spec.name == "sequence" || spec.came_later()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that break the decoder of today are rare, and mended in the next one.
    #[test]
    fn what_breaks_the_decoder_is_not_taken_for_damage() {
        let broken = guarded::<()>(|| panic!("index out of bounds"));

        assert!(
            matches!(broken, Err(CodecError::Foreign { .. })),
            "{broken:?}"
        );
    }

    #[test]
    fn a_sealed_file_is_never_damaged_whatever_this_build_makes_of_it() {
        let refused = |is_sealed| judged::<()>(is_sealed, || Err(CodecError::damaged("no rows")));

        assert!(matches!(refused(true), Err(CodecError::Foreign { .. })));
        assert!(matches!(refused(false), Err(CodecError::Damaged { .. })));
    }
}
