//! Yahoo from the outside: bodies served over loopback, stored by `update` and printed by `show`.

mod actions;
mod again;
mod beside;
mod calendar;
mod currencies;
mod holes;
mod identity;
mod limits;
mod live;
mod parity;
mod prepost;
mod rebase;
mod replay;
mod requests;
mod trouble;
mod vault;
mod wide;
mod windows;
