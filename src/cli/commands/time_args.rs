//! The time that rows are asked for, as several commands take it.

use chrono::NaiveDate;
use clap::Args;

use crate::cli::failure::Failure;
use crate::model::CalendarSpan;
use crate::query::Span;

/// What dates mean, below the options.
pub(super) const DATES: &str = "DATE is a day (2026-11-03), a time (2026-11-03T09:30, also with a blank or seconds), a month (2026-11), \
                     a year (2026), today, yesterday, or so long ago (-7d, -2w, -3mo, -1y). It is read on the clock of the \
                     exchange, by which bars are dated from their beginning; today is that of this machine. All of it counts: \
                     --end 2026-11-03 prints the bars of that day, and --end 2026-11 those of the month.";

/// The time that is asked for.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(super) struct TimeArgs {
    /// The first bar: the first of this day or time
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    start: Option<CalendarSpan>,
    /// The last bar: the last of this day or time, which is included
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    end: Option<CalendarSpan>,
}

impl TimeArgs {
    /// Returns the time that is asked for.
    pub(super) fn span(&self, today: NaiveDate) -> Result<Span, Failure> {
        let on = |span: Option<CalendarSpan>| {
            span.map(|span| span.on(today).map_err(Failure::usage))
                .transpose()
        };
        let (start, end) = (on(self.start)?, on(self.end)?);
        let first = start.as_ref().map(|start| *start.start());
        let last = end.as_ref().map(|end| *end.end());
        match (first, last) {
            (Some(first), Some(last)) if first > last => {
                Err(Failure::usage("the start is after the end"))
            }
            _ => Ok(Span { first, last }),
        }
    }
}
