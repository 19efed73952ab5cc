//! Counters of a workspace, which are kept between two runs.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::layout::Places;
use crate::sys::atomic::{self, TempNames};
use crate::sys::{Fs, FsResult};

const COUNTERS: &str = "metrics.json";
const BARS: &str = "bars_written_total";

/// How many bars all runs stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The number; 0 where it begins again.
    pub bars: u64,
    /// Whether what was kept could not be understood.
    pub is_damaged: bool,
}

/// Returns where the counters of a workspace are kept.
pub fn counters_path(places: &Places) -> PathBuf {
    places.state.join(COUNTERS)
}

/// Returns how many bars all runs stored. A damaged counter begins again: a counter may do that.
///
/// # Errors
/// When the file cannot be read.
pub fn bars_counted(fs: &dyn Fs, places: &Places) -> FsResult<Counted> {
    let Some(bytes) = fs.read(&counters_path(places))? else {
        return Ok(Counted::default());
    };
    let kept: Option<Value> = serde_json::from_slice(&bytes).ok();
    let counted = kept.and_then(|kept| kept.get(BARS)?.as_u64());
    Ok(Counted {
        bars: counted.unwrap_or_default(),
        is_damaged: counted.is_none(),
    })
}

/// Keeps how many bars all runs stored. To be called under the run lock.
///
/// # Errors
/// When the file cannot be replaced.
pub fn count_bars(fs: &dyn Fs, places: &Places, temps: &TempNames, bars: u64) -> FsResult<()> {
    let path = counters_path(places);
    let kept = json!({ BARS: bars }).to_string();
    atomic::create_dirs(fs, &places.root, atomic::parent(&path))?;
    atomic::replace(fs, temps, &path, kept.as_bytes())
}
