//! `barkeep check`: what is stored is looked through, and prices that contradict each other are told.

mod command;
mod files;
mod recorded;
