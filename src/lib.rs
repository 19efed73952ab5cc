//! barkeep keeps market data: it fetches bars, stores them as plain Parquet and never loses them.
pub mod codec;
pub mod calendar;
pub mod frame;
pub mod layout;
pub mod lock;
pub mod model;
pub mod observe;
pub mod storage;
pub mod source;
pub mod sys;
