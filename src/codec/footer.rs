//! The facts in a file's footer.

use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::statistics::Statistics;

use crate::frame::Profile;
use crate::model::{Digest, Fingerprint, PriceBasis, Provenance, Venue};

use super::decode::guarded;
use super::{CodecError, MemoryLimit, opened, types};

/// The newest version of the file format that this barkeep knows. A file says the lowest one that holds its rows, so that
/// earlier builds read what they understand and refuse the rest.
pub const SCHEMA_VERSION: u32 = 2;

/// Names the writer. It holds no version of the program: equal rows are equal bytes whoever wrote them.
pub(super) const CREATED_BY: &str = "barkeep version 1";
/// Every key of barkeep's begins like this.
pub(super) const PREFIX: &str = "barkeep.";
/// The key whose value seals the file; see `seal`.
pub(super) const SEAL_KEY: &str = "barkeep.file_sha256";

const VERSION_KEY: &str = "barkeep.schema_version";
const TIMEZONE_KEY: &str = "barkeep.timezone";
const BASIS_KEY: &str = "barkeep.price_basis";
const SOURCE_KEY: &str = "barkeep.source";
const ROWS_KEY: &str = "barkeep.rows_sha256";

/// Returns the footer entries of a file, the seal's slot last and empty.
pub(super) fn entries(
    version: u32,
    provenance: &Provenance,
    fingerprint: &Fingerprint,
) -> Vec<KeyValue> {
    let mut entries = vec![entry(VERSION_KEY, version.to_string())];
    if let Some(timezone) = &provenance.timezone {
        entries.push(entry(TIMEZONE_KEY, timezone.clone()));
    }
    entries.push(entry(BASIS_KEY, provenance.basis.to_string()));
    if let Some(source) = &provenance.source {
        entries.push(entry(SOURCE_KEY, source.to_string()));
    }
    entries.push(entry(ROWS_KEY, fingerprint.digest.to_string()));
    entries.push(entry(SEAL_KEY, "0".repeat(64)));
    entries
}

fn entry(key: &str, value: String) -> KeyValue {
    KeyValue::new(key.to_owned(), value)
}

/// What the footer of a file says; everything is absent in files of other writers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) provenance: Provenance,
    pub(super) rows_digest: Option<Digest>,
}

/// Returns how many rows a file claims to have, by its last bytes. Nothing that it claims is checked.
///
/// # Errors
/// `Damaged` when they are no whole footer, `Foreign` when it is one that this build does not understand.
pub fn claimed_rows(end: &[u8]) -> Result<u64, CodecError> {
    let rows = metadata(end)?.file_metadata().num_rows();
    u64::try_from(rows).map_err(CodecError::damaged)
}

/// Refuses a file whose footer, as far as anything can be read of it, says that it is of a later format.
pub(super) fn refuse_newer(bytes: &[u8]) -> Result<(), CodecError> {
    match metadata(bytes) {
        Ok(found) => read(found.file_metadata().key_value_metadata()).map(drop),
        Err(_) => Ok(()),
    }
}

/// Tells whether a file says that another program wrote it.
pub(super) fn is_by_another(bytes: &[u8]) -> bool {
    let found = metadata(bytes).ok();
    is_anothers(
        found
            .as_ref()
            .and_then(|found| found.file_metadata().created_by()),
    )
}

/// Tells whether a writer is another program. A name that broken bits have made of ours still begins or ends as ours does.
pub(super) fn is_anothers(created_by: Option<&str>) -> bool {
    let (first, last) = CREATED_BY.split_at(CREATED_BY.len() / 2);
    created_by.is_some_and(|by| !by.starts_with(first) && !by.ends_with(last))
}

/// Returns what the end of a file says of it.
fn metadata(end: &[u8]) -> Result<ParquetMetaData, CodecError> {
    guarded(|| opened::footer(end, MemoryLimit::default()))
}

/// Returns the stamp of the newest row that a file claims to have, by its last bytes; `None` when they are no whole footer,
/// or do not say it. Nothing that it claims is checked.
pub fn newest_stamp(end: &[u8], profile: &Profile) -> Option<i64> {
    let spec = profile.columns.get(profile.time)?;
    let file = metadata(end).ok()?;
    // What other writers say of a column may break the reader as well.
    let read = || {
        let columns = file.file_metadata().schema_descr().columns();
        let mut columns = columns.iter().enumerate();
        let (at, column) = columns.find(|(_, column)| column.path().string() == spec.name)?;
        let unit = types::unit_of(spec, column, profile).ok()??;
        let mut newest = None;
        for group in file.row_groups() {
            let Statistics::Int64(stamps) = group.columns().get(at)?.statistics()? else {
                return None;
            };
            newest = newest.max(Some(*stamps.max_opt()?));
        }
        newest?.checked_mul(unit.nanos())
    };
    guarded(|| Ok(read())).ok().flatten()
}

/// Returns the venue that a file names, by its last bytes; `None` when they are no whole footer, or name none.
pub fn source_named(end: &[u8]) -> Option<Venue> {
    let file = metadata(end).ok()?;
    read(file.file_metadata().key_value_metadata())
        .ok()?
        .provenance
        .source
}

/// Reads the facts out of a footer.
pub(super) fn read(entries: Option<&Vec<KeyValue>>) -> Result<Footer, CodecError> {
    let value = |key: &str| {
        entries
            .into_iter()
            .flatten()
            .find(|entry| entry.key == key)
            .and_then(|entry| entry.value.as_deref())
    };
    if let Some(found) = value(VERSION_KEY) {
        let found: u32 = found
            .parse()
            .map_err(|_| CodecError::damaged("its format version is no number"))?;
        if found > SCHEMA_VERSION {
            return Err(CodecError::foreign(format!(
                "it has format version {found}, and this barkeep knows {SCHEMA_VERSION}"
            )));
        }
    }
    let basis = value(BASIS_KEY)
        .and_then(|text| text.parse().ok())
        .unwrap_or(PriceBasis::Unknown);
    let provenance = Provenance {
        timezone: value(TIMEZONE_KEY).map(str::to_owned),
        basis,
        source: value(SOURCE_KEY).and_then(|text| text.parse().ok()),
    };
    Ok(Footer {
        provenance,
        rows_digest: value(ROWS_KEY).and_then(|text| text.parse().ok()),
    })
}
