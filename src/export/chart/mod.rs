//! Candles and volumes as lines of text and as a drawing.
//!
//! Promises: pure: bars and a size give a picture. What rose and what fell can be told apart without colour; a bar without prices
//! is a gap, never a zero.

mod axis;
mod candle;
mod lines;
mod svg;

pub use candle::{Candle, Candles, Prices, candles};
pub use lines::{Paint, Size, lines};
pub use svg::svg;
