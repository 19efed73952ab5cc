//! A feed of trades as its server gives it: a listing, and files behind a redirect to an address of their own.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::barkeep::Barkeep;
use super::server::{Reply, Server};
use barkeep::cli::Exit;

/// What a feed has, by the names of its files.
type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A feed `DETR` on a loopback server.
#[derive(Debug)]
pub(crate) struct FeedServer {
    pub(crate) server: Server,
    files: Files,
}

impl FeedServer {
    pub(crate) fn start() -> Self {
        let server = Server::start();
        let files = Files::default();
        let there = Arc::clone(&files);
        server.handle(move |request| {
            let files = there.lock().unwrap();
            if request.path == "/api/DETR-posttrade" {
                return Reply::json(listing(files.keys()));
            }
            // The signed address is another path, which is good for seconds only.
            if let Some(name) = request.path.strip_prefix("/api/download/") {
                return if files.contains_key(name) {
                    Reply::new(301, "").header("Location", &format!("/signed/{name}?for=2s"))
                } else {
                    Reply::new(404, "gone")
                };
            }
            let name = request.path.strip_prefix("/signed/");
            match name.and_then(|name| files.get(name)) {
                Some(bytes) => Reply::new(200, bytes.clone()),
                None => Reply::new(404, "gone"),
            }
        });
        Self { server, files }
    }

    /// Publishes lines in a file, in place of what it was before.
    pub(crate) fn publish(&self, name: &str, lines: &[String]) {
        self.publish_bytes(name, &packed(&lines.concat()));
    }

    pub(crate) fn publish_bytes(&self, name: &str, bytes: &[u8]) {
        let mut files = self.files.lock().unwrap();
        files.insert(format!("DETR-posttrade-{name}.json.gz"), bytes.to_vec());
    }

    /// Forgets a file, as a feed does after a day.
    pub(crate) fn forget(&self, name: &str) {
        let mut files = self.files.lock().unwrap();
        files.remove(&format!("DETR-posttrade-{name}.json.gz"));
    }

    /// Returns the names of the files that were asked for, in order; each once for each time.
    pub(crate) fn downloads(&self) -> Vec<String> {
        let requests = self.server.requests();
        let names = requests.iter().filter_map(|request| {
            let name = request.path.strip_prefix("/api/download/DETR-posttrade-")?;
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

fn listing<'n>(names: impl Iterator<Item = &'n String>) -> String {
    let names: Vec<&String> = names.collect();
    serde_json::json!({
        "SourcePrefix": "DETR-posttrade",
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
