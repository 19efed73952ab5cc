//! Answers of sources of bars in the vault, as they were received: kept, and made bars of again.
//!
//! Promises: what was received is durable before the rows that were made of it are committed; what is damaged of it is told with its
//! place, and costs the answers that it is of.
//! Leaves to others: asking (`update`), what an answer means (`source`), what becomes of rows (`ingest`).

mod error;
mod kept;
mod replay;

pub use error::AnswersError;
pub use kept::KeptAnswers;
pub use replay::Replay;
