//! Where things lie: pure path building, in both directions.
//!
//! Promises: a path is made of parsed types only, so it never leaves its root; what `partitioned` builds,
//! `parse` understands again. Nothing here touches a disk.
//! Leaves to others: what of it exists (`storage`).

mod legacy;
mod level;
mod older_trades;
mod parse;
mod partitioned;
mod places;
mod staging;

pub use legacy::{LegacyName, LegacyPathBuilder, legacy_name};
pub use level::{Level, is_parquet, is_passed_over};
pub use older_trades::OlderTradesPaths;
pub use parse::{
    ParsedPartition, is_temporary, parse_partition_folder, parse_series_at, parse_series_name,
    parse_staged, series_name,
};
pub use partitioned::PartitionPathBuilder;
pub use places::{OWN_FOLDERS, Places};
pub use staging::{Continuity, continuity, staged_partition, staged_rows};
