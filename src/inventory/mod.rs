//! What is known of all series without opening them, and whether it is what lies there.
//!
//! Promises: a record that is absent means unknown, never empty, and is no fault; where a record and a file differ, the file's
//! bytes win and the difference is told. Looking changes nothing; who writes records holds the run lock.
//! Leaves to others: what a record is (`ledger`), what a file holds (`storage`), words (`cli`).

mod asked;
mod bases;
mod compare;
mod error;
mod halves;
mod known;
mod listed;
mod look;
mod lost;
mod lying;
mod note;
mod refetch;
mod sizes;
mod stored;

pub use asked::{Asked, interval_of};
pub use bases::{OtherBases, other_bases};
pub use compare::{Fault, Ranges, compare, record_of};
pub use error::InventoryError;
pub use halves::{Halves, halves, tell_halves};
pub use known::{Known, known, known_at};
pub use listed::{Listed, State, list};
pub use look::{Common, Flawed, Looked, OddFiles, SeriesFault, look};
pub use lost::{LookFor, LostRows, look_for_lost, lost_among, lost_rows, note_sought};
pub use lying::{misplaced, tickers};
pub use note::{Noted, Portion, RECORDED, Rebuilt, give_up, note_healed, note_portion, rebuild};
pub use refetch::{asking_for, is_of_feed, refetch, refetched};
pub use sizes::{Size, sizes};
