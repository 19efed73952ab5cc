//! What is made of the bars of a series before somebody sees them: they are adjusted, joined by those of other hours, and joined to
//! longer ones.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::frame::{self, Adjust, Frame};
use crate::model::{Interval, Series, StorageRequest};
use crate::storage::{Stored, refuse_other_rows};
use crate::workspace::{ReadError, Reading};

use super::coarse::{Coarse, resampled};
use super::{QueryError, Span, provisional};

/// What is to be made of bars.
#[derive(Clone, Copy, Debug)]
pub struct Making {
    /// What prices are adjusted for, if for anything.
    pub adjust: Option<Adjust>,
    /// How long the stored bars are.
    pub from: Interval,
    /// How long the bars are that they are joined to, if to any.
    pub to: Option<Interval>,
    /// Whether bars of the hours outside of the session are among them, where there are some.
    pub with_outside: bool,
}

/// Bars that somebody sees.
#[derive(Debug)]
pub struct Bars {
    /// The series that they are.
    pub request: StorageRequest,
    /// The bars, and what is known of them.
    pub stored: Stored,
    /// Which of them may still change.
    pub provisional: Vec<i64>,
}

impl Making {
    /// Returns the rows of a series adjusted, if that is asked for.
    ///
    /// # Errors
    /// When what is known of payments and splits does not suffice.
    pub fn adjusted<'f>(
        self,
        reading: Reading<'_, '_>,
        request: &StorageRequest,
        stored: &'f Stored,
    ) -> Result<Cow<'f, Frame>, ReadError> {
        match self.adjust.filter(|_| !stored.frame.is_empty()) {
            Some(adjust) => Ok(Cow::Owned(reading.adjusted(request, stored, adjust)?)),
            None => Ok(Cow::Borrowed(&stored.frame)),
        }
    }

    /// Joins bars to longer ones; `None` where that is not asked for.
    ///
    /// # Errors
    /// When the bars do not fill longer ones, or this program was built without what joins them.
    pub fn joined(
        self,
        reading: Reading<'_, '_>,
        request: &StorageRequest,
        (bars, zone): (&Frame, Option<&str>),
    ) -> Result<Option<Coarse>, QueryError> {
        let finer = (bars, zone, self.with_outside);
        let to = self.to.filter(|_| request.series.ticker().is_some());
        to.map(|to| resampled(reading, request, (self.from, to), finer))
            .transpose()
    }

    /// Returns the rows of a time, made of those of a session, and whether one of them is joined of bars that are not all there yet.
    ///
    /// # Errors
    /// As `adjusted` and `joined`.
    pub fn within(
        self,
        reading: Reading<'_, '_>,
        request: &StorageRequest,
        stored: &Stored,
        span: Span,
    ) -> Result<(Frame, bool), QueryError> {
        let frame = self.adjusted(reading, request, stored)?;
        let zone = stored.provenance.timezone.as_deref();
        let Some(coarse) = self.joined(reading, request, (&frame, zone))? else {
            return Ok((span.of(&frame), false));
        };
        let within = span.of(&coarse.frame);
        let is_unfinished = |bar| coarse.provisional.binary_search(&bar).is_ok();
        let any = within.times().any(is_unfinished);
        Ok((within, any))
    }

    /// Makes all of that, of the bars of a session and of the hours `outside` of it, if these are asked for.
    ///
    /// # Errors
    /// As `adjusted` and `joined`; when both cannot be rows of one series.
    pub fn bars(
        self,
        reading: Reading<'_, '_>,
        (request, mut stored): (StorageRequest, Stored),
        outside: Option<(StorageRequest, Stored)>,
    ) -> Result<Bars, QueryError> {
        if let Cow::Owned(frame) = self.adjusted(reading, &request, &stored)? {
            stored.frame = frame;
        }
        if let Some((request, outside)) = outside {
            let rows = self.adjusted(reading, &request, &outside)?;
            refuse_other_rows(&PathBuf::from(request.to_string()), &rows, &stored.frame)?;
            // A half hour in which the session begins has a part in both; that of the session is printed.
            stored.frame = frame::merge(&rows, &stored.frame).frame;
            if stored.provenance.timezone.is_none() {
                stored.provenance = outside.provenance;
            }
        }
        let zone = stored.provenance.timezone.as_deref();
        let Some(coarse) = self.joined(reading, &request, (&stored.frame, zone))? else {
            return Ok(Bars {
                provisional: provisional(reading, &request, &stored.frame)?,
                request,
                stored,
            });
        };
        stored.frame = coarse.frame;
        let series = match (request.series, self.to) {
            (Series::Bars { ticker, .. }, Some(interval)) => Series::Bars { ticker, interval },
            (series, _) => series,
        };
        Ok(Bars {
            request: StorageRequest { series, ..request },
            stored,
            provisional: coarse.provisional,
        })
    }
}
