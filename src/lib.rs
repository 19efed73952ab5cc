//! barkeep keeps market data: it fetches bars, stores them as plain Parquet and never loses them.
pub mod calendar;
pub mod frame;
pub mod model;
pub mod observe;
pub mod source;
pub mod sys;
