//! What is remembered of the days of one series, as runs of days that are alike.
//!
//! Promises: the text is read back as it was written, and what is no such text is none. Days on which an exchange rests lie in
//! whatever run surrounds them, so that a month without trades is one run. Leaves to others: what a day means (`judge`).

use std::fmt::{self, Write as _};

use chrono::{Days, NaiveDate};

/// What is remembered of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// An answer spoke of it and had all that there is.
    Told,
    /// An answer spoke of it, and there was no trade.
    NoTrades,
    /// The source had a row without any price.
    SourceNull,
    /// It was asked for, and the source was unreachable or wanted fewer requests.
    Throttled,
    /// It cannot be fetched any more.
    Lost {
        /// Why.
        cause: Cause,
        /// The day on which that was noticed.
        noticed: NaiveDate,
    },
    /// No answer spoke of it since gaps are remembered.
    Unwatched,
}

/// Why a session is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// No run asked for it in time.
    Unasked,
    /// The source was asked in time, and was unreachable or wanted fewer requests.
    Throttled,
    /// The source was asked, and does not keep it any more.
    Forgotten,
}

impl Cause {
    /// Returns the reason, as it continues "lost: …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Unasked => "no run had an answer in time",
            Self::Throttled => "the source was unreachable or wanted fewer requests",
            Self::Forgotten => "the source did not keep it any more",
        }
    }

    /// Returns the word for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unasked => "unasked",
            Self::Throttled => "throttled",
            Self::Forgotten => "forgotten",
        }
    }
}

/// Days that follow one another and are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: NaiveDate,
    last: NaiveDate,
    noted: Noted,
}

/// What is remembered of the days of one series: from the first to the last of which something is remembered, without a hole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesGaps {
    runs: Vec<Run>,
}

impl SeriesGaps {
    /// Returns what is remembered of a day; `None` where nothing is.
    pub fn of(&self, day: NaiveDate) -> Option<Noted> {
        let at = self.runs.partition_point(|run| run.last < day);
        let run = self.runs.get(at).filter(|run| run.first <= day)?;
        Some(run.noted).filter(|noted| *noted != Noted::Unwatched)
    }

    /// Returns what is remembered of days that are asked for one after the other, from one on.
    pub(super) fn from(&self, first: NaiveDate) -> NotedInTurn<'_> {
        let at = self.runs.partition_point(|run| run.last < first);
        NotedInTurn(self.runs.get(at..).unwrap_or_default())
    }

    /// Returns the first and the last day of which something is remembered.
    pub fn hull(&self) -> Option<(NaiveDate, NaiveDate)> {
        Some((self.runs.first()?.first, self.runs.last()?.last))
    }

    /// Returns the days of which the source had a row without any price.
    pub fn null_days(&self) -> impl Iterator<Item = NaiveDate> {
        let null = self.runs.iter();
        let null = null.filter(|run| run.noted == Noted::SourceNull);
        null.flat_map(|run| run.first.iter_days().take_while(|day| *day <= run.last))
    }

    /// Returns the days that are remembered as lost, as closed spans with the reason and the day on which that was noticed.
    pub fn lost(&self) -> impl Iterator<Item = (NaiveDate, NaiveDate, Cause, NaiveDate)> {
        self.runs.iter().filter_map(|run| match run.noted {
            Noted::Lost { cause, noticed } => Some((run.first, run.last, cause, noticed)),
            _ => None,
        })
    }

    /// Remembers the days from `first` to `last`, both included, in the place of what was remembered of them.
    pub fn note(&mut self, first: NaiveDate, last: NaiveDate, noted: Noted) {
        if first > last {
            return;
        }
        let (before, after) = (first.pred_opt(), last.succ_opt());
        let older = self.runs.iter().filter(|run| run.first < first);
        let older = older.filter_map(|run| {
            Some(Run {
                last: run.last.min(before?),
                ..*run
            })
        });
        let newer = self.runs.iter().filter(|run| run.last > last);
        let newer = newer.filter_map(|run| {
            Some(Run {
                first: run.first.max(after?),
                ..*run
            })
        });
        let fresh = Run { first, last, noted };
        let mut joined = Joined::default();
        older
            .chain([fresh])
            .chain(newer)
            .for_each(|run| joined.push(run));
        self.runs = joined.runs;
    }

    /// Reads the text of `Display`; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, mut rest) = text.split_once(' ')?;
        let begin: NaiveDate = first.parse().ok()?;
        let mut at = begin;
        let mut runs = Vec::new();
        while !rest.is_empty() {
            let letter = rest.chars().next()?;
            rest = rest.get(letter.len_utf8()..)?;
            let length = number(&mut rest, Some(1))?;
            let noted = match letter {
                'h' => Noted::Told,
                'n' => Noted::NoTrades,
                's' => Noted::SourceNull,
                't' => Noted::Throttled,
                'u' => Noted::Unwatched,
                'U' | 'T' | 'F' => {
                    rest = rest.strip_prefix('+')?;
                    Noted::Lost {
                        cause: match letter {
                            'U' => Cause::Unasked,
                            'T' => Cause::Throttled,
                            _ => Cause::Forgotten,
                        },
                        noticed: begin.checked_add_days(Days::new(number(&mut rest, None)?))?,
                    }
                }
                _ => return None,
            };
            let last = at.checked_add_days(Days::new(length.checked_sub(1)?))?;
            runs.push(Run {
                first: at,
                last,
                noted,
            });
            at = last.succ_opt()?;
        }
        (!runs.is_empty()).then_some(Self { runs })
    }
}

/// What is remembered of days that are asked for one after the other.
#[derive(Clone, Debug)]
pub(super) struct NotedInTurn<'s>(&'s [Run]);

