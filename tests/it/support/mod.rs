//! What the integration tests share: workspaces, a simulated disk, other writers' files, and a host that says what a
//! test wants.

pub(crate) mod asking;
pub(crate) mod barkeep;
pub(crate) mod charts;
pub(crate) mod clock;
pub(crate) mod feed;
pub(crate) mod files;
pub(crate) mod foreign;
pub(crate) mod host;
pub(crate) mod market;
pub(crate) mod named_parquet;
pub(crate) mod process;
pub(crate) mod recorded;
pub(crate) mod scripted;
pub(crate) mod series;
pub(crate) mod server;
pub(crate) mod sim;
pub(crate) mod trades;
pub(crate) mod workspace;
