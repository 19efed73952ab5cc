//! From the bytes of a file to trades, as they come.
//!
//! Promises: memory is bounded by the lines that are no trades, of which so many are kept and all are counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Extent;
use crate::frame::Trade;
use crate::model::time;
use crate::source::posttrade::{
    BadLine, FileName, Limits, Line, LinesError, lines, other_publisher,
};

/// Bytes of bad lines of one file that are kept. The vault has them all.
const KEPT_BYTES: usize = 4 << 20;

/// How long after the day of its file a line may say that it was published. One that says more would make a bar in the future.
const LATE: i64 = 2 * time::DAY;

/// What was read of some bytes.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) extent: Option<Extent>,
    pub(super) lines: u64,
    pub(super) bad: Vec<BadLine>,
    pub(super) bad_lines: u64,
    /// Trades that were made where another feed is said to publish from, by their venue of execution.
    pub(super) elsewhere: BTreeMap<Arc<str>, u64>,
    pub(super) trouble: Option<String>,
}

/// Reads a file of a feed, and hands out its trades in their order.
pub(super) fn read(name: &FileName, bytes: &[u8], give: &mut dyn FnMut(Trade)) -> Content {
    let day = name.span.day().succ_opt().and_then(time::midnight);
    let limits = Limits {
        latest: day.map_or(i64::MAX, |end| end.saturating_add(LATE)),
        ..Limits::default()
    };
    let mut content = Content::default();
    let mut kept = 0;
    let outcome = lines(bytes, limits, &mut |line| match line {
        Line::Trade(trade) => {
            content.lines += 1;
            if let Some(venue) = &trade.execution_venue
                && other_publisher(&name.feed, venue).is_some()
            {
                *content.elsewhere.entry(Arc::clone(venue)).or_default() += 1;
            }
            give(trade);
        }
        Line::Bad(bad) => {
            content.bad_lines += 1;
            kept += bad.bytes.len();
            if kept <= KEPT_BYTES {
                content.bad.push(bad);
            }
        }
    });
    (content.extent, content.trouble) = match outcome {
        Ok(read) if read.has_trailer => {
            let trouble = "bytes follow its end that are no gzip".to_owned();
            (Some(Extent::Whole), Some(trouble))
        }
        Ok(_) => (Some(Extent::Whole), None),
        // A later build may know it: it is not done with.
        Err(error @ LinesError::UnknownSchema { .. }) => (None, Some(error.to_string())),
        Err(error) => (Some(Extent::Cut), Some(error.to_string())),
    };
    content
}