impl NotedInTurn<'_> {
    /// As `SeriesGaps::of`, for a day that is not before the last one that was asked for.
    pub(super) fn on(&mut self, day: NaiveDate) -> Option<Noted> {
        while let [run, rest @ ..] = self.0
            && run.last < day
        {
            self.0 = rest;
        }
        let run = self.0.first().filter(|run| run.first <= day)?;
        Some(run.noted).filter(|noted| *noted != Noted::Unwatched)
    }
}

/// Takes the number at the beginning off; `without` where there is none, and `None` when it is too long to be one.
fn number(rest: &mut &str, without: Option<u64>) -> Option<u64> {
    let end = rest.find(|c: char| !c.is_ascii_digit());
    let (digits, left) = rest.split_at(end.unwrap_or(rest.len()));
    *rest = left;
    if digits.is_empty() {
        return without;
    }
    digits.parse().ok()
}

/// Runs without a hole, each as long as it can be.
#[derive(Default)]
struct Joined {
    runs: Vec<Run>,
}

impl Joined {
    fn push(&mut self, run: Run) {
        let hole = self.runs.last().and_then(|before| {
            let first = before.last.succ_opt()?;
            let last = run.first.pred_opt()?;
            let noted = Noted::Unwatched;
            (first <= last).then_some(Run { first, last, noted })
        });
        self.runs.extend(hole);
        match self.runs.last_mut() {
            Some(before) if before.noted == run.noted => before.last = run.last,
            _ => self.runs.push(run),
        }
    }
}

impl fmt::Display for SeriesGaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((begin, _)) = self.hull() else {
            return Ok(());
        };
        write!(f, "{begin} ")?;
        for Run { first, last, noted } in &self.runs {
            f.write_char(match noted {
                Noted::Told => 'h',
                Noted::NoTrades => 'n',
                Noted::SourceNull => 's',
                Noted::Throttled => 't',
                Noted::Unwatched => 'u',
                Noted::Lost { cause, .. } => match cause {
                    Cause::Unasked => 'U',
                    Cause::Throttled => 'T',
                    Cause::Forgotten => 'F',
                },
            })?;
            let days = (*last - *first).num_days() + 1;
            if days > 1 {
                write!(f, "{days}")?;
            }
            if let Noted::Lost { noticed, .. } = noted {
                // A clock that was set back notices nothing before the first day.
                write!(f, "+{}", (*noticed - begin).num_days().max(0))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(at: u64) -> NaiveDate {
        let begin = NaiveDate::from_ymd_opt(2025, 11, 3).unwrap();
        begin.checked_add_days(Days::new(at)).unwrap()
    }

    fn lost(cause: Cause, noticed: u64) -> Noted {
        let noticed = day(noticed);
        Noted::Lost { cause, noticed }
    }

    #[test]
    fn a_note_takes_the_place_of_what_was_noted_of_its_days_and_of_no_other() {
        let mut gaps = SeriesGaps::default();
        gaps.note(day(0), day(9), Noted::Told);
        gaps.note(day(3), day(4), Noted::NoTrades);
        gaps.note(day(12), day(12), lost(Cause::Unasked, 40));

        assert_eq!(gaps.to_string(), "2025-11-03 h3n2h5u2U+40");
        assert_eq!(gaps.of(day(2)), Some(Noted::Told));
        assert_eq!(gaps.of(day(4)), Some(Noted::NoTrades));
        assert_eq!(gaps.of(day(11)), None, "nobody watched");
        assert_eq!(gaps.of(day(13)), None);
        gaps.note(day(3), day(4), Noted::Told);
        assert_eq!(gaps.to_string(), "2025-11-03 h10u2U+40");
    }

    #[test]
    fn what_is_no_such_text_is_none() {
        for text in [
            "",
            "2025-11-03",
            "2025-11-03 ",
            "2025-11-03 x",
            "2025-11-03 h0",
            "2025-11-03 U",
            "2025-11-03 U+",
            "2025-11-03 h99999999999999999999",
            "2025-11-03 h9999999999",
            "yesterday h",
        ] {
            assert_eq!(SeriesGaps::parse(text), None, "{text}");
        }
    }

    fn noted() -> impl Strategy<Value = Noted> {
        let cause = prop_oneof![
            Just(Cause::Unasked),
            Just(Cause::Throttled),
            Just(Cause::Forgotten)
        ];
        prop_oneof![
            Just(Noted::Told),
            Just(Noted::NoTrades),
            Just(Noted::SourceNull),
            Just(Noted::Throttled),
            Just(Noted::Unwatched),
            (cause, 60_u64..90).prop_map(|(cause, noticed)| lost(cause, noticed)),
        ]
    }

    proptest! {
        /// Against a table with a cell for each day.
        #[test]
        fn notes_in_any_order_amount_to_the_last_one_of_each_day(
            notes in prop::collection::vec((0_u64..60, 0_u64..20, noted()), 1..20)
        ) {
            let mut gaps = SeriesGaps::default();
            let mut table = vec![None; 80];
            for (first, more, noted) in notes {
                gaps.note(day(first), day(first + more), noted);
                for at in first..=first + more {
                    table[usize::try_from(at).unwrap()] = Some(noted);
                }
            }

            let read = SeriesGaps::parse(&gaps.to_string()).unwrap();

            prop_assert_eq!(&read, &gaps);
            let mut in_turn = read.from(day(7));
            for at in 7..80 {
                prop_assert_eq!(in_turn.on(day(at)), read.of(day(at)), "day {} in turn", at);
            }
            for (at, cell) in table.into_iter().enumerate() {
                let expected = cell.filter(|noted| *noted != Noted::Unwatched);
                prop_assert_eq!(read.of(day(u64::try_from(at).unwrap())), expected, "day {}", at);
            }
        }
    }
}
