//! Which basis rows stand on, and which one newer rows may continue.

use crate::frame::{EventKind, MarketEvent};
use crate::model::{Interval, PriceBasis, Provenance, Slug, Venue};

/// What the prices contain of files that carry no seal: the writer of most of them, the predecessor, wrote it down nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsealedBasis {
    /// The source that its prices came from, in whichever market.
    pub source: Slug,
    /// What they contain.
    pub basis: PriceBasis,
}

impl UnsealedBasis {
    /// Returns what the rows of a file stand on. Where files name no venue and their place does not either, only the
    /// predecessor can have written one without a seal.
    pub fn of_file(
        &self,
        provenance: &Provenance,
        is_sealed: bool,
        venue: Option<&Venue>,
    ) -> PriceBasis {
        let is_of_source = venue.is_none_or(|venue| venue.source == self.source);
        if !is_sealed && is_of_source {
            self.basis
        } else {
            provenance.basis
        }
    }
}

/// Rows on another basis than those that they are to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherBasis {
    /// What the stored rows stand on.
    pub settled: PriceBasis,
    /// What the newer rows stand on.
    pub newer: PriceBasis,
}

/// Returns the basis of stored rows with newer ones; `settled` is that of the stored ones, `None` where there are none.
///
/// # Errors
/// When the two are known and not the same: joined they would be a history that never was.
pub fn continued(settled: Option<PriceBasis>, newer: PriceBasis) -> Result<PriceBasis, OtherBasis> {
    match settled {
        None => Ok(newer),
        // What nobody wrote down cannot be known afterwards, and does not stand in the way either.
        Some(PriceBasis::Unknown) => Ok(PriceBasis::Unknown),
        Some(settled) if settled == newer || newer == PriceBasis::Unknown => Ok(settled),
        Some(settled) => Err(OtherBasis { settled, newer }),
    }
}

/// Returns what a file that is written anew has to continue: what it says of its own rows goes before what another file of
/// its tree says.
pub fn settled(file: Option<PriceBasis>, tree: Option<PriceBasis>) -> Option<PriceBasis> {
    file.or(tree)
}

/// Tells whether an event changes the prices before it, or the closes that are adjusted for payments.
pub fn changes_prices(event: &MarketEvent, basis: PriceBasis, interval: Interval) -> bool {
    // Wide bars have adjusted closes, and each payment changes all of them before it.
    let is_adjusted = basis == PriceBasis::SplitDividendAdjusted || !interval.is_intraday();
    is_adjusted || matches!(event.kind, EventKind::Split { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use PriceBasis::{AsTraded, SplitAdjusted, Unknown};

    #[test]
    fn only_unsealed_files_of_the_source_stand_on_what_the_predecessor_stored() {
        let unsealed = UnsealedBasis {
            source: "chart".parse().unwrap(),
            basis: SplitAdjusted,
        };
        let said = Provenance {
            basis: AsTraded,
            ..Provenance::default()
        };
        let venue = |text: &str| Some(text.parse::<Venue>().unwrap());
        let of =
            |is_sealed, venue: Option<Venue>| unsealed.of_file(&said, is_sealed, venue.as_ref());

        assert_eq!(of(false, venue("us:chart")), SplitAdjusted);
        assert_eq!(of(false, venue("de:chart")), SplitAdjusted);
        assert_eq!(of(false, None), SplitAdjusted);
        assert_eq!(of(false, venue("us:other")), AsTraded);
        assert_eq!(of(true, venue("us:chart")), AsTraded);
        assert_eq!(of(true, None), AsTraded);
    }

    #[test]
    fn rows_continue_their_own_basis_and_no_other_one() {
        assert_eq!(continued(None, AsTraded), Ok(AsTraded));
        assert_eq!(continued(Some(AsTraded), AsTraded), Ok(AsTraded));
        let refused = OtherBasis {
            settled: SplitAdjusted,
            newer: AsTraded,
        };
        assert_eq!(continued(Some(SplitAdjusted), AsTraded), Err(refused));
    }

    #[test]
    fn what_nobody_wrote_down_neither_stands_in_the_way_nor_is_known_afterwards() {
        assert_eq!(continued(Some(Unknown), AsTraded), Ok(Unknown));
        assert_eq!(continued(Some(AsTraded), Unknown), Ok(AsTraded));
    }
}
