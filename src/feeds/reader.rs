//! From files to trades on their way to the thread that writes, a batch of a day at a time.
//!
//! Promises: what was read of a file goes out with its trades or before them, and all of it once `flush` was called.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::Extent;
use super::arrival::{Arrival, FileRead};
use crate::frame::{Ordered, Trade, TradeRows};
use crate::ingest::{FailureKind, FileFailure};
use crate::model::{Digest, time};
use crate::source::posttrade::FileName;

/// Trades that are staged together: a row group.
const BATCH: usize = 1 << 16;

/// Trades by their day.
#[derive(Default)]
struct Batch {
    days: BTreeMap<NaiveDate, TradeRows>,
    len: usize,
}

impl Batch {
    fn push(&mut self, trade: &Trade) {
        let day = time::day(trade.trade_time);
        self.days.entry(day).or_default().push(trade);
        self.len += 1;
    }
}

/// Reads files into trades, which go out a batch of a day at a time.
pub(super) struct Reader<'t> {
    send: &'t dyn Fn(Arrival) -> bool,
    batch: Batch,
    /// Whether somebody listens still.
    pub(super) is_heard: bool,
}

impl<'t> Reader<'t> {
    pub(super) fn new(send: &'t dyn Fn(Arrival) -> bool) -> Self {
        Self {
            send,
            batch: Batch::default(),
            is_heard: true,
        }
    }

    pub(super) fn say(&mut self, arrival: Arrival) {
        self.is_heard &= (self.send)(arrival);
    }

    /// Reads a file; `see` sees each trade of it on its way.
    pub(super) fn read(
        &mut self,
        name: &FileName,
        bytes: &[u8],
        from_vault: bool,
        see: &mut dyn FnMut(&Trade),
    ) -> Option<Extent> {
        let mut days = BTreeSet::new();
        let content = super::read::read(name, bytes, &mut |trade| {
            see(&trade);
            days.insert(time::day(trade.trade_time));
            self.batch.push(&trade);
            if self.batch.len >= BATCH {
                self.flush();
            }
        });
        let extent = content.extent;
        self.say(Arrival::Read(FileRead {
            name: name.clone(),
            digest: Digest::of(bytes),
            extent,
            days,
            lines: content.lines,
            bad: content.bad,
            bad_lines: content.bad_lines,
            elsewhere: content.elsewhere,
            trouble: content.trouble,
            from_vault,
        }));
        extent
    }

    /// Sends the trades that wait.
    pub(super) fn flush(&mut self) {
        for (day, trades) in std::mem::take(&mut self.batch).days {
            let Ordered { frame, displaced } = trades.ordered();
            self.say(Arrival::Trades { day, rows: frame });
            if !displaced.is_empty() {
                let text = format!("{displaced:#?}");
                let reason = format!(
                    "{} of {day} were published twice under one key with other values",
                    displaced.len()
                );
                let failure = FileFailure {
                    file: None,
                    reason,
                    kind: FailureKind::Malformed,
                };
                self.say(Arrival::Failed(failure, Some(text.into_bytes())));
            }
        }
    }
}
