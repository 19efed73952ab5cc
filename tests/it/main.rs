//! All integration tests, in one binary: linking once is minutes saved.

#[cfg(test)]
mod catalog;
#[cfg(test)]
mod config;
