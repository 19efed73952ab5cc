//! `storage_config.json`: which venues keep new series in monthly partitions.
//!
//! Promises: the predecessor's reading of the file. Markets and sources are trimmed and lower-cased, values
//! count by truthiness (the text "false" is true), a source without a slash is a market, what should be an
//! object and is not counts as empty. Keys that barkeep does not know survive, in their place.
//! Of two spellings of one name that disagree the later one counts, and that they do is kept for whoever tells people.
//! Without a file, or without a record in it, partitions are off.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::toggle::Recorded;
use super::{ConfigError, ToggleOrigin, ToggleScope};
use crate::document::{self, Object};
use crate::model::Venue;
use crate::sys::Fs;
use crate::sys::atomic::TempNames;

/// The name of the file in the workspace.
pub const STORAGE_CONFIG_FILE: &str = "storage_config.json";

const GLOBAL: &str = "partitioned";
const MARKETS: &str = "markets";
const SOURCES: &str = "sources";

/// The recorded toggles, normalised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StorageConfig {
    document: Object,
    /// Names that the file spells in two ways with two answers: `us`, `us/yahoo`.
    contradictions: Vec<String>,
}

impl StorageConfig {
    /// Returns the path of the file.
    pub fn path(workspace: &Path) -> PathBuf {
        workspace.join(STORAGE_CONFIG_FILE)
    }

    /// Reads the file; nothing is recorded when there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn load(fs: &dyn Fs, workspace: &Path) -> Result<Self, ConfigError> {
        let found = document::read_object(fs, &Self::path(workspace), document::MAX_BYTES)?;
        Ok(Self::from_document(found.unwrap_or_default()))
    }

    /// Normalises a document.
    pub fn from_document(mut document: Object) -> Self {
        if let Some(global) = document.get_mut(GLOBAL) {
            *global = Value::Bool(is_truthy(global));
        }
        let mut contradictions = Vec::new();
        let mut note = |toggles: &mut Map<String, Value>, name: String, value: &Value| {
            let value = Value::Bool(is_truthy(value));
            let before = toggles.insert(name.clone(), value.clone());
            if before.is_some_and(|before| before != value) && !contradictions.contains(&name) {
                contradictions.push(name);
            }
        };
        let mut markets = Map::new();
        for (market, value) in entries(&document, MARKETS) {
            note(&mut markets, tidy(market), value);
        }
        let mut sources = Map::new();
        for (source, value) in entries(&document, SOURCES) {
            match source.split_once('/') {
                Some((market, source)) => {
                    let name = format!("{}/{}", tidy(market), tidy(source));
                    note(&mut sources, name, value);
                }
                None => note(&mut markets, tidy(source), value),
            }
        }
        for (key, toggles) in [(MARKETS, markets), (SOURCES, sources)] {
            if document.contains_key(key) || !toggles.is_empty() {
                document.insert(key.to_owned(), Value::Object(toggles));
            }
        }
        Self {
            document,
            contradictions,
        }
    }

    /// Returns the markets and sources that the file spells in two ways with two answers, of which the later one counts.
    pub fn contradictions(&self) -> &[String] {
        &self.contradictions
    }

    /// Returns what holds for a venue and which record says so.
    pub fn lookup(&self, venue: &Venue) -> (bool, ToggleOrigin) {
        Recorded {
            source: self.recorded(&ToggleScope::Source(venue.clone())),
            market: self.recorded(&ToggleScope::Market(venue.market.clone())),
            global: self.recorded(&ToggleScope::Global),
        }
        .decide()
    }

    /// Returns what is recorded for a scope itself, if anything is.
    pub fn recorded(&self, scope: &ToggleScope) -> Option<bool> {
        let (group, name) = address(scope);
        match group {
            None => self.document.get(&name),
            Some(group) => self.document.get(group)?.get(&name),
        }?
        .as_bool()
    }

    /// Records a toggle.
    pub fn set(&mut self, scope: &ToggleScope, is_enabled: bool) {
        let (group, name) = address(scope);
        self.contradictions.retain(|one| *one != name);
        let toggles = match group {
            None => Some(&mut self.document),
            Some(group) => self
                .document
                .entry(group)
                .or_insert_with(|| Value::Object(Map::new()))
                .as_object_mut(),
        };
        if let Some(toggles) = toggles {
            toggles.insert(name, Value::Bool(is_enabled));
        }
    }

    /// Forgets a toggle; `false` when none was recorded, which is no error.
    pub fn clear(&mut self, scope: &ToggleScope) -> bool {
        let (group, name) = address(scope);
        self.contradictions.retain(|one| *one != name);
        let toggles = match group {
            None => Some(&mut self.document),
            Some(group) => self.document.get_mut(group).and_then(Value::as_object_mut),
        };
        toggles.is_some_and(|toggles| toggles.shift_remove(&name).is_some())
    }

    /// Returns the bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        document::object_to_bytes(&self.document)
    }

    /// Replaces the file. The caller holds the run lock.
    ///
    /// # Errors
    /// When the file cannot be replaced; it is then as it was.
    pub fn save(
        &self,
        fs: &dyn Fs,
        temps: &TempNames,
        workspace: &Path,
    ) -> Result<(), ConfigError> {
        Ok(document::save(
            fs,
            temps,
            &Self::path(workspace),
            &self.to_bytes(),
        )?)
    }
}

