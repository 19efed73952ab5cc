//! What is wrong in the vault: damaged downloads, and what stopped runs left torn.

use serde_json::{Value, json};

use crate::cli::{Exit, Shell};
use crate::model::words::count;
use crate::vault::Finding;

/// Returns the exits that findings ask for. A torn end is what a stop leaves, and nobody relied on it.
pub(super) fn exit(findings: &[Finding]) -> Option<Exit> {
    let is_damage = |finding: &Finding| !matches!(finding, Finding::Torn { .. });
    findings.iter().any(is_damage).then_some(Exit::Damaged)
}

/// Prints findings.
pub(super) fn print(findings: &[Finding], shell: &Shell<'_>) {
    let bytes = |length: u64| count(length, "byte", "bytes");
    for finding in findings {
        match finding {
            Finding::Damaged { path, damage } => {
                let name = damage.name.as_deref().unwrap_or("a download");
                shell.error(&format!(
                    "error: {} is damaged: {} of {name} at byte {}",
                    shell.shown(path),
                    bytes(damage.length),
                    damage.offset
                ));
            }
            Finding::Newer { path } => shell.error(&format!(
                "error: {} is of a newer form, which this version cannot read",
                shell.shown(path)
            )),
            Finding::Torn {
                path,
                bytes: length,
            } => shell.note(&format!(
                "{} ends in {} of a download that was cut off; nothing was made of them.",
                shell.shown(path),
                bytes(*length)
            )),
        }
    }
}

/// Returns findings as documents.
pub(super) fn document(findings: &[Finding], shell: &Shell<'_>) -> Vec<Value> {
    let document = |finding: &Finding| match finding {
        Finding::Damaged { path, damage } => json!({
            "kind": "damaged", "path": shell.shown(path).to_string(), "download": damage.name,
            "offset": damage.offset, "bytes": damage.length,
        }),
        Finding::Newer { path } => {
            json!({ "kind": "newer", "path": shell.shown(path).to_string() })
        }
        Finding::Torn { path, bytes } => {
            json!({ "kind": "torn", "path": shell.shown(path).to_string(), "bytes": bytes })
        }
    };
    findings.iter().map(document).collect()
}
