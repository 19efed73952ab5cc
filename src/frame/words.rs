//! Texts of which many rows have the same: each is there once, and a row has its number.
//!
//! Promises: two bytes a row. Texts that do not repeat are no words: who collects them is told so.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Texts as numbers of words, which are there once: two bytes a row, where a reference to a text has sixteen.
#[derive(Clone, Debug, Default)]
pub struct Words {
    texts: Vec<Option<Arc<str>>>,
    /// The word of each row.
    pub(super) codes: Vec<u16>,
    /// The codes of the words.
    known: HashMap<Arc<str>, u16>,
    /// The code of no text.
    none: Option<u16>,
}

/// So many words are tried before it is asked whether they repeat.
pub(super) const WORDS_TRIED: usize = 1 << 12;
/// The first words are found by looking at them: most columns have no others, and hashing takes longer.
const WORDS_LOOKED_AT: usize = 4;

impl Words {
    pub(super) fn get(&self, row: usize) -> Option<&Arc<str>> {
        let code = *self.codes.get(row)?;
        self.texts.get(usize::from(code))?.as_ref()
    }

    /// Returns the code of a text; `None` when there is no room for another word, or the words do not repeat.
    pub(super) fn code_of(&mut self, text: Option<&str>) -> Option<u16> {
        let mut first = self.texts.iter().take(WORDS_LOOKED_AT);
        if let Some(at) = first.position(|word| word.as_deref() == text) {
            return u16::try_from(at).ok();
        }
        let known = match text {
            Some(text) => self.known.get(text).copied(),
            None => self.none,
        };
        if known.is_some() {
            return known;
        }
        let count = self.texts.len();
        if count >= WORDS_TRIED && count > self.codes.len() / 4 {
            return None;
        }
        let code = u16::try_from(count).ok()?;
        let word: Option<Arc<str>> = text.map(Arc::from);
        match &word {
            Some(word) => drop(self.known.insert(Arc::clone(word), code)),
            None => self.none = Some(code),
        }
        self.texts.push(word);
        Some(code)
    }

    /// Returns the code of a text that may be a word itself: then nothing is compared but where it lies.
    pub(super) fn code_of_shared(&mut self, text: Option<&Arc<str>>) -> Option<u16> {
        let mut first = self.texts.iter().take(WORDS_LOOKED_AT);
        let at = text.and_then(|text| {
            first.position(|word| word.as_ref().is_some_and(|word| Arc::ptr_eq(word, text)))
        });
        match at {
            Some(at) => u16::try_from(at).ok(),
            None => self.code_of(text.map(|text| &**text)),
        }
    }

    /// Appends rows of others; `false`, and nothing is changed but words, when these words become too many.
    pub(super) fn extend(&mut self, other: &Self, rows: Range<usize>) -> bool {
        let codes = other.codes.get(rows).unwrap_or_default();
        // Few rows do not pay for a table of all words.
        let table = if codes.len() < other.texts.len() {
            0
        } else {
            other.texts.len()
        };
        let mut ours: Vec<Option<u16>> = vec![None; table];
        let before = self.codes.len();
        self.codes.reserve(codes.len());
        for code in codes {
            let at = usize::from(*code);
            let known = ours.get(at).copied().flatten();
            let word = other.texts.get(at).and_then(Option::as_deref);
            let Some(code) = known.or_else(|| self.code_of(word)) else {
                self.codes.truncate(before);
                return false;
            };
            if let Some(place) = ours.get_mut(at) {
                *place = Some(code);
            }
            self.codes.push(code);
        }
        true
    }

    /// Returns these words for other rows; `None` where the rows are so few that most words would be none of theirs.
    pub(super) fn of_rows(&self, codes: Vec<u16>) -> Option<Self> {
        (codes.len() >= self.texts.len()).then(|| Self {
            texts: self.texts.clone(),
            codes,
            known: self.known.clone(),
            none: self.none,
        })
    }

    /// Returns the texts one by one.
    pub(super) fn each(&self) -> Vec<Option<Arc<str>>> {
        let rows = 0..self.codes.len();
        rows.map(|row| self.get(row).cloned()).collect()
    }

    /// Returns the words, in the order of their codes; `None` stands for no text.
    pub fn words(&self) -> &[Option<Arc<str>>] {
        &self.texts
    }

    /// Returns the codes of the rows.
    pub fn codes(&self) -> &[u16] {
        &self.codes
    }
}
