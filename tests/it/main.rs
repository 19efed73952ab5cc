//! All integration tests, in one binary: linking once is minutes saved.

mod simulator;
// Marked as test code so that the lints which spare tests spare it too.
#[cfg(test)]
mod support;
