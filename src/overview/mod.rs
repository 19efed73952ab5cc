//! A workspace as a whole, as it is told to a monitoring system, to people and to engines that read its files.
//!
//! Promises: no file of a series is opened: what is told was recorded when rows were written. Counters outlive runs, and one that
//! is damaged begins again.
//! Leaves to others: what is owed (`backlog`), how much is kept (`inventory`), how a page or a script looks (`export`), where
//! it goes and in which words (`cli`).

mod counters;
mod gaps;
mod metrics;
mod page;
mod request_count;
mod request_log;
mod standing;
mod textfile;
mod toggles;
mod views;

pub use counters::{Counted, bars_counted, count_bars, counters_path};
pub use gaps::{Gaps, gaps};
pub use metrics::{Ended, metrics, no_metrics, obstacle_to_metrics};
pub use page::{Made, document};
pub use request_count::RequestCount;
pub use request_log::{RequestLog, RequestWeek};
pub use standing::{RefusedTicker, SeriesStatus, Standing, SurveyError, interrupted_runs, survey};
pub use toggles::toggle_warnings;
pub use views::{Besides, InView, in_view};
