//! The commands, one file each: their options, and what they do with an opened workspace.

pub(super) mod calendar;
pub(super) mod chart;
pub(super) mod check;
pub(super) mod cleanup;
pub(super) mod complete;
pub(super) mod completions;
pub(super) mod config_show;
pub(super) mod demo;
pub(super) mod export;
pub(super) mod init;
pub(super) mod intervals;
pub(super) mod list;
pub(super) mod man;
pub(super) mod mirror;
pub(super) mod partition_migrate;
pub(super) mod partition_toggle;
pub(super) mod predecessor;
pub(super) mod report;
pub(super) mod revisions;
pub(super) mod show;
pub(super) mod status;
mod sweep;
pub(super) mod tickers;
mod time_args;
pub(super) mod update;
pub(super) mod views;

mod gaps;
mod import_report;
mod named;
mod not_founds;
mod provisional;
mod registration;
mod status_gaps;
mod symbol_import;
