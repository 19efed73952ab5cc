//! Stored rows that a known split was not applied to, and that the source does not keep any more.
//!
//! Promises: pure. Only rows older than the answer move, and only by the ratio of a split that stands beside them: what
//! `check --basis` names as unapplied. Once they are moved nothing is named, so a second time changes nothing.
//! Leaves to others: deciding that they are to be healed, which only a person does (`update --rebase`).

use std::collections::BTreeMap;

use super::across::Across;
use super::rebase::{Shift, VolumeTooLarge, rescaled, simplest};
use crate::check::{self, Facts, Finding, Kind, Scope};
use crate::frame::{Frame, MarketEvent};
use crate::model::{Interval, PriceBasis};

/// How stored rows are to be read.
#[derive(Debug)]
pub struct Known {
    /// The length of the bars.
    pub interval: Interval,
    /// Their price basis.
    pub basis: PriceBasis,
    /// What the source said of payments and splits.
    pub events: Vec<MarketEvent>,
}

/// Moves rows older than an answer across splits that were not applied to them; `None` when none is named.
///
/// # Errors
/// When a volume has no place in its column any more.
pub fn healed(
    stored: &Frame,
    newer: &Frame,
    known: Known,
) -> Result<Option<Across>, VolumeTooLarge> {
    let Some((first, _)) = newer.span() else {
        return Ok(None);
    };
    let facts = Facts {
        interval: known.interval,
        basis: known.basis,
        bars: stored.merge(newer).frame,
        adjusted: BTreeMap::new(),
        events: known.events,
        timezone: None,
        has_borders: true,
        currency: None,
    };
    let is_older = |finding: &Finding| finding.kind == Kind::UnappliedSplit && finding.to < first;
    let mut healed: Option<Across> = None;
    for finding in check::look(&facts, Scope::Basis)
        .into_iter()
        .filter(is_older)
    {
        let Some(factor) = finding.factor.and_then(|times| simplest(1.0 / times)) else {
            continue;
        };
        let shift = Shift {
            price: factor,
            volume: Some(1.0 / factor),
        };
        let older = healed.as_ref().map_or(stored, |healed| &healed.frame);
        let is_meant = |time| (finding.from..=finding.to).contains(&time);
        if let Some(moved) = rescaled(older, is_meant, shift)? {
            let frame = older.merge(&moved).frame;
            healed = Some(Across { frame, factor });
        }
    }
    Ok(healed.map(|healed| Across {
        frame: healed.frame.merge(newer).frame,
        ..healed
    }))
}
