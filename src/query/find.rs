//! Which stored series of bars a question is about.

use crate::model::{Dataset, Interval, StorageRequest, Ticker, Venue};
use crate::storage::Stored;
use crate::workspace::{Reading, nothing};

use super::QueryError;

/// Returns the lengths of bars that are stored of a ticker, at the venue that was named or at any.
pub(super) fn lengths(
    reading: Reading<'_, '_>,
    ticker: &Ticker,
    venue: Option<&Venue>,
) -> Result<Vec<Interval>, QueryError> {
    let workspace = reading.workspace;
    let venues = match venue {
        Some(venue) => vec![venue.clone()],
        None => workspace.venues()?.into_iter().collect(),
    };
    let mut stored = Vec::new();
    for interval in Interval::ALL {
        for venue in &venues {
            let request = StorageRequest::bars(venue.clone(), ticker.clone(), interval);
            if workspace.route(reading.catalog, &request)?.has_rows {
                stored.push(interval);
                break;
            }
        }
    }
    Ok(stored)
}

/// The only one that is stored; else the longest stored one that fills the bars that are wanted, since the fewer bars are joined the
/// better, and longer ones mostly reach further back; else the only one that is kept.
pub(super) fn only_length(
    stored: &[Interval],
    kept: &[Interval],
    filling: Option<Interval>,
) -> Option<Interval> {
    let filled = |to| stored.iter().rfind(|from| from.fills(to)).copied();
    match (stored, kept) {
        ([only], _) => Some(*only),
        (_, [only]) => filling.and_then(filled).or(Some(*only)),
        _ => filling.and_then(filled),
    }
}

/// Returns a venue at which a word is a ticker itself: one that keeps it, or at which bars of it are stored. No other venues than
/// those that are named are meant, if any is.
///
/// # Errors
/// When nobody can say where rows are.
pub(super) fn home(
    reading: Reading<'_, '_>,
    word: &Ticker,
    named: &[Venue],
) -> Result<Option<Venue>, QueryError> {
    let mut at = reading.catalog.venues_of(word).into_iter();
    if let Some(venue) = at.find(|venue| named.is_empty() || named.contains(venue)) {
        return Ok(Some(venue));
    }
    let venues = match named {
        [] => reading.workspace.venues()?.into_iter().collect(),
        named => named.to_vec(),
    };
    for venue in venues {
        if !lengths(reading, word, Some(&venue))?.is_empty() {
            return Ok(Some(venue));
        }
    }
    Ok(None)
}

/// Returns the bars of a ticker: those of the venue that was named, else of the default one, else of every other one that holds
/// some. A series of other hours only counts where these are wanted: until its first session is over it may have no others.
///
/// # Errors
/// When one of them cannot be read.
pub(super) fn find(
    reading: Reading<'_, '_>,
    (ticker, interval): (&Ticker, Interval),
    venue: Option<&Venue>,
    with_outside: bool,
) -> Result<Vec<(StorageRequest, Stored)>, QueryError> {
    let workspace = reading.workspace;
    let at = |venue: &Venue| StorageRequest::bars(venue.clone(), ticker.clone(), interval);
    let first = venue.unwrap_or_else(|| workspace.default_venue());
    let here = read(reading, at(first), with_outside)?;
    let mut found: Vec<_> = here.into_iter().collect();
    if found.is_empty() && venue.is_none() {
        for venue in workspace.venues()?.iter().filter(|venue| *venue != first) {
            found.extend(read(reading, at(venue), with_outside)?);
        }
    }
    Ok(found)
}

fn read(
    reading: Reading<'_, '_>,
    request: StorageRequest,
    with_outside: bool,
) -> Result<Option<(StorageRequest, Stored)>, QueryError> {
    if let Some(found) = reading.read(&request)? {
        return Ok(Some((request, found.stored)));
    }
    let is_begun = with_outside && reading.outside(&request)?.is_some();
    Ok(is_begun.then(|| (request, nothing(Dataset::Stocks))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Interval::{D1, H1, M1, M5};

    #[test]
    fn a_length_that_nobody_names_is_the_only_one_or_fills_what_is_wanted() {
        for (stored, kept, filling, expected) in [
            (&[M1][..], &[D1][..], None, Some(M1)),
            (&[M1], &[D1, H1], Some(D1), Some(M1)),
            (&[M1, M5, D1], &[D1], Some(H1), Some(M5)),
            (&[M1, D1], &[M1, D1], Some(H1), Some(M1)),
            (&[M1, D1], &[D1], None, Some(D1)),
            (&[], &[D1], Some(H1), Some(D1)),
            (&[M1, D1], &[M1, D1], None, None),
            (&[], &[M1, D1], None, None),
            (&[], &[], None, None),
        ] {
            let found = only_length(stored, kept, filling);
            assert_eq!(found, expected, "{stored:?} {kept:?} {filling:?}");
        }
    }
}
