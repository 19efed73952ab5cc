//! Rows for the tests of this folder.

use crate::frame::{Bar, BarBatch, Frame};

/// Returns bars at so many stamps from one on, no two with the same prices.
pub(super) fn frame(from: i64, rows: i64, price: f64, volume: i64) -> Frame {
    let bar = |at: i64| {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "prices as the source rounds them"
        )]
        let value = Some(f64::from((price + at as f64 * 0.37) as f32));
        Bar {
            date: Some(at),
            open: value,
            high: value,
            low: value,
            close: value,
            volume: Some(volume.into()),
            sequence: None,
        }
    };
    let bars = (from..from + rows).map(bar).collect();
    BarBatch { bars }.ordered(&"A".parse().unwrap()).0.frame
}
