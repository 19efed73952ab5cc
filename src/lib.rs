//! barkeep keeps market data: it fetches bars, stores them as plain Parquet and never loses them.
pub mod catalog;
pub mod config;
pub mod document;
pub mod frame;
pub mod model;
pub mod observe;
pub mod sys;
