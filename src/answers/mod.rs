//! Answers of sources of bars: what of one can be stored and who it is of; and in the vault, as they were received: kept, and made
//! bars of again.
//!
//! Promises: reading an answer changes nothing. What was received is durable before the rows that were made of it are committed; what
//! is damaged of it is told with its place, and costs the answers that it is of.
//! Leaves to others: asking (`update`), what a server said (`source`), what becomes of rows (`ingest`).

mod answer;
mod error;
mod identity;
mod kept;
mod news;
mod read;
mod replay;
mod rows;

pub use answer::{Answer, AnswerNotes, FetchedRows};
pub use error::AnswersError;
pub use identity::{is_known, other_security};
pub use kept::KeptAnswers;
pub use read::AskedSeries;
pub use replay::Replay;
