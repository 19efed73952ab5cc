//! How the minutes of feeds stand, of all feeds together.
//!
//! Promises: changes nothing. Leaves to others: what a minute is (`gaps`, by the records of `feeds`), words (`cli`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::feeds::{KnownFeed, LeftFeed, RecordedFeed, left_feeds};
use crate::gaps::{FeedDay, FeedGaps as _, MinuteSpan, MinuteState, Task, schedule};
use crate::layout::Places;
use crate::model::Venue;
use crate::sys::{Fs, FsResult};
use crate::workspace::{View, calendar_of_feeds};

/// Longer than any feed keeps its files, so that a run costs the same after years.
const RECENT: Days = Days::new(31);

/// The minutes of feeds as they stand at a moment.
#[derive(Debug)]
pub struct FeedMinutes {
    days: Vec<(FeedDay, Vec<MinuteSpan>)>,
    /// Of each feed that was asked ever, how it can be asked; `None` where no settings describe it any more.
    asked: BTreeMap<Venue, Option<Budget>>,
    now: DateTime<Utc>,
}

/// How fast a feed can be asked.
#[derive(Debug)]
struct Budget {
    /// The address of its server, whose feeds share the budget.
    server: String,
    /// What a request takes.
    pace: TimeDelta,
}

/// All minutes of one feed that are in one state.
#[derive(Debug, PartialEq, Eq)]
pub struct MinutesInState {
    /// The venue of the feed.
    pub venue: Venue,
    /// The state.
    pub state: MinuteState,
    /// How many minutes.
    pub minutes: usize,
    /// How many days have one.
    pub days: usize,
    /// The first of them.
    pub first: NaiveDate,
    /// The last of them.
    pub last: NaiveDate,
    /// When the feed forgets the first of them, where they are open.
    pub next_loss: Option<DateTime<Utc>>,
}

