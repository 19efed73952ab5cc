//! Trading sessions: on which days an exchange is open, between which hours, and of which days nobody knows.
//!
//! Promises: a table claims what its maker knows, and outside of it a day is unknown rather than a session or a holiday; no
//! exchange is judged by the days of another. Pure: no I/O, no clock.
//! Leaves to others: which exchange a ticker is of (`source`, `workspace`), and instants: times are the wall clock of the
//! exchange, as everywhere in stored bars.

mod calendars;
mod embedded;
mod given;
mod hours;
mod known;
mod session;
mod table;
mod weekends;
mod zones;

pub use calendars::Calendars;
pub use given::{GivenError, of_csv};
pub use known::Calendar;
pub use session::{Day, Session};
pub use zones::{is_same_zone, utc_of};
