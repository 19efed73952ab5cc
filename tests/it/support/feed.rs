//! A feed of trades as its server gives it: a listing, and files behind a redirect to an address of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use barkeep::sys::Clock as _;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::barkeep::Barkeep;
use super::clock::WaitingClock;
use super::server::{Reply, Server};
use barkeep::cli::Exit;

pub(crate) const SIEMENS: &str = "DE0007236101";
pub(crate) const SAP: &str = "DE0007164600";

/// What a feed has, by the names of its files.
type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;
/// What it publishes once a file is asked for: by that file's name, the other's name and bytes.
type Later = Arc<Mutex<BTreeMap<String, (String, Vec<u8>)>>>;

/// When it forgets files.
type Expiring = Arc<Mutex<BTreeMap<String, DateTime<Utc>>>>;

/// A feed on a loopback server.
#[derive(Debug)]
pub(crate) struct FeedServer {
    pub(crate) server: Server,
    code: &'static str,
    files: Files,
    /// Files that the server fails to give.
    broken: Arc<Mutex<BTreeSet<String>>>,
    later: Later,
    expiring: Expiring,
    clock: Arc<Mutex<Option<Arc<WaitingClock>>>>,
}

impl FeedServer {
    /// Starts the feed of Xetra.
    pub(crate) fn start() -> Self {
        Self::start_of("DETR")
    }

    pub(crate) fn start_of(code: &'static str) -> Self {
        let server = Server::start();
        let (files, later) = (Files::default(), Later::default());
        let (there, coming) = (Arc::clone(&files), Arc::clone(&later));
        let broken: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let fails = Arc::clone(&broken);
        let (expiring, clock) = (Expiring::default(), Arc::default());
        let (expires, time) = (
            Arc::clone(&expiring),
            Arc::<Mutex<Option<Arc<WaitingClock>>>>::clone(&clock),
        );
        server.handle(move |request| {
            let mut files = there.lock().unwrap();
            if let Some(clock) = &*time.lock().unwrap() {
                let (now, expires) = (clock.now(), expires.lock().unwrap());
                files.retain(|name, _| expires.get(name).is_none_or(|at| now < *at));
            }
            let is_listing = request.path == format!("/api/{code}-posttrade");
            if is_listing
                && fails
                    .lock()
                    .unwrap()
                    .contains(&format!("{code}-posttrade-list.json.gz"))
            {
                return Reply::new(500, "later");
            }
            if is_listing {
                return Reply::json(listing(code, files.keys()));
            }
            // The signed address is another path, which is good for seconds only.
            if let Some(name) = request.path.strip_prefix("/api/download/") {
                if let Some((other, bytes)) = coming.lock().unwrap().remove(name) {
                    files.insert(other, bytes);
                }
                return if files.contains_key(name) {
                    Reply::new(301, "").header("Location", &format!("/signed/{name}?for=2s"))
                } else {
                    Reply::new(404, "gone")
                };
            }
            let name = request.path.strip_prefix("/signed/");
            if name.is_some_and(|name| fails.lock().unwrap().contains(name)) {
                return Reply::new(500, "later");
            }
            match name.and_then(|name| files.get(name)) {
                Some(bytes) => Reply::new(200, bytes.clone()),
                None => Reply::new(404, "gone"),
            }
        });
        Self {
            server,
            code,
            files,
            broken,
            later,
            expiring,
            clock,
        }
    }

    /// Lets the files expire by this clock.
    pub(crate) fn follow(&self, clock: &Arc<WaitingClock>) {
        *self.clock.lock().unwrap() = Some(Arc::clone(clock));
    }

    /// Publishes lines in a file that is there until a moment.
    pub(crate) fn publish_until(&self, until: DateTime<Utc>, name: &str, lines: &[String]) {
        let mut expiring = self.expiring.lock().unwrap();
        expiring.insert(self.name(name), until);
        drop(expiring);
        self.publish(name, lines);
    }

    /// Publishes lines in a file, in place of what it was before.
    pub(crate) fn publish(&self, name: &str, lines: &[String]) {
        self.publish_bytes(name, &packed(&lines.concat()));
    }

