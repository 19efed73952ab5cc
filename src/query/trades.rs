//! Trades that are asked for: of an instrument or of all, in a time.
//!
//! Promises: one day is in memory at a time, beside the rows that are meant.

use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::frame::{Cell, Frame, Profile, exact_trades};
use crate::model::{Dataset, Series, StorageRequest, Venue};
use crate::storage::{StorageError, Stored};
use crate::workspace::{Reading, Workspace};

use super::{Ends, QueryError, Span};

/// An instrument, in all currencies if none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Instrument<'q> {
    pub isin: &'q str,
    pub currency: Option<&'q str>,
}

/// Which trades are meant.
#[derive(Clone, Copy, Debug)]
pub struct TradesMeant<'q> {
    /// Of which instrument; of all when `None`.
    pub instrument: Option<Instrument<'q>>,
    /// Of which time.
    pub span: Span,
    /// How many of these.
    pub ends: Ends,
}

/// Returns the feeds of the venue that was named, or of all.
///
/// # Errors
/// When the trees cannot be listed.
pub fn feeds(
    workspace: &Workspace<'_>,
    venue: Option<&Venue>,
) -> Result<Vec<StorageRequest>, QueryError> {
    let venues = match venue {
        Some(venue) => vec![venue.clone()],
        None => workspace.venues()?.into_iter().collect(),
    };
    let mut feeds = Vec::new();
    for venue in venues {
        let of_venue = workspace.stores.partitioned.feeds(&venue)?.into_iter();
        feeds.extend(of_venue.map(|feed| StorageRequest {
            venue: Some(venue.clone()),
            series: Series::Trades { feed },
        }));
    }
    Ok(feeds)
}

impl TradesMeant<'_> {
    /// Returns the trades of a feed that are meant; `None` when it has none. `hear` is told what was read, and what of it is
    /// damaged.
    ///
    /// # Errors
    /// When a file cannot be read, or nobody knows what it held.
    pub fn of(
        self,
        reading: Reading<'_, '_>,
        request: &StorageRequest,
        mut hear: impl FnMut(&Stored),
    ) -> Result<Option<Frame>, QueryError> {
        let mut taken = Taken::default();
        if reading.as_of.is_some() {
            if let Some(found) = reading.read(request)? {
                hear(&found.stored);
                taken.take(self, &found.stored.frame);
            }
        } else {
            let is_meant = |key| self.span.has_partition(key);
            let store = &reading.workspace.stores.partitioned;
            store.read_each(request, &is_meant, &mut |_, stored| {
                let stored = stored?;
                hear(&stored);
                taken.take(self, &stored.frame);
                Ok::<_, StorageError>(if self.ends.has_enough(taken.rows) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            })?;
        }
        let profile = Profile::of(Dataset::Trades);
        let joined = Frame::joined(profile, taken.parts);
        let frame = joined.map_err(|other| StorageError::Refused {
            path: PathBuf::from(request.to_string()),
            reason: other.to_string(),
        })?;
        Ok((!frame.is_empty()).then(|| self.ends.of(frame)))
    }
}

#[derive(Default)]
struct Taken {
    parts: Vec<Frame>,
    rows: usize,
}

impl Taken {
    /// Takes what is meant of some rows. Of the last ones no more are kept than are asked for.
    fn take(&mut self, meant: TradesMeant<'_>, rows: &Frame) {
        let rows = of_instrument(&meant.span.of(&exact_trades(rows)), meant.instrument);
        self.rows += rows.len();
        self.parts.push(rows);
        while let (Some(tail), Some(first)) = (meant.ends.tail, self.parts.first())
            && self.rows - first.len() >= tail
        {
            self.rows -= first.len();
            self.parts.remove(0);
        }
    }
}

fn of_instrument(rows: &Frame, instrument: Option<Instrument<'_>>) -> Frame {
    let column = |name: &str| {
        let at = rows.profile().position(name);
        at.and_then(|at| rows.columns().get(at))
    };
    let (Some(Instrument { isin, currency }), Some(isins), Some(currencies)) =
        (instrument, column("isin"), column("currency"))
    else {
        return rows.clone();
    };
    // Rows stand in the order of time, so that every group of them has nearly every instrument: its statistics rule
    // none out, and a plain look at each row is all there is.
    let is_it = |row: &usize| {
        isins.cell(*row) == Cell::Text(isin)
            && currency.is_none_or(|currency| currencies.cell(*row) == Cell::Text(currency))
    };
    let found: Vec<usize> = (0..rows.len()).filter(is_it).collect();
    rows.take(&found)
}
