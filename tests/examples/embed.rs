//! Another program keeps its own bars with the library: opens a workspace, merges rows, reads them back.

use std::error::Error;
use std::io::{Write, stdout};

use barkeep::config::Overrides;
use barkeep::frame::{Bar, BarBatch};
use barkeep::ingest;
use barkeep::model::{Interval, Provenance, StorageRequest, Ticker, Venue, time};
use barkeep::observe::Silent;
use barkeep::storage::RowsToStage;
use barkeep::workspace::{Surroundings, Workspace};
use chrono::NaiveDate;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let around = Surroundings::of_process(folder.path());
    let workspace = Workspace::open_any(&around, &Overrides::default())?;
    let (venue, ticker) = ("us:mine".parse::<Venue>()?, "AAPL".parse::<Ticker>()?);
    let series = StorageRequest::bars(venue.clone(), ticker.clone(), Interval::D1);
    let date = NaiveDate::from_ymd_opt(2024, 1, 2).and_then(time::midnight);
    let close = Some(185.64);
    let bars = vec![Bar {
        date,
        close,
        ..Bar::default()
    }];
    let (ordered, _) = BarBatch { bars }.ordered(&ticker);
    let from = Provenance {
        source: Some(venue),
        ..Provenance::default()
    };
    let held = workspace.lock().acquire("an example")?;
    let session = workspace.session(&held, &Silent);
    if let Some(rows) = RowsToStage::encode(series.clone(), &ordered.frame, &from)? {
        ingest::store(workspace.view(), session, &rows)?;
    }
    held.release()?;
    let catalog = workspace.catalog()?.unwrap_or_default();
    let found = workspace
        .read(&catalog, &series)?
        .ok_or("nothing is stored")?;
    writeln!(stdout(), "{} bar of {series}", found.stored.frame.len())?;
    Ok(())
}