    pub(crate) fn publish_bytes(&self, name: &str, bytes: &[u8]) {
        let mut files = self.files.lock().unwrap();
        files.insert(self.name(name), bytes.to_vec());
    }

    /// Publishes lines in a file as soon as another file is asked for.
    pub(crate) fn publish_upon(&self, asked: &str, name: &str, lines: &[String]) {
        let then = (self.name(name), packed(&lines.concat()));
        self.later.lock().unwrap().insert(self.name(asked), then);
    }

    /// Returns the whole name of a file.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}-posttrade-{name}.json.gz", self.code)
    }

    /// Fails to give a file from now on, or the list of all, which is `list`.
    pub(crate) fn fail(&self, name: &str) {
        let mut broken = self.broken.lock().unwrap();
        broken.insert(self.name(name));
    }

    /// Gives a file again.
    pub(crate) fn heal(&self, name: &str) {
        let mut broken = self.broken.lock().unwrap();
        broken.remove(&self.name(name));
    }

    /// Forgets a file, as a feed does after a day.
    pub(crate) fn forget(&self, name: &str) {
        let mut files = self.files.lock().unwrap();
        files.remove(&self.name(name));
    }

    /// Returns the names of the files that were asked for, in order; each once for each time.
    pub(crate) fn downloads(&self) -> Vec<String> {
        let requests = self.server.requests();
        let begin = format!("/api/download/{}-posttrade-", self.code);
        let names = requests.iter().filter_map(|request| {
            let name = request.path.strip_prefix(&begin)?;
            Some(name.strip_suffix(".json.gz")?.to_owned())
        });
        names.collect()
    }

    /// Returns what a workspace needs to ask this server.
    pub(crate) fn settings(&self, more: &str) -> String {
        let address = self.server.url("");
        format!("[sources.\"de:xetra\"]\nbase_url = \"{address}\"\n{more}\n")
    }

    /// Returns a workspace that asks this server, at a moment.
    pub(crate) fn workspace(&self, more: &str, now: &str) -> Barkeep {
        let mut bar = Barkeep::empty();
        bar.write("barkeep.toml", self.settings(more));
        bar.run(&["init", "--venue", "de:xetra"]).expect(Exit::Ok);
        now.clone_into(&mut bar.now);
        bar
    }
}

fn listing<'n>(code: &str, names: impl Iterator<Item = &'n String>) -> String {
    let names: Vec<&String> = names.collect();
    serde_json::json!({
        "SourcePrefix": format!("{code}-posttrade"),
        "DaysToKeepOnWebpage": 1,
        "FileCount": names.len(),
        "GenerationDatetime": "2026-09-18 06:00:00.000 UTC",
        "CurrentFiles": names,
    })
    .to_string()
}

/// Returns a text as the feed packs it.
pub(crate) fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Returns a line of a trade of the continuous session, as it is published since 2026.
pub(crate) fn line(isin: &str, id: &str, at: &str, (price, quantity): (f64, f64)) -> String {
    let line = serde_json::json!({
        "messageId": "posttrade",
        "instrumentIdentificationCode": isin,
        "transactionIdentificationCode": id,
        "price": price,
        "quantity": quantity,
        "priceCurrency": "EUR",
        "priceNotation": 1,
        "tradingDateAndTime": format!("{at}.000000001Z"),
        "publicationDateAndTime": format!("{at}.500000000Z"),
        "venueOfExecution": "XETA",
        "venueOfPublication": "XCEF",
        "tradingSystem": "1",
        "mmtTradingMode": "2",
        "mmtModificationInd": "-",
    });
    format!("{line}\n")
}

/// Two trades of a minute, which is spelled as in the names of files.
pub(crate) fn lines(minute: &str) -> Vec<String> {
    let at = minute.replace('_', ":");
    let trade = |isin, id: &str, seconds, of| {
        let id = format!("{id}{minute}");
        line(isin, &id, &format!("{at}:{seconds}"), of)
    };
    vec![
        trade(SIEMENS, "s", "05", (200.5, 10.0)),
        trade(SAP, "p", "59", (180.25, 3.5)),
    ]
}
