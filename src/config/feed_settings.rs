//! The settings of a source that is a feed of trades.
//!
//! Promises: as for all settings, each value has its final type and knows its origin. Leaves to others: which feed a venue is
//! where nobody says so (`workspace`).

use std::collections::BTreeSet;

use super::SourceKind;
use super::parsed::words;
use super::setting::{KeyOf, Origin, Setting, SettingRow, chosen, optional, plain, shown};
use super::settings_file::SourceTable;
use crate::model::Interval;

/// When the files of minutes are downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// At once.
    Minutes,
    /// Where no file of the day stands for them.
    Daily,
}

words!(Freshness, "a freshness", { Minutes => "minutes", Daily => "daily" });

/// Of which instruments bars are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarsOf {
    /// Of every one that was traded.
    All,
    /// Of those that are tickers of the venue.
    Listed,
    /// Of none.
    None,
}

words!(BarsOf, "a choice of instruments", { All => "all", Listed => "listed", None => "none" });

const VAULT_DAYS: u32 = 30;
const VAULT_BYTES: u64 = 8 << 30;

/// What is fetched of a feed, and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedSettings {
    /// The code of the feed at its service; `None` for that of a venue that is known.
    pub feed: Setting<Option<String>>,
    /// When the files of minutes are downloaded.
    pub freshness: Setting<Freshness>,
    /// Of which instruments bars are made.
    pub bars: Setting<BarsOf>,
    /// Which coarser bars are made of those of a minute.
    pub derive: Setting<BTreeSet<Interval>>,
    /// The currency whose series are named by the ISIN alone.
    pub currency: Setting<String>,
    /// Whether downloads are kept as they were received.
    pub vault: Setting<bool>,
    /// For how many days.
    pub vault_days: Setting<u32>,
    /// At most so many bytes.
    pub vault_bytes: Setting<u64>,
}

impl FeedSettings {
    /// Takes the keys of a feed out of the table of a source. Answers of a source of bars are kept where somebody says so.
    pub(super) fn layered(table: &mut SourceTable, kind: Option<SourceKind>) -> Self {
        let derive = table.derive.take().map(|intervals| {
            let intervals = intervals.into_iter().map(|parsed| parsed.0);
            intervals.collect()
        });
        Self {
            feed: optional(table.feed.take(), None),
            freshness: chosen(plain(table.freshness), Freshness::Daily),
            bars: chosen(plain(table.bars), BarsOf::All),
            derive: chosen(derive, BTreeSet::new()),
            currency: chosen(table.currency.take(), "EUR".to_owned()),
            vault: chosen(table.vault, kind != Some(SourceKind::Yahoo)),
            vault_days: chosen(table.vault_days, VAULT_DAYS),
            vault_bytes: chosen(table.vault_bytes, VAULT_BYTES),
        }
    }

    /// Returns a key that somebody has set and that means nothing but for a feed.
    pub fn of_feeds_only(&self) -> Option<&'static str> {
        let origins = [
            ("feed", self.feed.origin),
            ("freshness", self.freshness.origin),
            ("bars", self.bars.origin),
            ("derive", self.derive.origin),
            ("currency", self.currency.origin),
        ];
        let set = origins
            .into_iter()
            .find(|(_, origin)| *origin != Origin::Default);
        set.map(|(key, _)| key)
    }

    pub(super) fn entries(&self, key: KeyOf<'_>) -> Vec<SettingRow> {
        let derive: Vec<&str> = self.derive.value.iter().map(|i| i.as_str()).collect();
        let derive = Setting {
            value: derive.join(" "),
            origin: self.derive.origin,
        };
        vec![
            SettingRow::new(key("feed"), &shown(&self.feed, Clone::clone)),
            SettingRow::new(key("freshness"), &self.freshness),
            SettingRow::new(key("bars"), &self.bars),
            SettingRow::new(key("derive"), &derive),
            SettingRow::new(key("currency"), &self.currency),
            SettingRow::new(key("vault"), &self.vault),
            SettingRow::new(key("vault_days"), &self.vault_days),
            SettingRow::new(key("vault_bytes"), &self.vault_bytes),
        ]
    }
}
