//! The tables of this build, each read when it is first asked for.
//!
//! They are made by `tests/python/calendars.py`, which also holds what barkeep prints to the package that they come from.

use std::sync::{Arc, OnceLock};

use super::table::Table;

/// A table: the market identifier code (ISO 10383) of its exchange, and its text.
struct Embedded {
    name: &'static str,
    text: &'static str,
    read: OnceLock<Option<Arc<Table>>>,
}

macro_rules! embedded {
    ($($name:literal)*) => {
        [$(Embedded {
            name: $name,
            text: include_str!(concat!("tables/", $name, ".txt")),
            read: OnceLock::new(),
        }),*]
    };
}

static TABLES: [Embedded; 22] = embedded!(
    "BVMF" "XAMS" "XASX" "XBOM" "XBRU" "XETR" "XHKG" "XJSE" "XKRX" "XLIS" "XLON" "XMAD" "XMIL" "XNAS" "XNYS" "XPAR"
    "XSAU" "XSHG" "XSWX" "XTAE" "XTKS" "XTSE"
);

/// Returns the names of the exchanges that have a table, in order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name)
}

/// Returns the table of an exchange.
pub(super) fn table(name: &str) -> Option<Arc<Table>> {
    let embedded = TABLES.iter().find(|table| table.name == name)?;
    let read = || Table::parse(embedded.text).ok().map(Arc::new);
    embedded.read.get_or_init(read).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_understood_to_its_last_line() {
        for embedded in &TABLES {
            let table = Table::parse(embedded.text);

            assert!(table.is_ok(), "{}: {table:?}", embedded.name);
        }
    }

    #[test]
    fn names_are_in_order() {
        assert!(names().is_sorted());
    }
}
