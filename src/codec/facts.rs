//! What a file says at its end, for those who do not read its rows.
//!
//! Promises: nothing that it claims is believed further than its own words go: a digest of rows counts only where barkeep wrote
//! the file. Leaves to others: whether the rows are what it says (`decode`).

use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

use super::decode::{guarded, locate, place_in, refuse_repeated};
use super::seal::{self, REWRITTEN, Seal};
use super::{CodecError, MemoryLimit, footer, older_trades, opened, types};
use crate::frame::Profile;
use crate::model::{Digest, Provenance, TimeUnit};

/// What a file says at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// The shape of its rows.
    pub profile: &'static Profile,
    /// How many rows it claims to have.
    pub rows: u64,
    /// The stamps of its first and its last row; `None` when it has no row, or does not say.
    pub span: Option<(i64, i64)>,
    /// The unit of its timestamps.
    pub unit: TimeUnit,
    /// Zone, price basis and origin, as far as the file says.
    pub provenance: Provenance,
    /// The digest of its rows; `None` in files of other writers.
    pub rows_digest: Option<Digest>,
    /// Whether it has trades in the predecessor's columns.
    pub is_older_form: bool,
}

/// Returns what a file says, by its last bytes.
///
/// # Errors
/// `Damaged` when they are no whole footer, `Foreign` when the file is none that this build could hold as rows of `profile`.
pub fn file_facts(end: &[u8], profile: &'static Profile) -> Result<FileFacts, CodecError> {
    // What other writers say may break the reader.
    guarded(|| read(end, profile))
}

/// The first and the last of some texts.
pub type Texts = (Box<str>, Box<str>);

/// Returns what a whole file says of which every byte is as barkeep wrote it, and between which texts those of a column lie; two
/// empty ones where it has none.
///
/// # Errors
/// `Damaged` when it is not what was written, `Foreign` when another program wrote it, or it does not say which texts it has.
pub fn sealed_facts(
    bytes: &[u8],
    profile: &'static Profile,
    texts_of: &str,
) -> Result<(FileFacts, Texts), CodecError> {
    if seal::check(bytes)? == Seal::Foreign {
        return Err(CodecError::foreign("another program wrote it"));
    }
    guarded(|| {
        let file = opened::footer(bytes, MemoryLimit::default())?;
        let place = place_in(file.file_metadata().schema_descr().columns(), texts_of);
        let texts = place.and_then(|place| texts(&file, place));
        let texts = texts
            .ok_or_else(|| CodecError::foreign(format!("it does not say which {texts_of} it has")));
        Ok((facts_of(&file, profile)?, texts?))
    })
}

fn texts(file: &ParquetMetaData, place: usize) -> Option<Texts> {
    let mut range: Option<(&str, &str)> = None;
    for group in file.row_groups() {
        let Statistics::ByteArray(texts) = group.columns().get(place)?.statistics()? else {
            return None;
        };
        let (Some(first), Some(last)) = (texts.min_opt(), texts.max_opt()) else {
            // A group without any text has neither.
            continue;
        };
        let (first, last) = (first.as_utf8().ok()?, last.as_utf8().ok()?);
        range = Some(range.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
    }
    let (first, last) = range.unwrap_or_default();
    Some((first.into(), last.into()))
}

fn read(end: &[u8], profile: &'static Profile) -> Result<FileFacts, CodecError> {
    facts_of(&opened::footer(end, MemoryLimit::default())?, profile)
}

fn facts_of(file: &ParquetMetaData, profile: &'static Profile) -> Result<FileFacts, CodecError> {
    let facts = file.file_metadata();
    let said = footer::read(facts.key_value_metadata())?;
    let found = facts.schema_descr().columns();
    let place_of = |name: &str| place_in(found, name);
    refuse_repeated(found)?;
    let profile = types::profile_of(profile, found);
    let (unit, places) = locate(profile, found, &place_of)?;
    let time = places.get(profile.time).copied().flatten();
    // Other programs keep the keys of a file that they read, and with them the digest of what it was.
    let is_ours = facts.created_by() == Some(footer::CREATED_BY);
    if said.rows_digest.is_some() && footer::is_anothers(facts.created_by()) {
        return Err(CodecError::foreign(REWRITTEN));
    }
    Ok(FileFacts {
        profile,
        rows: u64::try_from(facts.num_rows()).map_err(CodecError::damaged)?,
        span: time.and_then(|(place, unit)| span(file, place, unit?)),
        unit,
        provenance: said.provenance,
        rows_digest: said.rows_digest.filter(|_| is_ours),
        is_older_form: older_trades::is_older(profile, &place_of),
    })
}

fn span(file: &ParquetMetaData, place: usize, unit: TimeUnit) -> Option<(i64, i64)> {
    let mut span: Option<(i64, i64)> = None;
    for group in file.row_groups() {
        let Statistics::Int64(stamps) = group.columns().get(place)?.statistics()? else {
            return None;
        };
        let (first, last) = (*stamps.min_opt()?, *stamps.max_opt()?);
        span = Some(span.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
    }
    let (first, last) = span?;
    Some((
        first.checked_mul(unit.nanos())?,
        last.checked_mul(unit.nanos())?,
    ))
}
