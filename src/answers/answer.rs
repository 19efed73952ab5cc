//! What one question to a source of bars brought: rows that are ready to be staged, and what is to be known beside them.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::frame::{BatchNotes, Displaced, EventKind};
use crate::gaps::Heard;
use crate::ingest::FailureKind;
use crate::model::{PriceBasis, StorageRequest, time};
use crate::source::Extras;
use crate::storage::RowsToStage;

/// What one question brought.
#[derive(Debug)]
pub enum Answer {
    /// Rows.
    Rows(Box<FetchedRows>),
    /// The source was not asked, since nothing can be new.
    UpToDate,
    /// The source has no bar in the window.
    Nothing(Box<AnswerNotes>),
    /// The source does not know the series.
    Unknown,
    /// Something went wrong.
    Failed {
        /// What, as a sentence without a period.
        reason: String,
        /// What kind of thing.
        kind: FailureKind,
        /// The answer itself, if it is worth keeping.
        body: Option<Vec<u8>>,
    },
    /// The run was asked to stop.
    Stopped,
}

impl Answer {
    /// Returns the mark that it leaves, if it leaves one.
    pub fn mark(&self) -> Option<&str> {
        match self {
            Self::Rows(fetched) => fetched.notes.mark.as_deref(),
            Self::Nothing(notes) => notes.mark.as_deref(),
            Self::UpToDate | Self::Unknown | Self::Failed { .. } | Self::Stopped => None,
        }
    }
}

/// Rows of one answer.
#[derive(Debug)]
pub struct FetchedRows {
    /// The bars, ready to be staged.
    pub rows: RowsToStage,
    /// How many bars.
    pub count: usize,
    /// What came along.
    pub notes: AnswerNotes,
}

/// What came along with an answer.
#[derive(Debug)]
pub struct AnswerNotes {
    /// The mark to hand back next time.
    pub mark: Option<String>,
    /// What the source says beside bars; bars of before and after the session are in `rows`.
    pub beside: Extras,
    /// Events, adjusted closes and what is traded outside of the session, ready to be staged.
    pub rows: Vec<RowsToStage>,
    /// What was done to values of bars, of the session and outside of it.
    pub values: BatchNotes,
    /// Rows of bars, these and those, that share a timestamp with another one and lost.
    pub duplicates: Vec<Displaced>,
    /// Days of which there is a bar.
    pub days: BTreeSet<NaiveDate>,
    /// Whether a settled bar that is stored has the same price in the answer; looked for only where the source says something
    /// else of the ticker than was recorded.
    pub has_known_price: bool,
    /// The day of the oldest stored row, where it lies before the first trade that the source names of a ticker of which nobody
    /// recorded who it is, and no settled bar has the same price in the answer: it is a history of another security.
    pub predates: Option<NaiveDate>,
}

impl AnswerNotes {
    /// Returns what a person should know of what came along, but for an end that is missing. What is lost is told if it
    /// `is_news`.
    pub fn warnings(&self, request: &StorageRequest, is_news: bool) -> Vec<String> {
        let beside = &self.beside;
        let mut warnings = Vec::new();
        if let Some((first, last)) = beside.lost.filter(|_| is_news) {
            warnings.push(format!(
                "{request}: {first} to {last} are lost, the source does not keep them any more"
            ));
        }
        if let Some(event) = beside.unseen.first() {
            let (what, of) = match event.kind {
                EventKind::Split { .. } => ("a split", "prices"),
                _ if is_adjusted(beside) => ("a payment", "prices"),
                _ => ("a payment", "adjusted closes"),
            };
            warnings.push(format!(
                "{request}: {what} of {} took effect since older bars were fetched, whose {of} stand on another basis than the fetched ones until the next `barkeep update` without --start, which fetches all of them again",
                time::day(event.date)
            ));
        }
        let told = beside.warnings.iter();
        warnings.extend(told.map(|warning| format!("{request}: {warning}")));
        warnings
    }

    /// Returns what the answer says of days. A source that does not speak of them has told all from the first row to the last.
    pub fn heard(&self, is_continued: bool) -> Heard {
        let rows = || {
            let span = self.days.first().copied().zip(self.days.last().copied());
            (span.into_iter().collect(), BTreeSet::new())
        };
        let answered = self.beside.answered.clone();
        let (spans, null) = answered.map_or_else(rows, |answered| (answered.spans, answered.null));
        Heard {
            spans,
            null,
            held: self.days.clone(),
            lost: self.beside.lost,
            is_continued,
        }
    }
}

/// Tells whether the bars themselves are adjusted for payments.
fn is_adjusted(beside: &Extras) -> bool {
    let told = beside.provenance.as_ref();
    told.is_some_and(|told| told.basis == PriceBasis::SplitDividendAdjusted)
}
