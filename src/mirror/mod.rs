//! A copy of a tree for readers: few files, each with many series, so that a query opens few.
//!
//! Promises: a reader sees one whole state of the rows or a clean error, never a part, whatever becomes of the process or the
//! machine. It is a copy: it may be deleted at any time, nothing that is collected waits for it, and nothing fails by it. Rows
//! are those of the tree; what the tree has lost stays as the last good copy, and is marked. `docs/format.md` has the form.
//! Leaves to others: which mirrors somebody wants (`config`), words (`cli`).

mod asked;
mod build;
mod change;
mod changes;
mod clean;
mod compare;
mod cut;
mod day_files;
mod days;
mod doubt;
mod dropped;
mod error;
mod extent;
mod folder;
mod for_readers;
mod keeper;
mod left;
mod left_days;
mod lost;
mod lost_days;
mod need;
mod next;
mod of_workspace;
mod piece;
mod plan;
mod read;
mod refresh;
mod scan;
mod seen;
mod since;
mod standing;
mod table;
mod tree;
mod version;
mod whole;

pub use asked::{AskedMirrors, absent, drop_mirror, mending, paths, refuse_last_copies};
pub use compare::{Difference, Verified, verify};
pub use error::MirrorError;
pub use folder::{Folder, Place};
pub use for_readers::{PassedOver, for_readers};
pub use lost::{LastCopies, LastCopy, Proof, last_copies};
pub use lost_days::{LostDay, LostDays, LostStill};
pub use of_workspace::{
    Refreshed, Standings, all_last_copies, all_lost_days, all_standings, known_of, lost_trades,
    place, refresh_all, refresh_each, root, standings, strangers_of, switched_on, worth_telling,
};
pub use piece::{DayFile, Piece, Tier};
pub use refresh::{Mirroring, Report, Thoroughness};
pub use standing::Standing;
pub use tree::Tree;
pub use version::{Mirrored, Version};
pub use whole::whole;
