//! Every environment variable that barkeep looks at, in one list.
//!
//! Promises: a variable that is unset or empty changes nothing; one that makes no sense is an error that
//! names it, never a default. Nothing here reads the environment: `cli` hands in a function that does.
//! Leaves to others: which flag wins over which variable (`Settings`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::Compression;
use super::parsed::jobs;
use crate::model::Venue;

/// One environment variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvVar {
    /// Its name.
    pub name: &'static str,
    /// What it does, as a phrase.
    pub meaning: &'static str,
}

const WORKSPACE: &str = "BARKEEP_WORKSPACE";
const VENUE: &str = "BARKEEP_VENUE";
const JOBS: &str = "BARKEEP_JOBS";
const COMPRESSION: &str = "BARKEEP_COMPRESSION";
const NOW: &str = "BARKEEP_NOW";
const LOG: &str = "BARKEEP_LOG";
const NON_INTERACTIVE: &str = "BARKEEP_NON_INTERACTIVE";
const NO_COLOR: &str = "NO_COLOR";
const HTTP_PROXY: &str = "HTTP_PROXY";
const HTTPS_PROXY: &str = "HTTPS_PROXY";
const ALL_PROXY: &str = "ALL_PROXY";
const NO_PROXY: &str = "NO_PROXY";

/// Every variable, in the order in which they are documented.
pub const VARIABLES: &[EnvVar] = &[
    EnvVar {
        name: WORKSPACE,
        meaning: "the workspace when no --workspace is given; the current directory without either",
    },
    EnvVar {
        name: VENUE,
        meaning: "the venue when no --venue is given, as in us:yahoo",
    },
    EnvVar {
        name: JOBS,
        meaning: "how many threads encode and verify; 0 is one for each core",
    },
    EnvVar {
        name: COMPRESSION,
        meaning: "how new files are compressed: auto, snappy, zstd, gzip or none",
    },
    EnvVar {
        name: NOW,
        meaning: "the moment that is taken for now (RFC 3339), for replays and tests",
    },
    EnvVar {
        name: LOG,
        meaning: "what is logged, as in info or barkeep=debug",
    },
    EnvVar {
        name: NON_INTERACTIVE,
        meaning: "1 or true: never ask, as with --non-interactive",
    },
    EnvVar {
        name: NO_COLOR,
        meaning: "anything: no colours (no-color.org)",
    },
    EnvVar {
        name: HTTP_PROXY,
        meaning: "the proxy for http addresses; like the next three also in lower case, which wins",
    },
    EnvVar {
        name: HTTPS_PROXY,
        meaning: "the proxy for https addresses",
    },
    EnvVar {
        name: ALL_PROXY,
        meaning: "the proxy for addresses that have none of their own, as in socks5h://proxy:1080",
    },
    EnvVar {
        name: NO_PROXY,
        meaning: "hosts and domains that are asked without a proxy, with commas between them; * is all",
    },
];