impl FeedMinutes {
    /// Reads what is recorded of feeds, of all when no venue is named, from `since` on if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(
        view: View<'_>,
        (fs, places): (&dyn Fs, &Places),
        now: DateTime<Utc>,
        (venues, since): (&[Venue], Option<NaiveDate>),
    ) -> FsResult<Self> {
        let mut days = Vec::new();
        let mut asked = BTreeMap::new();
        let (left, calendar) = (left_feeds(view)?, calendar_of_feeds(view.calendars));
        let described = view.feeds.iter().map(|feed| {
            let budget = Budget {
                server: feed.spec().base_url.clone(),
                pace: feed.spec().rate.average(),
            };
            (KnownFeed::from(&**feed), Some(budget))
        });
        let left = left.iter().map(|LeftFeed { venue, code }| {
            let (code, calendar) = (code.as_ref(), &calendar);
            let known = KnownFeed {
                venue,
                code,
                calendar,
            };
            (known, None)
        });
        let is_meant = |venue: &Venue| venues.is_empty() || venues.contains(venue);
        for (feed, budget) in described.chain(left) {
            if !is_meant(feed.venue) {
                continue;
            }
            let of_feed = RecordedFeed::of(feed, (fs, places), now, since)?.days();
            if !of_feed.is_empty() {
                asked.insert(feed.venue.clone(), budget);
            }
            days.extend(of_feed);
        }
        let days = days.into_iter().map(|day| {
            let spans = day.spans(now);
            (day, spans)
        });
        let days = days.collect();
        Ok(Self { days, asked, now })
    }

    /// Reads what is recorded of all feeds of the last days: what can still be had is of these, and each run looks at them.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn recent(view: View<'_>, disk: (&dyn Fs, &Places), now: DateTime<Utc>) -> FsResult<Self> {
        let since = now.date_naive() - RECENT;
        Self::read(view, disk, now, (&[], Some(since)))
    }

    /// Returns the feeds that were asked ever.
    pub fn feeds(&self) -> impl Iterator<Item = &Venue> {
        self.asked.keys()
    }

    /// Counts, feed by feed, the open minutes that are forgotten before they can be fetched: one request each, at the budget of
    /// the server, in the order that loses least; all of a feed that nobody asks. Feeds that lose nothing are not named.
    pub fn missed(&self) -> BTreeMap<&Venue, usize> {
        let mut missed = BTreeMap::new();
        for (day, spans) in &self.days {
            let open = spans.iter().filter(|span| span.state.is_open());
            let open: usize = open.map(MinuteSpan::len).sum();
            if matches!(self.asked.get(&day.venue), Some(None)) && open > 0 {
                *missed.entry(&day.venue).or_default() += open;
            }
        }
        let budgets = self.asked.values().flatten();
        let servers: BTreeSet<&str> = budgets.map(|one| &*one.server).collect();
        for server in servers {
            let (venues, tasks): (Vec<&Venue>, Vec<Task>) = self.open_at(server).unzip();
            for (at, minutes) in schedule(&tasks).missed {
                if let Some(venue) = venues.get(at) {
                    *missed.entry(*venue).or_default() += minutes;
                }
            }
        }
        missed
    }

    /// Returns the open minutes of a server as work.
    fn open_at(&self, server: &str) -> impl Iterator<Item = (&Venue, Task)> {
        let millis = |time: TimeDelta| u64::try_from(time.num_milliseconds()).unwrap_or_default();
        let of_server = self.days.iter().filter_map(move |(day, spans)| {
            let budget = self.asked.get(&day.venue)?.as_ref()?;
            (budget.server == server).then_some((day, spans, budget.pace))
        });
        of_server.flat_map(move |(day, spans, pace)| {
            let open = spans.iter().filter(|span| span.state.is_open());
            let minutes = open.map(MinuteSpan::len).sum();
            let task = Task {
                cost: millis(pace),
                deadlines: vec![millis(day.deadline - self.now)],
            };
            std::iter::repeat_n((&day.venue, task), minutes)
        })
    }

    /// Returns the days with their minutes in runs, oldest first feed by feed.
    pub fn days(&self) -> &[(FeedDay, Vec<MinuteSpan>)] {
        &self.days
    }

    /// Adds the minutes up, by feed and state.
    pub fn by_state(&self) -> Vec<MinutesInState> {
        let mut sums: BTreeMap<(&Venue, MinuteState), MinutesInState> = BTreeMap::new();
        for (day, spans) in &self.days {
            let states: BTreeSet<MinuteState> = spans.iter().map(|span| span.state).collect();
            for state in states {
                let sum = sums
                    .entry((&day.venue, state))
                    .or_insert_with(|| MinutesInState {
                        venue: day.venue.clone(),
                        state,
                        minutes: 0,
                        days: 0,
                        first: day.day,
                        last: day.day,
                        next_loss: None,
                    });
                let of_state = spans.iter().filter(|span| span.state == state);
                sum.minutes += of_state.map(MinuteSpan::len).sum::<usize>();
                sum.days += 1;
                sum.last = day.day;
                let loss = state.is_open().then_some(day.deadline);
                sum.next_loss = sum.next_loss.into_iter().chain(loss).min();
            }
        }
        sums.into_values().collect()
    }

    /// Returns when each feed last forgot minutes that were not fetched.
    pub fn last_loss(&self) -> BTreeMap<&Venue, DateTime<Utc>> {
        let mut last = BTreeMap::new();
        let is_lost = |spans: &[MinuteSpan]| {
            let mut spans = spans.iter();
            spans.any(|span| span.state == MinuteState::Lost)
        };
        for (day, _) in self.days.iter().filter(|(_, spans)| is_lost(spans)) {
            let known = last.entry(&day.venue).or_insert(day.deadline);
            *known = day.deadline.max(*known);
        }
        last
    }

    /// Returns the days of trading of which each feed had nothing, oldest first.
    pub fn silent(&self) -> BTreeMap<&Venue, Vec<NaiveDate>> {
        let mut silent: BTreeMap<&Venue, Vec<NaiveDate>> = BTreeMap::new();
        for (day, _) in self.days.iter().filter(|(day, _)| day.is_silent) {
            silent.entry(&day.venue).or_default().push(day.day);
        }
        silent
    }

    /// Returns the feeds that have nothing open.
    pub fn without_open(&self, view: View<'_>) -> BTreeSet<Venue> {
        let is_open = |spans: &[MinuteSpan]| spans.iter().any(|span| span.state.is_open());
        let open = self.days.iter().filter(|(_, spans)| is_open(spans));
        let open: BTreeSet<&Venue> = open.map(|(day, _)| &day.venue).collect();
        let feeds = view.feeds.iter().map(|feed| feed.venue());
        feeds
            .filter(|venue| !open.contains(venue))
            .cloned()
            .collect()
    }

    /// Tells whether a feed was silent on a day that it keeps still, which is no success.
    pub fn is_silent_now(&self) -> bool {
        let is_silent = |day: &FeedDay| day.is_silent && day.deadline > self.now;
        self.days.iter().any(|(day, _)| is_silent(day))
    }
}
