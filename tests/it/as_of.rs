//! What was known when: every moment that the ledger knows comes back bit for bit, or is refused by name.

mod properties;
mod show;
