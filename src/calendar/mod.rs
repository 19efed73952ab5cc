//! Trading sessions: on which days an exchange is open, between which hours, and of which days nobody knows.
//!
//! Promises: a table claims what its maker knows, and outside of it a day is unknown rather than a session or a holiday; no
//! exchange is judged by the days of another. Pure: no I/O, no clock.
//! Leaves to others: which exchange a ticker is of (`source`, `workspace`). Times are the wall clock of the exchange, as
//! everywhere in stored bars; a `WallClock` says what it shows at an instant, and `instants` when it showed a moment.

mod calendars;
mod embedded;
mod given;
mod hours;
mod instants;
mod known;
mod session;
mod table;
mod weekends;
mod zones;

pub use calendars::Calendars;
pub use given::{GivenError, of_csv};
pub use instants::{Instants, utc_of};
pub use known::Calendar;
pub use session::{Day, Session};
pub use zones::{WallClock, is_same_zone};