/// Returns the object that holds a toggle (`None`: the document itself) and its key there.
fn address(scope: &ToggleScope) -> (Option<&'static str>, String) {
    match scope {
        ToggleScope::Global => (None, GLOBAL.to_owned()),
        ToggleScope::Market(market) => (Some(MARKETS), market.to_string()),
        ToggleScope::Source(venue) => (Some(SOURCES), format!("{}/{}", venue.market, venue.source)),
    }
}

fn entries<'d>(document: &'d Object, key: &str) -> impl Iterator<Item = (&'d String, &'d Value)> {
    document
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn tidy(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Tells what Python's `bool()` would.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(object) => !object.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn config(value: Value) -> StorageConfig {
        match value {
            Value::Object(object) => StorageConfig::from_document(object),
            other => panic!("{other} is no object"),
        }
    }

    fn venue(text: &str) -> Venue {
        text.parse().unwrap()
    }

    #[test]
    fn without_a_record_partitions_are_off() {
        let looked_up = StorageConfig::default().lookup(&venue("us:yahoo"));

        assert_eq!(looked_up, (false, ToggleOrigin::Default));
    }

    #[rstest]
    #[case(json!({"markets": {"us": true}}), (true, ToggleOrigin::Market))]
    #[case(json!({"markets": {" US ": true}}), (true, ToggleOrigin::Market))]
    #[case(json!({"sources": {"US / Yahoo": true}}), (true, ToggleOrigin::Source))]
    #[case(json!({"sources": {"us": true}}), (true, ToggleOrigin::Market))]
    #[case(json!({"partitioned": true, "sources": {"us/other": false}}), (true, ToggleOrigin::Global))]
    #[case(json!({"partitioned": "false"}), (true, ToggleOrigin::Global))]
    #[case(json!({"partitioned": ""}), (false, ToggleOrigin::Global))]
    #[case(json!({"partitioned": 0}), (false, ToggleOrigin::Global))]
    #[case(json!({"partitioned": 0.0}), (false, ToggleOrigin::Global))]
    #[case(json!({"partitioned": null}), (false, ToggleOrigin::Global))]
    #[case(json!({"partitioned": [0]}), (true, ToggleOrigin::Global))]
    #[case(json!({"markets": ["us"], "sources": "us/yahoo"}), (false, ToggleOrigin::Default))]
    fn the_file_is_read_as_the_predecessor_reads_it(
        #[case] file: Value,
        #[case] expected: (bool, ToggleOrigin),
    ) {
        assert_eq!(config(file).lookup(&venue("us:yahoo")), expected);
    }

    #[rstest]
    #[case(json!({"markets": {"US": true, "us": false}}), &["us"])]
    #[case(json!({"markets": {"us": true}, "sources": {" us": ""}}), &["us"])]
    #[case(json!({"sources": {"US/yahoo": 1, "us/Yahoo": 0, "us/YAHOO": 1}}), &["us/yahoo"])]
    #[case(json!({"markets": {"US": true, "us": 1}, "sources": {"us/yahoo": false}}), &[])]
    fn two_spellings_of_one_name_that_disagree_are_known_until_somebody_decides(
        #[case] file: Value,
        #[case] expected: &[&str],
    ) {
        let mut toggles = config(file);

        assert_eq!(toggles.contradictions(), expected);
        let before = toggles.clone();
        let decided = toggles.lookup(&venue("us:yahoo")).0;
        toggles.set(&ToggleScope::Market("us".parse().unwrap()), decided);
        toggles.clear(&ToggleScope::Source(venue("us:yahoo")));
        assert!(toggles.contradictions().is_empty());
        assert!(expected.is_empty() || toggles != before);
    }

    #[test]
    fn clearing_what_is_not_recorded_changes_nothing() {
        let before = config(json!({"partitioned": true}));
        let mut after = before.clone();

        let was_recorded = after.clear(&ToggleScope::Source(venue("us:yahoo")));

        assert!(!was_recorded);
        assert_eq!(after, before);
    }

    #[test]
    fn a_cleared_toggle_gives_way_to_the_next_wider_one() {
        let mut toggles = StorageConfig::default();
        toggles.set(&ToggleScope::Global, true);
        toggles.set(&ToggleScope::Source(venue("us:yahoo")), false);

        assert!(toggles.clear(&ToggleScope::Source(venue("us:yahoo"))));
        assert_eq!(
            toggles.lookup(&venue("us:yahoo")),
            (true, ToggleOrigin::Global)
        );
        assert!(toggles.clear(&ToggleScope::Global));
        assert_eq!(
            toggles.lookup(&venue("us:yahoo")),
            (false, ToggleOrigin::Default)
        );
    }
}
