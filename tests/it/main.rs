//! All integration tests, in one binary: linking once is minutes saved.

mod codec;
