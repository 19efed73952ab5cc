//! Questions about stored series that a command asks: which bars are provisional.

mod provisional;

pub use provisional::Provisional;
