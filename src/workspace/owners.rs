//! What tickers.json and the plan of a migration say of legacy files that name no venue.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::config::{Origin, Settings};
use crate::document::{self, Object, Value};
use crate::layout::LegacyPathBuilder;
use crate::model::{Interval, Venue};
use crate::storage::{Claims, Kept, LegacyVenue, Owners, Planned};
use crate::sys::Fs;

use super::open::PLAN_FILE;

/// What decides which venue the shared folders are for, beside the registry.
#[derive(Clone, Debug)]
pub(super) struct SharedFolders {
    root: PathBuf,
    /// What the settings say; `None` when they say nothing.
    chosen: Option<Venue>,
    /// The venues that the settings describe.
    described: BTreeSet<Venue>,
    otherwise: Venue,
}

impl SharedFolders {
    pub(super) fn of(settings: &Settings, root: &Path) -> Self {
        let setting = &settings.legacy_venue;
        let is_chosen = setting.origin != Origin::Default;
        Self {
            root: root.to_owned(),
            chosen: is_chosen.then(|| setting.value.clone()),
            described: settings.described_venues().cloned().collect(),
            otherwise: setting.value.clone(),
        }
    }

    /// Returns the venue that they are for: the one that somebody chose, else the only one that settings and tickers.json know,
    /// else us:yahoo.
    pub(super) fn venue(&self, fs: &dyn Fs, catalog: Option<&Catalog>) -> LegacyVenue {
        let only = || {
            let mut known = self.described.clone();
            known.extend(catalog.map(Catalog::venues).unwrap_or_default());
            let first = known.pop_first();
            first.filter(|_| known.is_empty())
        };
        let chosen = self.chosen.clone().or_else(only);
        let venue = chosen.unwrap_or_else(|| self.otherwise.clone());
        let own = LegacyPathBuilder::new(&self.root).own_folder(&venue);
        LegacyVenue {
            // Whoever cannot look there cannot read a file either.
            has_own_folder: fs.metadata(&own).ok().flatten().is_some(),
            venue,
        }
    }
}

/// Returns the rule for a workspace. It looks into tickers.json by itself where nobody has read that before.
pub(super) fn owners(fs: &Arc<dyn Fs>, root: &Path, settings: &Settings) -> Owners {
    let shared = SharedFolders::of(settings, root);
    // A registry that cannot be read ends every command that writes; this is not the place to say so.
    let registry = |fs: &dyn Fs, root: &Path| Catalog::load(fs, root).ok().flatten();
    let (of_finding, disk) = (shared.clone(), Arc::clone(fs));
    let find = move || {
        let catalog = registry(&*disk, &of_finding.root);
        of_finding.venue(&*disk, catalog.as_ref())
    };
    let disk = Arc::clone(fs);
    Owners::new(find, move |planned| {
        let catalog = registry(&*disk, &shared.root);
        let legacy = shared.venue(&*disk, catalog.as_ref()).venue;
        claims(&*disk, &shared.root, &legacy, catalog.as_ref(), planned)
    })
}

/// Returns which tickers the registry keeps, as it is when somebody asks.
pub(super) fn kept(fs: &Arc<dyn Fs>, root: &Path) -> Kept {
    let (disk, root) = (Arc::clone(fs), root.to_owned());
    Kept::new(move |venue| {
        // A registry that cannot be read ends every command that writes; this is not the place to say so.
        let catalog = Catalog::load(&*disk, &root).ok().flatten();
        let tickers = catalog.map(|catalog| catalog.tickers_at(venue));
        tickers.unwrap_or_default().into_iter().collect()
    })
}

/// Returns what a registry and the plan on disk say, and what is planned beside that.
pub(super) fn claims(
    fs: &dyn Fs,
    root: &Path,
    legacy_venue: &Venue,
    catalog: Option<&Catalog>,
    more: &Planned,
) -> Claims {
    let mut planned = planned(fs, root, legacy_venue);
    planned.extend(
        more.iter()
            .map(|(interval, venue)| (*interval, venue.clone())),
    );
    let mut claims = Claims::default();
    for ticker in catalog.map(Catalog::tickers).unwrap_or_default() {
        let is_beside = catalog.is_some_and(|known| known.is_kept_beside(ticker, legacy_venue));
        if is_beside {
            claims.kept_beside.insert(ticker.clone());
        }
        if is_beside || !planned.is_empty() {
            let home = catalog.and_then(|known| known.home(ticker));
            claims.homes.extend(home.map(|home| (ticker.clone(), home)));
        }
    }
    claims.planned = planned;
    claims
}

/// Returns the intervals that the plan on disk has for one other venue only. Of several, nobody knows whose such a file is.
fn planned(fs: &dyn Fs, root: &Path, legacy_venue: &Venue) -> Planned {
    let found = document::read_object(fs, &root.join(PLAN_FILE), document::MAX_BYTES);
    // Who follows the plan says what is wrong with it.
    let plan = found.ok().flatten().unwrap_or_default();
    let entries = plan.get("venues").and_then(Value::as_array);
    let mut all: Vec<(Interval, Venue)> = Vec::new();
    for entry in entries.into_iter().flatten().filter_map(Value::as_object) {
        let Some(venue) = venue_of(entry) else {
            continue;
        };
        let intervals = entry.get("intervals").and_then(Value::as_object);
        let names = intervals.into_iter().flat_map(Object::keys);
        let intervals = names.filter_map(|name| name.parse().ok());
        all.extend(intervals.map(|interval: Interval| (interval, venue.clone())));
    }
    let is_only = |interval: Interval, venue: &Venue| {
        let same = |(other, of): &(Interval, Venue)| *other != interval || of == venue;
        venue != legacy_venue && all.iter().all(same)
    };
    let only = all
        .iter()
        .filter(|(interval, venue)| is_only(*interval, venue));
    only.cloned().collect()
}

fn venue_of(entry: &Object) -> Option<Venue> {
    let text = |key: &str| entry.get(key)?.as_str();
    let by_parts = || {
        format!("{}:{}", text("market")?, text("source")?)
            .parse()
            .ok()
    };
    by_parts().or_else(|| text("id")?.parse().ok())
}
