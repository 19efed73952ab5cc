//! What the integration tests share: a simulated disk, and clocks and hosts that say what a test wants.

pub(crate) mod files;
pub(crate) mod recorded;
pub(crate) mod sim;
