//! All integration tests, in one binary: linking once is minutes saved.
//!
//! Each room is marked as test code, so that the lints which spare tests spare what the tests call, too.

#[cfg(test)]
mod access;
#[cfg(test)]
mod aliases;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod as_of;
#[cfg(test)]
mod bars_of_trades;
#[cfg(test)]
mod binary;
#[cfg(test)]
mod calendar;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod check;
#[cfg(test)]
mod cleanup;
#[cfg(test)]
mod cli_input;
#[cfg(test)]
mod cli_show;
#[cfg(test)]
mod cli_tickers;
#[cfg(test)]
mod cli_update;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod codec;
#[cfg(test)]
mod completions;
#[cfg(test)]
mod config;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crash_atomic;
#[cfg(test)]
mod crash_bad_folder;
#[cfg(test)]
mod crash_commit;
#[cfg(test)]
mod crash_gaps;
#[cfg(test)]
mod crash_import;
#[cfg(test)]
mod crash_ledger;
#[cfg(test)]
mod crash_lock;
#[cfg(test)]
mod crash_merge;
#[cfg(test)]
mod crash_rate;
#[cfg(test)]
mod crash_records;
#[cfg(test)]
mod crash_trades;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod export;
#[cfg(test)]
mod feeds;
#[cfg(test)]
mod files_doubts;
#[cfg(test)]
mod files_folder;
#[cfg(test)]
mod files_page;
#[cfg(test)]
mod files_recorded;
#[cfg(test)]
mod files_source;
#[cfg(test)]
mod gaps;
#[cfg(test)]
mod halves;
#[cfg(test)]
mod http;
#[cfg(test)]
mod http_command;
#[cfg(test)]
mod http_rate;
#[cfg(test)]
mod http_server;
#[cfg(test)]
mod inventory;
#[cfg(test)]
mod legacy_venues;
#[cfg(test)]
mod lock;
#[cfg(test)]
mod lost_rows;
#[cfg(test)]
mod migrate;
#[cfg(test)]
mod mirror;
#[cfg(test)]
mod missing_rows;
#[cfg(test)]
mod no_source;
#[cfg(test)]
mod one_state;
#[cfg(test)]
mod other_rows;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod partials;
#[cfg(test)]
mod posttrade;
#[cfg(test)]
mod put;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod repair;
#[cfg(test)]
mod replaced_source;
#[cfg(test)]
mod routing;
#[cfg(test)]
mod simulator;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod sources_recorded;
#[cfg(test)]
mod status;
#[cfg(test)]
mod support;
#[cfg(test)]
mod symbol_choice;
#[cfg(test)]
mod symbols;
#[cfg(test)]
mod toggles;
#[cfg(test)]
mod trades;
#[cfg(test)]
mod update;
#[cfg(test)]
mod vault;
#[cfg(test)]
mod venue_home;
#[cfg(test)]
mod writers;
#[cfg(test)]
mod yahoo;
