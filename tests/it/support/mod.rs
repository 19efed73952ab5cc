//! What the integration tests share: a simulated disk, and a host that says what a test wants.

pub(crate) mod bar;
pub(crate) mod files;
pub(crate) mod host;
pub(crate) mod recorded;
pub(crate) mod sim;
