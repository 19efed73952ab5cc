//! A job and its answers as downloads, from which the same rows can be made again.
//!
//! Promises: pure; nothing of an address but its path and its query is written down, so no secret of a server's is. What is no
//! record is none. Answers are text that says much again, so they are packed as gzip.

use std::io::{Read as _, Write as _};

use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{Asked, FetchJob, Window};
use crate::http::{HttpAnswer, Talk};
use crate::model::{Digest, PriceBasis};

/// What a job is called, before its ticker and interval.
const JOB: &str = "job/";

/// No answer was taken that is longer.
const MOST_BYTES: u64 = 1 << 30;

/// Bytes for the vault, with their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// What they are called.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A job of long ago.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The question.
    pub job: FetchJob,
    /// The mark that its answer left, if it left one.
    pub left: Option<String>,
    /// What was asked, as path and query, with the status of each answer and the digest of its download, in their order.
    pub answers: Vec<(String, u16, Digest)>,
}

/// Returns the path and the query of an address below a base.
fn below<'u>(url: &'u str, base: &str) -> &'u str {
    url.strip_prefix(base).unwrap_or_default()
}

/// Returns a job and its answers as downloads, the answers first; none where nothing was asked.
pub(super) fn record(job: &FetchJob, left: Option<&str>, talk: &Talk, base: &str) -> Vec<Download> {
    let (mut downloads, mut answers) = (Vec::new(), Vec::new());
    for (url, HttpAnswer { status, body, .. }) in talk.answers() {
        let (name, bytes) = (below(url, base), packed(body));
        answers.push(json!([name, status, Digest::of(&bytes).to_string()]));
        downloads.push(Download {
            name: name.to_owned(),
            bytes,
        });
    }
    if downloads.is_empty() {
        return downloads;
    }
    let document = json!({
        "ticker": job.ticker.as_str(),
        "interval": job.interval.as_str(),
        "from": job.window.from,
        "to": job.window.to,
        "is_explicit": job.asked == Asked::Explicit,
        "mark": job.mark,
        "known": job.known.map(|day| day.to_string()),
        "basis": job.basis.map(PriceBasis::as_str),
        "now": job.now.to_rfc3339(),
        "left": left.or(job.mark.as_deref()),
        "answers": answers,
    });
    downloads.push(Download {
        name: format!("{JOB}{}/{}", job.ticker, job.interval),
        bytes: document.to_string().into_bytes(),
    });
    downloads
}

/// Reads what `record` made of a job.
pub(super) fn recorded(download: &Download) -> Option<Recorded> {
    if !download.name.starts_with(JOB) {
        return None;
    }
    let document: Value = serde_json::from_slice(&download.bytes).ok()?;
    let text = |key: &str| document.get(key).and_then(Value::as_str);
    let number = |key: &str| document.get(key).and_then(Value::as_i64);
    let now: DateTime<Utc> = text("now")?.parse().ok()?;
    let answer = |answer: &Value| {
        let [url, status, digest] = answer.as_array()?.as_slice() else {
            return None;
        };
        Some((
            url.as_str()?.to_owned(),
            u16::try_from(status.as_u64()?).ok()?,
            digest.as_str()?.parse().ok()?,
        ))
    };
    let answers = document.get("answers")?.as_array()?.iter().map(answer);
    Some(Recorded {
        job: FetchJob {
            ticker: text("ticker")?.parse().ok()?,
            interval: text("interval")?.parse().ok()?,
            window: Window {
                from: number("from"),
                to: number("to"),
            },
            asked: if document.get("is_explicit")?.as_bool()? {
                Asked::Explicit
            } else {
                Asked::Incremental
            },
            mark: text("mark").map(str::to_owned),
            known: text("known").and_then(|day| day.parse().ok()),
            basis: text("basis").and_then(|basis| basis.parse().ok()),
            now,
        },
        left: text("left").map(str::to_owned),
        answers: answers.collect::<Option<Vec<_>>>()?,
    })
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    // Memory takes everything.
    let _written = packer.write_all(body);
    packer.finish().unwrap_or_default()
}

fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let mut unpacker = GzDecoder::new(bytes).take(MOST_BYTES);
    unpacker.read_to_end(&mut body).ok()?;
    Some(body)
}

/// Returns the talk of a recorded job, as it would be held with a server today; `None` where a download is gone.
pub(super) fn talk(
    recorded: &Recorded,
    base: &str,
    body: &dyn Fn(&Digest) -> Option<Vec<u8>>,
) -> Option<Talk> {
    let answers = recorded.answers.iter().map(|(url, status, digest)| {
        let answer = HttpAnswer {
            status: *status,
            body: unpacked(&body(digest)?)?,
            ..HttpAnswer::default()
        };
        Some((format!("{base}{url}"), answer))
    });
    Some(Talk::recorded(answers.collect::<Option<Vec<_>>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://user:secret@host/key";

    #[test]
    fn a_job_reads_back_with_its_answers_and_no_secret_of_the_address_is_kept() {
        let job = FetchJob {
            ticker: "BRK-B".parse().unwrap(),
            interval: crate::model::Interval::M1,
            window: Window {
                from: Some(1_763_600_000_000_000_000),
                to: None,
            },
            asked: Asked::Incremental,
            mark: Some("1 1763 America/New_York x".to_owned()),
            known: Some("2025-11-20".parse().unwrap()),
            basis: Some(PriceBasis::SplitAdjusted),
            now: "2025-11-21T01:00:00Z".parse().unwrap(),
        };
        let answer = HttpAnswer {
            status: 404,
            body: b"{}".to_vec(),
            ..HttpAnswer::default()
        };
        let heard = Talk::recorded([(format!("{BASE}/v8/chart/BRK-B?a=1"), answer.clone())]);

        let downloads = record(&job, Some("left"), &heard, BASE);
        let read = recorded(&downloads[1]).unwrap();
        let again = talk(&read, BASE, &|digest| {
            let packed = &downloads[0].bytes;
            (*digest == Digest::of(packed)).then(|| packed.clone())
        })
        .unwrap();

        assert_eq!(downloads[0].name, "/v8/chart/BRK-B?a=1");
        assert_eq!(downloads[0].bytes[..2], [0x1f, 0x8b], "gzip");
        assert!(downloads.iter().all(|one| {
            let text = format!("{}{}", one.name, String::from_utf8_lossy(&one.bytes));
            !text.contains("secret") && !text.contains("key/")
        }));
        assert_eq!((&read.job, read.left.as_deref()), (&job, Some("left")));
        let answers: Vec<_> = again.answers().collect();
        assert_eq!(answers, heard.answers().collect::<Vec<_>>());
        assert!(talk(&read, BASE, &|_| None).is_none());
        for end in 0..downloads[1].bytes.len() {
            let cut = Download {
                bytes: downloads[1].bytes[..end].to_vec(),
                ..downloads[1].clone()
            };
            assert!(recorded(&cut).is_none(), "{end}");
        }
    }
}
