//! The vocabulary of barkeep: values every room speaks, with no I/O behind them.
//!
//! Promises: a value of these types is valid wherever it is met; parsing happens once, at the border.
//! Leaves to others: where things lie (`layout`), what rows look like (`frame`), how files are written (`sys`).

mod as_of;
mod calendar_span;
mod copies;
mod currency;
mod dataset;
mod digest;
mod documents;
mod feed;
mod identity;
mod interval;
mod partition;
mod provenance;
mod request;
mod run_id;
pub mod sealed;
mod ticker;
pub mod time;
mod unclear;
mod venue;
pub mod words;

pub use as_of::AsOf;
pub use calendar_span::{CALENDAR_FORMS, CalendarSpan};
pub use copies::copied_from;
pub use currency::{minor_units, unit_factor};
pub use dataset::Dataset;
pub use digest::{Digest, DigestWriter, Fingerprint, HalfDigest};
pub use documents::as_text;
pub use feed::{Feed, InvalidFeed};
pub use identity::Identity;
pub use interval::{Interval, UnknownInterval};
pub use partition::{Granularity, PartitionKey};
pub use provenance::{PriceBasis, Provenance, TimeUnit};
pub use request::{PartitionedSeries, Series, StorageRequest, VenueMissing};
pub use run_id::RunId;
pub use ticker::{InvalidTicker, Ticker, instrument_of, instrument_symbol};
pub use unclear::{Amiss, Unclear};
pub use venue::{InvalidVenue, Slug, Venue};
