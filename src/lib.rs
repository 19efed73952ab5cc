//! barkeep keeps market data: it fetches bars, stores them as plain Parquet and never loses them.
pub mod calendar;
pub mod catalog;
pub mod cleanup;
pub mod cli;
pub mod codec;
pub mod config;
pub mod document;
pub mod frame;
pub mod layout;
pub mod lock;
pub mod migrate;
pub mod model;
pub mod observe;
pub mod source;
pub mod storage;
pub mod sys;
pub mod update;
