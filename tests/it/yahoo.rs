//! Yahoo from the outside: recorded bodies served over loopback, stored by `update` and printed by `show`.

mod parity;
