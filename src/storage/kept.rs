//! Files that are kept beside the ledger: what they held before so many values were replaced that no line tells them.

use bytes::Bytes;

use crate::codec::{self, MemoryLimit};
use crate::frame::{Frame, Profile};
use crate::layout::Places;
use crate::model::{Digest, StorageRequest};
use crate::sys::Fs;

/// The folder of these files, below that of the ledger of a venue.
const FOLDER: &str = "files/";

const SUFFIX: &str = ".parquet";

/// Returns the name of a file below the folder of the ledger: it says what is in it.
pub(super) fn kept_file(bytes: &[u8]) -> String {
    format!("{FOLDER}{}{SUFFIX}", Digest::of(bytes).half())
}

/// Reads a file that is kept beside the ledger of a series.
///
/// # Errors
/// Why it cannot be used.
pub fn read_kept(
    fs: &dyn Fs,
    places: &Places,
    request: &StorageRequest,
    name: &str,
    limit: MemoryLimit,
) -> Result<Frame, String> {
    let venue = request.venue.as_ref().ok_or("it has no venue")?;
    let digest = name
        .strip_prefix(FOLDER)
        .and_then(|name| name.strip_suffix(SUFFIX));
    if digest.is_none_or(|digest| !digest.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err("its name is none of a file that is kept".to_owned());
    }
    let found = fs.read(&places.ledger(venue).join(name));
    let bytes = found.map_err(|error| error.to_string())?;
    let bytes = bytes.ok_or("it is gone")?;
    if kept_file(&bytes) != name {
        return Err("its name does not fit what is in it".to_owned());
    }
    let profile = Profile::of(request.series.dataset());
    let decoded = codec::decode_within(&Bytes::from(bytes), profile, limit);
    Ok(decoded.map_err(|error| error.to_string())?.ordered.frame)
}
