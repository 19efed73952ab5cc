//! What files hold that serve many tickers, kept for the length of a run.
//!
//! Promises: a file is parsed once as long as it lies there unchanged, however many tickers are asked for and by however many
//! threads, and what is kept takes no more memory than one file may: what does not fit is parsed again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::content::{Content, Refusal};
use crate::model::Digest;
use crate::sys::locked;

/// What came of parsing a file.
pub(super) type Parsed = Result<Content, Refusal>;

/// A file as it lay there when it was parsed.
#[derive(Debug, Default)]
struct Slot(Option<(Digest, Arc<Parsed>)>);

/// The files that are kept.
#[derive(Debug)]
pub(super) struct Shelf {
    slots: Mutex<BTreeMap<PathBuf, Arc<Mutex<Slot>>>>,
    left: Mutex<u64>,
}

impl Shelf {
    /// Returns an empty shelf for so many bytes.
    pub(super) fn new(most_bytes: u64) -> Self {
        Self {
            slots: Mutex::default(),
            left: Mutex::new(most_bytes),
        }
    }

    /// Returns what a file holds whose facts are these, and parses it if that is not known. Who asks for a file that is being
    /// parsed waits for it.
    ///
    /// # Errors
    /// Those of `parse`, of which nothing is kept.
    pub(super) fn get<E>(
        &self,
        path: &Path,
        facts: Digest,
        parse: impl FnOnce() -> Result<Parsed, E>,
    ) -> Result<Arc<Parsed>, E> {
        let slot = Arc::clone(locked(&self.slots).entry(path.to_owned()).or_default());
        let mut slot = locked(&slot);
        if let Some((known, parsed)) = &slot.0
            && *known == facts
        {
            return Ok(Arc::clone(parsed));
        }
        if let Some((_, old)) = slot.0.take() {
            *locked(&self.left) += bytes(&old);
        }
        let parsed = Arc::new(parse()?);
        let mut left = locked(&self.left);
        if let Some(rest) = left.checked_sub(bytes(&parsed)) {
            *left = rest;
            slot.0 = Some((facts, Arc::clone(&parsed)));
        }
        Ok(parsed)
    }
}

fn bytes(parsed: &Parsed) -> u64 {
    parsed.as_ref().map_or(0, Content::bytes)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::ParquetBars;
    use super::*;
    use crate::frame::Bar;

    fn content(rows: usize) -> Content {
        Content::Bars(ParquetBars {
            owners: vec![("A".to_owned(), vec![Bar::default(); rows])],
            inexact: 0,
        })
    }

    /// Asks for files by their facts and returns how often each ask had one parsed.
    fn parses(shelf: &Shelf, asks: &[(&str, &[u8], usize)]) -> Vec<usize> {
        asks.iter()
            .map(|(path, facts, rows)| {
                let mut count = 0;
                let parse = || {
                    count += 1;
                    Ok::<_, Infallible>(Ok(content(*rows)))
                };
                shelf
                    .get(Path::new(path), Digest::of(facts), parse)
                    .unwrap();
                count
            })
            .collect()
    }

    #[test]
    fn a_file_is_parsed_again_only_when_it_has_changed() {
        let shelf = Shelf::new(1 << 20);

        let parses = parses(
            &shelf,
            &[
                ("a", b"1", 3),
                ("a", b"1", 3),
                ("b", b"1", 3),
                ("a", b"2", 3),
                ("a", b"2", 3),
            ],
        );

        assert_eq!(parses, [1, 0, 1, 1, 0]);
    }

    #[test]
    fn what_does_not_fit_is_parsed_again_and_room_comes_back() {
        let shelf = Shelf::new(10 * size_of::<Bar>() as u64);

        let parses = parses(
            &shelf,
            &[
                ("a", b"1", 6),
                ("b", b"1", 6),
                ("b", b"1", 6),
                ("a", b"2", 2),
                ("b", b"1", 6),
                ("b", b"1", 6),
            ],
        );

        assert_eq!(parses, [1, 1, 1, 1, 1, 0]);
    }

    #[test]
    fn threads_that_ask_for_one_file_have_it_parsed_once() {
        let (shelf, count) = (Shelf::new(1 << 20), AtomicUsize::new(0));

        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let parse = || {
                        count.fetch_add(1, Ordering::Relaxed);
                        Ok::<_, Infallible>(Ok(content(1)))
                    };
                    shelf.get(Path::new("a"), Digest::of(b"1"), parse)
                });
            }
        });

        assert_eq!(count.into_inner(), 1);
    }
}
