//! Short texts that come again and again, kept once.

use std::collections::HashSet;
use std::sync::Arc;

use super::reading::{FIELDS, Field};

/// More different texts than this are no vocabulary: they are forgotten, and shared anew from there on.
const MOST: usize = 1 << 16;

/// The texts of a file that are met again: codes, currencies, instruments.
#[derive(Debug)]
pub(super) struct Words {
    all: HashSet<Arc<str>>,
    /// The last text of each field: most lines say the same as the one before.
    last: [Option<Arc<str>>; FIELDS],
}

impl Default for Words {
    fn default() -> Self {
        Self {
            all: HashSet::new(),
            last: [const { None }; FIELDS],
        }
    }
}

impl Words {
    /// Returns the shared copy of a text of a field.
    pub(super) fn shared(&mut self, field: Field, text: &str) -> Arc<str> {
        let last = self.last.get(field as usize).and_then(Option::as_ref);
        if let Some(last) = last.filter(|last| &***last == text) {
            return Arc::clone(last);
        }
        let word = self.word(text);
        if let Some(last) = self.last.get_mut(field as usize) {
            *last = Some(Arc::clone(&word));
        }
        word
    }

    /// Returns the shared copy of a text.
    pub(super) fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.all.get(text) {
            return Arc::clone(known);
        }
        if self.all.len() >= MOST {
            self.all.clear();
        }
        let word: Arc<str> = text.into();
        self.all.insert(Arc::clone(&word));
        word
    }
}
