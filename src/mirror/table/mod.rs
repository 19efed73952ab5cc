//! The files of a mirror as a Delta table: a log that engines read, beside the files that it names.
//!
//! Promises: version N of the table is the state `v<N>` of the mirror; a reader of the log sees one whole state or a clean error,
//! whatever becomes of the process or the machine. Paths in the log are relative, so a mirror that was moved is a table still. A
//! log that is damaged is made anew; one of a form that only others understand is left alone.
//! Source of the form: <https://github.com/delta-io/delta/blob/master/PROTOCOL.md>.

mod actions;
mod log;
mod schema;

pub(super) use log::Log;
