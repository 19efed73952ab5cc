//! What the integration tests share: a simulated disk, and clocks and hosts that say what a test wants.

pub(crate) mod sim;
