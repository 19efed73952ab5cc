//! Short texts that come again and again, kept once.

use std::collections::HashSet;
use std::sync::Arc;

/// More different texts than this are no vocabulary: they are forgotten, and shared anew from there on.
const MOST: usize = 1 << 16;

/// The texts of a file that are met again: codes, currencies, instruments.
#[derive(Debug, Default)]
pub(super) struct Words(HashSet<Arc<str>>);

impl Words {
    /// Returns the shared copy of a text.
    pub(super) fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let word: Arc<str> = text.into();
        self.0.insert(Arc::clone(&word));
        word
    }
}
