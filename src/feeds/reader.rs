//! From files to trades on their way to the thread that writes, a batch of a day at a time.
//!
//! Promises: what was read of a file goes out with its trades or before them, and all of it once `flush` was called. Of a trade that
//! was published more than once with other values every one goes out, the later ones behind the earlier ones.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::Extent;
use super::arrival::{Arrival, FileRead, Published};
use super::read::Content;
use crate::frame::{Trade, TradeRows};
use crate::model::{Digest, time};
use crate::source::posttrade::FileName;

/// Trades that are staged together: a row group.
const BATCH: usize = 1 << 16;

/// Trades by their day.
#[derive(Default)]
struct Batch {
    days: BTreeMap<(Published, NaiveDate), TradeRows>,
    len: usize,
}

impl Batch {
    fn push(&mut self, published: Published, trade: &Trade) {
        let day = time::day(trade.trade_time);
        let of_day = self.days.entry((published, day)).or_default();
        of_day.push(trade);
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
        let content = self.take(name, bytes, &mut |trade| {
            see(trade);
            days.insert(time::day(trade.trade_time));
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

    /// Reads the trades of a file of which everything else was told.
    pub(super) fn read_trades(&mut self, name: &FileName, bytes: &[u8]) {
        self.take(name, bytes, &mut |_| {});
    }

    fn take(&mut self, name: &FileName, bytes: &[u8], see: &mut dyn FnMut(&Trade)) -> Content {
        let published = Published::of(name.span);
        super::read::read(name, bytes, &mut |trade| {
            see(&trade);
            self.batch.push(published, &trade);
            if self.batch.len >= BATCH {
                self.flush();
            }
        })
    }

    /// Sends the trades that wait.
    pub(super) fn flush(&mut self) {
        for ((published, day), trades) in std::mem::take(&mut self.batch).days {
            for rows in trades.ordered().versions() {
                self.say(Arrival::Trades {
                    day,
                    published,
                    rows,
                });
            }
        }
    }
}