/// The values of all variables. `None` and `false` where a variable is unset or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvVars {
    /// `BARKEEP_WORKSPACE`.
    pub workspace: Option<PathBuf>,
    /// `BARKEEP_VENUE`.
    pub venue: Option<Venue>,
    /// `BARKEEP_JOBS`.
    pub jobs: Option<usize>,
    /// `BARKEEP_COMPRESSION`.
    pub compression: Option<Compression>,
    /// `BARKEEP_NOW`.
    pub now: Option<DateTime<Utc>>,
    /// `BARKEEP_LOG`.
    pub log: Option<String>,
    /// `BARKEEP_NON_INTERACTIVE`.
    pub is_non_interactive: bool,
    /// `NO_COLOR`.
    pub is_colorless: bool,
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` by these names, those that are set. They belong to
    /// every program, so a source that asks a server judges them, and nothing else fails for them.
    pub proxies: BTreeMap<&'static str, String>,
}

impl EnvVars {
    /// Parses the variables that `lookup` knows.
    ///
    /// # Errors
    /// At the first variable that makes no sense.
    pub fn from(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, EnvError> {
        let text = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        Ok(Self {
            workspace: text(WORKSPACE).map(PathBuf::from),
            venue: parsed(VENUE, text(VENUE), |t| {
                t.parse()
                    .map_err(|e: crate::model::InvalidVenue| e.to_string())
            })?,
            jobs: parsed(JOBS, text(JOBS), jobs)?,
            compression: parsed(COMPRESSION, text(COMPRESSION), str::parse)?,
            now: parsed(NOW, text(NOW), moment)?,
            log: text(LOG),
            is_non_interactive: parsed(NON_INTERACTIVE, text(NON_INTERACTIVE), claim)?
                .unwrap_or_default(),
            is_colorless: text(NO_COLOR).is_some(),
            proxies: [HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY]
                .into_iter()
                .filter_map(|name| {
                    let value = text(&name.to_ascii_lowercase()).or_else(|| text(name));
                    value.map(|value| (name, value))
                })
                .collect(),
        })
    }
}

fn parsed<T>(
    variable: &'static str,
    text: Option<String>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, EnvError> {
    let Some(text) = text else {
        return Ok(None);
    };
    parse(text.trim())
        .map(Some)
        .map_err(|reason| EnvError { variable, reason })
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|moment| moment.with_timezone(&Utc))
        .map_err(|_| format!("`{text}` is not a moment such as 2025-11-23T17:00:00Z"))
}

fn claim(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    }
}

/// An environment variable makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {variable} cannot be used: {reason}")]
pub struct EnvError {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with its value.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::*;

    fn with(name: &'static str, value: &'static str) -> Result<EnvVars, EnvError> {
        EnvVars::from(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn every_variable_that_is_looked_at_is_documented() {
        let asked = RefCell::new(BTreeSet::new());

        EnvVars::from(|name| {
            asked.borrow_mut().insert(name.to_ascii_uppercase());
            None
        })
        .unwrap();

        let documented: BTreeSet<_> = VARIABLES.iter().map(|v| v.name.to_owned()).collect();
        assert_eq!(asked.into_inner(), documented);
    }

    #[test]
    fn unset_and_empty_variables_change_nothing() {
        for variable in VARIABLES {
            assert_eq!(with(variable.name, " "), Ok(EnvVars::default()));
        }
    }

    #[test]
    fn values_arrive_as_their_final_types() {
        assert_eq!(with(JOBS, "4").unwrap().jobs, Some(4));
        assert_eq!(
            with(COMPRESSION, "zstd").unwrap().compression,
            Some(Compression::Zstd)
        );
        assert_eq!(
            with(VENUE, "us:demo").unwrap().venue,
            "us:demo".parse().ok()
        );
        assert_eq!(
            with(NOW, "2025-11-23T17:00:00+01:00").unwrap().now,
            "2025-11-23T16:00:00Z".parse().ok()
        );
        assert!(with(NON_INTERACTIVE, "TRUE").unwrap().is_non_interactive);
        assert!(!with(NON_INTERACTIVE, "0").unwrap().is_non_interactive);
        assert!(with(NO_COLOR, "1").unwrap().is_colorless);
    }

    #[test]
    fn a_proxy_is_known_by_one_name_and_lower_case_wins() {
        let both = EnvVars::from(|name| match name {
            "https_proxy" => Some("lower:1".to_owned()),
            "HTTPS_PROXY" | "ALL_PROXY" => Some("upper:1".to_owned()),
            _ => None,
        });

        let expected = [(ALL_PROXY, "upper:1"), (HTTPS_PROXY, "lower:1")];
        let expected = expected.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(both.unwrap().proxies, BTreeMap::from(expected));
    }

    #[test]
    fn a_value_that_makes_no_sense_is_an_error_that_names_its_variable() {
        for (name, value) in [
            (NOW, "yesterday"),
            (NOW, "2025-11-23"),
            (JOBS, "-1"),
            (JOBS, "many"),
            (JOBS, "100000"),
            (COMPRESSION, "rar"),
            (NON_INTERACTIVE, "perhaps"),
            (VENUE, "yahoo"),
        ] {
            let error = with(name, value).unwrap_err();

            assert_eq!(error.variable, name, "{value}");
            assert!(error.to_string().contains(value), "{error}");
        }
    }
}
